"""Read a large file of a planner 大文件读取, for which nobody keeps a request open."""

import asyncio
from typing import Any, Final

from twin.errors import ConflictError, NotFoundError
from twin.imports.reading import read_for_import
from twin.jobs.attempt import Attempt, progress
from twin.jobs.callers import caller_of
from twin.jobs.verdicts import Report, Verdict
from twin.uploads.read import ReadingRoom, UnreadableFileError

KIND: Final = "read_file"
STORED_PERCENT: Final = 90.0
MOST_FAULTS: Final = 200


async def read_large_file(attempt: Attempt) -> Report | None:
    """Read the upload named in the payload with the choices of its owner; what it is read as stands with the upload."""
    told: dict[str, Any] = attempt.payload
    progress(attempt, 1.0, "read")
    room = ReadingRoom(
        attempt.room.engine,
        attempt.room.store,
        attempt.room.home,
        attempt.room.reading,
        asyncio.Semaphore(1),
        lambda percent: progress(attempt, STORED_PERCENT * percent / 100, "read"),
    )
    try:
        await read_for_import(room, caller_of(told["caller"]), told["upload_id"], told["choices"])
    except UnreadableFileError as error:
        return Report("failed", _unreadable(error))
    except (NotFoundError, ConflictError) as error:
        return Report("failed", Verdict("upload_gone", error.en, error.zh))
    return Report("succeeded", Verdict("ok", "The file was read.", "文件已读取。"))


def _unreadable(error: UnreadableFileError) -> Verdict:
    faults = [
        {"where": where, "message": en, "message_zh": zh} for where, en, zh in error.faults[:MOST_FAULTS]
    ]
    return Verdict("unreadable", error.en, error.zh, {"errors": faults, "error_count": len(error.faults)})
