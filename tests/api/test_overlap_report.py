"""Overlap reports over HTTP, opened by other programs and held against the JSON answer and the measured vector."""

import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pypdf
import pytest
from httpx import Response

from api.overlap_report import FORMATS
from gis.exchange import ReadChoices, read_file
from gis.style.fonts import find_font
from tests.api.conftest import Doors
from tests.api.importing import SAMPLES, sent
from tests.api.seeding import MARKS, PUBLIC_CODE, PUBLIC_NAME, as_owner
from tests.api.test_overlap import EAST, NORTH, PATH, SUBJECT, vector

__all__ = ["vector"]
needs_chinese = pytest.mark.skipif(
    find_font("压占分析", 13) is None, reason="this machine has no font with Chinese"
)
LAYERS = ["land_parcels", "farmland"]


def asked(doors: Doors, key: str, login: str = "planner", **more: Any) -> Response:
    body = {"subject": {"geometry": SUBJECT, "crs": "EPSG:4527"}, "layers": LAYERS, **more}
    answer = doors.request("POST", f"{PATH}?f={key}", login, json=body)
    assert answer.status_code == 200, answer.text
    return answer


def project(doors: Doors, key: str, login: str | None = "planner", query: str = "") -> Response:
    return doors.get(f"/api/v1/projects/{PUBLIC_CODE}/overlap?f={key}{query}", login)


def test_the_workbook_has_the_figures_of_the_answer(vector: Doors) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(asked(vector, "xlsx").content))["明细"]
    rows = {row[2]: row for row in sheet.iter_rows(min_row=2, values_only=True)}
    answer = asked(vector, "json").json()
    for layer in answer["layers"]:
        for item in layer["items"]:
            row = rows[item["code"]]
            assert row[5:8] == (item["area_m2"], item["area_ha"], item["area_mu"])
    assert rows["储-1"][5] == pytest.approx(7996.74, abs=0.01)
    assert rows["F-1"][7] == pytest.approx(2.6989, abs=0.0001)


@needs_chinese
def test_the_pdf_holds_names_and_mu(vector: Doors) -> None:
    answer = asked(vector, "pdf")
    assert answer.headers["content-type"] == "application/pdf"
    text = "".join(
        "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages).split()
    )
    for words in (
        "27,988.57平方米=2.7989公顷=41.9829亩",
        "储-1",
        "7,996.74",
        "11.9951",
        "旱地",
        "1,799.26",
        "2.6989",
        "需个案审查",
    ):
        assert words in text, words


