"""States of a parcel and of the idle axis, their names, and which may follow upon which (`domain.md` §6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from twin.errors import MoveRefusedError

PARCEL_STATES: Final = (
    "proposed",
    "stored",
    "preparing",
    "ready",
    "held",
    "supplied",
    "started",
    "completed",
)
IDLE_STATES: Final = ("none", "suspected", "identified", "disposed")

NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "proposed": ("拟收储", "Proposed"),
    "stored": ("入库", "In the pool"),
    "preparing": ("前期开发", "Preparing"),
    "ready": ("净地可供", "Ready"),
    "held": ("预留", "Held"),
    "supplied": ("已供应", "Supplied"),
    "started": ("已开工", "Started"),
    "completed": ("已竣工", "Completed"),
    "none": ("未闲置", "Not idle"),
    "suspected": ("疑似闲置", "Suspected"),
    "identified": ("认定闲置", "Identified"),
    "disposed": ("已处置", "Disposed"),
    "fee": ("征缴闲置费", "Idle-land fee"),
    "extended": ("延期开工", "Extended"),
    "recovered": ("收回", "Recovered"),
    "released": ("盘活", "Released"),
}
"""Chinese and English; states, idle states and ways of disposal have no name in common."""


@dataclass(frozen=True)
class Step:
    """A move that may be made, with its name."""

    axis: str
    to: str
    zh: str
    en: str


STATE_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "proposed": ("stored",),
    "stored": ("preparing",),
    "preparing": ("ready",),
    "ready": (),  # held follows, by a reservation alone
    "held": ("supplied",),
    "supplied": ("started",),
    "started": ("completed",),
    "completed": (),
}
"""What may be recorded; `ready` → `held` and back is a reservation, made and cancelled."""

IDLE_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "none": ("suspected",),
    "suspected": ("identified", "none"),  # none: looked into, and not idle
    "identified": ("disposed",),
    "disposed": ("suspected",),  # idle again after a fee or an extension
}


def list_steps(state: str, idle_state: str) -> list[Step]:
    """Return what may follow by hand.

    Examples
    --------
    >>> [(step.axis, step.to) for step in list_steps("supplied", "suspected")]
    [('state', 'started'), ('idle', 'identified'), ('idle', 'none')]
    >>> list_steps("ready", "none")
    []
    """
    steps = [("state", to) for to in STATE_STEPS.get(state, ())]
    if state in ("supplied", "started"):
        steps += [("idle", to) for to in IDLE_STEPS.get(idle_state, ())]
    return [Step(axis, to, *NAMES[to]) for axis, to in steps]


def called(value: str) -> tuple[str, str]:
    """Return a state's Chinese and English name; one that is not known keeps its own."""
    return NAMES.get(value, (value, value))


def check_state_step(before: str, after: str) -> None:
    """Check that a parcel's state may follow upon its present one.

    Raises
    ------
    MoveRefusedError
        It may not; the message says what may, and how a parcel is held.

    Examples
    --------
    >>> check_state_step("held", "supplied")
    >>> check_state_step("stored", "ready")
    Traceback (most recent call last):
    twin.errors.MoveRefusedError: ...
    """
    if after in STATE_STEPS.get(before, ()):
        return
    if {before, after} == {"ready", "held"}:
        raise MoveRefusedError(
            "A parcel is held by reserving it for a project, and ready again when the reservation is cancelled; "
            "use POST and DELETE …/reservations.",
            "地块经为项目预留而进入“预留”，取消预留后恢复“净地可供”；请使用 POST、DELETE …/reservations。",
            where="to",
        )
    raise _refused("state", "状态", before, after, STATE_STEPS.get(before, ()))


def check_idle_step(before: str, after: str) -> None:
    """Check that an idle state may follow upon the present one.

    Raises
    ------
    MoveRefusedError
        It may not; the message says what may.
    """
    if after not in IDLE_STEPS.get(before, ()):
        raise _refused("idle_state", "闲置状态", before, after, IDLE_STEPS.get(before, ()))


def _refused(en: str, zh: str, before: str, after: str, possible: tuple[str, ...]) -> MoveRefusedError:
    may_en = f"only {', '.join(possible)} may follow" if possible else "nothing may follow"
    may_zh = f"后续只能为{'、'.join(called(each)[0] for each in possible)}" if possible else "已无后续"
    return MoveRefusedError(
        f"{en} may not go from {before} to {after}; {may_en}.",
        f"{zh}不能由“{called(before)[0]}”变为“{called(after)[0]}”；{may_zh}。",
        where="to",
    )
