"""Which state may follow upon which (`domain.md` §6); a move that is not listed is refused."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from twin.errors import MoveRefusedError
from twin.land.states import IDLE_STATES, PARCEL_STATES
from twin.projects.models import STAGES

Moves = Mapping[str, frozenset[str]]


def _chain(states: tuple[str, ...], *further: tuple[str, str]) -> Moves:
    pairs = [*pairwise(states), *further]
    return {state: frozenset(after for before, after in pairs if before == state) for state in states}


PARCEL_MOVES: Final = _chain(PARCEL_STATES)
IDLE_MOVES: Final = _chain(IDLE_STATES)
STAGE_MOVES: Final = _chain(STAGES)
# With design and building under one contract (EPC) the tender may come before the design.
EPC_STAGE_MOVES: Final = _chain(
    STAGES, ("initiation", "tender"), ("tender", "design"), ("design", "construction")
)


def check_move(what: str, moves: Moves, before: str, after: str) -> None:
    """Check that a state may follow upon another; from a state that the list does not know any may follow.

    Raises
    ------
    MoveRefusedError
        The move is not listed.

    Examples
    --------
    >>> check_move("state", PARCEL_MOVES, "ready", "held")
    >>> check_move("state", PARCEL_MOVES, "held", "ready")
    Traceback (most recent call last):
    twin.errors.MoveRefusedError: ...
    """
    if before == after or before not in moves or after in moves[before]:
        return
    possible = sorted(moves[before])
    raise MoveRefusedError(
        f"{what} may not go from {before} to {after}; "
        f"{'only ' + ', '.join(possible) + ' may follow' if possible else 'nothing may follow'}.",
        f"{what} 不能由 {before} 变为 {after}；{'后续只能为 ' + '、'.join(possible) if possible else '已是最后状态'}。",
        where=f"properties.{what}",
    )
