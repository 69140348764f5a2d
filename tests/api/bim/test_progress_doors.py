"""Steps, rules and tables of progress over HTTP; every figure explained; proposals decided by a person."""

import csv
import io
from typing import Any

import pytest
from openpyxl import Workbook

from tests.api.conftest import Doors
from tests.api.seeding import PUBLIC_CODE, as_owner

ELEMENTS = "/api/v1/models/1/elements"
PROGRESS = "/api/v1/models/1/progress"
PROPOSALS = f"{PROGRESS}/proposals"
# In M2: four columns of 10 m³ (one to be demolished, one existing), two slabs of 50 m² by the mesh, a door by count.
_ELEMENTS = """
INSERT INTO element_identity (id, model_id, global_id) OVERRIDING SYSTEM VALUE VALUES
  (301, 1, '0col1'), (302, 1, '0col2'), (303, 1, '0col3'), (304, 1, '0col4'), (305, 1, '0slab1'), (306, 1, '0slab2'),
  (307, 1, '0door'), (308, 1, '0twin'), (309, 1, '0twin#2');
INSERT INTO bim_element (revision_id, identity_id, project_id, milestone_id, step_id, global_id, ifc_class, name, tag,
    type_name, storey, planning_status, quantity, quantity_unit, quantity_source)
  SELECT 1, id, 1, CASE WHEN id < 308 THEN 2 END, id, global_id,
    CASE WHEN id < 305 THEN 'IfcColumn' WHEN id < 307 THEN 'IfcSlab' WHEN id = 307 THEN 'IfcDoor' ELSE 'IfcWall' END,
    CASE WHEN id = 301 THEN '=1+1' ELSE '构件' || id END, CASE WHEN id < 303 THEN 'KZ1' ELSE 'T' || id END, 'C30',
    CASE WHEN id < 303 THEN '一层' ELSE '二层' END,
    CASE id WHEN 303 THEN 'DEMOLISH' WHEN 304 THEN 'EXISTING' END,
    CASE WHEN id < 305 THEN 10 WHEN id < 307 THEN 50 ELSE 1 END,
    CASE WHEN id < 305 THEN 'm3' WHEN id < 307 THEN 'm2' ELSE 'count' END,
    CASE WHEN id < 305 THEN 'qto_net' WHEN id < 307 THEN 'derived' ELSE 'count' END
  FROM element_identity WHERE id BETWEEN 301 AND 309;
"""


@pytest.fixture
def site(own_doors: Doors) -> Doors:
    as_owner(own_doors.seeded.url, _ELEMENTS)
    return own_doors


def patch(doors: Doors, rows: Any, login: str = "contractor", kind: str = "") -> Any:
    sent = {"content": rows, "headers": {"Content-Type": kind}} if kind else {"json": rows}
    answer = doors.request("PATCH", ELEMENTS, login, **sent)
    assert answer.status_code == 200, answer.text
    return answer.json()


def percent(doors: Doors, global_id: str) -> tuple[str, float]:
    row = doors.get(f"{ELEMENTS}/{global_id}", "admin").json()
    return row["status"], row["progress"]


def test_a_column_is_worth_its_accepted_steps(site: Doors) -> None:
    # rebar .3, formwork .2, concrete .4, accepted .1
    for step, expected in [("钢筋", 30.0), ("formwork", 50.0), ("concrete", 90.0), ("accepted", 100.0)]:
        assert patch(site, [{"global_id": "0col1", "step": step}])["updated"] == 1
        status = "done" if expected == 100 else "in_progress"
        assert percent(site, "0col1") == (status, expected)
    assert patch(site, [{"global_id": "0col1", "step": "accepted"}])["unchanged"] == 1
    patch(site, [{"global_id": "0col1", "step": "none"}])
    assert percent(site, "0col1") == ("not_started", 0.0)


def test_hand_entry_cannot_exceed_the_last_accepted_step(site: Doors) -> None:
    patch(site, [{"global_id": "0col1", "step": "rebar"}])
    for row in ({"percent": 31}, {"status": "done"}, {"percent": 100}):
        told = patch(site, [{"global_id": "0col1", **row}])
        assert told["updated"] == 0
        assert "30 %" in told["refused"][0]["message"]
    assert patch(site, [{"global_id": "0col1", "percent": 20}])["updated"] == 1
    assert patch(site, [{"global_id": "0col1", "percent": 30}])["updated"] == 1
    # Once the next step is accepted, more is possible.
    assert patch(site, [{"global_id": "0col1", "step": "formwork"}])["updated"] == 1
    assert percent(site, "0col1") == ("in_progress", 50.0)


