"""What an upload really is, after whatever happened: its file, its row and its object brought into agreement.

An upload whose bytes are all here becomes an object in three steps, each of which may be the last before a kill:
its hash is noted with the object's row, which from then on keeps the object from being cleared away; its file
takes its place in the store; it is noted as complete. Whoever asks next goes on where that ended.
"""

from dataclasses import dataclass

from sqlalchemy import Engine

from twin.db import open_session
from twin.elements.revisions import record_object
from twin.identity.caller import Caller
from twin.objects import ObjectStore, Stored
from twin.uploads.partial import Partial, count_received, remove_partial
from twin.uploads.uploads import get_upload


@dataclass(frozen=True)
class Settled:
    """How far an upload is: bytes here, bytes announced, and whether it is an object now."""

    token: str
    offset: int
    size_bytes: int
    is_complete: bool


def settle_upload(
    engine: Engine, store: ObjectStore, caller: Caller, token: str, sha256: str | None = None
) -> Settled:
    """Tell how many bytes of an upload are here; if they all are, make them an object first.

    Parameters
    ----------
    sha256 : str or None
        The hash of all bytes, where the caller has just computed it; else it is read from the disk.

    Raises
    ------
    NotFoundError
        The caller has no such upload.
    ConflictError
        Its last bytes are being written at this moment.
    """
    with open_session(engine, actor=caller.login) as session:
        upload = get_upload(session, caller, token)
        size_bytes, known, state = upload.size_bytes, upload.sha256, upload.state
    if state != "receiving":
        return Settled(token, size_bytes, size_bytes, is_complete=True)
    received = count_received(store, token)
    if known is not None and received != size_bytes and store.has(known):
        return _complete(engine, caller, token)
    if received is None or received < size_bytes:
        return Settled(token, received or 0, size_bytes, is_complete=False)
    return _make_object(engine, store, caller, token, sha256)


def _make_object(
    engine: Engine, store: ObjectStore, caller: Caller, token: str, sha256: str | None
) -> Settled:
    with Partial(store, token) as partial:
        digest = sha256 or partial.compute_sha256()
        with open_session(engine, actor=caller.login) as session:
            upload = get_upload(session, caller, token, lock=True)
            record_object(session, Stored(digest, upload.size_bytes))
            session.flush()
            upload.sha256 = digest
        partial.keep(store, digest)
    settled = _complete(engine, caller, token)
    remove_partial(store, token)
    return settled


def _complete(engine: Engine, caller: Caller, token: str) -> Settled:
    with open_session(engine, actor=caller.login) as session:
        upload = get_upload(session, caller, token, lock=True)
        upload.received_bytes = upload.size_bytes
        upload.state = "complete" if upload.state == "receiving" else upload.state
        return Settled(token, upload.size_bytes, upload.size_bytes, is_complete=True)
