"""An edit, from wherever, is seen in every API process, and only where it is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mapbox_vector_tile
import psycopg
import pytest
from psycopg import sql

from api.maps.currency import LEASE_S, Currency
from api.maps.tile_cache import TileCache
from gis.statement import Statement
from tests.api.conftest import Doors, open_doors
from tests.api.seeding import Seeded, as_owner, seed
from tests.databases import name_of, new_database

# The tiles of 115.615°E 33.155°N (parcel 1) and of 115.745°E 33.245°N (a corner of the many), by the formula of the
# tile matrix set.
TOUCHED = "/tiles/land_parcels/15/26907/13182.mvt"
UNTOUCHED = "/tiles/land_parcels/15/26919/13172.mvt"
PARCEL = "/ogc/collections/land_parcels/items/1"
FEED = "/embed/land_parcels.geojson?bbox=115.61,33.15,115.62,33.16"
ESRI = "/arcgis/rest/services/land_parcels/FeatureServer/0/query?where=1=1&objectIds=1&outFields=*&f=json"
PATIENCE_S = 20.0  # it takes a second at most where nothing else goes on


@dataclass(frozen=True)
class Pair:
    """Two API processes on one database and one home."""

    one: Doors
    other: Doors

    @property
    def url(self) -> str:
        return self.one.seeded.url


def cache_of(doors: Doors) -> TileCache:
    cache: TileCache = doors.app.state.tiles
    return cache


def currency_of(doors: Doors) -> Currency:
    return cache_of(doors).currency


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> float:
    """Wait for something and return how long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it did not come to pass"
        time.sleep(0.01)
    return time.monotonic() - began


@contextmanager
def doors_on(seeded: Seeded, home: Path) -> Iterator[Doors]:
    opened = contextmanager(open_doors)(seeded, home)
    with opened as doors:
        wait_until(lambda: currency_of(doors).is_known)
        yield doors


@pytest.fixture
def pair(clone_url: str, tmp_path: Path) -> Iterator[Pair]:
    seeded = seed(clone_url)
    with doors_on(seeded, tmp_path) as one, doors_on(seeded, tmp_path) as other:
        yield Pair(one, other)


def names(content: bytes) -> set[str]:
    decoded = mapbox_vector_tile.decode(content)
    return {
        feature["properties"].get("name", "") for layer in decoded.values() for feature in layer["features"]
    }


def wait_seen(doors: Doors, name: str) -> None:
    """Wait until a tile, an item, the feed and the feature service all say it."""
    began = time.monotonic()
    for path in (TOUCHED, PARCEL, FEED, ESRI):
        while True:
            answer = doors.get(path)
            assert answer.status_code == 200, answer.text
            found = names(answer.content) if path == TOUCHED else answer.text
            if name in found:
                break
            assert time.monotonic() - began < PATIENCE_S, path


def untouched_version(doors: Doors) -> int:
    """Ask for the version of the tile no edit touches until it is known: a busy machine may let the lease lapse."""
    known: list[int] = []

    def is_told() -> bool:
        version = currency_of(doors).tile_version("land_parcels", 15, 26919, 13172)
        known.extend([] if version is None else [version])
        return bool(known)

    wait_until(is_told)
    return known[0]


def is_kept(doors: Doors, tag: str) -> bool:
    """Whether that tile is answered without being rendered; a lapse of the lease leaves another try."""
    for _ in range(20):
        wait_until(lambda: currency_of(doors).is_known)
        rendered = cache_of(doors).counts["rendered"]
        assert doors.get(UNTOUCHED, headers={"If-None-Match": tag}).status_code == 304
        if cache_of(doors).counts["rendered"] == rendered:
            return True
    return False


def edit_by_sql(pair: Pair, name: str) -> None:
    as_owner(pair.url, f"UPDATE land_parcel SET name = '{name}' WHERE id = 1")


def edit_by_api(pair: Pair, name: str) -> None:
    kind = {"Content-Type": "application/merge-patch+json"}
    answer = pair.other.request("PATCH", PARCEL, "planner", json={"properties": {"name": name}}, headers=kind)
    assert answer.status_code in (200, 204), answer.text


def edit_by_service_role(pair: Pair, name: str) -> None:
    with psycopg.connect(pair.url) as connection:
        connection.execute("UPDATE land_parcel SET name = %s WHERE id = 1", (name,))


