"""A whole file in one request: an upload that is complete from the start."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from twin.elements.revisions import record_object
from twin.identity.caller import Caller
from twin.objects import Stored
from twin.uploads.uploads import NewUpload, UploadPolicy, begin_upload, get_upload


def take_upload(
    session: Session,
    caller: Caller,
    stored: Stored,
    file_name: str,
    told: Mapping[str, str],
    policy: UploadPolicy,
) -> str:
    """Add an upload whose bytes are an object already; return its token.

    Raises
    ------
    InvalidInputError
        It is empty or too large.
    """
    upload = begin_upload(
        session, caller, NewUpload(stored.size_bytes, file_name, "file", dict(told)), policy
    )
    record_object(session, stored)
    session.flush()
    upload.sha256, upload.received_bytes, upload.state = stored.sha256, stored.size_bytes, "complete"
    session.flush()
    return upload.token


def drop_upload(session: Session, caller: Caller, token: str) -> None:
    """Remove an upload that was taken whole and turned out to be of no use; its object goes when nothing needs it."""
    from_owner = get_upload(session, caller, token, lock=True)
    session.delete(from_owner)
