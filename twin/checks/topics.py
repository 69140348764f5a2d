"""Issues as topics and back: what is stored to the values of `bim.bcf`, and topics merged into what is stored."""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bim.bcf.values import Archive, Comment, Topic, Viewpoint
from twin.checks.models import (
    BimIssue,
    BimIssueComment,
    BimIssueFile,
    BimIssueViewpoint,
    BimIssueWord,
)
from twin.checks.queries import list_comments, list_files, list_viewpoints
from twin.elements.models import BimModel
from twin.elements.revisions import record_object
from twin.objects import Stored

# Field of a topic → column of an issue; the rest has tables of its own.
_COLUMNS = {
    "title": "title", "topic_type": "topic_type", "status": "status", "priority": "priority", "index": "topic_index",
    "labels": "labels", "creation_date": "creation_date", "creation_author": "creation_author",
    "modified_date": "modified_date", "modified_author": "modified_author", "due_date": "due_date",
    "assigned_to": "assigned_to", "stage": "stage", "description": "description",
    "server_assigned_id": "server_assigned_id", "reference_links": "reference_links",
    "related_topics": "related_topics", "header_files": "header_files", "snippet": "snippet",
    "documents": "documents", "unknown": "unknown",
}  # fmt: skip
_COMMENT = ("date", "author", "text", "viewpoint_guid", "modified_date", "modified_author", "unknown")
_VIEW = ("camera", "components", "clipping_planes", "lines", "bitmaps", "snapshot", "unknown")


