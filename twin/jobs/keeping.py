"""Results on their way into the object store: brought before the transaction that names them, gone if it fails.

A job keeps its files before it publishes, so that nothing waits for a disk while rows are locked. Where the
publication does not come about (the attempt was lost, the database went away), no row will ever name them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from twin.db import open_session
from twin.objects import ObjectStore, Stored

log = structlog.get_logger("twin.jobs")

Add = Callable[[Path], Stored]

# Whoever notes the object at this moment either has a row already, and keeps it, or waits for this one.
_TAKE: Final = text("""
INSERT INTO stored_object (sha256, size_bytes) VALUES (:sha256, 0) ON CONFLICT DO NOTHING RETURNING sha256
""")
_DROP: Final = text("DELETE FROM stored_object WHERE sha256 = :sha256")


@contextmanager
def keeping(engine: Engine, store: ObjectStore) -> Iterator[Add]:
    """Give the way into the store for what the transaction inside will name; undo it if that raises."""
    brought: list[str] = []

    def add(path: Path) -> Stored:
        stored = store.add_file(path)
        brought.append(stored.sha256)
        return stored

    try:
        yield add
    except BaseException:
        discard_unnamed(engine, store, brought)
        raise


def discard_unnamed(engine: Engine, store: ObjectStore, names: list[str]) -> int:
    """Remove those objects that have no row; return how many.

    What cannot be removed now, because the database is away, is left to the collection of objects.
    """
    removed = 0
    for sha256 in dict.fromkeys(names):
        try:
            with open_session(engine) as session:
                if session.scalar(_TAKE, {"sha256": sha256}) is None:
                    continue
                store.remove(sha256)
                session.execute(_DROP, {"sha256": sha256})
        except SQLAlchemyError as error:
            log.warning("objects of a lost attempt are left to the collection", error=str(error))
            return removed
        removed += 1
    return removed
