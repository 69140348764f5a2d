"""Models and their elements over HTTP: what is shown to whom, and what becomes of a progress table."""

from typing import Any

import orjson
import pytest

from tests.api.conftest import Doors
from tests.api.seeding import MARKS, PUBLIC_CODE, as_owner

COLUMN = "0public000000000000001"
ELEMENTS = "/api/v1/models/1/elements"

# Twelve walls (six of them 现状), a doubled id, and a slab that belongs to another package.
_MORE = """
INSERT INTO element_identity (id, model_id, global_id) OVERRIDING SYSTEM VALUE
  SELECT 100 + n, 1, '0wall' || lpad(n::text, 17, '0') FROM generate_series(1, 12) n;
INSERT INTO element_identity (id, model_id, global_id) OVERRIDING SYSTEM VALUE
  VALUES (120, 1, '0twice'), (121, 1, '0twice#2'), (122, 1, '0slab');
INSERT INTO bim_element (revision_id, identity_id, project_id, milestone_id, step_id, global_id, ifc_class, name,
    storey, planning_status, quantity, quantity_unit)
  SELECT 1, id, 1, CASE WHEN global_id = '0slab' THEN 2 END, id, global_id,
    CASE WHEN global_id = '0slab' THEN 'IfcSlab' ELSE 'IfcWall' END, '墙体 ' || global_id, '一层',
    CASE WHEN id BETWEEN 107 AND 112 THEN 'EXISTING' END, 10, 'm3'
  FROM element_identity WHERE id BETWEEN 100 AND 122;
"""


@pytest.fixture
def walls(own_doors: Doors) -> Doors:
    as_owner(own_doors.seeded.url, _MORE)
    return own_doors