@needs_chinese
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="this machine has no pdftotext")
def test_another_reader_finds_the_same_words(vector: Doors, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(asked(vector, "pdf").content)
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    text = done.stdout.decode()
    assert "项目用地压占（合规性）分析表" in text
    assert re.search(r"储备地块\s+储-1\s.*7,996\.74\s+0\.7997\s+11\.9951", text)


def test_the_page_needs_no_script_and_fetches_nothing(vector: Doors) -> None:
    answer = asked(vector, "html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(
        r"<script|\son\w+=|\sstyle=|\bsrc=|url\(|@import|<link(?! rel=\"icon\" href=\"data:,\")", answer.text
    )
    for words in ("41.9829 亩", "7,996.74", "储-1", "旱地", "需个案审查", "<svg", "编制人：", "EPSG:4527"):
        assert words in answer.text, words
    assert answer.text.count("<figure>") == 3  # all, and each of the two layers


@pytest.mark.parametrize("key", ["html", "xlsx", "pdf"])
def test_the_language_is_chosen_as_on_every_page(vector: Doors, key: str) -> None:
    if key == "pdf" and find_font("压占分析", 13) is None:
        pytest.skip("this machine has no font with Chinese")
    body = {"subject": {"geometry": SUBJECT, "crs": "EPSG:4527"}, "layers": LAYERS}
    asked_so = {
        "zh": [("", {}), ("&lang=zh", {"Accept-Language": "en"})],
        "en": [
            ("&lang=en", {}),
            ("", {"Accept-Language": "en-GB,en;q=0.9,zh;q=0.5"}),
            ("", {"Cookie": "lang=en"}),
        ],
    }
    for lang, ways in asked_so.items():
        for query, headers in ways:
            answer = vector.request("POST", f"{PATH}?f={key}{query}", "planner", json=body, headers=headers)
            assert answer.headers["content-language"] == lang, (query, headers)
            assert "Accept-Language" in answer.headers["vary"]
    english = asked(vector, f"{key}&lang=en").content
    if key == "html":
        page = english.decode()
        assert '<html lang="en">' in page
        for words in (
            "Questions of the review 研判要点",
            "41.9829 mu 亩",
            "Needs case review 需个案审查",
            "旱地",
        ):
            assert words in page, words
    if key == "pdf":
        pages = pypdf.PdfReader(io.BytesIO(english)).pages
        text = "".join("".join(page.extract_text() for page in pages).split())
        for words in (
            "Overlap(compliance)report压占（合规性）分析表",
            f"Page1of{len(pages)}",
            "11.9951",
            "Reserveparcels储备地块",
        ):
            assert words in text, words


def test_data_files_are_the_same_in_both_languages(vector: Doors) -> None:
    one, other = asked(vector, "geojson").json(), asked(vector, "geojson&lang=en").json()
    assert [each["properties"] for each in one["features"]] == [
        each["properties"] for each in other["features"]
    ]


def test_names_of_features_cannot_break_out_of_the_page(own_doors: Doors) -> None:
    as_owner(
        own_doors.seeded.url, "UPDATE land_parcel SET name = '<b onclick=x>&' WHERE parcel_no = 'DK-0001'"
    )
    text = project(own_doors, "html").text
    assert "&lt;b onclick=x&gt;&amp;" in text
    assert "<b onclick" not in text


def test_shapefiles_and_boundary_points_lie_where_the_survey_says(vector: Doors, tmp_path: Path) -> None:
    zipped, points = tmp_path / "a.zip", tmp_path / "a.txt"
    zipped.write_bytes(asked(vector, "shp").content)
    points.write_bytes(asked(vector, "txt").content)
    pieces = pyogrio.read_dataframe(f"/vsizip/{zipped}/overlap.shp").set_index("TBBH")
    # The reserve parcel is 120…320 m east and −30…100 m north of the project's corner: 80 m by 100 m lie on it.
    assert pieces.loc["储-1"].geometry.bounds == pytest.approx(
        (39371320, 3671300, 39371400, 3671400), abs=0.001
    )
    assert pieces.loc["F-1", "DLMC"] == "旱地"
    found = read_file(points, "a.txt", ReadChoices())
    assert (found.crs, found.encoding) == ("EPSG:4527", "GB18030")
    reserve = next(each for each in found.features if "储-1" in each.attributes["name"])
    assert reserve.geometry.bounds == pytest.approx((39371320, 3671300, 39371400, 3671400), abs=0.0005)
    assert reserve.computed_area_m2 == pytest.approx(7996.74, abs=0.01)


def test_geojson_has_a_feature_for_each_piece(vector: Doors) -> None:
    body = asked(vector, "geojson").json()
    kinds = [(each["properties"]["kind"], each["properties"]["layer"]) for each in body["features"]]
    assert kinds[:2] == [("overlap", "farmland"), ("overlap", "land_parcels")]  # in the office's order
    assert kinds.count(("subject", None)) == 1
    rest = next(each for each in body["features"] if each["properties"]["layer_title"] == "全部图层之外")
    # The two do not touch: 27,988.57 − 7,996.74 − 1,799.26
    assert rest["properties"]["area_m2"] == pytest.approx(18192.57, abs=0.02)


@pytest.mark.parametrize("key", FORMATS)
def test_files_are_named_after_the_project_and_never_kept(doors: Doors, key: str) -> None:
    if key == "pdf" and find_font("压占分析", 13) is None:
        pytest.skip("this machine has no font with Chinese")
    answer = project(doors, key)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-type"] == FORMATS[key].media_type  # type: ignore[index]
    if key != "html":
        name = answer.headers["content-disposition"]
        assert PUBLIC_CODE in name
        assert name.endswith(FORMATS[key].ending)  # type: ignore[index]


def test_accept_chooses_as_well(doors: Doors) -> None:
    path = f"/api/v1/projects/{PUBLIC_CODE}/overlap"
    page = doors.get(path, "planner", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert PUBLIC_NAME in page.text
    assert page.text.startswith("<!doctype html>")
    assert doors.get(path, "planner").headers["content-type"] == "application/json"
    book = doors.get(path, "planner", headers={"Accept": FORMATS["xlsx"].media_type})
    assert zipfile.ZipFile(io.BytesIO(book.content)).testzip() is None


def test_an_unknown_format_is_refused(doors: Doors) -> None:
    assert project(doors, "docx").status_code in (400, 422)


@pytest.mark.parametrize("key", ["html", "xlsx", "geojson", "txt", "shp"])
def test_files_for_everybody_say_no_more_than_the_answer(doors: Doors, key: str) -> None:
    answer = project(doors, key, None, "&layers=land_parcels,farmland,urban_boundary")
    assert answer.status_code == 200, answer.text
    data = answer.content
    if key in ("xlsx", "shp"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = b"".join(archive.read(name) for name in archive.namelist())
    text = data.decode("gb18030" if key == "txt" else "utf-8", errors="replace")
    assert not [mark for mark in MARKS if mark in text]
    if key == "html":
        assert "内部图层，面积不公开" in text


def test_nobody_gets_a_file_of_a_drawn_shape(doors: Doors) -> None:
    body = {"subject": {"geometry": SUBJECT, "crs": "EPSG:4527"}}
    for key in FORMATS:
        assert doors.request("POST", f"{PATH}?f={key}", None, json=body).status_code == 401


def test_taking_a_file_is_in_the_audit_trail(own_doors: Doors) -> None:
    project(own_doors, "geojson")
    rows = json.dumps(own_doors.get("/api/v1/audit?limit=5", "auditor").json(), ensure_ascii=False)
    assert "overlap.run" in rows
    assert "geojson" in rows


def test_a_machine_without_chinese_fonts_answers_with_the_remedy(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gis.report.faces.list_faces", lambda _folders: ())
    answer = project(doors, "pdf")
    assert answer.status_code == 503
    assert "apt-get install fonts-" in answer.json()["detail"]


def test_neighbours_are_drawn_for_planners_alone(vector: Doors) -> None:
    # The reserve parcel reaches 120 m beyond the project; its lighter rest is on the planner's map.
    assert 'fill-opacity="0.18"' in asked(vector, "html").text


@needs_chinese
def test_a_gbk_shapefile_without_cpg_becomes_a_pdf_with_its_chinese_names(own_doors: Doors) -> None:
    upload = sent(own_doors, "储备地块.zip", (SAMPLES / "parcels-gbk-without-cpg.zip").read_bytes())
    body = {"subject": {"upload": upload["upload_id"]}, "layers": LAYERS}
    answer = own_doors.request("POST", f"{PATH}?f=pdf", "planner", json=body)
    assert answer.status_code == 200, answer.text
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages]
    text = "".join("".join(pages).split())
    figures = own_doors.request("POST", PATH, "planner", json=body).json()
    assert "储备地块.zip" in text
    assert len(figures["subjects"]) == 4
    for member in figures["subjects"]:
        assert member["name"] in text
        assert f"{member['area_mu']:,.4f}" in text
    assert f"{figures['subject']['area_m2']:,.2f}平方米" in text


@needs_chinese
@pytest.mark.parametrize(
    ("geometry", "heading", "member", "size"),
    [
        # The line runs 320 m to the east, its last 200 m on the reserve parcel; the plane is 0.02 % too long there.
        ({"type": "LineString", "coordinates": [[EAST, NORTH + 50], [EAST + 320, NORTH + 50]]}, "压占长度", "length_m", 199.96),
        ({"type": "MultiPoint", "coordinates": [[EAST, NORTH], [EAST + 200, NORTH + 50]]}, "压占点数", "points", 1),
    ],
)  # fmt: skip
def test_lines_and_points_are_reported_in_every_format(
    vector: Doors, geometry: dict[str, Any], heading: str, member: str, size: float
) -> None:
    more = {"subject": {"geometry": geometry, "crs": "EPSG:4527"}}
    files = {key: asked(vector, key, **more) for key in ("json", *FORMATS)}
    reserve = next(row for row in files["json"].json()["layers"] if row["layer"] == "land_parcels")
    assert reserve[member] == pytest.approx(size, abs=0.01)
    pages = pypdf.PdfReader(io.BytesIO(files["pdf"].content)).pages
    text = "".join("".join(page.extract_text() for page in pages).split())
    assert heading in text
    assert (f"{reserve[member]:,.2f}" if member == "length_m" else "储备地块是1") in text
    # Of 320 m the first 120 m lie beside the parcel; of two points one.
    left = {"length_m": 119.98, "points": 1}[member]
    assert reserve[f"remainder_{member}"] == pytest.approx(left, abs=0.01)
    piece = next(
        each for each in files["geojson"].json()["features"] if each["properties"]["kind"] == "overlap"
    )
    assert piece["geometry"]["type"] == geometry["type"].removeprefix("Multi")
    if member == "length_m":
        assert piece["properties"]["length_m"] == pytest.approx(reserve["length_m"], rel=1e-6)


def test_a_subject_with_a_buffer_is_drawn_widened(vector: Doors) -> None:
    answer = asked(vector, "geojson", buffer_m=10)
    subject = next(each for each in answer.json()["features"] if each["properties"]["kind"] == "subject")
    figures = asked(vector, "json", buffer_m=10).json()["subject"]
    assert subject["properties"]["area_m2"] == pytest.approx(figures["area_m2"], rel=1e-6)
    # 200 × 150 m with 10 m all around and round corners, less a hole that shrinks to 30 × 20 m, in the plane
    assert figures["area_plane_m2"] == pytest.approx(30_000 + 2 * 10 * 350 + 3.1416 * 100 - 600, abs=1)
    page = asked(vector, "html", buffer_m=10).text
    assert "向外 10 米；缓冲前面积 27,988.57 平方米" in page


def test_the_map_page_offers_the_files_of_a_project(doors: Doors) -> None:
    text = doors.get(f"/?part=overlap&sel={PUBLIC_CODE}", "planner").text
    offered = re.findall(r'href="(/api/v1/projects/[^"]+f=(\w+))"', text)
    assert [key for _, key in offered] == ["pdf", "xlsx", "html", "shp", "txt", "geojson"]
    assert doors.get(offered[3][0], "planner").headers["content-type"] == "application/zip"
