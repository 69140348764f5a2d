"""The reserve pool over HTTP: reservations, moves, splits, idle land, figures, matching; and the map that follows."""

import time
from collections.abc import Callable
from typing import Any

import mapbox_vector_tile
import pytest

from tests.api.conftest import Doors
from tests.api.seeding import PRIVATE_CODE, PUBLIC_CODE, as_owner
from tests.benchmarks.serving import column_row

LAND = "/api/v1/land"
PARCEL = f"{LAND}/parcels/DK-0001"  # ready, 115.61–115.62°E, 33.15–33.16°N
RESERVATIONS = f"{PARCEL}/reservations"
PATIENCE_S = 20.0
TILE = "/tiles/land_parcels/15/{}/{}.mvt".format(*column_row(115.615, 33.155, 15))
LINE = {"type": "LineString", "coordinates": [[115.613, 33.14], [115.613, 33.17]]}


@pytest.fixture(autouse=True)
def _sound(request: pytest.FixtureRequest) -> None:
    """Give the seeded parcels idle states that there are."""
    if "own_doors" in request.fixturenames:
        own: Doors = request.getfixturevalue("own_doors")
        as_owner(own.seeded.url, "UPDATE land_parcel SET idle_state = 'none' WHERE id <= 2")


def reserve(doors: Doors, login: str = "planner", code: str = PUBLIC_CODE) -> Any:
    return doors.request("POST", RESERVATIONS, login, json={"project": code})


def awaited(look: Callable[[], bool]) -> bool:
    """Wait until an edit is seen: some milliseconds, on a busy machine more."""
    end = time.monotonic() + PATIENCE_S
    while not look():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def state_in_tile(doors: Doors) -> set[str]:
    layers = mapbox_vector_tile.decode(doors.get(TILE).content)
    return {feature["properties"]["state"] for feature in layers["land_parcels"]["features"]}


def state_of_item(doors: Doors) -> str:
    return str(doors.get("/ogc/collections/land_parcels/items/1").json()["properties"]["state"])


def test_a_parcel_is_reserved_and_the_next_one_learns_who_and_when(own_doors: Doors) -> None:
    first = reserve(own_doors)
    assert first.status_code == 201, first.text
    won = first.json()
    assert (won["state"], won["reservation"]["project"], won["reservation"]["reserved_by"]) == (
        "held",
        PUBLIC_CODE,
        "planner",
    )
    assert first.headers["Location"] == PARCEL
    second = own_doors.request(
        "POST", RESERVATIONS, "admin", json={"project": PRIVATE_CODE}, headers={"Accept-Language": "en"}
    )
    assert (second.status_code, second.headers["Content-Type"]) == (409, "application/problem+json")
    told = second.json()
    assert (told["title"], told["status"]) == ("Contradicts what is stored", 409)
    assert told["reservation"]["project"] == PUBLIC_CODE
    assert told["reservation"]["reserved_by"] == "planner"
    assert told["reservation"]["reserved_at"][:19] == won["reservation"]["reserved_at"][:19]
    assert told["detail"].startswith("Parcel DK-0001 is reserved for project")


def test_the_map_shows_a_reservation_and_its_end_within_a_second(own_doors: Doors) -> None:
    assert state_in_tile(own_doors) == {"ready"}
    tag = own_doors.get(TILE).headers["ETag"]
    assert reserve(own_doors).status_code == 201
    assert awaited(lambda: state_in_tile(own_doors) == {"held"} and state_of_item(own_doors) == "held")
    assert own_doors.get(TILE).headers["ETag"] != tag
    ended = own_doors.request("DELETE", RESERVATIONS, "planner", json={"project": PUBLIC_CODE})
    assert (ended.status_code, ended.json()["state"]) == (200, "ready")
    assert awaited(lambda: state_in_tile(own_doors) == {"ready"} and state_of_item(own_doors) == "ready")


def test_a_reservation_is_cancelled_by_its_project_alone_with_or_without_a_body(own_doors: Doors) -> None:
    reserve(own_doors)
    other = own_doors.request("DELETE", f"{RESERVATIONS}?project={PRIVATE_CODE}", "planner")
    assert (other.status_code, other.json()["reservation"]["project"]) == (409, PUBLIC_CODE)
    assert own_doors.request("DELETE", f"{RESERVATIONS}?project={PUBLIC_CODE}", "planner").status_code == 200
    assert own_doors.request("DELETE", RESERVATIONS, "planner").status_code == 404


