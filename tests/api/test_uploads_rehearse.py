"""What an import would do, told before it is done: row by row, with the places, and nothing is written."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Doors
from tests.api.importing import boundary_text, geojson, imported, ordered, rows, sent, work
from tests.api.seeding import PUBLIC_CODE

WRITTEN = """SELECT (SELECT count(*) FROM land_parcel), (SELECT count(*) FROM control_area),
  (SELECT count(*) FROM project_footprint), (SELECT count(*) FROM layer_import),
  (SELECT count(*) FROM layer_import_row), (SELECT count(*) FROM audit_event)"""


def _rehearsed(doors: Doors, home: Path, upload: str, layer: str, login: str = "planner") -> dict[str, Any]:
    before = rows(doors, WRITTEN)
    ended = work(doors, home, ordered(doors, upload, layer, login, rehearse=True), login)
    assert rows(doors, WRITTEN) == before
    return ended


def test_a_rehearsal_says_of_each_row_what_the_import_then_does(own_doors: Doors, tmp_path: Path) -> None:
    first = boundary_text(("CB-1", "旧名", 1.0), ("CB-2", "二", 1.0)).encode()
    imported(own_doors, tmp_path, sent(own_doors, "a.txt", first)["upload_id"], "land_parcels")
    text = boundary_text(("CB-1", "新名", 1.0), ("CB-2", "二", 1.0), ("CB-3", "三", 1.0))
    upload = sent(own_doors, "b.txt", text.encode())["upload_id"]
    told = _rehearsed(own_doors, tmp_path, upload, "land_parcels")
    assert (told["state"], told["verdict"]["code"]) == ("succeeded", "rehearsed")
    found = [
        (each["key"], each["action"], each["changes"], bool(each["where"]))
        for each in told["verdict"]["detail"]["rows"]
    ]
    assert found == [
        ("CB-1", "changed", ["name"], True),
        ("CB-3", "added", [], True),
        ("CB-2", "unchanged", [], True),
    ]
    ended = work(own_doors, tmp_path, ordered(own_doors, upload, "land_parcels"))
    assert ended["counts"] == told["counts"]
    detail = ended["verdict"]["detail"]
    assert [(each["key"], each["action"]) for each in detail["rows"]] == [each[:2] for each in found]
    assert rows(
        own_doors, "SELECT parcel_no, id FROM land_parcel WHERE parcel_no LIKE 'CB-%' ORDER BY 1"
    ) == sorted((each["key"], each["id"]) for each in detail["rows"])
    # Three squares of 100 m, 200 m apart, at 3,671,300 m north: 33.14° and 0.0053° of longitude across.
    west, south, east, north = detail["bbox"]
    assert (east - west, north - south) == (pytest.approx(0.00536, abs=1e-4), pytest.approx(0.0009, abs=1e-4))


def test_a_rehearsal_names_the_rows_that_would_be_refused(own_doors: Doors, tmp_path: Path) -> None:
    squares = [{"DKBH": "A-1", "状态": "入库"}, {"DKBH": "A-2", "状态": "没有这种状态"}]
    upload = sent(own_doors, "a.geojson", geojson(*squares))["upload_id"]
    told = _rehearsed(own_doors, tmp_path, upload, "land_parcels")
    assert (told["state"], told["verdict"]["code"]) == ("failed", "rows_refused")
    assert ["state" in each["where"] for each in told["verdict"]["detail"]["errors"]] == [True]


def test_a_red_line_is_rehearsed_by_the_rules_of_projects(own_doors: Doors, tmp_path: Path) -> None:
    upload = sent(own_doors, "a.geojson", geojson({"档案编号": PUBLIC_CODE}), "division")["upload_id"]
    told = _rehearsed(own_doors, tmp_path, upload, "projects", "division")
    assert told["verdict"]["code"] == "rehearsed", told
    assert [(each["key"], each["action"]) for each in told["verdict"]["detail"]["rows"]] == [
        (PUBLIC_CODE, "changed")
    ]
    assert told["counts"]["changed"] == 1
