"""Issues made and changed by people here; every change moves the topic's modified date, by which tools merge."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from twin.checks.models import BimIssue, BimIssueComment, BimIssueViewpoint
from twin.errors import ConflictError, InvalidInputError

EDITABLE = frozenset(
    {"title", "topic_type", "status", "priority", "labels", "assigned_to", "due_date", "stage", "description"}
)


@dataclass(frozen=True)
class NewIssue:
    """An issue to add; `global_ids` are the elements it is about."""

    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    global_ids: tuple[str, ...] = ()
    camera: Mapping[str, Any] | None = None
    guid: str | None = None


def add_issue(session: Session, model_id: int, new: NewIssue, author: str) -> BimIssue:
    """Add an issue, with a viewpoint where it names elements or a camera."""
    now = datetime.now(UTC)
    issue = BimIssue(
        model_id=model_id,
        guid=new.guid or str(uuid.uuid4()),
        title=new.title,
        creation_date=now,
        creation_author=author,
        **{"status": "Open", "topic_type": "Issue", **_checked(new.values)},
    )
    session.add(issue)
    session.flush()
    if new.global_ids or new.camera:
        chosen = [
            {"ifc_guid": each, "originating_system": None, "authoring_tool_id": None}
            for each in new.global_ids
        ]
        session.add(
            BimIssueViewpoint(
                issue_id=issue.id,
                guid=str(uuid.uuid4()),
                camera=dict(new.camera) if new.camera else None,
                components={
                    "selection": chosen,
                    "visibility": {"default": True, "exceptions": [], "hints": None},
                    "coloring": [],
                },
            )
        )
        session.flush()
    return issue


def edit_issue(issue: BimIssue, values: Mapping[str, Any], author: str) -> dict[str, tuple[Any, Any]]:
    """Change an issue; return what changed, each with its value before and after.

    Raises
    ------
    InvalidInputError
        A field cannot be changed.
    """
    changed = {
        name: (getattr(issue, name), value)
        for name, value in _checked(values).items()
        if getattr(issue, name) != value
    }
    for name, (_, value) in changed.items():
        setattr(issue, name, value)
    if changed:
        touch(issue, author)
    return changed


def add_comment(
    session: Session, issue: BimIssue, text: str, author: str, viewpoint_guid: str | None = None
) -> BimIssueComment:
    """Add a comment; the topic counts as changed."""
    comment = BimIssueComment(
        issue_id=issue.id,
        guid=str(uuid.uuid4()),
        date=datetime.now(UTC),
        author=author,
        text=text,
        viewpoint_guid=viewpoint_guid,
    )
    session.add(comment)
    touch(issue, author)
    session.flush()
    return comment


def touch(issue: BimIssue, author: str) -> None:
    """Note a change now, always later than the last one: whoever holds the older state must see it lose."""
    last = issue.modified_date or issue.creation_date
    issue.modified_date = max(datetime.now(UTC), last + timedelta(microseconds=1))
    issue.modified_author = author


def check_unchanged(issue: BimIssue, known: datetime | None) -> None:
    """Refuse a change by somebody who has not seen the last one.

    Raises
    ------
    ConflictError
        The issue has changed since.
    """
    last = issue.modified_date or issue.creation_date
    if known is not None and known != last:
        raise ConflictError(
            f"Issue {issue.guid} was changed at {last.isoformat()} by {issue.modified_author}; read it again.",
            f"问题 {issue.guid} 已于 {last.isoformat()} 由 {issue.modified_author} 修改；请重新读取。",
        )


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(values) - EDITABLE)
    if unknown:
        raise InvalidInputError(
            f"These fields of an issue cannot be set: {', '.join(unknown)}; allowed are {', '.join(sorted(EDITABLE))}.",
            f"问题的这些字段不能修改：{'、'.join(unknown)}；可修改：{'、'.join(sorted(EDITABLE))}。",
            unknown[0],
        )
    return dict(values)
