"""Results of a check become issues 检查结果转问题: one topic per specification, rule or clashing pair.

The GUID of such a topic follows from what was found, so that asking again, or checking a later revision, leads to
the same topic and not to a second one.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bim.bcf.values import Topic, Viewpoint
from twin.checks.models import BimIssue, BimIssueViewpoint, CheckResult
from twin.checks.queries import Row
from twin.elements.models import BimModel
from twin.errors import ConflictError, InvalidInputError

TOPIC_CAP = 2_000
ELEMENTS_PER_TOPIC = 500
_EYE_M = 6.0  # how far the camera stands from a clash
_NAMESPACE = uuid.UUID("c4a4b7a2-7a46-4e5c-8d5c-5d1b2f0c9e11")
_TYPES = {"schema": "Schema", "ids": "IDS", "clash": "Clash"}


@dataclass(frozen=True)
class Raised:
    """GUIDs of topics that are new, and of those that were there already."""

    added: list[str] = field(default_factory=list)
    existing: list[str] = field(default_factory=list)


def raise_issues(
    session: Session, model_id: int, check: Row, groups: list[int] | None, author: str
) -> Raised:
    """Raise an issue for every failed group of a finished run, or for every pair of a clash check.

    Parameters
    ----------
    groups : list of int, optional
        Numbers of the groups to take; all that failed or warned by default.

    Raises
    ------
    ConflictError
        The run has not finished.
    InvalidInputError
        More topics than anybody works through; take single groups.
    """
    topics = list(iter_topics(session, model_id, check, groups, author))
    if len(topics) > TOPIC_CAP:
        raise InvalidInputError(
            f"That would be {len(topics)} issues, allowed are {TOPIC_CAP} at a time; name single groups.",
            f"将产生 {len(topics)} 个问题，一次最多 {TOPIC_CAP} 个；请指定分组。",
            "groups",
        )
    session.execute(select(BimModel.id).where(BimModel.id == model_id).with_for_update(key_share=True))
    known = set(session.scalars(select(BimIssue.guid).where(BimIssue.model_id == model_id)))
    raised = Raised(
        [each.guid for each in topics if each.guid not in known],
        [each.guid for each in topics if each.guid in known],
    )
    for topic in topics:
        if topic.guid not in known:
            _add(session, model_id, check["id"], topic)
    session.flush()
    return raised


def iter_topics(
    session: Session, model_id: int, check: Row, groups: list[int] | None, author: str
) -> Iterator[Topic]:
    """Yield the topics of a finished run without storing them.

    Raises
    ------
    ConflictError
        The run has not finished.
    """
    if check["state"] != "succeeded":
        raise ConflictError(
            f"Check {check['number']} has not finished ({check['state']}); there is no result yet.",
            f"第 {check['number']} 次检查尚未完成（{check['state']}），没有结果。",
        )
    for group in check["summary"]["groups"]:
        if group["status"] not in ("fail", "warning") or (
            groups is not None and group["number"] not in groups
        ):
            continue
        rows = _rows(session, check["id"], group["number"])
        if check["kind"] == "clash":
            for row in rows:
                yield _pair_topic(model_id, check, row, author)
        else:
            yield _group_topic(model_id, check, group, rows, author)


def _rows(session: Session, check_id: int, group: int) -> list[CheckResult]:
    statement = select(CheckResult).where(
        CheckResult.check_id == check_id, CheckResult.group_number == group, CheckResult.passed.is_(False)
    )
    return list(session.scalars(statement.order_by(CheckResult.row_number)))


def _group_topic(
    model_id: int, check: Row, group: dict[str, Any], rows: list[CheckResult], author: str
) -> Topic:
    faults = [
        f"- {row.ifc_class or ''} {row.name or ''} {row.global_id or ''}: {row.message}" for row in rows[:50]
    ]
    more = [f"… {group['failed']} in all 共 {group['failed']} 处"] if group["failed"] > len(faults) else []
    head = [text for text in (group.get("description"), group.get("instructions")) if text]
    guids = list(dict.fromkeys(row.global_id for row in rows if row.global_id))[:ELEMENTS_PER_TOPIC]
    guid = str(uuid.uuid5(_NAMESPACE, f"{model_id}|{check['kind']}|{check['ids_name'] or ''}|{group['key']}"))
    return Topic(
        guid=guid,
        title=group["title"][:500],
        creation_date=_moment(check),
        creation_author=author,
        topic_type=_TYPES[check["kind"]],
        status="Open",
        priority="Normal" if group["status"] == "warning" else "High",
        labels=[check["kind"]],
        description="\n".join([*head, *faults, *more])[:20_000] or None,
        viewpoints=[_view(guid, guids, None)] if guids else [],
    )


def _pair_topic(model_id: int, check: Row, row: CheckResult, author: str) -> Topic:
    other = row.detail.get("other", {})
    pair = f"{row.global_id}|{row.other_global_id}"
    against = check["against"] or model_id
    guid = str(uuid.uuid5(_NAMESPACE, f"{model_id}|clash|{against}|{pair}"))
    title = f"{row.ifc_class} {row.name or row.global_id} × {other.get('ifc_class')} {other.get('name') or row.other_global_id}"
    point = row.detail.get("point")
    where = (
        ""
        if not point
        else "\n" + ", ".join(f"{axis} {value:.3f} m" for axis, value in zip("xyz", point, strict=True))
    )
    guids = [each for each in (row.global_id, row.other_global_id) if each]
    return Topic(
        guid=guid,
        title=title[:500],
        creation_date=_moment(check),
        creation_author=author,
        topic_type="Clash",
        status="Open",
        priority="Normal" if row.detail.get("type") == "clearance" else "High",
        labels=["clash", str(row.detail.get("type") or "")],
        description=f"{row.message}{where}",
        viewpoints=[_view(guid, guids, point)],
    )


def _view(topic_guid: str, guids: list[str], point: list[float] | None) -> Viewpoint:
    """Look at a point from the south-west above, the elements selected; without a point nothing is looked at."""
    camera = None
    if point is not None:
        third = 1 / 3**0.5
        camera = {
            "type": "perspective",
            "view_point": [point[0] - _EYE_M * third, point[1] - _EYE_M * third, point[2] + _EYE_M * third],
            "direction": [third, third, -third],
            "up": [third / 2**0.5, third / 2**0.5, 2 * third / 2**0.5],
            "field_of_view": 60.0,
        }
    # A component's GUID has 22 characters; a repeated GlobalId carries a mark of ours behind it.
    chosen = [
        {"ifc_guid": each.partition("#")[0], "originating_system": None, "authoring_tool_id": None}
        for each in guids
        if len(each.partition("#")[0]) == 22
    ]
    return Viewpoint(
        guid=str(uuid.uuid5(_NAMESPACE, f"{topic_guid}|view")),
        camera=camera,
        components={
            "selection": chosen,
            "visibility": {"default": True, "exceptions": [], "hints": None},
            "coloring": [],
        },
    )


def _add(session: Session, model_id: int, check_id: int, topic: Topic) -> None:
    issue = BimIssue(
        model_id=model_id,
        check_id=check_id,
        guid=topic.guid,
        title=topic.title,
        topic_type=topic.topic_type,
        status=topic.status,
        priority=topic.priority,
        labels=topic.labels,
        creation_date=topic.creation_date,
        creation_author=topic.creation_author,
        description=topic.description,
    )
    session.add(issue)
    session.flush()
    session.add_all(
        BimIssueViewpoint(issue_id=issue.id, guid=view.guid, camera=view.camera, components=view.components)
        for view in topic.viewpoints
    )


def _moment(check: Row) -> datetime:
    finished: datetime = check["finished_at"]
    return finished.astimezone(UTC)
