"""The ledger with several planners at once, each on a connection of their own: one deed wins, none waits in a ring."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from shapely.geometry import LineString
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gis.crs import parse_crs
from tests.rows import add_project, square_wkt
from tests.twin.land.pool import OTHER, PLANNER, E, N, add_parcel
from twin.db import make_engine, open_session
from twin.errors import ConflictError, NotFoundError
from twin.land.reserve import Move, move_parcel
from twin.land.reserve_holds import cancel_reservation, reserve_parcel
from twin.land.reserve_parts import Split, merge_parcels, split_parcel

CODE = "341299-2025-03-0128-4"
ROUNDS = 8
Deed = Callable[[Session], Any]


@pytest.fixture
def engine(clone_url: str) -> Iterator[Engine]:
    made = make_engine(clone_url, pool_size=4)
    with open_session(made, "test") as session:
        add_project(session, CODE, box=(E + 50_000, N, E + 50_100, N + 100))
    yield made
    made.dispose()


def at_once(engine: Engine, *deeds: Deed) -> list[Any]:
    """Do the deeds at one moment, each in a transaction of its own; return what each gave or why it was refused."""
    gate = threading.Barrier(len(deeds))

    def run(deed: Deed) -> Any:
        gate.wait(30)
        try:
            with open_session(engine, "test") as session:
                return deed(session)
        except (ConflictError, NotFoundError) as error:
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def line(number: str) -> Split:
    return Split(number, parse_crs("EPSG:4527"), LineString([(E + 50, N - 10), (E + 50, N + 210)]))


def live(engine: Engine) -> list[str]:
    with open_session(engine) as session:
        return list(session.scalars(text("SELECT parcel_no FROM land_parcel ORDER BY parcel_no")))


def test_a_split_and_a_reservation_of_one_parcel_do_not_both_happen(engine: Engine) -> None:
    for n in range(ROUNDS):
        number = f"CB-{n}"
        with open_session(engine, "test") as session:
            add_parcel(session, number)
        answers = at_once(
            engine,
            lambda session, no=number: split_parcel(session, PLANNER, no, line("分宗")),
            lambda session, no=number: reserve_parcel(session, OTHER, no, CODE),
        )
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        assert len(refused) == 1, answers
        split = not isinstance(answers[0], Exception)
        assert isinstance(refused[0], NotFoundError if split else ConflictError)
        assert (number in live(engine)) is not split


def test_parcels_are_merged_once_whoever_names_them_in_which_order(engine: Engine) -> None:
    for n in range(ROUNDS):
        one, two = f"CB-{n}-a", f"CB-{n}-b"
        with open_session(engine, "test") as session:
            add_parcel(session, one, square_wkt(E, N, E + 100, N + 200))
            add_parcel(session, two, square_wkt(E + 100, N, E + 200, N + 200))
        answers = at_once(
            engine,
            lambda session, nos=(one, two): merge_parcels(session, PLANNER, nos, "合并"),
            lambda session, nos=(two, one): merge_parcels(session, OTHER, nos, "合并"),
        )
        assert sum(isinstance(answer, NotFoundError) for answer in answers) == 1, answers
        assert live(engine)[-1] == f"{one}-M1"


def test_a_supply_and_a_cancellation_do_not_both_happen(engine: Engine) -> None:
    for n in range(ROUNDS):
        number = f"CB-{n}"
        with open_session(engine, "test") as session:
            add_parcel(session, number)
        with open_session(engine, "test") as session:
            reserve_parcel(session, PLANNER, number, CODE)
        answers = at_once(
            engine,
            lambda session, no=number: move_parcel(session, PLANNER, no, Move("supplied", "成交")),
            lambda session, no=number: cancel_reservation(session, OTHER, no, CODE),
        )
        assert sum(isinstance(answer, Exception) for answer in answers) == 1, answers
        with open_session(engine) as session:
            row = session.execute(
                text(
                    """SELECT p.state, r.end_kind FROM land_parcel p JOIN land_reservation r ON r.parcel_id = p.id
                    WHERE p.parcel_no = :no"""
                ),
                {"no": number},
            ).one()
        assert tuple(row) in (("supplied", "supplied"), ("ready", "cancelled"))


def test_four_moves_of_one_parcel_are_one(engine: Engine) -> None:
    with open_session(engine, "test") as session:
        add_parcel(session, state="stored")
    deed: Deed = lambda session: move_parcel(session, PLANNER, "CB-1", Move("preparing", "拆迁"))  # noqa: E731
    answers = at_once(engine, deed, deed, deed, deed)
    assert sum(isinstance(answer, ConflictError) for answer in answers) == 3
    with open_session(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM land_transition")) == 1
