# ruff: noqa: S608 (names come from the catalogue and are quoted there, every value is bound)
"""Clear away objects that nothing needs 对象清理, and never one that is needed, whatever arrives meanwhile.

Needed is what any row names: every column that refers to `stored_object` or is called ``…sha256``, and the payload of
every job that has not ended. A new room that keeps objects in such a column is heeded without a word here.

Against bytes that arrive again at this moment: whoever brings them notes the object before it relies on it
(`record_object` renews the row, and asks the store once more where the object was there already). An object is
removed while its row is locked and deleted, only if the row has not been renewed and the file not put for the
grace time; whoever comes later waits for that row, and then finds the object gone before anything refers to it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from twin.db import open_session
from twin.objects import Lying, ObjectStore

log = structlog.get_logger("twin.jobs")

LOT: Final = 500

_COLUMNS: Final = text("""
SELECT format('SELECT FROM %I.%I x WHERE x.%I = o.sha256', n.nspname, c.relname, a.attname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r','p') AND NOT a.attisdropped AND a.atttypid = 'text'::regtype
  AND c.relname <> 'stored_object'
  AND (a.attname LIKE '%sha256' OR EXISTS (
    SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid AND a.attnum = ANY(k.conkey)
      AND k.confrelid = 'public.stored_object'::regclass))
ORDER BY 1
""")
_JOBS: Final = """SELECT FROM job_run j WHERE j.state IN ('queued','running')
  AND strpos(j.payload::text, o.sha256) > 0"""
_UNNEEDED: Final = """o.stored_at < clock_timestamp() - make_interval(secs => :grace_s) AND {conditions}"""
_ADOPT: Final = text("""
INSERT INTO stored_object (sha256, size_bytes)
SELECT * FROM unnest(CAST(:names AS text[]), CAST(:sizes AS bigint[])) ON CONFLICT DO NOTHING RETURNING sha256
""")
_KNOWN: Final = text("SELECT sha256 FROM stored_object")


@dataclass
class Collected:
    """What a collection did, or would do.

    Attributes
    ----------
    removed, removed_bytes : int
        Objects cleared away.
    adopted : int
        Files without a row, left by a sender that died; they have one now and go the same way later.
    lost : list of str
        Objects that have a row and no file: not this collection's doing, and worth a look at the backups.
    """

    objects: int = 0
    removed: int = 0
    removed_bytes: int = 0
    adopted: int = 0
    lost: list[str] = field(default_factory=list)


def collect_objects(
    engine: Engine, store: ObjectStore, grace_s: float, *, dry_run: bool = False
) -> Collected:
    """Remove every object that no row has needed for the grace time; each in a transaction of its own.

    Parameters
    ----------
    grace_s : float
        Seconds; longer than any request that brings an object may take.
    dry_run : bool
        Count only.
    """
    done = Collected()
    lying = _adopt_strays(engine, store, grace_s, done, dry_run=dry_run)
    with open_session(engine) as session:
        condition = _condition(session)
        known = set(session.scalars(_KNOWN))
        statement = text(
            f"SELECT o.sha256, o.size_bytes FROM stored_object o WHERE {condition} ORDER BY o.sha256"
        )
        candidates = [
            (str(row.sha256), int(row.size_bytes)) for row in session.execute(statement, {"grace_s": grace_s})
        ]
    unneeded = {sha256 for sha256, _ in candidates}
    done.lost = sorted(known - lying - unneeded)
    for sha256, size_bytes in candidates:
        if dry_run or _remove(engine, store, condition, sha256, grace_s):
            done.removed += 1
            done.removed_bytes += size_bytes
    return done


def _adopt_strays(
    engine: Engine, store: ObjectStore, grace_s: float, done: Collected, *, dry_run: bool
) -> set[str]:
    """Give files without a row one, and return the names of all files."""
    names: set[str] = set()
    oldest = datetime.now(UTC) - timedelta(seconds=grace_s)
    objects = store.iter_objects()
    while lot := list(islice(objects, LOT)):
        names.update(each.sha256 for each in lot)
        done.objects += len(lot)
        rested = [each for each in lot if each.put_at < oldest]
        if rested:
            with open_session(engine) as session:
                done.adopted += _adopt(session, rested)
                if dry_run:
                    session.rollback()
    return names


def _adopt(session: Session, strays: list[Lying]) -> int:
    values = {"names": [each.sha256 for each in strays], "sizes": [each.size_bytes for each in strays]}
    return len(session.execute(_ADOPT, values).all())


def _condition(session: Session) -> str:
    references = [*session.scalars(_COLUMNS), _JOBS]
    return _UNNEEDED.format(conditions=" AND ".join(f"NOT EXISTS ({each})" for each in references))


def _remove(engine: Engine, store: ObjectStore, condition: str, sha256: str, grace_s: float) -> bool:
    """Remove one object with its row locked; False where it is needed again, or was put again."""
    statement = text(f"DELETE FROM stored_object o WHERE o.sha256 = :sha256 AND {condition}")
    try:
        with open_session(engine) as session:
            found = session.execute(statement, {"sha256": sha256, "grace_s": grace_s})
            if found.rowcount != 1:  # type: ignore[attr-defined]
                return False
            lying = store.find(sha256)
            if lying is not None and lying.put_at >= datetime.now(UTC) - timedelta(seconds=grace_s):
                session.rollback()
                return False
            if lying is not None:
                store.remove(sha256)
    except IntegrityError:
        return False  # a row that refers to it was written while the deletion waited for that row's writer
    log.info("object removed", sha256=sha256)
    return True
