"""What a worker does beside its jobs 杂务: the terms of new revisions, uploads nobody goes on with, files nobody needs.

Nobody waits for it and nothing is lost when it is cut off: what is left to do is read from the database each time,
and what two workers would do at once one of them leaves alone.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DataError, SQLAlchemyError

from twin.db import open_session
from twin.elements.terms import find_unwritten, write_terms
from twin.errors import TwinError
from twin.jobs.collect_objects import collect_objects
from twin.jobs.workroom import Workroom
from twin.uploads.uploads import expire_uploads

log = structlog.get_logger("twin.jobs")

ROUND_S: Final = 2.0
_COLLECTING: Final = 0x7417_0007


@dataclass
class Chore:
    """Something to do again and again, with so many seconds of rest between."""

    name: str
    every_s: float
    run: Callable[[Workroom], None]


class TermsWriter:
    """Writes the terms of published revisions that have none; one that cannot be written holds up no other."""

    def __init__(self) -> None:
        self._left: set[int] = set()  # until this process ends

    def __call__(self, room: Workroom) -> None:
        """Write them, each in a transaction of its own."""
        tried: set[int] = set()  # in this round: another worker may be at one of them
        while True:
            with open_session(room.engine) as session:
                revision_id = find_unwritten(session, self._left | tried)
            if revision_id is None:
                return
            tried.add(revision_id)
            self._write(room, revision_id)

    def _write(self, room: Workroom, revision_id: int) -> None:
        try:
            with open_session(room.engine) as session:
                write_terms(session, revision_id)
        except DataError as error:
            self._left.add(revision_id)
            log.error("terms cannot be written", revision_id=revision_id, error=str(error))


def end_uploads(room: Workroom) -> None:
    """Remove uploads that rested too long."""
    while True:
        with open_session(room.engine) as session:
            if expire_uploads(session, room.store) == 0:
                return


def clear_objects(room: Workroom) -> None:
    """Clear objects away that nothing needs; one worker at a time, the others have nothing to add."""
    with open_session(room.engine) as session:
        if session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _COLLECTING}):
            collect_objects(room.engine, room.store, room.settings.object_grace_h * 3_600)


CHORES: Final = (
    Chore("terms", ROUND_S, TermsWriter()),
    Chore("uploads", 300.0, end_uploads),
    Chore("objects", 3_600.0, clear_objects),
)


def start_chores(room: Workroom, chores: tuple[Chore, ...] = CHORES) -> Callable[[], None]:
    """Do the chores in a thread that ends with the process, and return how to end it sooner."""
    stopping = threading.Event()
    for chore in chores:
        name = f"chore-{chore.name}"
        threading.Thread(target=_repeat, args=(room, chore, stopping), name=name, daemon=True).start()
    return stopping.set


def _repeat(room: Workroom, chore: Chore, stopping: threading.Event) -> None:
    while not stopping.wait(chore.every_s):
        try:
            chore.run(room)
        except (SQLAlchemyError, TwinError, OSError) as error:
            if not stopping.is_set():
                log.error("chore left for later", chore=chore.name, error=str(error))
