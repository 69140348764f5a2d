"""Planners' files by HTTP: taken, looked at, answered for, imported; twice is once, and nothing is half written."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import ezdxf
import openpyxl
import pytest

from tests.api.conftest import Doors
from tests.api.importing import (
    SAMPLES,
    UPLOADS,
    answered,
    boundary_text,
    geojson,
    imported,
    ordered,
    packed,
    rows,
    send,
    sent,
    work,
)
from tests.api.seeding import PUBLIC_CODE
from tests.gis.exchange.container_cases import frame, shapefile, written

TUS = {"Tus-Resumable": "1.0.0"}
HECTARE_ON_ELLIPSOID_M2 = (
    9_995.9  # 100 m × 100 m of the grid 1.5° west of its meridian: k = 1.000204, squared
)


def _parcel(doors: Doors, number: str) -> tuple[Any, ...] | None:
    found = rows(
        doors,
        f"""SELECT name, state, kind, planned_use, land_class, stated_area_m2, round(area_m2::numeric, 1)::float,
          source_crs, source_file, row_version, ST_SRID(geom_survey), created_by
        FROM land_parcel WHERE parcel_no = '{number}'""",
    )
    return found[0] if found else None


def test_a_boundary_file_is_previewed_and_imported_as_parcels(own_doors: Doors, tmp_path: Path) -> None:
    text = boundary_text(("CB-001", "城东一号", 1.0), ("CB-002", "城东二号", 1.0))
    upload = sent(own_doors, "勘测.txt", text.encode("gb18030"))
    assert (upload["kind"], upload["encoding"], upload["crs"], upload["feature_count"]) == (
        "txt", "GB18030", "EPSG:4527", 2,
    )  # fmt: skip
    assert upload["questions"] == []
    assert {each["subject"] for each in upload["crs_evidence"]} >= {"encoding", "crs"}
    assert upload["mappings"]["land_parcels"]["mapping"]["parcel_no"] == "parcel_no"
    preview = own_doors.get(f"{UPLOADS}/{upload['upload_id']}/preview", "planner").json()
    first = preview["features"][0]
    assert first["properties"]["name"] == "城东一号"
    assert first["properties"]["stated_area_m2"] == 10_000
    assert first["properties"]["computed_area_m2"] == pytest.approx(HECTARE_ON_ELLIPSOID_M2, abs=0.1)
    assert imported(own_doors, tmp_path, upload["upload_id"], "land_parcels") == {
        "rows": 2, "added": 2, "changed": 0, "unchanged": 0, "skipped_invalid": 0, "skipped_other_shapes": 0,
    }  # fmt: skip
    assert _parcel(own_doors, "CB-002") == (
        "城东二号", "proposed", "reserve", "工业用地", "0601", 10_000, HECTARE_ON_ELLIPSOID_M2, "EPSG:4527", "勘测.txt", 1,
        4527, "planner",
    )  # fmt: skip
    shown = own_doors.get("/ogc/collections/land_parcels/items?parcel_no=CB-001", "planner").json()
    assert [each["properties"]["name"] for each in shown["features"]] == ["城东一号"]


def test_coordinates_are_kept_as_surveyed_and_shown_with_nine_decimals(
    own_doors: Doors, tmp_path: Path
) -> None:
    upload = sent(own_doors, "a.txt", boundary_text(("CB-1", "一", 1.0)).encode())
    preview = own_doors.get(f"{UPLOADS}/{upload['upload_id']}/preview", "planner").text
    ring = json.loads(preview)["features"][0]["geometry"]["coordinates"][0]
    assert all(len(repr(value).partition(".")[2]) <= 9 for point in ring for value in point)
    assert max(len(repr(value).partition(".")[2]) for point in ring for value in point) == 9
    imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")
    box = rows(own_doors, "SELECT Box2D(geom_survey)::text FROM land_parcel WHERE parcel_no = 'CB-1'")
    assert box == [("BOX(39371200 3671300,39371300 3671400)",)]


def test_the_same_file_twice_changes_nothing(own_doors: Doors, tmp_path: Path) -> None:
    content = boundary_text(("CB-1", "一", 1.0), ("CB-2", "二", 1.0)).encode()
    imported(own_doors, tmp_path, sent(own_doors, "a.txt", content)["upload_id"], "land_parcels")
    before = rows(own_doors, "SELECT id, row_version, updated_at, xmin::text FROM land_parcel ORDER BY id")
    again = imported(own_doors, tmp_path, sent(own_doors, "b.txt", content)["upload_id"], "land_parcels")
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)
    assert before == rows(
        own_doors, "SELECT id, row_version, updated_at, xmin::text FROM land_parcel ORDER BY id"
    )


def test_a_corrected_file_makes_the_next_version_and_keeps_the_one_before(
    own_doors: Doors, tmp_path: Path
) -> None:
    first = sent(own_doors, "a.txt", boundary_text(("CB-1", "旧名", 1.0), ("CB-2", "二", 1.0)).encode())
    imported(own_doors, tmp_path, first["upload_id"], "land_parcels")
    text = boundary_text(("CB-1", "新名", 1.0), ("CB-2", "二", 1.0)).replace("3671400.000", "3671390.000")
    second = sent(own_doors, "b.txt", text.encode())
    counts = imported(own_doors, tmp_path, second["upload_id"], "land_parcels")
    assert (counts["added"], counts["changed"], counts["unchanged"]) == (0, 2, 0)
    found = _parcel(own_doors, "CB-1")
    assert found is not None
    assert (found[0], found[9], found[8]) == ("新名", 2, "b.txt")
    assert found[6] == pytest.approx(HECTARE_ON_ELLIPSOID_M2 * 0.9, abs=0.2)
    kept = rows(
        own_doors,
        """SELECT before ->> 'name', (before ->> 'row_version')::int,
          ST_YMax(ST_GeomFromEWKB(decode(before ->> 'geom_survey', 'hex'))), i.file_name
        FROM layer_import_row r JOIN layer_import i ON i.id = r.import_id
        WHERE feature_key = 'CB-1' AND action = 'changed'""",
    )
    assert kept == [("旧名", 1, 3_671_400.0, "b.txt")]
    assert rows(
        own_doors,
        "SELECT count(*) FROM layer_import i JOIN stored_object o ON o.sha256 = i.sha256 WHERE layer = 'land_parcels'",
    ) == [(2,)]


def test_an_edit_by_hand_outlives_the_same_file(own_doors: Doors, tmp_path: Path) -> None:
    content = boundary_text(("CB-1", "一", 1.0)).encode()
    imported(own_doors, tmp_path, sent(own_doors, "a.txt", content)["upload_id"], "land_parcels")
    found = own_doors.get("/ogc/collections/land_parcels/items?parcel_no=CB-1", "planner").json()["features"][
        0
    ]
    edit = {"type": "Feature", "properties": {"name": "人工改名"}}
    path = f"/ogc/collections/land_parcels/items/{found['id']}"
    assert own_doors.request("PATCH", path, "planner", json=edit).status_code in (200, 204)
    again = imported(own_doors, tmp_path, sent(own_doors, "a.txt", content)["upload_id"], "land_parcels")
    assert again["unchanged"] == 1
    assert _parcel(own_doors, "CB-1")[0] == "人工改名"  # type: ignore[index]


def test_a_gbk_shapefile_without_cpg_keeps_its_chinese_names(own_doors: Doors, tmp_path: Path) -> None:
    content = (SAMPLES / "parcels-gbk-without-cpg.zip").read_bytes()
    upload = sent(own_doors, "储备地块.zip", content)
    assert (upload["kind"], upload["encoding"]) == ("shapefile", "GB18030")
    counts = imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")
    assert counts["added"] == upload["feature_count"] == 4
    assert _parcel(own_doors, "CB-2025-021")[0] == "储备地块021号"  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "kind"), [("a.gpkg", "gpkg"), ("a.geojson", "geojson"), ("a.kml", "kml"), ("a.zip", "shapefile")]
)
def test_every_container_is_imported(own_doors: Doors, tmp_path: Path, name: str, kind: str) -> None:
    data = frame()
    if kind == "kml":
        data = frame().to_crs(4326).rename(columns={"parcel_no": "Name"})
    content = {
        "gpkg": lambda: written(data, ".gpkg", "GPKG")[".gpkg"],
        "geojson": lambda: written(data.to_crs(4326), ".geojson", "GeoJSON", COORDINATE_PRECISION=9)[
            ".geojson"
        ],
        "kml": lambda: written(data, ".kml", "KML")[".kml"],
        "shapefile": lambda: shapefile(data, "UTF-8"),
    }[kind]()
    upload = sent(own_doors, name, content)
    assert (upload["kind"], upload["feature_count"]) == (kind, 2)
    if kind == "kml":
        column = next(each["name"] for each in upload["columns"] if "DK01" in each["samples"])
        answered(own_doors, upload["upload_id"], mapping={column: "parcel_no", "DKMC": "name"})
    assert imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")["added"] == 2
    found = _parcel(own_doors, "DK01")
    assert found is not None
    assert found[0] == "储备地块一号"
    assert found[6] == pytest.approx(27_988.57, abs=0.05)


def _drawing(path: Path) -> bytes:
    document = ezdxf.new()
    for place in range(2):
        x = 39_371_200.0 + place * 200
        corners = [(x, 3_671_300.0), (x + 100, 3_671_300.0), (x + 100, 3_671_400.0), (x, 3_671_400.0)]
        document.modelspace().add_lwpolyline(corners, close=True, dxfattribs={"layer": "红线"})
    document.saveas(path)
    return path.read_bytes()


def test_a_drawing_is_imported_once_its_rows_are_numbered(own_doors: Doors, tmp_path: Path) -> None:
    upload = sent(own_doors, "红线.dxf", _drawing(tmp_path / "a.dxf"))
    path = f"{UPLOADS}/{upload['upload_id']}/import"
    refused = own_doors.request("POST", path, "planner", json={"layer": "land_parcels"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["where"] == "mapping.parcel_no"
    answered(
        own_doors,
        upload["upload_id"],
        values={"parcel_no": "HX-{n}", "state": "入库"},
        mapping={"layer": "name"},
    )
    assert imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")["added"] == 2
    assert _parcel(own_doors, "HX-2")[:2] == ("红线", "stored")  # type: ignore[index]


def test_eastings_without_zone_are_asked_for_and_the_answer_is_used(own_doors: Doors, tmp_path: Path) -> None:
    text = boundary_text(("CB-1", "一", 1.0)).replace(",39371", ",371").replace("带号=39", "带号=")
    upload = sent(own_doors, "a.txt", text.encode())
    assert upload["crs"] is None
    assert [each["field"] for each in upload["questions"]] == ["zone"]
    path = f"{UPLOADS}/{upload['upload_id']}/import"
    refused = own_doors.request("POST", path, "planner", json={"layer": "land_parcels"})
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (409, "zone")
    told = answered(own_doors, upload["upload_id"], zone=39)
    assert (told["crs"], told["questions"]) == ("EPSG:4527", [])
    assert imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")["added"] == 1
    assert rows(own_doors, "SELECT ST_XMin(geom_survey) FROM land_parcel WHERE parcel_no = 'CB-1'") == [
        (39_371_200,)
    ]


BOW_TIE = boundary_text(("CB-1", "一", 1.0), ("CB-2", "蝴蝶结", 0.5)).replace(
    "J2,1,3671400.000,39371500.000\r\nJ3,1,3671300.000,39371500.000",
    "J2,1,3671300.000,39371500.000\r\nJ3,1,3671400.000,39371500.000",
)


@pytest.mark.parametrize(("repairs", "added", "skipped"), [("accept", 2, 0), ("skip", 1, 1)])
def test_an_invalid_ring_is_repaired_only_when_that_is_accepted(
    own_doors: Doors, tmp_path: Path, repairs: str, added: int, skipped: int
) -> None:
    upload = sent(own_doors, "a.txt", BOW_TIE.encode())
    assert upload["invalid_count"] == 1
    assert [each["field"] for each in upload["questions"]] == ["repairs"]
    preview = own_doors.get(f"{UPLOADS}/{upload['upload_id']}/preview", "planner").json()
    assert [each["properties"]["valid"] for each in preview["features"]] == [True, False]
    assert preview["features"][1]["repaired"]["type"] in ("Polygon", "MultiPolygon")
    assert preview["features"][1]["repair_note"]
    path = f"{UPLOADS}/{upload['upload_id']}/import"
    assert own_doors.request("POST", path, "planner", json={"layer": "land_parcels"}).status_code == 409
    answered(own_doors, upload["upload_id"], repairs=repairs)
    counts = imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")
    assert (counts["added"], counts["skipped_invalid"]) == (added, skipped)


def test_one_wrong_row_keeps_the_whole_file_out_and_is_named(own_doors: Doors, tmp_path: Path) -> None:
    squares = [
        {"DKBH": "A-1", "状态": "入库"},
        {"DKBH": "A-2", "状态": "没有这种状态"},
        {"DKBH": "", "状态": "入库"},
    ]
    upload = sent(own_doors, "a.geojson", geojson(*squares))
    ended = work(own_doors, tmp_path, ordered(own_doors, upload["upload_id"], "land_parcels"))
    assert (ended["state"], ended["verdict"]["code"]) == ("failed", "rows_refused")
    errors = ended["verdict"]["detail"]["errors"]
    assert len(errors) == 2
    assert "state" in errors[0]["where"]
    assert "parcel_no" in errors[1]["where"]
    assert _parcel(own_doors, "A-1") is None


def test_a_number_twice_in_a_file_is_refused_with_both_places(own_doors: Doors, tmp_path: Path) -> None:
    upload = sent(own_doors, "a.geojson", geojson({"DKBH": "A-1"}, {"DKBH": "A-1"}))
    ended = work(own_doors, tmp_path, ordered(own_doors, upload["upload_id"], "land_parcels"))
    assert ended["verdict"]["code"] == "rows_refused"
    assert "A-1" in ended["verdict"]["detail"]["errors"][0]["message"]


def test_control_areas_are_imported_by_the_name_of_their_layer(own_doors: Doors, tmp_path: Path) -> None:
    squares = [{"TBBH": "N-1", "DLBM": "0103", "DLMC": "旱地", "TBMJ": 9_999.5}]
    upload = sent(own_doors, "农田.geojson", geojson(*squares))
    assert imported(own_doors, tmp_path, upload["upload_id"], "farmland")["added"] == 1
    found = rows(
        own_doors,
        """SELECT layer, code, class_code, class_name, registered_area_m2, sensitivity, public_visible FROM control_area
        WHERE code = 'N-1'""",
    )
    assert found == [("farmland", "N-1", "0103", "旱地", 9_999.5, "internal", False)]
    unnamed = own_doors.request(
        "POST", f"{UPLOADS}/{upload['upload_id']}/import", "planner", json={"layer": "control_areas"}
    )
    assert (unnamed.status_code, unnamed.json()["errors"][0]["where"]) == (422, "mapping.layer")


def test_a_red_line_becomes_the_next_version_of_its_project(own_doors: Doors, tmp_path: Path) -> None:
    text = boundary_text((PUBLIC_CODE, "红线", 1.0))
    upload = sent(own_doors, "红线.txt", text.encode(), "division")
    answered(own_doors, upload["upload_id"], "division", mapping={"parcel_no": "code"})
    counts = imported(own_doors, tmp_path, upload["upload_id"], "projects", "division")
    assert (counts["added"], counts["changed"]) == (0, 1)
    found = rows(
        own_doors,
        """SELECT version, valid_to IS NULL, source, source_file, round(area_m2)::int FROM project_footprint
        WHERE project_id = 1 ORDER BY version""",
    )
    assert [each[:2] for each in found] == [(1, False), (2, True)]
    assert found[1][2:] == ("import", "红线.txt", 9_996)
    again = sent(own_doors, "红线.txt", text.encode(), "division")["upload_id"]
    answered(own_doors, again, "division", mapping={"parcel_no": "code"})
    assert imported(own_doors, tmp_path, again, "projects", "division")["unchanged"] == 1
    assert rows(own_doors, "SELECT count(*) FROM project_footprint WHERE project_id = 1") == [(2,)]


@pytest.mark.parametrize(
    ("login", "layer"),
    [("division", "land_parcels"), ("contractor", "land_parcels"), ("planner", "projects")],
)
def test_who_may_not_write_to_a_layer_does_not_import_into_it(
    own_doors: Doors, login: str, layer: str
) -> None:
    upload = sent(own_doors, "a.txt", boundary_text(("CB-1", "一", 1.0)).encode(), login)
    answered(
        own_doors, upload["upload_id"], login, mapping={"parcel_no": "code"} if layer == "projects" else {}
    )
    answer = own_doors.request(
        "POST", f"{UPLOADS}/{upload['upload_id']}/import", login, json={"layer": layer}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(("login", "code"), [(None, 401), ("auditor", 403), ("director", 403)])
def test_who_may_write_nothing_uploads_nothing(doors: Doors, login: str | None, code: int) -> None:
    assert send(doors, "a.txt", boundary_text(("CB-1", "一", 1.0)).encode(), login).status_code == code


@pytest.mark.parametrize("login", [None, "admin", "division"])
def test_the_uploads_of_others_are_unknown(own_doors: Doors, login: str | None) -> None:
    upload = sent(own_doors, "a.txt", boundary_text(("CB-1", "一", 1.0)).encode())["upload_id"]
    path = f"{UPLOADS}/{upload}"
    assert own_doors.get(f"{path}/preview", login).status_code == 404
    assert own_doors.request("PATCH", path, login, json={"zone": 39}).status_code == 404
    assert (
        own_doors.request("POST", f"{path}/import", login, json={"layer": "land_parcels"}).status_code == 404
    )


def test_a_file_sent_in_parts_gets_the_same_preview(own_doors: Doors, tmp_path: Path) -> None:
    content = (
        boundary_text(("CB-1", "一", 1.0)).replace(",39371", ",371").replace("带号=39", "带号=").encode("gbk")
    )
    told = {"filename": "分段.txt", "zone": "39"}
    metadata = ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in told.items())
    headers = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": metadata}
    path = own_doors.request("POST", UPLOADS, "planner", headers=headers).headers["Location"]
    assert own_doors.get(f"{path}/preview", "planner").status_code == 409
    for start, end in ((0, 100), (100, len(content))):
        part = {**TUS, "Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        assert (
            own_doors.request("PATCH", path, "planner", headers=part, content=content[start:end]).status_code
            == 204
        )
    preview = own_doors.get(f"{path}/preview", "planner").json()
    assert (preview["upload"]["crs"], preview["upload"]["file_name"]) == ("EPSG:4527", "分段.txt")
    assert imported(own_doors, tmp_path, path.rsplit("/", 1)[1], "land_parcels")["added"] == 1


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.txt", boundary_text(("CB-1", "一", 1.0)).replace("3671400.000", "不是数").encode(), "line"),
        ("a.dwg", b"AC1027" + bytes(200), "DXF"),
        ("a.xyz", bytes(range(256)) * 20, ""),
        ("a.zip", packed(**{"../../etc/passwd.shp": b"x", "a.dbf": b""}), ""),
        ("a.zip", packed(**{"a.shp": bytes(80_000_000), "a.shx": b"", "a.dbf": b""}), ""),
        ("a.kml", b'<!DOCTYPE a [<!ENTITY b "c">]><kml xmlns="http://www.opengis.net/kml/2.2">&b;</kml>', ""),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [' + b"[" * 200_000, ""),
    ],
    ids=["bad number", "dwg", "noise", "path out of the archive", "bomb", "entity", "nested"],
)
def test_a_file_in_which_nothing_can_be_used_is_refused_with_places(
    own_doors: Doors, name: str, content: bytes, word: str
) -> None:
    answer = send(own_doors, name, content)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert problem["errors"]
    assert all(each["where"] and each["message"] for each in problem["errors"])
    assert word in json.dumps(problem, ensure_ascii=False)
    assert rows(own_doors, "SELECT count(*) FROM upload") == [(0,)]


def test_an_empty_form_and_a_wrong_zone_are_refused(own_doors: Doors) -> None:
    empty = own_doors.request("POST", UPLOADS, "planner", files={"other": ("a.txt", b"x")})
    assert (empty.status_code, empty.json()["errors"][0]["where"]) == (422, "file")
    wrong = send(own_doors, "a.txt", boundary_text(("CB-1", "一", 1.0)).encode(), zone="west")
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (422, "zone")


def test_a_mapping_is_saved_and_proposed_for_the_next_file_with_these_columns(
    own_doors: Doors, tmp_path: Path
) -> None:
    first = sent(own_doors, "a.geojson", geojson({"甲": "A-1", "乙": "一号"}))
    answered(
        own_doors,
        first["upload_id"],
        mapping={"甲": "parcel_no", "乙": "name"},
        values={"land_class": "0601"},
    )
    job = ordered(own_doors, first["upload_id"], "land_parcels", save_as="城东测绘院")
    assert work(own_doors, tmp_path, job)["state"] == "succeeded"
    second = sent(own_doors, "b.geojson", geojson({"甲": "A-2", "乙": "二号"}))
    proposed = second["mappings"]["land_parcels"]
    assert (proposed["source"], proposed["template"]) == ("template", "城东测绘院")
    assert imported(own_doors, tmp_path, second["upload_id"], "land_parcels")["added"] == 1
    assert _parcel(own_doors, "A-2")[4] == "0601"  # type: ignore[index]
    listed = own_doors.get(f"{UPLOADS}/templates?layer=land_parcels", "planner").json()["templates"]
    assert [each["name"] for each in listed] == ["城东测绘院"]
    assert (
        own_doors.request("DELETE", f"{UPLOADS}/templates/land_parcels/城东测绘院", "planner").status_code
        == 204
    )
    assert own_doors.get(f"{UPLOADS}/templates", "planner").json()["templates"] == []


def test_a_preview_comes_in_pages(own_doors: Doors) -> None:
    upload = sent(own_doors, "a.geojson", geojson(*({"DKBH": f"A-{n}"} for n in range(5))))
    path = f"{UPLOADS}/{upload['upload_id']}/preview"
    first = own_doors.get(f"{path}?limit=3", "planner").json()
    rest = own_doors.get(f"{path}?limit=3&after={first['next_after']}", "planner").json()
    assert [each["properties"]["DKBH"] for each in (*first["features"], *rest["features"])] == [
        f"A-{n}" for n in range(5)
    ]
    assert (first["numberMatched"], rest["next_after"]) == (5, None)


def test_the_same_import_asked_twice_is_one_job(own_doors: Doors) -> None:
    upload = sent(own_doors, "a.txt", boundary_text(("CB-1", "一", 1.0)).encode())["upload_id"]
    assert ordered(own_doors, upload, "land_parcels") == ordered(own_doors, upload, "land_parcels")


def test_answers_given_after_an_import_was_asked_for_stop_it(own_doors: Doors, tmp_path: Path) -> None:
    upload = sent(own_doors, "a.txt", boundary_text(("CB-1", "一", 1.0)).encode())["upload_id"]
    job = ordered(own_doors, upload, "land_parcels")
    answered(own_doors, upload, values={"name": "改名"})
    ended = work(own_doors, tmp_path, job)
    assert (ended["state"], ended["verdict"]["code"]) == ("failed", "changed_meanwhile")
    assert _parcel(own_doors, "CB-1") is None


def test_an_import_is_in_the_audit_trail(own_doors: Doors, tmp_path: Path) -> None:
    upload = sent(own_doors, "a.txt", boundary_text(("CB-1", "一", 1.0)).encode())["upload_id"]
    imported(own_doors, tmp_path, upload, "land_parcels")
    found = rows(
        own_doors,
        "SELECT actor, action, after ->> 'added' FROM audit_event WHERE thing LIKE 'layer_import%' ORDER BY id",
    )
    assert found == [("planner", "import.submit", None), ("planner", "layer.import", "1")]


def _ledger(*rows_of_cells: tuple[Any, ...], header: tuple[str, ...]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (header, *rows_of_cells):
        sheet.append(cells)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


PARCELS = ("地块编号", "地块名称", "规划用途", "面积（亩）", "图形")
WKT = "POLYGON((39371200 3671300,39371300 3671300,39371300 3671400,39371200 3671400,39371200 3671300))"


def test_a_ledger_with_outlines_becomes_parcels_and_one_without_completes_them(
    own_doors: Doors, tmp_path: Path
) -> None:
    content = _ledger(("CB-1", "城东一号", "工业", 15, WKT), header=PARCELS)
    upload = sent(own_doors, "储备台账.xlsx", content)
    assert (upload["kind"], upload["ledger"]["target"], upload["feature_count"]) == ("xlsx", "land_parcel", 1)
    preview = own_doors.get(f"{UPLOADS}/{upload['upload_id']}/preview", "planner").json()
    assert preview["rows"][0]["row"] == 2
    assert preview["rows"][0]["values"]["stated_area_m2"] == 10_000
    assert preview["rows"][0]["errors"] == []
    assert imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")["added"] == 1
    assert _parcel(own_doors, "CB-1")[5:7] == (10_000, HECTARE_ON_ELLIPSOID_M2)  # type: ignore[index]
    more = sent(own_doors, "用途.xlsx", _ledger(("CB-1", "城东一号", "居住"), header=PARCELS[:3]))
    counts = imported(own_doors, tmp_path, more["upload_id"], "land_parcels")
    assert (counts["added"], counts["changed"]) == (0, 1)
    found = _parcel(own_doors, "CB-1")
    assert found is not None
    assert (found[3], found[6]) == ("居住", HECTARE_ON_ELLIPSOID_M2)
    new = sent(own_doors, "无图形.xlsx", _ledger(("CB-9", "无图形", "居住"), header=PARCELS[:3]))
    ended = work(own_doors, tmp_path, ordered(own_doors, new["upload_id"], "land_parcels"))
    assert ended["verdict"]["detail"]["errors"][0]["where"] == "row 2"


def test_a_faulty_ledger_is_not_imported_and_comes_back_marked(own_doors: Doors) -> None:
    upload = sent(own_doors, "台账.xlsx", (SAMPLES / "ledger-faulty.xlsx").read_bytes(), "division")
    path = f"{UPLOADS}/{upload['upload_id']}"
    preview = own_doors.get(f"{path}/preview", "division").json()
    wrong = [
        fault["where"] for row in preview["rows"] for fault in row["errors"] if fault["level"] == "error"
    ]
    assert wrong == ["D5", "B6", "E7", "C9", "C10"]
    refused = own_doors.request("POST", f"{path}/import", "division", json={"layer": "projects"})
    assert refused.status_code == 422
    assert [each["where"] for each in refused.json()["errors"]] == wrong
    marked = own_doors.get(f"{path}/marked", "division")
    assert marked.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(marked.content))
    assert book.worksheets[0]["D5"].comment is not None
    assert own_doors.get(f"{path}/marked", "planner").status_code == 404


def test_a_project_ledger_completes_projects_found_by_their_national_code(
    own_doors: Doors, tmp_path: Path
) -> None:
    header = ("项目名称", "项目代码", "总投资（万元）", "建设单位")
    content = _ledger(("淮河路跨线桥", "2303-341299-04-01-100015", 13_000, "市交投集团"), header=header)
    upload = sent(own_doors, "项目.xlsx", content, "division")
    assert imported(own_doors, tmp_path, upload["upload_id"], "projects", "division")["changed"] == 1
    assert rows(own_doors, "SELECT investment_total_yuan FROM project WHERE id = 1") == [(130_000_000,)]
    unknown = _ledger(("新项目", "2503-341299-04-01-100005", 1, "甲"), header=header)
    upload = sent(own_doors, "项目.xlsx", unknown, "division")
    ended = work(
        own_doors, tmp_path, ordered(own_doors, upload["upload_id"], "projects", "division"), "division"
    )
    assert ended["verdict"]["code"] == "rows_refused"


def test_questions_of_a_ledger_are_answered_and_its_mapping_is_proposed_again(
    own_doors: Doors, tmp_path: Path
) -> None:
    header = ("地块编号", "地块名称", "面积")
    content = _ledger(("DK-0001", "改名", 2), ("DK-100001", "二", 3), header=header)
    upload = sent(own_doors, "台账.xlsx", content)
    asked = {each["field"] for each in upload["questions"]}
    assert asked == {"units.C"}
    told = answered(own_doors, upload["upload_id"], **{"units.C": "亩"})
    assert told["questions"] == []
    job = ordered(own_doors, upload["upload_id"], "land_parcels", save_as="收储中心")
    ended = work(own_doors, tmp_path, job)
    assert ended["state"] == "succeeded", ended["verdict"]
    assert ended["counts"]["changed"] == 2
    next_one = sent(own_doors, "台账2.xlsx", _ledger(("DK-100002", "三", 4), header=header))
    assert next_one["questions"] == []
    assert next_one["mappings"]["land_parcels"]["source"] == "template"
    areas = rows(own_doors, "SELECT stated_area_m2 FROM land_parcel WHERE parcel_no = 'DK-0001'")
    assert areas[0][0] == pytest.approx(2 * 2000 / 3)


def test_a_csv_in_gbk_is_a_ledger_too(own_doors: Doors, tmp_path: Path) -> None:
    text = '标识码,管控类型,管控区名称,图形\nW-1,文物保护,古城遗址,"' + WKT + '"\n'
    upload = sent(own_doors, "文物.csv", text.encode("gbk"))
    assert (upload["kind"], upload["encoding"]) == ("csv", "GB18030")
    assert imported(own_doors, tmp_path, upload["upload_id"], "control_areas")["added"] == 1
    assert rows(own_doors, "SELECT layer, name FROM control_area WHERE code = 'W-1'") == [
        ("heritage", "古城遗址")
    ]
