"""The database goes away and comes back: 503 in between, no restart, the process stays."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.api.conftest import Doors, open_doors
from tests.api.seeding import Seeded

ITEMS = "/ogc/collections/projects/items"
PROJECTS = "/api/v1/projects"
RECOVERY_S = 12.0


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[Doors]:
    """An application started while its database is away; nothing listens on port 9 of this machine."""
    yield from open_doors(
        Seeded("postgresql://nobody@127.0.0.1:9/nothing", {"admin": "twt_unknown"}), tmp_path
    )


def allow(server_url: str, url: str, *, connections: bool) -> None:
    name = url.rsplit("/", 1)[1]
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {connections}')  # type: ignore[call-overload]
        if not connections:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )


def test_an_application_starts_and_lives_without_its_database(orphan: Doors) -> None:
    assert orphan.get("/livez").status_code == 200
    ready = orphan.get("/readyz")
    assert (ready.status_code, ready.headers["Retry-After"]) == (503, "2")
    assert ready.json()["checks"]["database"]["ok"] is False


@pytest.mark.parametrize("login", [None, "admin"])
@pytest.mark.parametrize("path", [ITEMS, PROJECTS, "/tiles/projects/0/0/0.mvt", "/embed/projects.geojson"])
def test_without_the_database_every_door_says_so(orphan: Doors, path: str, login: str | None) -> None:
    answer = orphan.get(path, login)
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "nobody" not in answer.text
    assert "127.0.0.1" not in answer.text


def test_the_doors_open_again_by_themselves(own_doors: Doors, server_url: str) -> None:
    url = own_doors.seeded.url
    assert own_doors.get(ITEMS).status_code == own_doors.get(PROJECTS).status_code == 200
    allow(server_url, url, connections=False)
    assert own_doors.get(ITEMS).status_code == 503
    assert own_doors.get(PROJECTS).status_code == 503
    assert own_doors.get("/livez").status_code == 200
    assert own_doors.get("/readyz").status_code == 503
    allow(server_url, url, connections=True)
    until = time.monotonic() + RECOVERY_S
    while time.monotonic() < until and own_doors.get(ITEMS).status_code != 200:
        time.sleep(0.2)
    assert own_doors.get(ITEMS).status_code == 200
    assert own_doors.get(PROJECTS).status_code == 200
    assert own_doors.get("/readyz").status_code == 200


def test_a_single_lost_connection_is_never_noticed(own_doors: Doors, server_url: str) -> None:
    for _ in range(3):
        name = own_doors.seeded.url.rsplit("/", 1)[1]
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        assert own_doors.get(ITEMS).status_code == 200
        assert own_doors.get(PROJECTS).status_code == 200