def test_a_step_the_work_does_not_have_is_refused_with_those_it_has(site: Doors) -> None:
    told = patch(site, [{"global_id": "0col1", "step": "tested"}, {"global_id": "0col3", "step": "rebar"}])
    assert "rebar, formwork, concrete, accepted" in told["refused"][0]["message"]
    assert "cut, cleared, accepted" in told["refused"][1]["message"]  # a column to be demolished


def test_templates_are_data_that_can_be_changed(site: Doors) -> None:
    door = "/api/v1/step-templates/column"
    body = {
        "title_zh": "钢柱", "title_en": "Steel column", "classes": ["IfcColumn"], "position": 1,
        "steps": [
            {"key": "erected", "title_zh": "吊装", "title_en": "erected", "weight": 0.8},
            {"key": "bolted", "title_zh": "终拧", "title_en": "bolted", "weight": 0.2},
        ],
    }  # fmt: skip
    assert site.request("PUT", door, "contractor", json=body).status_code == 403
    assert site.request("PUT", door, "admin", json=body).status_code == 200
    patch(site, [{"global_id": "0col1", "step": "吊装"}])
    assert percent(site, "0col1") == ("in_progress", 80.0)
    body["steps"][1]["weight"] = 0.3  # type: ignore[index]
    wrong = site.request("PUT", door, "admin", json=body)
    assert (wrong.status_code, "1.1" in wrong.text) == (422, True)
    assert site.request("DELETE", door, "admin").status_code == 204
    assert percent(site, "0col1") == ("in_progress", 80.0)
    shipped = site.get("/api/v1/step-templates").json()
    assert all(abs(sum(step["weight"] for step in each["steps"]) - 1) < 1e-9 for each in shipped)
    assert {"concrete", "demolition", "pile"} <= {each["key"] for each in shipped}


def test_rows_address_elements_by_tag_and_by_rule_and_what_hits_nothing_is_told(site: Doors) -> None:
    told = patch(
        site,
        [
            {"global_id": "0col1", "percent": 10},
            {"class": "IfcColumn", "storey": "一层", "percent": 40},
            {"tag": "T305", "percent": 60},
            {"tag": "KZ1", "percent": 5},
            {"tag": "nothing", "percent": 5},
            {"class": "IfcPile", "percent": 5},
        ],
    )
    # The rule leaves alone what the table names by its GlobalId.
    assert (told["received"], told["updated"]) == (6, 3)
    assert [row["where"] for row in told["unmatched"]] == ["row 5", "row 6"]
    assert "0col1, 0col2" in told["refused"][0]["message"]
    assert [percent(site, each)[1] for each in ("0col1", "0col2", "0slab1")] == [10.0, 40.0, 60.0]


def test_a_workbook_is_a_progress_table_too(site: Doors) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (["global_id", "进度", "实际开始"], ["0col1", 25, "2025-09-01"], ["0nobody", 5, None]):
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    told = patch(site, out.getvalue(), kind=kind)
    assert (told["updated"], told["unmatched"][0]["where"]) == (1, "row 3")


