"""Land as it was, by every door of the map; and every door that edits leaves what was."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mapbox_vector_tile
import psycopg
import pytest

from tests.api.arcgis.test_query import SERVICES
from tests.api.conftest import Doors
from tests.api.importing import geojson, imported, rows, sent
from tests.api.maps.test_edits import AREAS, PARCELS, send, square, tile_of
from tests.api.seeding import MARKS, PUBLIC_CODE, as_owner
from twin.db import for_psycopg

NUMBER, CODE = "DK-0001", "CZ-1"  # public, both 115.61–115.62°E, 33.15–33.16°N
MOVED = square(115.645, 33.145)
CHOSEN = quote(f"parcel_no = '{NUMBER}'")
LAND = "/api/v1/land"
LINE = {"type": "LineString", "coordinates": [[115.613, 33.14], [115.613, 33.17]]}


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def edited(doors: Doors) -> str:
    """Move and restate the public parcel; return a time before."""
    then = now()
    for body in ({"geometry": MOVED}, {"properties": {"state": "held", "name": "改名"}}):
        assert send(doors, "PATCH", f"{PARCELS}/1", body).status_code == 204
    return then


def test_every_map_door_answers_for_a_time(own_doors: Doors) -> None:
    then = edited(own_doors)
    asked = f"datetime={then}"
    for path, read in READ.items():
        past, present = own_doors.get(path.format(asked)), own_doors.get(path.format(""))
        assert past.status_code == present.status_code == 200, (path, past.text[:500])
        assert (read(past.content), read(present.content)) == (("城东一号", "ready"), ("改名", "held")), path
    old_tile, new_tile = (
        f"/tiles/land_parcels/{tile_of(*spot)}.mvt" for spot in ((115.612, 33.158), (115.6455, 33.1455))
    )
    for path, asked_for, number in (
        (old_tile, asked, 1),
        (old_tile, "", 0),
        (new_tile, asked, 0),
        (new_tile, "", 1),
    ):
        found = mapbox_vector_tile.decode(own_doors.get(f"{path}?{asked_for}").content)
        states = [each["properties"]["state"] for layer in found.values() for each in layer["features"]]
        assert states == (["ready" if asked_for else "held"] * number), (path, asked_for)
    at = int(datetime.fromisoformat(then).timestamp() * 1000)
    esri = own_doors.get(
        f"{SERVICES}/land_parcels/FeatureServer/0/query?f=json&objectIds=1&outFields=*&time={at}"
    ).json()
    assert esri["features"][0]["attributes"]["name"] == "城东一号"


def _of_collection(body: bytes) -> tuple[str, str]:
    (found,) = [
        each["properties"]
        for each in json.loads(body)["features"]
        if each["properties"]["parcel_no"] == NUMBER
    ]
    return found["name"], found["state"]


def _of_item(body: bytes) -> tuple[str, str]:
    found = json.loads(body)["properties"]
    return found["name"], found["state"]


def _of_lines(body: bytes) -> tuple[str, str]:
    (line,) = [line for line in body.decode().replace("\x1e", "").splitlines() if NUMBER in line]
    return _of_item(line.encode())


def _of_table(body: bytes) -> tuple[str, str]:
    (row,) = [
        row for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig"))) if row["parcel_no"] == NUMBER
    ]
    return row["name"], row["state"]


READ: dict[str, Callable[[bytes], tuple[str, str]]] = {
    f"{PARCELS}/1?{{}}": _of_item,
    f"{PARCELS}?parcel_no={NUMBER}&{{}}": _of_collection,
    f"{PARCELS}?filter={CHOSEN}&sortby=-name&{{}}": _of_collection,
    f"{PARCELS}?f=csv&{{}}": _of_table,
    f"{PARCELS}?f=geojsonseq&{{}}": _of_lines,
    "/embed/land_parcels.geojson?{}": _of_collection,
    f"/embed/land_parcels.geojson?parcel_no={NUMBER}&{{}}": _of_collection,
}


def test_a_box_of_the_past_finds_what_lay_there(own_doors: Doors) -> None:
    then = edited(own_doors)
    here, there = "bbox=115.611,33.151,115.612,33.152", "bbox=115.6451,33.1451,115.6452,33.1452"
    found = {
        (box, at): own_doors.get(f"{PARCELS}?{box}{at}").json()["numberMatched"]
        for box in (here, there)
        for at in ("", f"&datetime={then}")
    }
    assert list(found.values()) == [0, 1, 1, 0]


def test_a_day_is_answered_by_its_end_and_a_future_by_now(own_doors: Doors) -> None:
    edited(own_doors)
    for day in ("2100-01-01", f"2020-01-01/{now()}", "../.."):
        assert own_doors.get(f"{PARCELS}/1?datetime={day}").json()["properties"]["name"] == "改名"
    assert own_doors.get(f"{PARCELS}/1?datetime=2020-01-01").status_code == 404


@pytest.mark.parametrize("order", ["", "&sortby=-parcel_no"])
def test_pages_of_the_past_give_each_row_once(own_doors: Doors, order: str) -> None:
    then = now()
    as_owner(own_doors.seeded.url, "UPDATE land_parcel SET state = 'held' WHERE id % 3 = 0")
    as_owner(own_doors.seeded.url, "DELETE FROM land_parcel WHERE id % 3 = 1 AND id > 2")
    seen: list[int] = []
    path = f"{PARCELS}?limit=1000{order}&datetime={then}"
    while path:
        page = own_doors.get(path, "planner").json()
        assert {each["properties"]["state"] for each in page["features"]} <= {"stored", "ready"}
        seen += [each["id"] for each in page["features"]]
        path = next((link["href"] for link in page["links"] if link["rel"] == "next"), "").removeprefix(
            "http://twin.test"
        )
    assert len(seen) == len(set(seen)) == 2_501  # as many as were seeded


def test_the_public_reads_no_hidden_past(own_doors: Doors) -> None:
    """A name that was corrected before a parcel was published, and a parcel hidden or deleted since."""
    then = now()
    url = own_doors.seeded.url
    as_owner(
        url,
        "UPDATE land_parcel SET name = '可公开', parcel_no = 'DK-2', planned_use = '工业', land_class = '0601', idle_state = 'none', geom = ST_Multi(ST_MakeEnvelope(115.68, 33.18, 115.681, 33.181, 4490)) WHERE id = 2",
    )
    later = now()
    as_owner(url, "UPDATE land_parcel SET public_visible = true WHERE id = 2")
    as_owner(url, "UPDATE land_parcel SET name = 'PRIVATE', public_visible = false WHERE id = 1")
    as_owner(url, "UPDATE control_area SET name = 'PRIVATE' WHERE code = 'CZ-1'")
    as_owner(url, "DELETE FROM control_area WHERE code = 'CZ-1'")
    for moment in (then, later):
        for path in (
            f"{PARCELS}?limit=10000&datetime={moment}", f"{PARCELS}/2?datetime={moment}", f"{PARCELS}/1?datetime={moment}",
            f"{AREAS}?datetime={moment}", f"/embed/land_parcels.geojson?datetime={moment}",
            f"/tiles/land_parcels/{tile_of(116.76545, 33.76545)}.mvt?datetime={moment}",
            f"/api/v1/spatial/change?layer=land_parcels&from={moment}&to=2100-01-01&limit=1000",
            f"/api/v1/spatial/change?layer=control_areas&from={moment}&to=2100-01-01",
        ):  # fmt: skip
            text = own_doors.get(path).text
            assert not [mark for mark in (*MARKS, "城东一号", "城镇开发边界") if mark in text], (
                path,
                text[:500],
            )
    assert own_doors.get(f"{PARCELS}/2").json()["properties"]["name"] == "可公开"
    assert own_doors.get(f"{PARCELS}/2?datetime={then}", "planner").json()["properties"]["name"] == "PRIVATE"
    assert own_doors.get(f"{PARCELS}/1?datetime={then}", "planner").json()["properties"]["name"] == "城东一号"


def test_change_between_two_dates_over_http(own_doors: Doors) -> None:
    before = own_doors.get(f"{PARCELS}/1").json()["properties"]["area_m2"]
    then = edited(own_doors)
    after = own_doors.get(f"{PARCELS}/1").json()["properties"]["area_m2"]
    told = own_doors.get(f"/api/v1/spatial/change?layer=land_parcels&from={then}&to={now()}").json()
    assert told["counts"] == {"added": 0, "removed": 0, "changed": 1}
    assert told["of_changed"] == {"moved": 1, "reclassed": 1}
    (change,) = told["features"]
    found = change["properties"]
    assert found["changed"]["state"] == ["ready", "held"]
    assert found["changed"]["name"] == ["城东一号", "改名"]
    assert (found["moved"], found["reclassed"], found["state"]["parcel_no"]) == (True, True, NUMBER)
    # Far apart: all of the old outline is lost, all of the new one gained.
    assert found["lost_area_m2"] == pytest.approx(before, rel=1e-6)
    assert found["gained_area_m2"] == pytest.approx(after, rel=1e-6)
    assert found["area_difference_mu"] == pytest.approx((after - before) * 3 / 2000, rel=1e-6)
    assert told["area_difference_m2"]["total"] == pytest.approx(after - before, rel=1e-6)
    assert change["geometry"]["coordinates"][0][0][0] == [115.645, 33.145]


@pytest.fixture
def kept(own_doors: Doors) -> Callable[[], list[tuple[Any, ...]]]:
    """Return what tells the versions kept since the last question, oldest first."""
    as_owner(own_doors.seeded.url, "UPDATE land_parcel SET idle_state = 'none' WHERE id <= 2")
    told = 0

    def look() -> list[tuple[Any, ...]]:
        nonlocal told
        found = rows(
            own_doors,
            "SELECT code, said, area FROM (SELECT parcel_no AS code, state AS said, round(area_m2) AS area, held_to, id "
            "FROM land_parcel_version UNION ALL SELECT code, class_code, round(area_m2), held_to, id "
            "FROM control_area_version) v ORDER BY held_to, id",
        )
        fresh, told = found[told:], len(found)
        return fresh

    look()
    return look


def test_no_door_forgets(own_doors: Doors, kept: Callable[[], list[tuple[Any, ...]]], tmp_path: Path) -> None:
    def codes() -> list[str]:
        return [row[0] for row in kept()]

    def done(method: str, path: str, body: Any, login: str = "planner") -> None:
        answer = own_doors.request(method, path, login, json=body)
        assert answer.status_code in (200, 201, 204), answer.text

    send(own_doors, "PATCH", f"{PARCELS}/1", {"properties": {"name": "改名"}})
    assert codes() == [NUMBER]  # OGC API Features, Part 4
    esri = {"updates": [{"attributes": {"OBJECTID": 1, "name": "再改"}}], "deletes": "1001"}
    path = f"{SERVICES}/land_parcels/FeatureServer/0/applyEdits"
    texts = {"f": "json", "updates": json.dumps(esri["updates"]), "deletes": "1001"}
    assert own_doors.request("POST", path, "planner", data=texts).status_code == 200
    assert codes() == [NUMBER, "DK-100000"]
    done("POST", f"{LAND}/parcels/{NUMBER}/reservations", {"project": PUBLIC_CODE})
    assert [row[:2] for row in kept()] == [(NUMBER, "ready")]
    own_doors.request(
        "DELETE",
        f"{LAND}/parcels/{NUMBER}/reservations",
        "planner",
        json={"project": PUBLIC_CODE, "reason": "撤"},
    )
    assert [row[:2] for row in kept()] == [(NUMBER, "held")]
    done("POST", f"{LAND}/parcels/DK-100002/transitions", {"to": "preparing", "reason": "启动"})
    assert [row[:2] for row in kept()] == [("DK-100002", "stored")]
    done("POST", f"{LAND}/parcels/{NUMBER}/split", {"reason": "分割", "line": LINE})
    assert codes() == [NUMBER]
    done("POST", f"{LAND}/merges", {"parcels": [f"{NUMBER}-1", f"{NUMBER}-2"], "reason": "撤回"})
    assert sorted(codes()) == [f"{NUMBER}-1", f"{NUMBER}-2"]
    content = geojson({"parcel_no": "DK-100001", "name": "导入", "kind": "储备", "state": "stored"})
    upload = sent(own_doors, "宗地.geojson", content, layer="land_parcels")["upload_id"]
    assert imported(own_doors, tmp_path, upload, "land_parcels")["changed"] == 1
    assert codes() == ["DK-100001"]
    own_doors.request("DELETE", f"{AREAS}/1", "planner")
    assert codes() == [CODE]


def test_a_split_is_one_moment_for_the_map(own_doors: Doors) -> None:
    """At every time there is either the parcel or its parts, never both, never neither."""
    as_owner(own_doors.seeded.url, "UPDATE land_parcel SET idle_state = 'none' WHERE id <= 2")
    done = own_doors.request(
        "POST", f"{LAND}/parcels/{NUMBER}/split", "planner", json={"reason": "分割", "line": LINE}
    )
    assert done.status_code == 201, done.text
    with psycopg.connect(for_psycopg(own_doors.seeded.url)) as connection:
        found = connection.execute(
            b"""SELECT array_agg(parcel_no ORDER BY parcel_no), round(sum(f.area_m2))
            FROM (SELECT max(held_to) AS moment FROM land_parcel_version) v,
              LATERAL (VALUES (moment - interval '1 microsecond'), (moment)) AS m(at), past_land_parcels(m.at) f
            WHERE parcel_no LIKE 'DK-0001%' GROUP BY m.at ORDER BY m.at"""
        ).fetchall()
    assert [numbers for numbers, _ in found] == [[NUMBER], [f"{NUMBER}-1", f"{NUMBER}-2"]]
    assert abs(found[0][1] - found[1][1]) <= 1