@dataclass
class Merged:
    """What an import did, by topic GUID; comments and viewpoints are counted."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    comments: int = 0
    viewpoints: int = 0
    before: dict[str, dict[str, Any]] = field(default_factory=dict)


def list_topics(session: Session, issues: Sequence[BimIssue]) -> list[Topic]:
    """Make topics of issues; `Topic.files` then leads to hashes of the object store."""
    ids = [issue.id for issue in issues]
    comments: dict[int, list[Comment]] = defaultdict(list)
    views: dict[int, list[Viewpoint]] = defaultdict(list)
    files: dict[int, dict[str, str]] = defaultdict(dict)
    for row in list_comments(session, ids):
        values = {name: getattr(row, name) for name in _COMMENT}
        comments[row.issue_id].append(Comment(guid=row.guid, **values))
    for view in list_viewpoints(session, ids):
        values = {name: getattr(view, name) for name in _VIEW}
        views[view.issue_id].append(Viewpoint(guid=view.guid, index=view.view_index, **values))
    for each in list_files(session, ids):
        files[each.issue_id][each.name] = each.sha256
    return [
        Topic(
            guid=issue.guid,
            comments=comments[issue.id],
            viewpoints=views[issue.id],
            files=files[issue.id],
            **{name: getattr(issue, column) for name, column in _COLUMNS.items()},
        )
        for issue in issues
    ]


def list_archive(session: Session, model: BimModel, version: str) -> Archive:
    """Make the archive of all issues of a model."""
    statement = select(BimIssue).where(BimIssue.model_id == model.id).order_by(BimIssue.id)
    words: dict[str, list[str]] = defaultdict(list)
    for row in session.scalars(select(BimIssueWord).where(BimIssueWord.model_id == model.id)):
        words[row.kind].append(row.word)
    topics = list_topics(session, list(session.scalars(statement)))
    return Archive(version, f"worktwin-model-{model.id}", model.name, topics, dict(words))


def merge_archive(session: Session, model_id: int, archive: Archive, stored: Mapping[str, Stored]) -> Merged:
    """Merge topics by GUID: the newer topic's fields win, comments, viewpoints and files are united.

    The same archive again changes nothing. What an older topic says is never taken over an equally old or newer
    one; the fields that a newer one replaces stand in `Merged.before`, for the audit trail.

    Parameters
    ----------
    stored : mapping
        Value of `Topic.files` → the object it has become.
    """
    session.execute(select(BimModel.id).where(BimModel.id == model_id).with_for_update(key_share=True))
    for each in stored.values():
        record_object(session, each)
    merged = Merged()
    for topic in archive.topics:
        _merge(session, model_id, _renamed(topic, stored), merged)
    words = [(kind, word) for kind, held in archive.extensions.items() for word in held if word]
    for kind, word in words:
        row = insert(BimIssueWord).values(model_id=model_id, kind=kind[:100], word=word[:500])
        session.execute(row.on_conflict_do_nothing())
    session.flush()
    return merged


def _merge(session: Session, model_id: int, topic: Topic, merged: Merged) -> None:
    statement = select(BimIssue).where(BimIssue.model_id == model_id, BimIssue.guid == topic.guid)
    issue = session.scalar(statement)
    values = {column: getattr(topic, name) for name, column in _COLUMNS.items()}
    is_new = issue is None
    if issue is None:
        issue = BimIssue(model_id=model_id, guid=topic.guid, **values)
        session.add(issue)
        session.flush()
    newer = is_new or topic.stamp > (issue.modified_date or issue.creation_date)
    changed = False
    if newer and not is_new:
        before = {column: _plain(getattr(issue, column)) for column in values}
        changed = _assign(issue, values)
        if changed:
            merged.before[topic.guid] = {k: v for k, v in before.items() if v != _plain(values[k])}
    united = (
        _merge_comments(session, issue.id, topic.comments),
        _merge_views(session, issue.id, topic.viewpoints, newer),
        _merge_files(session, issue.id, topic.files),
    )
    merged.comments += united[0]
    merged.viewpoints += united[1]
    which = merged.added if is_new else merged.changed if changed or any(united) else merged.unchanged
    which.append(topic.guid)


def _merge_comments(session: Session, issue_id: int, comments: Sequence[Comment]) -> int:
    known = {row.guid: row for row in list_comments(session, [issue_id])}
    changed = 0
    for comment in comments:
        values = {name: getattr(comment, name) for name in _COMMENT}
        row = known.get(comment.guid)
        if row is None:
            known[comment.guid] = row = BimIssueComment(issue_id=issue_id, guid=comment.guid, **values)
            session.add(row)
            changed += 1
        elif comment.stamp > (row.modified_date or row.date):
            changed += int(_assign(row, values))
    session.flush()
    return changed


def _merge_views(session: Session, issue_id: int, views: Sequence[Viewpoint], newer: bool) -> int:
    known = {row.guid: row for row in list_viewpoints(session, [issue_id])}
    changed = 0
    for view in views:
        values = {**{name: getattr(view, name) for name in _VIEW}, "view_index": view.index}
        row = known.get(view.guid)
        if row is None:
            known[view.guid] = row = BimIssueViewpoint(issue_id=issue_id, guid=view.guid, **values)
            session.add(row)
            changed += 1
        elif newer:
            changed += int(_assign(row, values))
    session.flush()
    return changed


def _merge_files(session: Session, issue_id: int, files: Mapping[str, str]) -> int:
    known = {row.name for row in list_files(session, [issue_id])}
    new = [
        BimIssueFile(issue_id=issue_id, name=name, sha256=sha)
        for name, sha in files.items()
        if name not in known
    ]
    session.add_all(new)
    session.flush()
    return len(new)


def _assign(row: Any, values: Mapping[str, Any]) -> bool:
    """Set columns that differ; return whether any did."""
    changed = False
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    return changed


def _renamed(topic: Topic, stored: Mapping[str, Stored]) -> Topic:
    """Name the files of a topic by their content: two tools may both send a ``snapshot.png``."""
    names: dict[str, str] = {}
    files: dict[str, str] = {}
    titles = {each.get("file"): each.get("filename") for each in topic.documents}
    for name, where in topic.files.items():
        sha256 = stored[where].sha256
        mark = f"{sha256[:12]}_"
        plain = (titles.get(name) or name).rsplit("/", 1)[-1]
        names[name] = plain if plain.startswith(mark) else mark + plain[-150:]
        files[names[name]] = sha256
    return dataclasses.replace(
        topic,
        files=files,
        viewpoints=[
            dataclasses.replace(
                view,
                snapshot=names.get(view.snapshot or ""),
                bitmaps=[_with_name(each, names) for each in view.bitmaps],
            )
            for view in topic.viewpoints
        ],
        header_files=[_with_name(each, names) for each in topic.header_files],
        documents=[_with_name(each, names) for each in topic.documents],
        snippet=None if topic.snippet is None else _with_name(topic.snippet, names),
    )


def _with_name(values: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    if values.get("file") is None:
        return values
    return {**values, "file": names.get(values["file"], values["file"])}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