@pytest.mark.parametrize("edit", [edit_by_sql, edit_by_api, edit_by_service_role])
def test_an_edit_is_seen_everywhere_and_untouched_tiles_stay(
    pair: Pair, edit: Callable[[Pair, str], None]
) -> None:
    both = (pair.one, pair.other)
    for doors in both:
        assert names(doors.get(TOUCHED).content) == {"城东一号"}
    tag, same = (doors.get(UNTOUCHED).headers["ETag"] for doors in both)
    assert tag == same
    versions = [untouched_version(doors) for doors in both]
    for number in range(3):
        edit(pair, f"改名第{number}次")
        for doors, version in zip(both, versions, strict=True):
            wait_seen(doors, f"改名第{number}次")
            assert untouched_version(doors) == version
            assert is_kept(doors, tag), "it was not even rendered again"


def test_a_moved_feature_leaves_its_old_tile_and_comes_to_its_new_one(pair: Pair) -> None:
    assert names(pair.one.get(TOUCHED).content) == {"城东一号"}
    assert names(pair.one.get(UNTOUCHED).content) == {""}
    as_owner(pair.url, "UPDATE land_parcel SET geom = ST_Translate(geom, 0.13, 0.09) WHERE id = 1")
    wait_until(lambda: names(pair.one.get(TOUCHED).content) == set(), PATIENCE_S)
    wait_until(lambda: "城东一号" in names(pair.one.get(UNTOUCHED).content), PATIENCE_S)


def test_an_edit_that_shows_nowhere_in_a_tile_keeps_its_entity_tag(pair: Pair) -> None:
    tag = pair.one.get(TOUCHED).headers["ETag"]
    version = currency_of(pair.one).tile_version("land_parcels", 15, 26907, 13182)
    as_owner(pair.url, "UPDATE land_parcel SET planned_use = '商业' WHERE id = 1")
    wait_until(lambda: currency_of(pair.one).tile_version("land_parcels", 15, 26907, 13182) != version)
    assert pair.one.get(TOUCHED, headers={"If-None-Match": tag}).status_code == 304


def kill_listeners(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET ROLE NONE")
        killed = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'twin currency' AND datname = current_database()"
        ).fetchall()
    return len(killed)


def test_a_killed_listener_hides_nothing(pair: Pair) -> None:
    for number in range(5):
        for doors in (pair.one, pair.other):
            doors.get(TOUCHED)
        assert kill_listeners(pair.url) == 2
        edit_by_sql(pair, f"断线后第{number}次")
        for doors in (pair.one, pair.other):
            wait_seen(doors, f"断线后第{number}次")
            wait_until(lambda doors=doors: currency_of(doors).is_known)  # type: ignore[misc]
    before = cache_of(pair.one).counts["memory"]
    pair.one.get(TOUCHED)
    pair.one.get(TOUCHED)
    assert cache_of(pair.one).counts["memory"] > before, "it keeps tiles again"


