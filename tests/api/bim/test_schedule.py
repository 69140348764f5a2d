"""A schedule over HTTP: previewed, taken over as the next baseline, and nothing new the second time."""

from typing import Any

import pytest

from tests.api.conftest import Doors
from tests.api.seeding import PUBLIC_CODE, as_owner

DOOR = f"/api/v1/projects/{PUBLIC_CODE}/schedule"
# In the database: M1 下部结构 (0.5, to 06-30), M2 上部结构 (0.5, from 07-01). Reported: M1 100, M2 20: 60 %.
TABLE = """任务编码,任务名称,上级,计划开始,计划完成,合同额（元）,进度
S,结构,,,,,
M1,下部结构,S,2025-01-01,2025-06-30,600000,100
M2,上部结构,S,2025-07-01,2025-12-31,300000,20
M3,桥面铺装,,2025-11-01,2025-12-31,100000,0
"""


def post(doors: Doors, table: str | bytes, login: str | None = "division", **fields: Any) -> Any:
    data = table.encode() if isinstance(table, str) else table
    return doors.request(
        "POST",
        DOOR,
        login,
        files={"file": ("计划.csv", data)},
        data={name: str(value) for name, value in fields.items()},
    )


def test_a_preview_says_what_is_new_and_changed_and_writes_nothing(own_doors: Doors) -> None:
    answer = post(own_doors, TABLE)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [row["code"] for row in told["new"]] == ["S", "M3"]
    changed = {row["code"]: row["fields"] for row in told["changed"]}
    assert changed["M1"]["weight"] == [0.5, 0.6]
    assert changed["M1"]["parent"] == [None, "S"]
    assert (told["applied"], told["baseline"], told["weight_basis"]) == (False, None, "contract_value")
    assert told["proposals"]["M2"]["percent"] == 20
    plan = own_doors.get(DOOR, "division").json()
    assert (plan["baseline"], plan["imports"]) == (1, [])


def test_a_schedule_becomes_the_next_baseline_with_its_weights(own_doors: Doors) -> None:
    answer = post(own_doors, TABLE, mode="apply")
    assert answer.status_code == 201, answer.text
    assert answer.json()["baseline"] == 2
    plan = own_doors.get(DOOR, "division").json()
    assert (plan["approved_on"], plan["source"]) == ("2025-10-31", "schedule:table")
    assert [(row["code"], row["parent"], row["weight"]) for row in plan["milestones"]] == [
        ("M1", "S", 0.6),
        ("M2", "S", 0.3),
        ("M3", None, 0.1),
        ("S", None, None),
    ]
    # 0.6·100 + 0.3·20 + 0.1·0 = 66; M3 has no evidence: 90 % covered.
    told = own_doors.get(f"/api/v1/projects/{PUBLIC_CODE}/progress", "division").json()
    assert told["states"][-1]["progress"] == 66.0
    assert told["states"][-1]["coverage"] == 90.0
    assert told["explanation"]["baseline"]["version"] == 2
    # Days before keep the first baseline.
    past = own_doors.get(f"/api/v1/projects/{PUBLIC_CODE}/progress?as_of=2025-10-30", "division").json()
    assert past["explanation"]["baseline"]["version"] == 1


def test_the_same_file_again_changes_nothing(own_doors: Doors) -> None:
    post(own_doors, TABLE, mode="apply")
    before = own_doors.get(f"/api/v1/projects/{PUBLIC_CODE}/progress", "division").json()["states"]
    again = post(own_doors, TABLE, mode="apply")
    assert again.status_code == 200
    assert (again.json()["same_plan"], again.json()["baseline"]) == (True, None)
    assert own_doors.get(DOOR, "division").json()["baseline"] == 2
    assert len(own_doors.get(DOOR, "division").json()["imports"]) == 1
    assert own_doors.get(f"/api/v1/projects/{PUBLIC_CODE}/progress", "division").json()["states"] == before


def test_a_milestone_the_file_lacks_is_kept_and_told_or_left_out_when_asked(own_doors: Doors) -> None:
    table = "code,name,start,finish\nM1,下部结构,2025-01-01,2025-06-30\n"
    kept = post(own_doors, table).json()
    assert (kept["missing"], kept["same_plan"]) == (["M2"], True)
    dropped = post(own_doors, table, mode="apply", missing="drop").json()
    assert dropped["baseline"] == 2
    plan = own_doors.get(DOOR, "division").json()
    assert [row["code"] for row in plan["milestones"]] == ["M1"]
    codes = [
        row["code"] for row in own_doors.get(f"/api/v1/projects/{PUBLIC_CODE}/milestones", "division").json()
    ]
    assert codes == ["M1", "M2"]


