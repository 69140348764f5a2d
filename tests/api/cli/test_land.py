"""`twin land`: the ledger, idle land, figures and matching in the shell."""

import json

import psycopg
import pytest

from tests.api.cli.test_commands import Twin, twin  # noqa: F401  a fixture
from tests.api.seeding import PUBLIC_CODE


@pytest.fixture(autouse=True)
def _sound(clone_url: str, twin: Twin) -> None:  # noqa: F811  the fixture
    with psycopg.connect(clone_url, autocommit=True) as connection:
        connection.execute("UPDATE land_parcel SET idle_state = 'none' WHERE id <= 2")


def test_a_parcel_is_reserved_shown_and_freed(twin: Twin) -> None:  # noqa: F811
    done = twin("land", "reserve", "DK-0001", PUBLIC_CODE, "--reason", "重点项目")
    assert done.exit_code == 0, done.output
    assert "DK-0001: held" in done.output
    again = twin("land", "reserve", "DK-0001", PUBLIC_CODE, "--reason", "重点项目")
    assert again.exit_code == 1
    assert PUBLIC_CODE in again.stderr
    shown = json.loads(twin("land", "show", "DK-0001").output)
    assert shown["inside"]["reservation"]["reason"] == "重点项目"
    assert twin("land", "cancel", "DK-0001", "--reason", "撤回").exit_code == 0
    history = json.loads(twin("land", "history", "DK-0001", "--json").output)
    assert [entry["reason"] for entry in history["entries"] if entry["kind"] == "state"] == [
        "重点项目",
        "撤回",
    ]


def test_a_move_that_is_not_listed_ends_with_an_error(twin: Twin) -> None:  # noqa: F811
    refused = twin("land", "move", "DK-0001", "started", "--reason", "x")
    assert (refused.exit_code, "nothing may follow" in refused.stderr) == (1, True)
    moved = twin("land", "move", "PRIVATE-2", "preparing", "--reason", "拆迁", "--day", "2025-10-01")
    assert (moved.exit_code, moved.output.strip()) == (0, "PRIVATE-2: preparing")


def test_figures_and_matches_are_printed_for_people_and_machines(twin: Twin) -> None:  # noqa: F811
    words = (
        "land",
        "match",
        "--area",
        "1000",
        "--use",
        "industrial",
        "--near",
        "road:3000",
        "--avoid",
        "farmland",
    )
    assert "DK-0001" in twin(*words).output
    found = json.loads(twin(*words, "--json").output)
    assert [note["code"] for note in found["near_fits"][0]["missing"]] == ["farmland_hit"]
    assert "road_near" in [note["code"] for note in found["near_fits"][0]["met"]]
    assert json.loads(twin("land", "availability", "--json").output)["ready"] == 1
    assert json.loads(twin("land", "released", "--json").output)["count"] == 0
    assert json.loads(twin("land", "idle", "--json").output) == []
    bad = twin("land", "match", "--area", "60", "--near", "road")
    assert (bad.exit_code, "road:3000" in bad.stderr) == (1, True)