def test_a_refused_move_stands_in_the_audit_trail(own_doors: Doors) -> None:
    body = {"to": "completed", "reason": "误操作"}
    answer = own_doors.request(
        "POST", f"{PARCEL}/transitions", "planner", json=body, headers={"Accept-Language": "zh"}
    )
    assert answer.status_code == 409
    assert "净地可供" in answer.json()["detail"]
    event = own_doors.get("/api/v1/audit?limit=1", "auditor").json()["events"][0]
    assert (event["action"], event["thing"], event["actor"]) == (
        "land.refused",
        "land_parcel DK-0001",
        "planner",
    )


def test_the_ledger_from_reservation_to_idle_land_over_http(own_doors: Doors) -> None:
    reserve(own_doors)
    supply = {"to": "supplied", "reason": "挂牌", "day": "2023-10-01", "agreed_start": "2023-10-31"}
    assert own_doors.request("POST", f"{PARCEL}/transitions", "planner", json=supply).status_code == 201
    card = own_doors.get(PARCEL, "planner").json()
    assert card["state_name"] == {"zh": "已供应", "en": "Supplied"}
    assert card["inside"]["idle"]["consequence"] == "recovery"
    assert [(step["axis"], step["to"]) for step in card["inside"]["steps"]] == [
        ("state", "started"),
        ("idle", "suspected"),
    ]
    listed = own_doors.get(f"{LAND}/idle", "auditor").json()["parcels"]
    assert [each["parcel_no"] for each in listed] == ["DK-0001"]
    span = {"starts_on": "2023-11-01", "cause": "government", "reason": "规划调整"}
    added = own_doors.request("POST", f"{PARCEL}/suspensions", "planner", json=span)
    assert (added.status_code, added.json()["number"]) == (201, 1)
    assert own_doors.get(f"{PARCEL}/idle", "auditor").json()["assessment"]["idle"] is False
    ended = own_doors.request("PATCH", f"{PARCEL}/suspensions/1", "planner", json={"ends_on": "2023-12-01"})
    assert ended.status_code == 200
    for to, more in (("suspected", {}), ("identified", {})):
        done = own_doors.request(
            "POST", f"{PARCEL}/idle", "planner", json={"to": to, "reason": "核查", **more}
        )
        assert done.status_code == 201, done.text
    freed = own_doors.request(
        "POST", f"{PARCEL}/release", "planner", json={"reason": "盘活", "day": "2025-10-01"}
    )
    assert freed.json() == {"parcel_no": "DK-0001", "state": "ready", "idle_state": "disposed"}
    released = own_doors.get(f"{LAND}/released?year=2025").json()
    assert (released["count"], released["years"][0]["parcels"]) == (1, ["DK-0001"])
    kinds = [entry["kind"] for entry in own_doors.get(f"{PARCEL}/history", "auditor").json()["entries"]]
    assert sorted(set(kinds)) == ["idle", "reservation", "state", "suspension"]


def test_idle_land_is_listed_by_pages(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, "UPDATE land_parcel SET state = 'supplied' WHERE parcel_no < 'DK-100003'")
    numbers, after = [], ""
    for _ in range(3):
        page = own_doors.get(f"{LAND}/idle?limit=2&after={after}", "auditor").json()
        numbers.append([each["parcel_no"] for each in page["parcels"]])
        after = page["next"]
        if after is None:
            break
    assert numbers == [["DK-0001", "DK-100000"], ["DK-100001", "DK-100002"]]


def test_facts_are_corrected_and_emptied(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, "UPDATE land_parcel SET state = 'started' WHERE id = 1")
    path = f"{PARCEL}/facts"
    body = {"reason": "核查", "stopped_on": "2024-01-01", "built_share": 0.2}
    said = own_doors.request("PATCH", path, "planner", json=body)
    assert (said.status_code, said.json()["assessment"]["consequence"]) == (200, "fee")
    said = own_doors.request("PATCH", path, "planner", json={"reason": "复工", "stopped_on": None})
    assert said.json()["assessment"]["idle"] is False
    assert said.json()["assessment"]["facts"]["built_share"] is not None


