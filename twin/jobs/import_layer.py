"""Import a planner's file 数据入库 into a layer: checked row by row, written in one transaction, all or nothing.

A rehearsal 预检 does the same and keeps nothing of it: what it says of each row is what the import would do.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from twin.db import open_session
from twin.errors import ConflictError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.imports.features import write_features
from twin.imports.mapping import Mapped
from twin.imports.rows import Prepared, Tally, iter_features, iter_rows
from twin.imports.targets import Target, get_target
from twin.imports.write import Origin, RowsRefusedError, Written, stage_rows, write_rows
from twin.jobs.attempt import Attempt, AttemptLostError, progress
from twin.jobs.callers import caller_of
from twin.jobs.verdicts import Report, Verdict
from twin.uploads.models import LayerImport, Reading

KIND: Final = "import_layer"
STAGED_PERCENT: Final = 60.0
WRITTEN_PERCENT: Final = 95.0

Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class _Work:
    """One import as its job sees it."""

    target: Target
    mapped: Mapped
    origin: Origin
    caller: Caller
    reading_id: int
    row_version: int
    total: int


async def import_layer(attempt: Attempt) -> Report | None:
    """Import the file named in the payload, or report why not; a cancelled import writes nothing.

    Raises
    ------
    AttemptLostError
        It was cancelled, or another attempt owns the job; nothing was published.
    """
    loop = asyncio.get_running_loop()
    stopped = threading.Event()

    def tell(percent: float, phase: str) -> None:
        if stopped.is_set():
            raise AttemptLostError("The import was stopped.", "导入已停止。")
        loop.call_soon_threadsafe(partial(progress, attempt, percent, phase))

    try:
        return await asyncio.to_thread(_run, attempt, tell)
    finally:
        stopped.set()


def _run(attempt: Attempt, tell: Tell) -> Report | None:
    tell(1.0, "prepare")
    try:
        if "rehearsed" in attempt.payload:
            return _rehearse(attempt, tell)
        with open_session(attempt.room.engine) as session:
            record = session.get_one(LayerImport, attempt.payload["import_id"])
            work = _prepare(session, attempt, record)
        _publish(attempt, work, tell)
    except RowsRefusedError as error:
        return _refused(error)
    except ConflictError as error:
        return Report("failed", Verdict("changed_meanwhile", error.en, error.zh))
    return None


def _prepare(session: Session, attempt: Attempt, record: LayerImport) -> _Work:
    told: dict[str, Any] = attempt.payload
    reading = _reading(session, told["reading_id"], told["row_version"])
    caller = caller_of(told["caller"])
    origin = Origin(record.id, record.file_name, record.sha256, record.crs, caller.login, record.kind)
    return _Work(
        get_target(record.layer),
        Mapped(record.mapping, record.fixed),
        origin,
        caller,
        reading.id,
        reading.row_version,
        max(reading.feature_count, 1),
    )


def _reading(session: Session, reading_id: int, row_version: int) -> Reading:
    """Return the reading, held as it is until the transaction ends.

    Raises
    ------
    ConflictError
        It is gone, or its owner has answered otherwise since the import was asked for.
    """
    statement = select(Reading).where(Reading.id == reading_id).with_for_update(read=True)
    found = session.scalar(statement)
    if found is None or found.row_version != row_version:
        raise ConflictError(
            "The upload was removed or its answers changed after the import was asked for; ask for it again.",
            "提交导入后上传已删除或答复已更改；请重新提交导入。",
        )
    return found


def _publish(attempt: Attempt, work: _Work, tell: Tell) -> None:
    """Check and write all rows in one transaction, which commits only together with the end of the job.

    The rows are written before the job's own row is locked: until then it can be cancelled or taken over, and whatever
    was written here is then rolled back.
    """
    tally = Tally()
    report = Report("succeeded", Verdict("ok", "The file was imported.", "文件已入库。"), {})
    written: list[Written] = []

    def stage(session: Session) -> None:
        session.info["actor"] = work.caller.login
        written.append(_write(session, work, tally, tell))

    with attempt.publication(report, stage) as session:
        _close(session, work, tally, written[0], report)


def _rehearse(attempt: Attempt, tell: Tell) -> Report:
    """Write everything in a transaction that is taken back, and report what it would have done."""
    tally = Tally()
    with open_session(attempt.room.engine, actor=attempt.actor) as session:
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '15s'"))
        record = LayerImport(**attempt.payload["rehearsed"])
        session.add(record)
        session.flush()
        work = _prepare(session, attempt, record)
        written = _write(session, work, tally, tell)
        session.rollback()
    verdict = Verdict("rehearsed", "The file can be imported; nothing was.", "文件可以入库；尚未写入。")
    verdict.detail.update(_told(work, written))
    verdict.detail.pop("import_id")
    return Report("succeeded", verdict, _counts(tally, written))


def _write(session: Session, work: _Work, tally: Tally, tell: Tell) -> Written:
    reading = _reading(session, work.reading_id, work.row_version)
    found = iter_rows(iter_features(session, work.reading_id), reading, work.target, work.mapped, tally)
    checked = partial(_tell_share, tell, work.total, 2.0, STAGED_PERCENT, "check")
    told = partial(_tell_share, tell, work.total, STAGED_PERCENT, WRITTEN_PERCENT, "write")
    if work.target.collection == "projects":
        rows: list[Prepared] = list(found)
        _require_whole(tally)
        return write_features(session, work.caller, work.target, work.origin, iter(rows), told)
    stage_rows(session, found, checked)
    _require_whole(tally)
    return write_rows(session, work.target, work.origin, told)


def _require_whole(tally: Tally) -> None:
    if tally.faults:
        raise RowsRefusedError(tally.faults, tally.fault_count)


def _tell_share(tell: Tell, total: int, start: float, end: float, phase: str, done: int) -> None:
    tell(start + (end - start) * min(1.0, done / total), phase)


def _counts(tally: Tally, written: Written) -> dict[str, int]:
    return {
        "rows": tally.prepared,
        "added": written.added,
        "changed": written.changed,
        "unchanged": written.unchanged,
        "skipped_invalid": tally.skipped_invalid,
        "skipped_other_shapes": tally.skipped_shapes,
    }


def _told(work: _Work, written: Written) -> dict[str, Any]:
    """Return what the verdict says beside the counts: the rows by name, and where they lie."""
    return {
        "import_id": work.origin.import_id,
        "layer": work.target.name,
        "collection": work.target.collection,
        "rows": [each.as_json() for each in written.rows],
        "bbox": None if written.box is None else list(written.box),
    }


def _close(session: Session, work: _Work, tally: Tally, written: Written, report: Report) -> None:
    counts = _counts(tally, written)
    if report.counts is not None:
        report.counts.update(counts)
    report.verdict.detail.update(_told(work, written))
    record = session.get_one(LayerImport, work.origin.import_id)
    record.counts, record.finished_at = counts, func.clock_timestamp()
    session.flush()
    after = {"layer": work.target.name, "file": work.origin.file_name, "sha256": work.origin.sha256, **counts}
    record_audit(session, work.caller, "layer.import", f"layer_import {work.origin.import_id}", after=after)


def _refused(error: RowsRefusedError) -> Report:
    verdict = Verdict(
        "rows_refused",
        f"Nothing was imported: {error.count} rows cannot be. {error.en}",
        f"未导入任何数据：{error.count} 行有误。{error.zh}",
        {"errors": [each.as_json() for each in error.rows], "error_count": error.count},
    )
    return Report("failed", verdict)
