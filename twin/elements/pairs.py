"""Which two revisions of a model are compared, for whom."""

from sqlalchemy.orm import Session

from twin.elements.compare import KINDS, PUBLIC_KINDS, Pair
from twin.elements.queries import SeenModel, get_model
from twin.errors import ConflictError
from twin.identity.caller import Caller


def get_pair(
    session: Session, caller: Caller, model_id: int, old: int | None, new: int | None
) -> tuple[SeenModel, SeenModel]:
    """Return a model at two revisions, by default at its current one and the published one before that.

    Raises
    ------
    NotFoundError
        No such model or revision for this caller.
    ConflictError
        There is nothing to compare: no current revision, or none before it.
    """
    now = get_model(session, caller, model_id, new)
    if now.row["revision_id"] is None:
        raise ConflictError(
            f"Model {model_id} has no current revision; name one with `to`.",
            f"模型 {model_id} 没有当前版本；请用 to 指定版本。",
            "to",
        )
    if old is None:
        old = _number_before(now)
    return get_model(session, caller, model_id, old), now


def make_pair(before: SeenModel, now: SeenModel) -> Pair:
    """Return what to compare; the public is told of what it may read."""
    kinds = KINDS if now.internal else PUBLIC_KINDS
    return Pair(now.row["id"], before.row["revision_id"], now.row["revision_id"], kinds)


def _number_before(now: SeenModel) -> int:
    numbers: list[int] = [
        each["number"]
        for each in now.revisions
        if each["state"] == "published" and each["number"] < now.row["revision"]
    ]
    if not numbers:
        raise ConflictError(
            f"Revision {now.row['revision']} of model {now.row['id']} has no published one before it; "
            "name one with `from`.",
            f"模型 {now.row['id']} 第 {now.row['revision']} 版之前没有已发布的版本；请用 from 指定。",
            "from",
        )
    return max(numbers)