def test_a_split_drawn_on_the_map_makes_two_parcels_of_it(own_doors: Doors) -> None:
    body = {"reason": "分宗供应", "line": LINE}
    answer = own_doors.request("POST", f"{PARCEL}/split", "planner", json=body)
    assert answer.status_code == 201, answer.text
    done = answer.json()
    assert [part["parcel_no"] for part in done["after"]] == ["DK-0001-1", "DK-0001-2"]
    shares = [part["area_m2"] / done["before"][0]["area_m2"] for part in done["after"]]
    assert shares == pytest.approx([0.3, 0.7], abs=1e-4)
    assert abs(done["difference_m2"]) <= done["tolerance_m2"]
    gone = own_doors.get(PARCEL, "planner")
    assert (gone.status_code, "DK-0001-1" in gone.json()["detail"]) == (404, True)
    assert "DK-0001-1" not in own_doors.get(PARCEL).json()["detail"]  # the public learns nothing of it
    numbers = {
        feature["properties"]["parcel_no"]
        for feature in own_doors.get(
            "/ogc/collections/land_parcels/items?bbox=115.6,33.1,115.65,33.18"
        ).json()["features"]
    }
    assert numbers == {"DK-0001-1", "DK-0001-2"}
    merged = own_doors.request(
        "POST", f"{LAND}/merges", "planner", json={"parcels": ["DK-0001-1", "DK-0001-2"], "reason": "撤回"}
    )
    assert merged.status_code == 201, merged.text
    assert [part["parcel_no"] for part in merged.json()["after"]] == ["DK-0001-M1"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("split", {"reason": "x"}, 422),
        ("split", {"reason": "x", "line": {"type": "Point", "coordinates": [1, 2]}}, 422),
        ("split", {"reason": "x", "line": {"type": "LineString", "coordinates": [["a", 1], [2, 3]]}}, 422),
        ("split", {"reason": "x", "line": {"coordinates": None}}, 422),
        ("split", {"reason": "x", "line": LINE, "crs": "EPSG:4610"}, 400),
        ("split", {"reason": "", "line": LINE}, 422),
        ("split", {"reason": "x", "line": LINE, "parts": [{"geometry": {}}]}, 422),
        ("release", {"reason": "x", "geometry": {"type": "Polygon", "coordinates": []}}, 422),
        ("transitions", {"to": "sold", "reason": "x"}, 422),
        ("transitions", {"to": "supplied"}, 422),
        ("idle", {"to": "suspected", "reason": "x"}, 409),
        ("suspensions", {"starts_on": "2025-02-30", "cause": "other", "reason": "x"}, 422),
        ("reservations", {"project": "no such project"}, 404),
        ("reservations", {}, 422),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    doors: Doors, path: str, body: dict[str, Any], status: int
) -> None:
    answer = doors.request("POST", f"{PARCEL}/{path}", "planner", json=body)
    assert answer.status_code == status, answer.text
    assert state_of_item(doors) == "ready"


def test_the_public_sees_public_parcels_without_what_is_inside(doors: Doors) -> None:
    card = doors.get(PARCEL).json()
    assert (card["parcel_no"], card["inside"]) == ("DK-0001", None)
    assert doors.get(f"{LAND}/parcels/PRIVATE-2").status_code == 404
    assert doors.get(f"{LAND}/availability").json()["ready"] == 1
    everything = doors.get(f"{LAND}/availability", "planner").json()
    assert (
        everything["coming"] == doors.get(f"{LAND}/availability").json()["coming"] + 1
    )  # PRIVATE-2 is stored


def test_availability_narrows_to_a_use_and_its_bands_sum_up(doors: Doors) -> None:
    found = doors.get(f"{LAND}/availability?use=0601", "planner").json()
    assert [(cell["planned_use"], cell["ready"]) for cell in found["cells"]] == [("工业", 1)]
    cell = found["cells"][0]
    assert (cell["from_mu"], cell["to_mu"]) == (300, None)  # 0.01° × 0.01° are about 1,550 亩
    assert cell["ready_area"]["area_mu"] == pytest.approx(933.2 * 1109.2 * 3 / 2000, rel=0.01)
    assert found["ready_area"] == cell["ready_area"]


def test_matching_answers_with_scores_and_reasons(doors: Doors) -> None:
    body = {"area_mu": 1_000, "use": "industrial", "avoid": ["farmland"], "weights": {"near": 0}}
    answer = doors.request("POST", f"{LAND}/matches", "planner", json=body).json()
    assert answer["fits"] == []
    match = answer["near_fits"][0]
    assert match["parcel_no"] == "DK-0001"
    assert [note["code"] for note in match["missing"]] == ["farmland_hit"]
    assert {part["part"] for part in match["parts"]} == {"area", "shape", "readiness"}
    assert (
        doors.request(
            "POST", f"{LAND}/matches", "planner", json={"area_mu": 60, "avoid": ["moon"]}
        ).status_code
        == 422
    )
    assert doors.request("POST", f"{LAND}/matches", json=body).status_code == 401
    assert doors.request("POST", f"{LAND}/matches", "contractor", json=body).status_code == 403
