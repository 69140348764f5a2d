"""The state of every element of a revision by fid 状态: status, progress, and the class of a colouring rule.

A column travels from the database as one value in PostgreSQL's binary form and is read by numpy: nothing runs per
element in Python.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.style import StyleRule
from twin.elements.models import ELEMENT_STATUSES
from twin.elements.queries import SeenModel

_T = TypeVar("_T", np.int64, np.float64)

STATUSES: Final = (*ELEMENT_STATUSES, "existing")
PLANNED: Final = "planned_status"
DEVIATION: Final = "deviation"

_STATES = text("""
SELECT coalesce(asked_date(:at), reporting_date()) AS as_of,
  array_send(coalesce(array_agg(s.fid), '{}')) AS fids,
  array_send(coalesce(array_agg(coalesce(array_position(CAST(:statuses AS text[]), s.status), 0)), '{}')) AS statuses,
  array_send(coalesce(array_agg(s.progress), '{}')) AS progress,
  array_send(coalesce(array_agg(s.light_code), '{}')) AS lights,
  array_send(coalesce(array_agg(coalesce(s.planned, -1.0)), '{}')) AS planned
FROM element_states(:revision_id, :at) s
""")
_HEAD_BYTES: Final = 20  # dimensions, null flag, element type, length, lower bound
_EMPTY_BYTES: Final = 12


@dataclass(frozen=True)
class ElementStates:
    """Columns by fid.

    Attributes
    ----------
    as_of : date
        The day the states are told for.
    statuses : ndarray of int
        Numbers in `STATUSES`, -1 for none of them.
    progress : ndarray of float
        Percent.
    lights : ndarray of int
        As `light_code` on the map.
    planned : ndarray of float
        What the plan wants by that day, percent; NaN without a plan.
    """

    as_of: date
    statuses: NDArray[np.int64]
    progress: NDArray[np.float64]
    lights: NDArray[np.int64]
    planned: NDArray[np.float64]


def list_states(session: Session, seen: SeenModel, at: datetime | None) -> ElementStates:
    """List the states of the elements with geometry of the revision a caller sees.

    Parameters
    ----------
    at : datetime, optional
        As known at that time; None is now.

    Notes
    -----
    A fid that no element has, which a publication never leaves, has no status, no light and no plan.
    """
    scope = {"revision_id": seen.row["revision_id"], "at": at, "statuses": list(STATUSES)}
    row = session.execute(_STATES, scope).one()
    fids = _integers(row.fids)
    count = int(fids.max()) + 1 if len(fids) else 0
    return ElementStates(
        as_of=row.as_of,
        statuses=_by_fid(fids, _integers(row.statuses) - 1, count, -1),
        progress=_by_fid(fids, _floats(row.progress), count, 0.0),
        lights=_by_fid(fids, _integers(row.lights), count, 0),
        planned=_by_fid(fids, _no_negatives(_floats(row.planned)), count, np.nan),
    )


def compute_classes(states: ElementStates, rule: StyleRule) -> NDArray[np.uint8]:
    """Return for each fid the number of its class in ``rule.all_classes``.

    Parameters
    ----------
    rule : StyleRule
        By ``status``, ``light_code``, ``deviation`` (percentage points) or ``planned_status``.
    """
    if rule.graded:
        return _bands(_field(states, rule.field), rule)
    codes, values = _coded(states, rule.field)
    table = [_number(rule, value) for value in values]
    # The last place answers for the code -1.
    return np.array([*table, _number(rule, None)], dtype=np.uint8)[codes]


def _field(states: ElementStates, name: str) -> NDArray[np.float64]:
    if name != DEVIATION:
        raise LookupError(name)
    return np.where(states.statuses == STATUSES.index("existing"), np.nan, states.progress - states.planned)


def _coded(states: ElementStates, name: str) -> tuple[NDArray[np.int64], tuple[str, ...] | tuple[int, ...]]:
    """Return a column of codes from 0, or -1 for none, and what they stand for."""
    if name == "status":
        return states.statuses, STATUSES
    if name == "light_code":
        return states.lights, tuple(range(int(states.lights.max(initial=0)) + 1))
    if name == PLANNED:
        return _planned_statuses(states), STATUSES
    raise LookupError(name)


def _planned_statuses(states: ElementStates) -> NDArray[np.int64]:
    """What each element should be by the plan, as a status; those that stood before are as they are."""
    planned = states.planned
    wanted = np.where(planned <= 0.0, 0, np.where(planned >= 100.0, 2, 1))
    wanted = np.where(np.isnan(planned), -1, wanted)
    existing = STATUSES.index("existing")
    return np.asarray(np.where(states.statuses == existing, existing, wanted), dtype=np.int64)


def _bands(values: NDArray[np.float64], rule: StyleRule) -> NDArray[np.uint8]:
    other = len(rule.classes)
    found = np.full(len(values), other, dtype=np.uint8)
    for number, item in enumerate(rule.classes):
        low = -np.inf if item.least is None else item.least
        high = np.inf if item.below is None else item.below
        found[(values >= low) & (values < high)] = number
    return found


def _number(rule: StyleRule, value: str | int | None) -> int:
    return rule.all_classes.index(rule.class_of(value))


def _by_fid(fids: NDArray[np.int64], values: NDArray[_T], count: int, empty: float) -> NDArray[_T]:
    column = np.full(count, empty, dtype=values.dtype)
    column[fids] = values
    return column


def _no_negatives(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values < 0.0, np.nan, values)


def _integers(sent: memoryview) -> NDArray[np.int64]:
    """Read what `array_send` makes of an array of integers without NULL.

    >>> _integers(memoryview(bytes.fromhex("000000010000000000000017" "0000000200000001" "0000000400000007" "00000004ffffffff"))).tolist()
    [7, -1]
    """
    return _values(sent, ">i4").astype(np.int64)


def _floats(sent: memoryview) -> NDArray[np.float64]:
    return _values(sent, ">f8").astype(np.float64)


def _values(sent: memoryview, kind: str) -> NDArray[Any]:
    content = bytes(sent)
    if len(content) <= _EMPTY_BYTES:
        return np.zeros(0, np.dtype(kind))
    cell = np.dtype([("length", ">i4"), ("value", kind)])
    return np.asarray(np.frombuffer(content, cell, offset=_HEAD_BYTES)["value"])
