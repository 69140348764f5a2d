"""Writers at the same time: of two that know the same state one wins, and nothing is lost in silence."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier
from typing import Any

import psycopg

from tests.api.conftest import Doors
from tests.api.maps.test_edits import PARCELS, PROJECTS, created, parcel, send, square

WRITERS = 6


def at_once(doors: Doors, requests: list[tuple[str, str, Any, str, dict[str, str]]]) -> list[int]:
    """Send requests from as many threads, all at the same moment; return their states in order."""
    start = Barrier(len(requests))

    def one(request: tuple[str, str, Any, str, dict[str, str]]) -> int:
        method, path, body, login, headers = request
        start.wait()
        return send(doors, method, path, body, login, **headers).status_code

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(one, requests))


def test_of_many_replacements_with_the_same_tag_exactly_one_wins(own_doors: Doors) -> None:
    path = created(own_doors)
    for round_number in range(5):
        tag = {"If-Match": own_doors.get(path, "planner").headers["ETag"]}
        names = [f"第{round_number}轮第{number}人" for number in range(WRITERS)]
        states = at_once(own_doors, [("PUT", path, parcel(name=name), "planner", tag) for name in names])
        assert sorted(states) == [204] + [412] * (WRITERS - 1)
        stored = own_doors.get(path, "planner").json()["properties"]["name"]
        assert stored == names[states.index(204)]


def test_without_a_tag_every_change_of_its_own_property_is_kept(own_doors: Doors) -> None:
    path = created(own_doors)
    given = {"name": "甲", "planned_use": "工业用地", "land_class": "0601", "supply_date": "2026-01-02"}
    states = at_once(
        own_doors,
        [("PATCH", path, {"properties": {name: value}}, "planner", {}) for name, value in given.items()],
    )
    assert states == [204] * len(given)
    properties = own_doors.get(path, "planner").json()["properties"]
    assert {name: properties[name] for name in given} == given


def test_of_many_new_features_with_one_number_exactly_one_is_made(own_doors: Doors) -> None:
    states = at_once(own_doors, [("POST", PARCELS, parcel("CB-1"), "planner", {})] * WRITERS)
    assert sorted(states) == [201] + [409] * (WRITERS - 1)
    listed = own_doors.get(f"{PARCELS}?parcel_no=CB-1", "planner").json()
    assert listed["numberMatched"] == 1


def test_red_lines_drawn_at_once_become_versions_one_after_the_other(own_doors: Doors) -> None:
    boxes = [square(115.64 + number / 100, 33.14) for number in range(WRITERS)]
    states = at_once(
        own_doors,
        [("PATCH", f"{PROJECTS}/1", {"geometry": box}, "task_force", {}) for box in boxes],
    )
    assert states == [204] * WRITERS
    with psycopg.connect(own_doors.seeded.url) as connection:
        rows = connection.execute(
            "SELECT version, valid_from, valid_to FROM project_footprint WHERE project_id = 1 ORDER BY version"
        ).fetchall()
    assert [version for version, _, _ in rows] == list(range(1, WRITERS + 2))
    for (_, begun, ended), (_, following, _) in pairwise(rows):
        assert begun < ended == following
    assert rows[-1][2] is None


def test_the_chain_of_the_trail_holds_under_many_writers(own_doors: Doors) -> None:
    states = at_once(own_doors, [("POST", PARCELS, parcel(f"CB-{n}"), "planner", {}) for n in range(WRITERS)])
    assert states == [201] * WRITERS
    assert own_doors.get("/api/v1/audit/chain", "admin").json()["intact"] is True
