"""From bytes that are here to a model's revision: what a form, a JSON body or tus metadata say of it."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from twin.elements.revisions import NewModel
from twin.identity import Caller
from twin.identity.rights import require
from twin.jobs.submit_model import Submitted, submit_model
from twin.projects.queries import get_project
from twin.uploads.models import Upload
from twin.uploads.uploads import require_complete, use_upload

_TRUE: Final = frozenset({"1", "true", "yes", "on", "是"})


def describe_model(file_name: str | None, told: Mapping[str, Any]) -> NewModel:
    """Return what an uploader says of a model: ``name``, ``discipline``, ``public``; the file's name else."""
    public = str(told.get("public") or "").strip().lower()
    shown = file_name or "model.ifc"
    name = str(told.get("name") or "").strip()[:200] or shown.rsplit(".", 1)[0]
    return NewModel(
        name=name,
        file_name=shown,
        discipline=str(told.get("discipline") or "").strip()[:100] or None,
        public_visible=(public in _TRUE) if public else None,
    )


def submit_upload(
    session: Session, caller: Caller, upload: Upload, told: Mapping[str, Any], code: str | None = None
) -> Submitted:
    """Submit a complete upload as the next revision of a model, and note with the upload what came of it.

    Parameters
    ----------
    code : str or None
        The project; else ``told`` names it.

    Raises
    ------
    ConflictError
        Bytes of the upload are missing.
    NotFoundError, ForbiddenError
        There is no such project, or the caller may not add models to it.
    """
    stored = require_complete(upload)
    project = get_project(session, caller, code or str(told.get("project")))
    require(caller, "bim:write", project.id)
    new = describe_model(upload.file_name, {**upload.details, **told})
    submitted = submit_model(session, caller, project, new, stored)
    result = {
        "model_id": submitted.model_id,
        "revision": submitted.revision,
        "job_id": submitted.job_id,
        "is_new": submitted.is_new,
        "project": project.code,
    }
    use_upload(session, upload, result)
    return submitted