def test_the_exported_table_comes_back_unchanged(site: Doors) -> None:
    patch(site, [{"global_id": "0col1", "step": "rebar"}, {"global_id": "0col2", "percent": "33.333333"},
                 {"global_id": "0twin#1", "percent": 100, "actual_finish": "2025-10-01"}])  # fmt: skip
    answer = site.get(f"{PROGRESS}?f=csv", "contractor")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = {row["global_id"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
    assert rows["0col2"]["percent"] == "33.333333"
    assert rows["0col1"]["name"] == "'=1+1"
    assert {"0twin#1", "0twin#2"} <= set(rows)
    assert "0col4" not in rows  # it stands already
    told = patch(site, answer.content, kind="text/csv")
    assert (told["updated"], told["unchanged"], told["refused"], told["unmatched"]) == (0, len(rows), [], [])


def test_the_figure_of_a_package_is_explained_down_to_its_elements(site: Doors) -> None:
    patch(site, [{"global_id": "0col1", "percent": 100}, {"global_id": "0slab1", "percent": 50},
                 {"global_id": "0col3", "percent": 20}])  # fmt: skip
    # m³: 10 of 20 = 50 %; m² by the mesh: 50·50/100 = 25 %; demolition: 20 %. No values: alike, the door not weighed.
    told = site.get(PROGRESS, "auditor").json()
    (package,) = told["packages"]
    units = {each["unit"]: each for each in package["units"]}
    assert {name: each["percent"] for name, each in units.items()} == {
        "m3": 50.0,
        "m2": 25.0,
        "demolition:m3": 20.0,
        "count": 0.0,
    }
    assert package["percent"] == pytest.approx(95 / 3, abs=1e-5)
    assert (package["weighing"], units["m2"]["derived"], units["count"]["share"]) == ("equal", 2, 0.0)
    assert package["coverage"] == pytest.approx(100 * 5 / 6, abs=1e-5)  # five of six elements are weighed
    assert told["elements"]["existing"] == 1
    page = site.get(f"{PROGRESS}?package=M2&limit=4", "auditor").json()
    rest = site.get(f"{PROGRESS}?package=M2&after={page['next']}", "auditor").json()
    rows = [*page["rows"], *rest["rows"]]
    assert [row["global_id"] for row in rows] == ["0col1", "0col2", "0col3", "0slab1", "0slab2", "0door"]
    for name, each in units.items():
        of_unit = [row for row in rows if row["unit"] == name]
        assert sum(row["quantity"] * row["percent"] for row in of_unit) / 100 == each["earned_quantity"]
    project = site.get(f"/api/v1/projects/{PUBLIC_CODE}/progress", "auditor").json()["explanation"]
    parts = {part["code"]: part for part in project["packages"]}
    assert parts["M2"]["percent"] == package["percent"]
    assert parts["M2"]["models"] == [{"model_id": 1, "name": "桥梁模型", "elements": 6}]
    assert parts["M1"]["report"] == {
        "period": "2025-10",
        "version": 1,
        "as_of": "2025-10-31",
        "percent": 100.0,
    }
    assert project["progress"] == pytest.approx(0.5 * 100 + 0.5 * package["percent"], abs=1e-5)
    assert site.get(f"/api/v1/projects/{PUBLIC_CODE}/progress").json()["explanation"] is None
    assert site.get(PROGRESS).status_code == 401


def test_values_of_units_weigh_a_mixed_package(site: Doors) -> None:
    rules = [{"task": "M2", "class": each, "type": "C30"} for each in ("IfcColumn", "IfcSlab", "IfcDoor")]
    assert site.request("PUT", "/api/v1/models/1/links", "division", json={"rules": rules}).status_code == 200
    patch(site, [{"global_id": "0col1", "percent": 100}, {"global_id": "0slab1", "percent": 50}])
    table = "code,name,start,finish,value(m3),value(m2)\nM1,下部结构,2025-01-01,2025-06-30,500000,\nM2,上部结构,2025-07-01,2025-12-31,400000,100000\n"
    door = f"/api/v1/projects/{PUBLIC_CODE}/schedule"
    answer = site.request(
        "POST", door, "division", files={"file": ("a.csv", table.encode())}, data={"mode": "apply"}
    )
    assert answer.status_code == 201, answer.text
    # 0.8·50 + 0.2·25 = 45; demolition and door have no value: four of six elements are weighed.
    (package,) = site.get(PROGRESS, "auditor").json()["packages"]
    assert (package["weighing"], package["percent"]) == ("value", 45.0)
    assert package["coverage"] == pytest.approx(100 * 4 / 6, abs=1e-5)


def test_a_revision_that_changes_quantities_opens_a_baseline_and_old_days_keep_the_old(site: Doors) -> None:
    patch(site, [{"global_id": "0col1", "percent": 100}])  # freezes revision 1 in baseline 1
    before = site.get(f"/api/v1/projects/{PUBLIC_CODE}/progress?as_of=2025-10-30", "auditor").json()[
        "explanation"
    ]
    as_owner(
        site.seeded.url,
        """INSERT INTO stored_object VALUES (repeat('b', 64), 1);
        INSERT INTO bim_revision (id, model_id, number, state, sha256, file_name, published_at) OVERRIDING SYSTEM VALUE
          VALUES (50, 1, 2, 'published', repeat('b', 64), '2.ifc', now());
        INSERT INTO bim_element (revision_id, identity_id, project_id, milestone_id, step_id, global_id, ifc_class, name,
            quantity, quantity_unit, quantity_source)
          SELECT 50, identity_id, 1, 2, step_id, global_id, ifc_class, name, 30, 'm3', 'qto_net'
          FROM bim_element WHERE global_id IN ('0col2');
        UPDATE bim_model SET current_revision_id = 50 WHERE id = 1""",
    )
    told = patch(site, [{"global_id": "0col2", "percent": 20}])
    assert told["updated"] == 1
    (package,) = site.get(PROGRESS, "auditor").json()["packages"]
    # The finished column is gone: 20 % of what is left, and 10 of 40 m³ are orphaned.
    assert (package["percent"], package["orphaned"], package["orphaned_elements"]) == (20.0, 25.0, 1)
    plan = site.get(f"/api/v1/projects/{PUBLIC_CODE}/schedule", "auditor").json()
    assert (plan["baseline"], plan["source"]) == (2, "quantities")
    assert [(row["code"], row["weight"]) for row in plan["milestones"]] == [("M1", 0.5), ("M2", 0.5)]
    after = site.get(f"/api/v1/projects/{PUBLIC_CODE}/progress?as_of=2025-10-30", "auditor").json()[
        "explanation"
    ]
    assert after["baseline"]["version"] == 1
    old = {part["code"]: part["measured"]["units"] for part in after["packages"] if part["measured"]}
    assert [(unit["unit"], unit["quantity"]) for unit in old["M2"]] == [
        (unit["unit"], unit["quantity"]) for unit in before["packages"][1]["measured"]["units"]
    ]
    patch(site, [{"global_id": "0col2", "percent": 20}])
    assert site.get(f"/api/v1/projects/{PUBLIC_CODE}/schedule", "auditor").json()["baseline"] == 2


_TASKS = """UPDATE bim_revision SET tasks = '[
  {"code": "T1", "name": "柱", "schedule_start": "2025-09-01", "schedule_finish": "2025-09-03", "actual_start": "2025-09-02",
   "actual_finish": null, "completion": 0.5, "parent": null, "products": ["0col1", "0col2"]},
  {"code": "T2", "name": "柱", "schedule_start": "2025-09-04", "schedule_finish": "2025-09-04", "actual_start": null,
   "actual_finish": null, "completion": 0.1, "parent": null, "products": ["0col1"]},
  {"code": "T3", "name": "门", "schedule_start": null, "schedule_finish": null, "actual_start": null,
   "actual_finish": null, "completion": null, "parent": null, "products": ["0door"]}]' WHERE id = 1"""


def test_completion_is_proposed_and_counts_only_when_somebody_accepts_it(site: Doors) -> None:
    as_owner(site.seeded.url, _TASKS)
    told = site.get(PROPOSALS, "auditor").json()
    # Column 1: three days at 50 %, one day at 10 %: (3·50 + 10)/4 = 40.
    assert [(row["global_id"], row["percent"], row["actual_start"]) for row in told["proposals"]] == [
        ("0col1", 40.0, "2025-09-02"),
        ("0col2", 50.0, "2025-09-02"),
    ]
    assert percent(site, "0col1") == ("not_started", 0.0)
    assert site.request("POST", PROPOSALS, "auditor", json={"accept": "all"}).status_code == 403
    done = site.request(
        "POST", PROPOSALS, "contractor", json={"accept": ["0col1", "0nobody"], "reject": ["0col2"]}
    )
    assert done.json() == {"accepted": 1, "rejected": 1, "unknown": ["0nobody"], "refused": []}
    assert percent(site, "0col1") == ("in_progress", 40.0)
    assert percent(site, "0col2") == ("not_started", 0.0)
    assert site.get(PROPOSALS, "auditor").json()["matched"] == 0
    assert site.get(f"{PROPOSALS}?decided=true", "auditor").json()["matched"] == 1
    rows = site.get(f"{PROGRESS}?package=M2", "auditor").json()["rows"]
    assert rows[0]["source"] == "proposal"
    assert "T1, T2" in rows[0]["evidence"]


def test_a_proposal_beyond_the_accepted_step_is_refused_and_stays_open(site: Doors) -> None:
    as_owner(site.seeded.url, _TASKS)
    patch(site, [{"global_id": "0col1", "step": "rebar"}])
    done = site.request("POST", PROPOSALS, "contractor", json={"accept": "all"}).json()
    assert (done["accepted"], [row["global_id"] for row in done["refused"]]) == (1, ["0col1"])
    assert site.get(PROPOSALS, "auditor").json()["matched"] == 1


def test_the_order_in_which_tables_come_does_not_matter(site: Doors) -> None:
    rows = [
        {"global_id": each, "percent": n}
        for each, n in (("0col1", 100), ("0col2", 35), ("0slab1", 60), ("0door", 5))
    ]
    for row in rows:
        patch(site, [row])
    forward = site.get(PROGRESS, "auditor").json()["packages"]
    for row in rows:
        patch(site, [{"global_id": row["global_id"], "percent": 0}])
    for row in reversed(rows):
        patch(site, [row])
    assert site.get(PROGRESS, "auditor").json()["packages"] == forward


def test_what_stands_already_never_counts(site: Doors) -> None:
    before = site.get(PROGRESS, "auditor").json()["packages"]
    as_owner(site.seeded.url, "UPDATE bim_element SET quantity = 1e6 WHERE global_id = '0col4'")
    patch(site, [{"global_id": "0col4", "percent": 100}])
    assert site.get(PROGRESS, "auditor").json()["packages"] == before