def count_idle(url: str) -> int:
    """Count the other connections that wait for a statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET ROLE NONE")
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state = 'idle'"
        ).fetchone()
        return int(row[0]) if row else 0


def test_a_tile_notices_no_lost_connection(pair: Pair) -> None:
    for number in range(8):
        with psycopg.connect(pair.url, autocommit=True) as connection:
            connection.execute("SET ROLE NONE")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle'"
            )
        assert pair.one.get(f"/tiles/land_parcels/15/{26907 + number}/13182.mvt").status_code == 200
        # What is being opened anew must not be killed too: the pool waits longer after each attempt that fails.
        wait_until(lambda: count_idle(pair.url) >= 2)


def test_while_changes_cannot_be_known_tiles_are_rendered_anew(pair: Pair) -> None:
    pair.one.get(TOUCHED)
    with psycopg.connect(pair.url) as connection:
        connection.execute("SET ROLE NONE")
        connection.execute("LOCK TABLE agency_setting")  # the question for the day must wait now
        wait_until(lambda: not currency_of(pair.one).is_known, 2 * LEASE_S)
        edit_by_sql(pair, "锁住期间")
        uncached = cache_of(pair.one).counts["uncached"]
        assert names(pair.one.get(TOUCHED).content) == {"锁住期间"}
        assert cache_of(pair.one).counts["uncached"] == uncached + 1
    wait_until(lambda: currency_of(pair.one).is_known)


def test_the_reporting_date_changes_the_tiles_that_depend_on_it(pair: Pair) -> None:
    path = "/tiles/control_areas/15/26907/13182.mvt"
    as_owner(pair.url, "UPDATE control_area SET valid_from = '2025-11-05' WHERE code = 'CZ-1'")
    wait_until(lambda: names(pair.one.get(path).content) == set(), PATIENCE_S)
    as_owner(pair.url, "UPDATE agency_setting SET value = '\"2025-11-05\"' WHERE key = 'reporting_date'")
    wait_until(lambda: names(pair.one.get(path).content) == {"城镇开发边界"}, PATIENCE_S)


def test_midnight_is_noticed_without_any_edit(pair: Pair) -> None:
    version = currency_of(pair.one).tile_version("control_areas", 15, 26907, 13182)
    land = currency_of(pair.one).tile_version("land_parcels", 15, 26907, 13182)
    with psycopg.connect(pair.url, autocommit=True) as connection:
        connection.execute("SET ROLE NONE")
        connection.execute(
            "CREATE OR REPLACE FUNCTION reporting_date() RETURNS date LANGUAGE sql STABLE AS $$ SELECT date '2031-01-01' $$"
        )
    wait_until(lambda: currency_of(pair.one).tile_version("control_areas", 15, 26907, 13182) != version)
    assert currency_of(pair.one).tile_version("land_parcels", 15, 26907, 13182) == land


def test_tiles_survive_a_restart_on_disk_unless_something_changed_meanwhile(
    clone_url: str, tmp_path: Path
) -> None:
    seeded = seed(clone_url)
    with doors_on(seeded, tmp_path) as doors:
        tags = {path: doors.get(path).headers["ETag"] for path in (TOUCHED, UNTOUCHED)}
        private = doors.get(UNTOUCHED, "planner").content
        assert cache_of(doors).counts["rendered"] == 3
    edit_by = "UPDATE land_parcel SET name = '停机期间' WHERE id = 1"
    as_owner(clone_url, edit_by)
    with doors_on(seeded, tmp_path) as doors:
        assert doors.get(UNTOUCHED).headers["ETag"] == tags[UNTOUCHED]
        assert doors.get(UNTOUCHED, "planner").content == private
        assert cache_of(doors).counts["disk"] == 2
        assert names(doors.get(TOUCHED).content) == {"停机期间"}
        assert cache_of(doors).counts["rendered"] == 1


def test_the_files_of_one_database_are_nothing_to_another(
    server_url: str, clone_url: str, template: str, tmp_path: Path
) -> None:
    with doors_on(seed(clone_url), tmp_path) as doors:
        assert doors.get(TOUCHED).status_code == 200
    with (
        new_database(server_url, f"{template}_copy", name_of(clone_url)) as url,
        doors_on(Seeded(url, {}), tmp_path) as doors,
    ):
        assert doors.get(TOUCHED).status_code == 200
        assert cache_of(doors).counts["disk"] == 0
        assert cache_of(doors).counts["rendered"] == 1


def test_an_application_whose_database_is_away_begins_to_keep_tiles_when_it_comes(
    server_url: str, clone_url: str, tmp_path: Path
) -> None:
    seeded = seed(clone_url)
    name = sql.Identifier(clone_url.rsplit("/", 1)[1])
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        opened = contextmanager(open_doors)(seeded, tmp_path)
        with opened as doors:
            assert doors.get("/livez").status_code == 200
            assert not currency_of(doors).is_known
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
            wait_until(lambda: currency_of(doors).is_known)


def test_behind_a_pooler_nothing_is_kept(
    clone_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    another = Statement("SELECT 'dataset', pg_backend_pid() + 1")
    monkeypatch.setattr("api.maps.currency.dataset_statement", lambda: another)
    opened = contextmanager(open_doors)(seed(clone_url), tmp_path)
    with opened as doors:
        wait_until(lambda: "a pooler stands between" in capsys.readouterr().err)
        assert not currency_of(doors).is_known
        assert names(doors.get(TOUCHED).content) == {"城东一号"}
        assert cache_of(doors).counts == {"uncached": 1}


def test_a_whole_feed_is_made_once_and_again_after_an_edit(pair: Pair) -> None:
    path = "/embed/projects.geojson?style=light"
    first = pair.one.get(path)
    assert "淮河路跨线桥" in first.text
    before = cache_of(pair.one).counts["memory"]
    again = pair.one.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.headers["Content-Security-Policy"]) == (
        304,
        first.headers["Content-Security-Policy"],
    )
    assert cache_of(pair.one).counts["memory"] == before + 1
    assert "PRIVATE" in pair.one.get(path, "admin").text
    assert "PRIVATE" not in pair.one.get(path).text
    assert pair.one.get("/embed/projects.geojson?style=progress").content != first.content
    as_owner(pair.url, "UPDATE project SET name = '改名的桥' WHERE id = 1")
    wait_until(lambda: "改名的桥" in pair.one.get(path).text, PATIENCE_S)


def test_figures_tell_of_hits_and_of_what_is_known(pair: Pair) -> None:
    for _ in range(3):
        pair.one.get(TOUCHED)
    text = pair.one.get("/metrics").text
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("twin_"))
    assert float(lines['twin_tiles_total{source="rendered"}']) == 1
    assert float(lines['twin_tiles_total{source="memory"}']) == 2
    assert float(lines["twin_currency_known"]) == 1
    assert float(lines["twin_currency_age_seconds"]) < LEASE_S
    assert float(lines["twin_tile_memory_tiles"]) == 1
