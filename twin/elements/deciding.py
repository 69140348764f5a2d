"""What people decide of revisions and models: withdraw 撤回, restore 恢复, approve what was held back 放行, rename.

Each decision is a row; the current revision follows from the states alone, so it falls back or comes again by itself.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin.elements.models import BimModel, BimRevision, RevisionDecision
from twin.elements.revisions import assign_current
from twin.errors import ConflictError, InvalidInputError, NotFoundError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller

Action = Literal["withdraw", "restore", "approve"]

_TAKES: Final[dict[Action, tuple[str, ...]]] = {
    "withdraw": ("published", "held"),
    "restore": ("withdrawn",),
    "approve": ("held",),
}
_DONE_ZH: Final[dict[Action, str]] = {"withdraw": "撤回", "restore": "恢复", "approve": "放行"}
_STATES_ZH: Final = {
    "pending": "处理中",
    "held": "待放行",
    "published": "已发布",
    "failed": "失败",
    "withdrawn": "已撤回",
}
LONGEST_REASON: Final = 1_000


@dataclass(frozen=True)
class ModelChange:
    """What is to be changed of a model; None leaves it."""

    name: str | None = None
    discipline: str | None = None
    public_visible: bool | None = None


def decide_revision(
    session: Session, caller: Caller, model_id: int, number: int, action: Action, reason: str | None
) -> BimRevision:
    """Withdraw, restore or approve a revision; the model's newest published revision becomes the current one.

    Raises
    ------
    NotFoundError
        The model has no such revision.
    ConflictError
        The revision is in no state in which this can be done.
    InvalidInputError
        A withdrawal without a reason.
    """
    revision = _lock_revision(session, model_id, number)
    if revision.state not in _TAKES[action]:
        raise _out_of_place(session, revision, action)
    words = (reason or "").strip()
    if action == "withdraw" and not words:
        raise InvalidInputError("Say why the revision is withdrawn.", "请说明撤回原因。", "reason")
    before = revision.state
    _decide(session, caller, revision, action, words[:LONGEST_REASON] or None)
    assign_current(session, model_id)
    after = {"state": revision.state, "reason": words or None}
    thing = f"model {model_id} revision {number}"
    record_audit(session, caller, f"model.{action}", thing, {"state": before}, after)
    return revision


def withdraw_model(session: Session, caller: Caller, model_id: int, reason: str) -> list[int]:
    """Withdraw every revision of a model that can be; return their numbers. Nothing is deleted."""
    numbers = session.scalars(
        select(BimRevision.number)
        .where(BimRevision.model_id == model_id, BimRevision.state.in_(_TAKES["withdraw"]))
        .order_by(BimRevision.number)
    ).all()
    for number in numbers:
        decide_revision(session, caller, model_id, number, "withdraw", reason)
    return list(numbers)


def change_model(session: Session, caller: Caller, model_id: int, change: ModelChange) -> BimModel:
    """Rename a model, give it another discipline, show or hide it.

    Raises
    ------
    InvalidInputError
        The name is empty.
    ConflictError
        Another model of the project has that name.
    """
    model = session.get_one(BimModel, model_id, with_for_update={"key_share": True})
    wanted = {name: value for name, value in vars(change).items() if value is not None}
    before = {name: getattr(model, name) for name in wanted}
    if wanted == before:
        return model
    if change.name is not None:
        _check_name(session, model, change.name)
    for name, value in wanted.items():
        setattr(model, name, value)
    session.flush()
    session.expire(model)
    record_audit(session, caller, "model.edit", f"model {model_id}", before, wanted)
    return model


def _decide(
    session: Session, caller: Caller, revision: BimRevision, action: Action, reason: str | None
) -> None:
    if action == "withdraw":
        revision.state = "withdrawn"
    elif action == "approve" or revision.published_at is not None:
        revision.state = "published"
    else:
        revision.state = "held"  # withdrawn before anybody had approved it
    decision = RevisionDecision(
        revision_id=revision.id, action=action, reason=reason, decided_by=caller.login
    )
    session.add(decision)
    session.flush()
    if revision.state == "published" and revision.published_at is None:
        revision.published_at = decision.decided_at
        session.flush()


def _lock_revision(session: Session, model_id: int, number: int) -> BimRevision:
    found = session.scalar(
        select(BimRevision)
        .where(BimRevision.model_id == model_id, BimRevision.number == number)
        .with_for_update(key_share=True)
    )
    if found is None:
        raise NotFoundError(
            f"Model {model_id} has no revision {number}; its own address lists them.",
            f"模型 {model_id} 没有第 {number} 版；模型地址列出全部版本。",
        )
    return found


def _out_of_place(session: Session, revision: BimRevision, action: Action) -> ConflictError:
    last = session.scalar(
        select(RevisionDecision)
        .where(RevisionDecision.revision_id == revision.id)
        .order_by(RevisionDecision.id.desc())
        .limit(1)
    )
    by = f", since {last.decided_at:%Y-%m-%d %H:%M} by {last.decided_by or 'the service'}" if last else ""
    by_zh = f"（{last.decided_at:%Y-%m-%d %H:%M}，{last.decided_by or '系统'}）" if last else ""
    return ConflictError(
        f"Revision {revision.number} of model {revision.model_id} is {revision.state}{by}; one cannot {action} it.",
        f"模型 {revision.model_id} 第 {revision.number} 版{_STATES_ZH[revision.state]}{by_zh}，不能{_DONE_ZH[action]}。",
    )


def _check_name(session: Session, model: BimModel, name: str) -> None:
    if not name.strip():
        raise InvalidInputError("The name is empty.", "名称为空。", "name")
    other = session.scalar(
        select(BimModel.id).where(
            BimModel.project_id == model.project_id, BimModel.name == name, BimModel.id != model.id
        )
    )
    if other is not None:
        raise ConflictError(
            f"Model {other} of the project is named {name!r} already.",
            f"项目中的模型 {other} 已使用名称 {name!r}。",
        )
