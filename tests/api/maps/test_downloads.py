"""Layers as files over HTTP: rights, pages by header, names, what happens when something breaks."""

import csv
import io
import json
import sqlite3
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pyogrio
import pytest

from api.maps.downloads import AT_ONCE, DOWNLOADS, download_folder
from api.maps.items import OFFERED
from tests.api.conftest import Doors
from tests.api.maps.test_features import PARCELS, PROJECTS, ids, path_of
from tests.api.seeding import BIG, MARKS, PUBLIC_CODE, as_owner

KEYS = sorted(DOWNLOADS)


def ids_in(content: bytes, key: str, folder: Path) -> list[int]:
    """Return the feature ids of a downloaded file."""
    path = folder / f"file{DOWNLOADS[key].ending}"  # type: ignore[index]
    path.write_bytes(content)
    if key == "csv":
        return [int(row["id"]) for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
    if key in ("geojsonseq", "ndjson"):
        return [json.loads(line.lstrip(b"\x1e"))["id"] for line in content.splitlines()]
    if key == "parquet":
        return [int(each) for each in pq.read_table(path).column("id").to_pylist()]
    if key == "gpkg":
        return [int(each) for each in pyogrio.read_dataframe(path, fid_as_index=True).index]
    name = f"/vsizip/{path}" if key == "shp" else str(path)
    return [int(each) for each in pyogrio.read_dataframe(name)["id"]]


@pytest.mark.parametrize("key", KEYS)
def test_without_a_limit_a_file_holds_the_whole_selection(doors: Doors, tmp_path: Path, key: str) -> None:
    answer = doors.get(f"{PARCELS}?f={key}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].partition(";")[0] == DOWNLOADS[key].media_type  # type: ignore[index]
    found = ids_in(answer.content, key, tmp_path)
    assert len(found) == len(set(found)) == int(answer.headers["OGC-NumberReturned"]) >= BIG
    assert answer.headers["OGC-NumberMatched"] == answer.headers["OGC-NumberReturned"]
    assert "Link" not in answer.headers


@pytest.mark.parametrize("key", ["csv", "geojsonseq", "fgb", "gpkg"])
def test_with_a_limit_the_header_leads_through_all_pages(doors: Doors, tmp_path: Path, key: str) -> None:
    seen: list[int] = []
    path = f"{PARCELS}?f={key}&limit=1000"
    for _ in range(10):
        answer = doors.get(path)
        assert answer.status_code == 200
        seen += ids_in(answer.content, key, tmp_path)
        if "next" not in answer.links:
            break
        assert answer.links["next"]["type"] == DOWNLOADS[key].media_type  # type: ignore[index]
        path = path_of(answer.links["next"]["url"])
    first = int(doors.get(f"{PARCELS}?limit=1").json()["numberMatched"])
    assert len(seen) == len(set(seen)) == first


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "layer", ["projects", "project_points", "bim_models", "bim_elements", "land_parcels", "control_areas"]
)
def test_nobody_reads_private_rows_or_fields_in_any_format(
    doors: Doors, tmp_path: Path, layer: str, key: str
) -> None:
    items = f"/ogc/collections/{layer}/items"
    answer = doors.get(f"{items}?f={key}")
    assert answer.status_code == 200, answer.text
    assert sorted(ids_in(answer.content, key, tmp_path)) == sorted(ids(doors, f"{items}?limit=10000"))
    content = answer.content
    if key == "shp":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    if key == "parquet":
        content = str(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
    text = content.decode("utf-8", "replace")
    assert [mark for mark in MARKS if mark in text] == []


def test_whoever_may_see_more_gets_more(doors: Doors, tmp_path: Path) -> None:
    public = ids_in(doors.get(f"{PROJECTS}?f=gpkg").content, "gpkg", tmp_path)
    every = ids_in(doors.get(f"{PROJECTS}?f=gpkg", "planner").content, "gpkg", tmp_path)
    assert set(public) < set(every)
    with sqlite3.connect(tmp_path / "file.gpkg") as file:
        assert "lead_person" in {row[1] for row in file.execute("PRAGMA table_info(projects)")}
        assert (
            "planner"
            in json.loads(file.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0])["operator"]
        )


def test_filters_boxes_fields_and_order_hold_for_files(doors: Doors, tmp_path: Path) -> None:
    one = doors.get(f"{PROJECTS}?f=csv&code={PUBLIC_CODE}&properties=code,name")
    rows = list(csv.reader(io.StringIO(one.content.decode("utf-8-sig"))))
    assert rows[0] == ["id", "code", "name", "geometry"]
    assert [row[1] for row in rows[1:]] == [PUBLIC_CODE]
    turned = ids_in(doors.get(f"{PARCELS}?f=csv&sortby=-parcel_no&limit=50").content, "csv", tmp_path)
    assert turned == ids(doors, f"{PARCELS}?sortby=-parcel_no&limit=50")
    assert ids_in(doors.get(f"{PARCELS}?f=gpkg&bbox=0,0,1,1").content, "gpkg", tmp_path) == []


def test_accept_chooses_a_format_and_files_have_chinese_names(doors: Doors) -> None:
    for key, kind in DOWNLOADS.items():
        answer = doors.get(f"{PROJECTS}?limit=1", headers={"Accept": kind.media_type})
        assert answer.headers["Content-Type"].partition(";")[0] == kind.media_type, key
        name = answer.headers["Content-Disposition"]
        assert f'filename="projects{kind.ending}"' in name
        assert f"filename*=UTF-8''%E9%87%8D%E7%82%B9%E9%A1%B9%E7%9B%AE{kind.ending}" in name


def test_text_is_packed_once_when_asked_for_and_files_are_sent_as_they_are(doors: Doors) -> None:
    packed = {"Accept-Encoding": "gzip"}
    for key in KEYS:
        answer = doors.get(f"{PARCELS}?f={key}", headers=packed)
        is_text = DOWNLOADS[key].text  # type: ignore[index]
        assert answer.headers.get("Content-Encoding") == ("gzip" if is_text else None), key
        assert ("Content-Length" in answer.headers) is not is_text, key


def test_what_is_wrong_is_a_problem_before_the_first_byte(doors: Doors) -> None:
    for key in KEYS:
        for wrong in ("nonsense=1", "crs=EPSG:2360", "filter=secret%20=%201", "limit=x", "next=zz"):
            answer = doors.get(f"{PARCELS}?f={key}&{wrong}")
            assert answer.status_code == 400, (key, wrong)
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert doors.get(f"{PARCELS}?f=dwg").status_code == 400


def test_hits_are_a_count_in_any_format(doors: Doors) -> None:
    answer = doors.get(f"{PARCELS}?f=csv&resultType=hits")
    assert answer.json()["features"] == []
    assert answer.json()["numberMatched"] >= BIG


def test_a_query_that_fails_is_a_problem_and_leaves_no_file(own_doors: Doors) -> None:
    home = own_doors.app.state.twin.settings.home.home
    as_owner(own_doors.seeded.url, "ALTER TABLE land_parcel RENAME COLUMN parcel_no TO parcel_number")
    as_owner(own_doors.seeded.url, "DROP FUNCTION layer_land_parcels(timestamptz) CASCADE")
    for key in KEYS:
        assert own_doors.get(f"{PARCELS}?f={key}").status_code >= 500, key
    folder = download_folder(home)
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_file_that_was_sent_is_gone(own_doors: Doors) -> None:
    home = own_doors.app.state.twin.settings.home.home
    for key in KEYS:
        assert own_doors.get(f"{PARCELS}?f={key}").status_code == 200
    assert list(download_folder(home).iterdir()) == []


def test_connections_and_slots_come_back_after_many_downloads(doors: Doors) -> None:
    for _ in range(AT_ONCE + 2):
        for key in ("csv", "gpkg"):
            assert doors.get(f"{PROJECTS}?f={key}").status_code == 200


def test_head_says_how_many_without_making_the_file(doors: Doors) -> None:
    for key in ("csv", "gpkg"):
        answer = doors.request("HEAD", f"{PARCELS}?f={key}")
        assert answer.status_code == 200
        assert int(answer.headers["OGC-NumberReturned"]) >= BIG
        assert answer.content == b""


def test_a_page_of_items_links_every_format(doors: Doors) -> None:
    links = doors.get(f"{PROJECTS}?limit=1").json()["links"]
    types = {link["type"] for link in links if link["rel"] in ("self", "alternate")}
    assert types == set(OFFERED.values())


def test_the_page_for_people_has_titles_values_paging_and_downloads(doors: Doors) -> None:
    page = doors.get(f"{PARCELS}?f=html&lang=zh").text
    assert "储备地块 Reserve parcels" in page
    assert "椭球面积（m²）" in page
    assert "下一页" in page
    assert "f=gpkg" in page
    english = doors.get(f"{PROJECTS}?f=html&lang=en&stage=construction").text
    assert "Area (m²)" in english
    assert "Construction" in english
    assert "stage=construction&amp;f=parquet" in english
    assert doors.get("/ogc/pages.css").headers["Content-Type"] == "text/css; charset=utf-8"


def test_paging_for_people_leads_on(doors: Doors) -> None:
    page = doors.get(f"{PARCELS}?f=html&lang=en").text
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert doors.get(path_of(following)).text.count("<tr>") == 51  # 50 and the head
