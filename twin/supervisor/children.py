"""What a supervisor is told to run, as values."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from twin.errors import UnavailableError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0

Say = Callable[[str], None]


class SupervisorError(UnavailableError):
    """A child did not become ready."""


@dataclass(frozen=True)
class Child:
    """One process to keep running.

    Attributes
    ----------
    name : str
        How lines about it begin.
    argv : Sequence[str]
        The command.
    environment : Mapping[str, str]
        Added to our own environment.
    is_ready : Callable[[], bool], optional
        Asked until it says yes; without it a child is ready when it runs.
    stop_wait_s : float
        How long it may take to end before it is killed.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] | None = None
    stop_wait_s: float = 10.0


@dataclass(frozen=True)
class Chore:
    """Something to do regularly in a thread beside the children; its errors are told and do not stop it."""

    name: str
    every_s: float
    run: Callable[[], object]


def tell(line: str) -> None:
    """Print one line at once."""
    print(line, file=sys.stderr, flush=True)


def pause_before_restart(quick_deaths: int) -> float:
    """Return seconds to wait before another start, doubling with each quick death in a row.

    Examples
    --------
    >>> [pause_before_restart(n) for n in (1, 2, 3, 9)]
    [0.2, 0.4, 0.8, 10.0]
    """
    return float(min(FIRST_PAUSE_S * 2.0 ** (quick_deaths - 1), LONGEST_PAUSE_S))