def xml(*rows: tuple[int, str, str]) -> bytes:
    tasks = "".join(
        f"<Task><UID>{uid}</UID><Name>{name}</Name><WBS>{wbs}</WBS><OutlineLevel>1</OutlineLevel>"
        "<Start>2025-01-01T08:00:00</Start><Finish>2025-06-30T17:00:00</Finish></Task>"
        for uid, wbs, name in rows
    )
    return f'<Project xmlns="http://schemas.microsoft.com/project"><Name>总计划</Name><Tasks>{tasks}</Tasks></Project>'.encode()


def test_a_task_inserted_before_others_renumbers_them_without_losing_their_reports(own_doors: Doors) -> None:
    # In Microsoft Project a new first row shifts every WBS number after it; the unique ids stay.
    first = post(own_doors, xml((5, "M1", "下部结构"), (6, "M2", "上部结构")), mode="apply", missing="drop")
    assert first.status_code == 201, first.text
    again = post(
        own_doors, xml((9, "M1", "清表"), (5, "M2", "下部结构"), (6, "M3", "上部结构")), mode="apply"
    )
    assert again.status_code == 201, again.text
    told = again.json()
    assert [row["code"] for row in told["new"]] == ["M1"]
    assert {row["code"]: row["fields"]["code"] for row in told["changed"]} == {
        "M2": ["M1", "M2"],
        "M3": ["M2", "M3"],
    }
    parts = own_doors.get(f"/api/v1/projects/{PUBLIC_CODE}/progress", "division").json()["explanation"][
        "packages"
    ]
    assert {part["code"]: (part["name"], part["percent"]) for part in parts} == {
        "M1": ("清表", 0.0),
        "M2": ("下部结构", 100.0),
        "M3": ("上部结构", 20.0),
    }


def test_faults_are_told_in_a_preview_and_refuse_the_whole_file_when_applied(own_doors: Doors) -> None:
    table = TABLE.replace("2025-12-31,300000", "2025-06-01,300000").replace("100000,0", "很多,0")
    faults = post(own_doors, table).json()["faults"]
    assert [fault["where"] for fault in faults] == ["line 5, column 6", "line 4"]
    refused = post(own_doors, table, mode="apply")
    assert refused.status_code == 422
    assert [each["where"] for each in refused.json()["errors"]] == ["line 5, column 6", "line 4"]
    assert own_doors.get(DOOR, "division").json()["baseline"] == 1


def test_a_file_that_is_no_schedule_is_a_problem_with_the_remedy(own_doors: Doors) -> None:
    answer = post(own_doors, b"\xd0\xcf\x11\xe0" + bytes(600))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:worktwin:problem:schedule_invalid")
    assert "MSPDI" in answer.json()["detail"] + answer.text


def test_a_baseline_cannot_be_approved_before_the_one_in_force(own_doors: Doors) -> None:
    answer = post(own_doors, TABLE, mode="apply", approved_on="2024-12-31")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "approved_on"


@pytest.mark.parametrize(("login", "status"), [(None, 401), ("contractor", 403), ("auditor", 403)])
def test_only_those_who_plan_may_take_a_schedule_over(doors: Doors, login: str | None, status: int) -> None:
    assert post(doors, TABLE, login).status_code == status


def test_tasks_of_a_model_are_taken_over_in_place_of_a_file(own_doors: Doors) -> None:
    tasks = """[{"code": "M1", "name": "下部结构", "schedule_start": "2025-01-01T08:00:00",
      "schedule_finish": "2025-06-30T17:00:00", "actual_start": null, "actual_finish": null, "completion": 0.5,
      "parent": null, "products": ["0public000000000000001"], "uid": "0task"},
      {"code": "K9", "name": "支座", "schedule_start": "2025-08-01", "schedule_finish": "2025-08-20",
      "actual_start": null, "actual_finish": null, "completion": null, "parent": null, "products": []}]"""
    as_owner(
        own_doors.seeded.url,
        f"""UPDATE bim_revision SET tasks = $json${tasks}$json$ WHERE id = 1;
            UPDATE bim_element SET task_codes = '{{K9}}' WHERE revision_id = 1""",
    )
    answer = own_doors.request("POST", DOOR, "division", data={"model": "1", "mode": "apply"})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["format"], [row["code"] for row in told["new"]]) == ("ifc", ["K9"])
    assert told["proposals"]["M1"] == {
        "percent": 50.0,
        "percent_source": "IfcTaskTime.Completion",
        "actual_start": None,
        "actual_finish": None,
    }
    element = own_doors.get("/api/v1/models/1/elements/0public000000000000001", "admin").json()
    assert (element["milestone"], element["plan_start"], element["plan_finish"]) == (
        "K9",
        "2025-08-01",
        "2025-08-20",
    )
