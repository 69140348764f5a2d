"""Models and their revisions: what an upload adds, and what becomes of it when its job does not succeed."""

from dataclasses import dataclass

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

import twin.projects.models  # noqa: F401  a model's row refers to its project's table
from twin.elements.follow import settle_placement
from twin.elements.links import apply_links
from twin.elements.models import BimModel, BimRevision, RevisionDecision, StoredObject
from twin.elements.preview import drop_previews
from twin.errors import UnavailableError
from twin.objects import Stored

_CURRENT = text("""
UPDATE bim_model SET current_revision_id = (
    SELECT id FROM bim_revision WHERE model_id = :model_id AND state = 'published' ORDER BY number DESC LIMIT 1),
  updated_at = now(), row_version = row_version + 1
WHERE id = :model_id
""")


@dataclass(frozen=True)
class NewModel:
    """What the uploader says of a model; the same name in a project is the next revision of that model."""

    name: str
    file_name: str
    discipline: str | None = None
    public_visible: bool | None = None


def record_object(session: Session, stored: Stored) -> None:
    """Note an object of the store, as of now; twice is once.

    Whoever needs the object refers to it in the same transaction: until then its row keeps it from being cleared away.

    Raises
    ------
    UnavailableError
        The object was cleared away while its bytes arrived again; it must be sent once more.
    """
    row = insert(StoredObject).values(sha256=stored.sha256, size_bytes=stored.size_bytes)
    touched = {"stored_at": func.clock_timestamp()}
    session.execute(row.on_conflict_do_update(index_elements=[StoredObject.sha256], set_=touched))
    if stored.confirm is not None and not stored.confirm():
        raise UnavailableError(
            f"Object {stored.sha256} was cleared away while its bytes arrived again; send the file once more.",
            f"对象 {stored.sha256} 在再次上传时恰被清理；请重新上传一次。",
        )


def find_same_bytes(
    session: Session, project_id: int, sha256: str, name: str | None = None
) -> BimRevision | None:
    """Return the revision of this project that came, or is coming, of these very bytes, whatever its model is called.

    Also one that is held or withdrawn: it can be approved or restored, and is not converted again.

    Parameters
    ----------
    name : str, optional
        A model of this name goes first.
    """
    return session.scalar(
        select(BimRevision)
        .join(BimModel, BimModel.id == BimRevision.model_id)
        .where(
            BimModel.project_id == project_id,
            BimRevision.sha256 == sha256,
            BimRevision.state.in_(("pending", "held", "published", "withdrawn")),
        )
        .order_by((BimModel.name == name).desc() if name else BimRevision.id, BimRevision.id)
        .limit(1)
    )


def add_revision(session: Session, project_id: int, new: NewModel, sha256: str) -> BimRevision:
    """Add the next revision of a model, and the model itself where it is new.

    A revision of the same model and bytes that failed before is taken up again under its number.
    """
    lock_models(session, project_id)
    model = _get_or_add_model(session, project_id, new)
    again = select(BimRevision).where(BimRevision.model_id == model.id, BimRevision.sha256 == sha256)
    revision = session.scalar(again)
    if revision is None:
        last = select(func.coalesce(func.max(BimRevision.number), 0)).where(BimRevision.model_id == model.id)
        number = session.scalars(last).one() + 1
        revision = BimRevision(model_id=model.id, number=number, sha256=sha256, file_name=new.file_name)
        session.add(revision)
    revision.state = "pending"
    session.flush()
    return revision


def assign_current(session: Session, model_id: int) -> None:
    """Let a model's newest published revision be its current one; none where there is none.

    Takes the model's row first, so that of two who change its revisions the later sees what the earlier did. The
    model's rules link the elements of the revision that is current from now on, which lies where a placement by hand
    in force says.
    """
    session.execute(text("SELECT FROM bim_model WHERE id = :id FOR NO KEY UPDATE"), {"id": model_id})
    session.execute(_CURRENT, {"model_id": model_id})
    current = session.scalar(
        text("SELECT current_revision_id FROM bim_model WHERE id = :id"), {"id": model_id}
    )
    if current is not None:
        apply_links(session, current)
        settle_placement(session, session.get_one(BimRevision, current))


def hold_revision(session: Session, revision: BimRevision, reason: str) -> None:
    """Keep a converted revision from becoming current until somebody approves it."""
    revision.state = "held"
    revision.published_at = None
    session.add(RevisionDecision(revision_id=revision.id, action="hold", reason=reason))


def lock_models(session: Session, project_id: int) -> None:
    """Let one transaction at a time number the revisions of a project."""
    session.execute(text("SELECT FROM project WHERE id = :id FOR NO KEY UPDATE"), {"id": project_id})


def give_up_revision(session: Session, job_id: str) -> None:
    """Mark the revision that a job would have published as failed; the one before it stays current."""
    given_up = session.scalars(
        update(BimRevision)
        .where(BimRevision.job_id == job_id, BimRevision.state == "pending")
        .values(state="failed", updated_at=func.now())
        .returning(BimRevision.id)
        .execution_options(synchronize_session=False)
    )
    for revision_id in given_up.all():
        drop_previews(session, revision_id)


def _get_or_add_model(session: Session, project_id: int, new: NewModel) -> BimModel:
    statement = select(BimModel).where(BimModel.project_id == project_id, BimModel.name == new.name)
    model = session.scalar(statement)
    if model is None:
        model = BimModel(project_id=project_id, name=new.name)
        session.add(model)
    if new.discipline is not None:
        model.discipline = new.discipline
    if new.public_visible is not None:
        model.public_visible = new.public_visible
    session.flush()
    return model
