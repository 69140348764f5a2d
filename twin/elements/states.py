"""The state of every element of a revision by fid 状态: status, progress, and the class of a colouring rule.

A column travels from the database as one value in PostgreSQL's binary form and is read by numpy: nothing runs per
element in Python.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.style import StyleRule
from twin.elements.models import ELEMENT_STATUSES
from twin.elements.queries import SeenModel

Codes = NDArray[np.int64]

STATUSES: Final = (*ELEMENT_STATUSES, "existing")
PLANNED: Final = "planned_status"
DEVIATION: Final = "deviation"

# Each column costs time, so only those asked for are read. NULL is not sent, which keeps all cells of one length;
# a code travels with the fid it belongs to, in one number.
_CODE_STEP: Final = 256
_COLUMNS: Final = {
    "status": f"s.fid::bigint * {_CODE_STEP} + coalesce(array_position(CAST(:statuses AS text[]), s.status), 0)",
    "light_code": f"s.fid::bigint * {_CODE_STEP} + s.light_code",
    "progress": "s.progress",
    "planned": "coalesce(s.planned, -1.0)",
}
_NEEDED: Final = {
    "status": ("status",),
    "light_code": ("light_code",),
    DEVIATION: ("status", "progress", "planned"),
    PLANNED: ("status", "planned"),
}
_NOW: Final = "SELECT reporting_date() AS as_of {columns} FROM element_states_now(:revision_id) s"
_AT: Final = (
    "SELECT asked_date(:at) AS as_of {columns} FROM element_states_at(:revision_id, asked_date(:at)) s"
)
_HEAD_BYTES: Final = 20  # dimensions, null flag, element type, length, lower bound
_EMPTY_BYTES: Final = 12


@dataclass(frozen=True)
class ElementStates:
    """Columns by fid; those that were not asked for are empty.

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
    statuses: Codes
    progress: NDArray[np.float64]
    lights: Codes
    planned: NDArray[np.float64]


def list_states(
    session: Session, seen: SeenModel, at: datetime | None, rule: StyleRule, *, whole: bool = True
) -> ElementStates:
    """List the states of the elements with geometry of the revision a caller sees.

    Parameters
    ----------
    at : datetime, optional
        As known at that time; None is now.
    rule : StyleRule
        The rule they will be coloured by.
    whole : bool
        Status and progress too, whatever the rule needs.

    Notes
    -----
    A fid that no element has, which a publication never leaves, has no status, no light and no plan.
    """
    needed = set(_NEEDED[rule.field]) | ({"status", "progress"} if whole else set())
    columns = "".join(
        f", array_send(coalesce(array_agg({expression}), '{{}}')) AS {name}"
        for name, expression in _COLUMNS.items()
        if name in needed
    )
    statement = text((_NOW if at is None else _AT).format(columns=columns))
    scope = {"revision_id": seen.row["revision_id"], "at": at, "statuses": list(STATUSES)}
    row = dict(session.execute(statement, scope).mappings().one())
    packed = _values(row["status" if "status" in row else "light_code"], ">i8").astype(np.int64)
    fids = packed // _CODE_STEP
    codes, numbers = partial(_codes, row, fids), partial(_numbers, row, fids)
    planned = numbers("planned", -1.0)
    return ElementStates(
        as_of=row["as_of"],
        statuses=codes("status") - 1,
        progress=numbers("progress", 0.0),
        lights=codes("light_code"),
        planned=np.where(planned < 0.0, np.nan, planned),
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


def _coded(states: ElementStates, name: str) -> tuple[Codes, tuple[str, ...] | tuple[int, ...]]:
    """Return a column of codes from 0, or -1 for none, and what they stand for."""
    if name == "status":
        return states.statuses, STATUSES
    if name == "light_code":
        return states.lights, tuple(range(int(states.lights.max(initial=0)) + 1))
    if name == PLANNED:
        return _planned_statuses(states), STATUSES
    raise LookupError(name)


def _planned_statuses(states: ElementStates) -> Codes:
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


def _codes(row: Mapping[str, Any], fids: Codes, name: str) -> Codes:
    """Put the codes of a column in order of fids; nothing for a column that was not read."""
    if name not in row:
        return np.zeros(0, np.int64)
    column = np.zeros(_length(fids), np.int64)
    column[fids] = _values(row[name], ">i8").astype(np.int64) % _CODE_STEP
    return column


def _numbers(row: Mapping[str, Any], fids: Codes, name: str, empty: float) -> NDArray[np.float64]:
    if name not in row:
        return np.zeros(0)
    column = np.full(_length(fids), empty)
    column[fids] = _values(row[name], ">f8")
    return column


def _length(fids: Codes) -> int:
    return int(fids.max()) + 1 if len(fids) else 0


def _values(sent: memoryview, kind: str) -> NDArray[Any]:
    """Read what `array_send` makes of an array without NULL.

    >>> head, seven = "000000010000000000000017" "0000000200000001", "0000000400000007"
    >>> _values(memoryview(bytes.fromhex(head + seven + "00000004ffffffff")), ">i4").tolist()
    [7, -1]
    """
    content = bytes(sent)
    if len(content) <= _EMPTY_BYTES:
        return np.zeros(0, np.dtype(kind))
    cell = np.dtype([("length", ">i4"), ("value", kind)])
    return np.asarray(np.frombuffer(content, cell, offset=_HEAD_BYTES)["value"])
