"""Which elements a task builds: rules in order, their conflicts, and what no rule hits."""

from typing import Any

import pytest

from tests.api.conftest import Doors
from tests.api.seeding import as_owner

DOOR = "/api/v1/models/1/links"
# Ten columns on two storeys, five beams, one existing wall, an opening.
_ELEMENTS = """
INSERT INTO element_identity (id, model_id, global_id) OVERRIDING SYSTEM VALUE
  SELECT 200 + n, 1, '0col' || lpad(n::text, 3, '0') FROM generate_series(1, 10) n UNION ALL
  SELECT 220 + n, 1, '0beam' || n FROM generate_series(1, 5) n UNION ALL
  VALUES (230, 1, '0wall'), (231, 1, '0hole');
INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class, name, tag, type_name,
    storey, planning_status, quantity, quantity_unit, quantity_source, classification)
  SELECT 1, id, 1, id, global_id,
    CASE WHEN id < 220 THEN 'IfcColumn' WHEN id < 230 THEN 'IfcBeam' WHEN id = 230 THEN 'IfcWall'
         ELSE 'IfcOpeningElement' END,
    '构件 ' || id, 'T-' || id, CASE WHEN id < 220 THEN 'KZ-500×500' ELSE 'KL_300%' END,
    CASE WHEN id < 206 THEN '一层' ELSE '二层' END, CASE WHEN id = 230 THEN 'EXISTING' END, 2, 'm3', 'qto_net',
    CASE WHEN id = 210 THEN '[{"system": "GB/T 51269", "code": "14-20.10", "name": "柱"}]'::jsonb ELSE '[]' END
  FROM element_identity WHERE id BETWEEN 200 AND 240;
"""


@pytest.fixture
def frame(own_doors: Doors) -> Doors:
    as_owner(own_doors.seeded.url, _ELEMENTS)
    return own_doors


def put(doors: Doors, rules: Any, login: str = "division", kind: str = "application/json") -> Any:
    if kind == "application/json":
        return doors.request("PUT", DOOR, login, json={"rules": rules})
    return doors.request("PUT", DOOR, login, content=rules, headers={"Content-Type": kind})


def milestones(doors: Doors) -> dict[str, str | None]:
    page = doors.get("/api/v1/models/1/elements?limit=1000", "admin").json()["elements"]
    return {row["global_id"]: row["milestone"] for row in page}


def test_the_first_rule_that_fits_wins_and_conflicts_are_told(frame: Doors) -> None:
    answer = put(
        frame,
        [
            {"task": "M2", "global_id": "0col001"},
            {"task": "M1", "class": "IfcColumn", "name": "构件*"},
            {"task": "M2", "storey": "二层", "class": "Ifc*"},
            {"task": "M9", "class": "IfcBeam"},
            {"task": "M1", "class": "IfcPile"},
        ],
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()["report"]
    found = milestones(frame)
    assert found["0col001"] == "M2"
    assert {found[f"0col{n:03d}"] for n in range(2, 11)} == {"M1"}
    assert {found[f"0beam{n}"] for n in range(1, 6)} == {"M2"}
    assert (found["0wall"], found["0hole"]) == ("M2", None)  # an opening is nothing to build
    # Column 1 is named and a column; columns 6 to 10 are columns and on the upper storey.
    assert told["conflict_count"] == 6
    assert {row["global_id"]: row["rules"] for row in told["conflicts"]}["0col001"] == [1, 2]
    assert [(row["rule"], row["reason"]) for row in told["unmatched"]] == [(4, "no_task"), (5, "no_element")]
    assert told["without_task_count"] == 1  # the pier of the seed
    assert told["without_task"][0]["ifc_class"] == "IfcColumn"


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        ({"tag": "T-203"}, 1),
        ({"tag": "T-20*"}, 9),
        ({"type": "KZ-*"}, 10),
        ({"type": "KL_300%"}, 6),
        ({"type": "KL?300%"}, 0),
        ({"type": "KL_3*"}, 6),
        ({"name": "构件 22*"}, 5),
        ({"classification": "14-20*"}, 1),
        ({"class": "IfcColumn", "storey": "一层"}, 5),
        ({"global_id": "0hole"}, 1),
    ],
)
def test_rules_by_every_condition(frame: Doors, rule: dict[str, str], hits: int) -> None:
    put(frame, [{"task": "M1", **rule}])
    assert sum(code == "M1" for code in milestones(frame).values()) == hits


def test_the_same_rules_again_change_nothing_and_none_take_the_links_back(frame: Doors) -> None:
    rules = [{"task": "M1", "class": "IfcColumn"}]
    assert put(frame, rules).json()["elements_changed"] == 11  # with the pier of the seed
    again = put(frame, rules).json()
    assert (again["changed"], again["elements_changed"]) == (False, 0)
    assert put(frame, []).json()["elements_changed"] == 11
    assert set(milestones(frame).values()) == {None}


def test_rules_come_and_go_as_a_table(frame: Doors) -> None:
    table = "任务编码,类别,楼层\r\nM1,IfcColumn,一层\r\nM2,IfcBeam,\r\n"
    answer = put(frame, table.encode("gb18030"), kind="text/csv")
    assert answer.json()["rules"] == [
        {"task": "M1", "class": "IfcColumn", "storey": "一层"},
        {"task": "M2", "class": "IfcBeam"},
    ]
    written = frame.get(f"{DOOR}?f=csv", "division")
    assert written.headers["Content-Type"].startswith("text/csv")
    again = put(frame, written.content, kind="text/csv").json()
    assert (again["changed"], again["elements_changed"]) == (False, 0)


def test_linked_elements_take_the_dates_of_their_task(frame: Doors) -> None:
    put(frame, [{"task": "M2", "class": "IfcBeam"}])
    beam = frame.get("/api/v1/models/1/elements/0beam1", "admin").json()
    assert (beam["plan_start"], beam["plan_finish"]) == ("2025-07-01", "2025-12-31")


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ([{"task": "M1"}], "rule 1"),
        ([{"class": "IfcBeam"}], "rule 1"),
        ([{"task": "M1", "class": "IfcBeam"}, {"task": "M1", "global_id": "x", "class": "y"}], "rule 2"),
        ([{"task": "M1", "colour": "red"}], "rule 1"),
        ({"task": "M1"}, "rules"),
    ],
)
def test_a_rule_that_says_too_little_or_too_much_is_named(frame: Doors, rules: Any, where: str) -> None:
    answer = put(frame, rules)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, where)


def test_linking_moves_the_projects_progress(frame: Doors) -> None:
    # M1 100 % and M2 20 % reported. Once five beams (one done, all alike) are M2: (100 + 20)/2 again; four of them: 90.
    put(frame, [{"task": "M2", "class": "IfcBeam"}])
    rows = [{"global_id": f"0beam{n}", "percent": 100} for n in range(1, 5)]
    told = frame.request("PATCH", "/api/v1/models/1/elements", "contractor", json=rows).json()
    assert told["project"]["progress"] == 90.0  # M1 100, M2 4 of 5


def test_only_those_who_plan_may_link(frame: Doors) -> None:
    assert put(frame, [], login="contractor").status_code == 403
    assert frame.get(DOOR).status_code == 401
