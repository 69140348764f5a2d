"""Ask for the import of an uploaded file: its record, its job and the audit row in one transaction."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from twin.errors import NotFoundError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.imports.plan import ImportPlan, add_import, describe_import, find_same, plan_import, save_plan
from twin.jobs.callers import kept_caller
from twin.jobs.queue import enqueue, status
from twin.uploads.readings import get_reading
from twin.uploads.uploads import get_upload

KIND: Final = "import_layer"


@dataclass(frozen=True)
class AskedImport:
    """An import and its job; `is_new` is False where the same one was under way already.

    A rehearsal has a job and no import.
    """

    import_id: int | None
    job_id: str
    layer: str
    is_new: bool


def submit_import(
    session: Session, caller: Caller, token: str, layer: str, save_as: str | None = None
) -> AskedImport:
    """Add an import of an upload of the caller into a layer, and its job.

    Parameters
    ----------
    save_as : str, optional
        Keep the mapping under this name.

    Raises
    ------
    NotFoundError
        The caller has no such upload.
    ConflictError
        It was not read yet, or a question about it is open; `where` is its field.
    InvalidInputError
        There is no such layer, or the mapping leaves its key open.
    UnauthenticatedError, ForbiddenError
        The caller may not write to the layer.
    """
    upload = get_upload(session, caller, token, lock=True)
    reading = get_reading(session, caller, token)
    plan = plan_import(session, caller, upload, reading, layer)
    if save_as is not None:
        save_plan(session, caller, plan, save_as)
    same = _find_open(session, plan, caller.login)
    if same is not None:
        return same
    record = add_import(session, plan)
    payload = {
        "import_id": record.id,
        "reading_id": reading.id,
        "row_version": reading.row_version,
        "caller": kept_caller(caller),
    }
    record.job_id = enqueue(session, KIND, payload, None, caller.login)
    after = {"layer": layer, "file": upload.file_name, "sha256": upload.sha256, "job_id": record.job_id}
    record_audit(session, caller, "import.submit", f"layer_import {record.id}", after=after)
    session.flush()
    return AskedImport(record.id, record.job_id, layer, is_new=True)


def submit_rehearsal(session: Session, caller: Caller, token: str, layer: str) -> AskedImport:
    """Ask for what an import would do, row by row; nothing of it is kept but the verdict of the job.

    Raises
    ------
    NotFoundError, ConflictError, InvalidInputError, UnauthenticatedError, ForbiddenError
        As for `submit_import`.
    """
    upload = get_upload(session, caller, token)
    reading = get_reading(session, caller, token)
    plan = plan_import(session, caller, upload, reading, layer)
    payload = {
        "rehearsed": describe_import(plan),
        "reading_id": reading.id,
        "row_version": reading.row_version,
        "caller": kept_caller(caller),
    }
    return AskedImport(None, enqueue(session, KIND, payload, None, caller.login), layer, is_new=True)


def _find_open(session: Session, plan: ImportPlan, actor: str) -> AskedImport | None:
    same = find_same(session, plan, actor)
    if same is None or same.job_id is None:
        return None
    try:
        if not status(session, same.job_id).is_open:
            return None
    except NotFoundError:
        return None
    return AskedImport(same.id, same.job_id, same.layer, is_new=False)
