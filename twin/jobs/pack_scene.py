"""Pack the tiles of a published scene 三维瓦片压缩 by EXT_meshopt_compression, where there is Node; else say so."""

import asyncio
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from twin.db import open_session
from twin.elements.packed import list_unpacked, record_packed
from twin.jobs.attempt import Attempt, progress
from twin.jobs.execute import CrashedError
from twin.jobs.keeping import keeping
from twin.jobs.packer import PACKED, PLAIN, find_packer, run_packer
from twin.jobs.queue import enqueue
from twin.jobs.spool import open_spool
from twin.jobs.verdicts import Report, Verdict
from twin.objects import Stored

KIND: Final = "pack_scene"

_NO_NODE: Final = Verdict(
    "not_packed",
    "The tiles stay as they are: Node.js, or the built front end with its packing program, is not here.",
    "瓦片保持原样：本机没有 Node.js，或前端（含压缩程序）尚未构建。",
)


def submit_packing(session: Session, project_id: int, revision_id: int) -> str:
    """Queue the packing of a revision's scene in the transaction that publishes it; return the job's id."""
    return enqueue(session, KIND, {"revision_id": revision_id}, project_id)


async def pack_scene(attempt: Attempt) -> Report | None:
    """Pack the tiles of the revision named in the payload that no revision has packed yet.

    A failure costs nothing: the plain tiles are there all along.

    Raises
    ------
    CrashedError
        The program was killed from outside: worth another attempt.
    AttemptLostError
        Another attempt owns the job; nothing was published.
    """
    with open_spool(attempt) as spool:
        progress(attempt, 1.0, "fetch")
        names = await asyncio.to_thread(_list_missing, attempt)
        packer = find_packer() if names else None
        if names and packer is None:
            await asyncio.to_thread(_publish, attempt, {}, _NO_NODE)
            return None
        if packer is not None:
            await asyncio.to_thread(_fetch, attempt, spool, names)
            progress(attempt, 10.0, "pack")
            ended = await run_packer(packer, spool, attempt.room.settings.pack_wall_s)
            if ended.fault is not None:
                verdict = _failed(ended.fault)
                if ended.was_killed:
                    raise CrashedError(verdict)
                return Report("failed", verdict)
        progress(attempt, 90.0, "publish")
        await asyncio.to_thread(_publish_packed, attempt, spool, names)
    return None


def _list_missing(attempt: Attempt) -> list[str]:
    with open_session(attempt.room.engine) as session:
        return list_unpacked(session, attempt.payload["revision_id"])


def _fetch(attempt: Attempt, spool: Path, names: list[str]) -> None:
    (spool / PLAIN).mkdir()
    for name in names:
        attempt.room.store.fetch(name, spool / PLAIN / f"{name}.glb")


def _publish_packed(attempt: Attempt, spool: Path, names: list[str]) -> None:
    with keeping(attempt.room.engine, attempt.room.store) as add:
        _publish(attempt, {name: add(spool / PACKED / f"{name}.glb") for name in names}, None)


def _publish(attempt: Attempt, packed: dict[str, Stored], verdict: Verdict | None) -> None:
    counts: dict[str, int] = {}
    with attempt.publication(Report("succeeded", verdict or _done(len(packed)), counts)) as session:
        counts.update(record_packed(session, attempt.payload["revision_id"], packed))


def _done(count: int) -> Verdict:
    return Verdict("ok", f"{count} tiles packed.", f"已压缩 {count} 个瓦片。")


def _failed(fault: str) -> Verdict:
    return Verdict(
        "pack_failed",
        f"The tiles could not be packed ({fault}); clients take the plain ones.",
        f"瓦片压缩失败（{fault}）；客户端使用未压缩的瓦片。",
        {"fault": fault},
    )