def _patch(doors: Doors, rows: Any, login: str | None = "contractor", kind: str = "application/json") -> Any:
    body = rows if isinstance(rows, bytes) else orjson.dumps(rows)
    answer = doors.request("PATCH", ELEMENTS, login, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_public_sees_a_public_model_without_internal_fields(doors: Doors) -> None:
    answer = doors.get("/api/v1/models/1")
    assert answer.status_code == 200
    assert answer.json()["georeference"] == {
        "level": 50,
        "method": "IfcMapConversion",
        "confidence": "high",
    }
    assert not [mark for mark in MARKS if mark in answer.text]


@pytest.mark.parametrize("path", ["", "/elements", "/tree", "/elements/PRIVATE0000000000000b1"])
@pytest.mark.parametrize("model_id", [2, 3, 99])
def test_private_and_unknown_models_look_the_same_to_the_public(
    doors: Doors, model_id: int, path: str
) -> None:
    answer = doors.get(f"/api/v1/models/{model_id}{path}")
    assert answer.status_code == 404
    assert "PRIVATE" not in answer.text.replace(path, "")


def test_a_contractor_reads_every_model_of_the_own_project_and_none_of_others(doors: Doors) -> None:
    seen = [doors.get(f"/api/v1/models/{n}", "contractor").status_code for n in (1, 2, 3)]
    assert seen == [200, 200, 404]


def test_an_insider_reads_the_whole_georeference(doors: Doors) -> None:
    assert doors.get("/api/v1/models/1", "auditor").json()["georeference"]["crs"] == "INTERNAL"


def test_property_sets_are_for_insiders(doors: Doors) -> None:
    path = f"{ELEMENTS}/{COLUMN}"
    assert doors.get(path, "auditor").json()["psets"] == {"Pset": {"a": "INTERNAL"}}
    public = doors.get(path)
    assert public.json()["name"] == "1号墩柱"
    assert not [mark for mark in MARKS if mark in public.text]


def test_elements_are_filtered_and_paged_by_key_without_loss(walls: Doors) -> None:
    whole = walls.get(f"{ELEMENTS}?limit=1000", "admin").json()
    met: list[str] = []
    after: int | None = 0
    while after is not None:
        page = walls.get(f"{ELEMENTS}?limit=4&after={after}", "admin").json()
        met += [row["global_id"] for row in page["elements"]]
        after = page["next"]
    assert whole["matched"] == len(met) == len(set(met)) == 16
    assert walls.get(f"{ELEMENTS}?ifc_class=IfcSlab", "admin").json()["matched"] == 1
    assert walls.get(f"{ELEMENTS}?status=existing", "admin").json()["matched"] == 6
    assert walls.get(f"{ELEMENTS}?storey=一层&q=墙体", "admin").json()["matched"] == 15
    assert walls.get(f"{ELEMENTS}?q=%25", "admin").json()["matched"] == 0


def test_an_unknown_element_is_a_404_problem(doors: Doors) -> None:
    answer = doors.get(f"{ELEMENTS}/nothing", "admin")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_one_element_to_a_hundred_percent_moves_project_and_history(walls: Doors) -> None:
    # M1 100 % reported, M2 20 % reported, weights equal: 60. Once the slab speaks for M2: its own percent counts.
    before = walls.get(f"/api/v1/projects/{PUBLIC_CODE}").json()["progress"]
    assert before == 60.0
    told = _patch(walls, [{"global_id": "0slab", "percent": 100, "actual_finish": "2025-10-20"}])
    assert (told["received"], told["updated"]) == (1, 1)
    assert told["project"]["progress"] == 100.0
    assert walls.get(f"/api/v1/projects/{PUBLIC_CODE}").json()["progress"] == 100.0
    slab = walls.get(f"{ELEMENTS}/0slab", "admin").json()
    assert (slab["status"], slab["progress"], slab["actual_finish"]) == ("done", 100.0, "2025-10-20")


def test_the_same_table_again_changes_nothing(walls: Doors) -> None:
    rows = [{"global_id": "0slab", "status": "in_progress"}, {"global_id": COLUMN, "status": "done"}]
    first = _patch(walls, rows)
    assert (first["updated"], first["unchanged"]) == (1, 1)
    again = _patch(walls, rows)
    assert (again["updated"], again["unchanged"]) == (0, 2)
    assert walls.get(f"{ELEMENTS}/0slab", "admin").json()["progress"] == 50.0


def test_a_csv_table_from_a_spreadsheet_is_read(walls: Doors) -> None:
    table = "global_id,status,percent,actual_start,actual_finish\r\n0slab,进行中,35.5,2025/09/01,\r\n"
    told = _patch(walls, table.encode("utf-8-sig"), kind="text/csv; charset=utf-8")
    assert told["updated"] == 1
    slab = walls.get(f"{ELEMENTS}/0slab", "admin").json()
    assert (slab["status"], slab["progress"], slab["actual_start"]) == ("in_progress", 35.5, "2025-09-01")


def test_every_row_is_accounted_for(walls: Doors) -> None:
    told = _patch(
        walls,
        [
            {"global_id": "0slab", "percent": 10},
            {"global_id": "unknown", "percent": 10},
            {"global_id": "0twice", "percent": 10},
            {"global_id": "0wall00000000000000001", "status": "done", "percent": 90},
            {"global_id": "0wall00000000000000002", "percent": 101},
            {"global_id": "0wall00000000000000003", "status": "finished"},
            {"global_id": "0wall00000000000000004", "percent": 5},
            {"global_id": "0wall00000000000000004", "percent": 6},
            {"global_id": "", "percent": 6},
            {"global_id": "0wall00000000000000005", "status": "done", "actual_finish": "2999-01-01"},
            {"global_id": "0wall00000000000000006"},
        ],
    )
    assert (told["received"], told["updated"], told["unchanged"]) == (11, 1, 0)
    assert [row["where"] for row in told["unmatched"]] == ["row 2"]
    refused = {row["where"]: row["message"] for row in told["refused"]}
    assert sorted(refused) == sorted(f"row {n}" for n in (3, 4, 5, 6, 7, 8, 9, 10, 11))
    assert "0twice#1, 0twice#2" in refused["row 3"]


def test_a_doubled_id_is_addressed_by_its_number(walls: Doors) -> None:
    told = _patch(walls, [{"global_id": "0twice#1", "percent": 10}, {"global_id": "0twice#2", "percent": 20}])
    assert told["updated"] == 2
    assert walls.get(f"{ELEMENTS}/0twice", "admin").json()["progress"] == 10.0


def test_an_element_that_goes_back_to_not_started_loses_its_dates(walls: Doors) -> None:
    done = {"global_id": "0slab", "percent": 100, "actual_start": "2025-01-02", "actual_finish": "2025-02-03"}
    _patch(walls, [done])
    _patch(walls, [{"global_id": "0slab", "status": "not_started"}])
    slab = walls.get(f"{ELEMENTS}/0slab", "admin").json()
    assert (slab["progress"], slab["actual_start"], slab["actual_finish"]) == (0.0, None, None)


@pytest.mark.parametrize(("login", "status"), [(None, 401), ("auditor", 403), ("planner", 403)])
def test_only_those_who_report_progress_may_patch(doors: Doors, login: str | None, status: int) -> None:
    answer = doors.request("PATCH", ELEMENTS, login, json=[{"global_id": COLUMN, "percent": 1}])
    assert answer.status_code == status


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[]", b"not json"])
def test_a_body_that_is_no_table_is_a_422_problem(doors: Doors, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert doors.request("PATCH", ELEMENTS, "admin", content=body, headers=headers).status_code == 422


def test_a_table_without_global_id_names_the_line(doors: Doors) -> None:
    headers = {"Content-Type": "text/csv"}
    answer = doors.request("PATCH", ELEMENTS, "admin", content=b"id,percent\n1,2\n", headers=headers)
    assert answer.json()["errors"][0]["where"] == "line 1"


def test_the_tree_hangs_elements_below_their_containers_and_survives_rings(own_doors: Doors) -> None:
    as_owner(
        own_doors.seeded.url,
        """UPDATE bim_revision SET tree = '[
             {"global_id": "P", "ifc_class": "IfcProject", "name": "项目", "parent": null},
             {"global_id": "S", "ifc_class": "IfcBuildingStorey", "name": "一层", "parent": "P"},
             {"global_id": "A", "ifc_class": "IfcSpace", "name": "环一", "parent": "B"},
             {"global_id": "B", "ifc_class": "IfcSpace", "name": "环二", "parent": "A"}]' WHERE id = 1;
           UPDATE bim_element SET container = 'S' WHERE revision_id = 1""",
    )
    roots = own_doors.get("/api/v1/models/1/tree", "admin").json()["roots"]
    assert [root["global_id"] for root in roots] == ["P", "A"]
    storey = roots[0]["children"][0]
    assert [child["global_id"] for child in storey["children"]] == [COLUMN]
    assert [child["global_id"] for child in roots[1]["children"]] == ["B"]


_REVISIONS = """
UPDATE bim_revision SET schema_name = 'IFC4' WHERE id = 1;
INSERT INTO stored_object (sha256, size_bytes) SELECT repeat(d, 64), 1 FROM unnest(ARRAY['7', '8', '9']) d;
INSERT INTO bim_revision (id, model_id, number, state, sha256, file_name, schema_name) OVERRIDING SYSTEM VALUE
  VALUES (71, 1, 7, 'published', repeat('7', 64), '七.ifc', 'IFC2X3'),
    (72, 1, 8, 'withdrawn', repeat('8', 64), '八.ifc', 'IFC4X3'), (73, 1, 9, 'pending', repeat('9', 64), '九.ifc', null);
INSERT INTO element_identity (id, model_id, global_id) OVERRIDING SYSTEM VALUE VALUES (171, 1, '0seven');
INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class, name)
  VALUES (71, 171, 1, 9, '0seven', 'IfcPile', '七号桩');
"""


def test_a_model_and_its_elements_are_read_at_the_revision_asked_for(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, _REVISIONS)
    model = own_doors.get("/api/v1/models/1?revision=7").json()
    assert (model["revision"], model["schema"]) == (7, "IFC2X3")
    page = own_doors.get(f"{ELEMENTS}?revision=7").json()
    assert (page["revision"], [each["global_id"] for each in page["elements"]]) == (7, ["0seven"])
    assert own_doors.get(f"{ELEMENTS}/0seven?revision=7").json()["name"] == "七号桩"
    assert own_doors.get(f"{ELEMENTS}/0seven").status_code == 404
    tree = own_doors.get("/api/v1/models/1/tree?revision=7").json()
    assert [root["global_id"] for root in tree["roots"]] == ["0seven"]


@pytest.mark.parametrize(("login", "codes"), [(None, [404, 404, 404]), ("auditor", [200, 404, 404])])
def test_withdrawn_revisions_are_for_insiders_and_unpublished_ones_for_nobody(
    own_doors: Doors, login: str | None, codes: list[int]
) -> None:
    as_owner(own_doors.seeded.url, _REVISIONS)
    seen = [own_doors.get(f"{ELEMENTS}?revision={n}", login).status_code for n in (8, 9, 10)]
    assert seen == codes


@pytest.mark.parametrize("asked", ["0", "-1", "x", "99999999999", "1.5"])
def test_a_revision_that_is_no_number_is_refused(doors: Doors, asked: str) -> None:
    assert doors.get(f"{ELEMENTS}?revision={asked}").status_code == 422
