"""Every SELECT of the check room. Whoever asks has been let through to the model before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from twin.checks.models import BimIssue, BimIssueComment, BimIssueFile, BimIssueViewpoint, CheckReport
from twin.errors import NotFoundError

PAGE_LIMIT = 1_000

Row = Mapping[str, Any]

# A run whose job is gone or ended without it has failed; the job tells how far an open one is.
_CHECKS = """
SELECT c.id, c.number, c.kind, c.title, r.number AS revision, c.options, c.ids_name, c.ids_sha256,
  am.id AS against, ar.number AS against_revision, c.outcome, c.summary, c.truncated, c.requested_by, c.created_at,
  c.finished_at, c.job_id::text AS job_id, coalesce(j.progress, 0)::float8 AS progress, j.verdict,
  CASE WHEN c.finished_at IS NOT NULL THEN 'succeeded' ELSE coalesce(j.state, 'failed') END AS state
FROM model_check c
JOIN bim_revision r ON r.id = c.revision_id
LEFT JOIN bim_revision ar ON ar.id = c.against_revision_id
LEFT JOIN bim_model am ON am.id = ar.model_id
LEFT JOIN job_run j ON j.job_id = c.job_id
WHERE c.model_id = :model_id"""
_LIST = text(f"""{_CHECKS}
  AND (CAST(:kind AS text) IS NULL OR c.kind = :kind) AND c.number < :before
ORDER BY c.number DESC LIMIT :limit""")
_ONE = text(f"{_CHECKS} AND c.number = :number")
_RESULTS = text("""
SELECT row_number, group_number AS "group", passed, global_id, other_global_id, step_id, ifc_class, name, message,
  detail
FROM check_result
WHERE check_id = :check_id AND row_number > :after
  AND (CAST(:group AS integer) IS NULL OR group_number = :group)
  AND (CAST(:passed AS boolean) IS NULL OR passed = :passed)
  AND (CAST(:global_id AS text) IS NULL OR global_id = :global_id OR other_global_id = :global_id)
ORDER BY row_number LIMIT :limit
""")
_ISSUES = text("""
SELECT i.guid::text AS guid, i.title, i.topic_type AS type, i.status, i.priority, i.labels, i.assigned_to,
  i.due_date, i.stage, i.creation_date, i.creation_author, i.modified_date, i.modified_author,
  c.number AS "check", (SELECT count(*) FROM bim_issue_comment k WHERE k.issue_id = i.id) AS comments,
  (SELECT count(*) FROM bim_issue_viewpoint v WHERE v.issue_id = i.id) AS viewpoints, i.id AS row_key
FROM bim_issue i LEFT JOIN model_check c ON c.id = i.check_id
WHERE i.model_id = :model_id AND i.id > :after
  AND (CAST(:status AS text) IS NULL OR i.status = :status)
  AND (CAST(:type AS text) IS NULL OR i.topic_type = :type)
  AND (CAST(:assigned_to AS text) IS NULL OR i.assigned_to = :assigned_to)
  AND (CAST(:label AS text) IS NULL OR :label = ANY(i.labels))
  AND (CAST(:global_id AS text) IS NULL OR EXISTS (SELECT FROM bim_issue_viewpoint v WHERE v.issue_id = i.id
    AND v.components @> jsonb_build_object('selection', jsonb_build_array(jsonb_build_object('ifc_guid', CAST(:global_id AS text))))))
ORDER BY i.id LIMIT :limit
""")


@dataclass(frozen=True)
class IssueFilters:
    """What a list of issues is narrowed to; None narrows nothing."""

    status: str | None = None
    type: str | None = None
    assigned_to: str | None = None
    label: str | None = None
    global_id: str | None = None


@dataclass(frozen=True)
class ResultFilters:
    """What the rows of a check are narrowed to."""

    group: int | None = None
    passed: bool | None = None
    global_id: str | None = None


def list_checks(
    session: Session, model_id: int, kind: str | None = None, before: int | None = None, limit: int = 100
) -> list[Row]:
    """List a model's runs, newest first."""
    params = {"model_id": model_id, "kind": kind, "before": before or 2**31 - 1, "limit": limit}
    return [dict(row) for row in session.execute(_LIST, params).mappings()]


def get_check(session: Session, model_id: int, number: int) -> Row:
    """Return a run.

    Raises
    ------
    NotFoundError
        The model has no such run.
    """
    row = session.execute(_ONE, {"model_id": model_id, "number": number}).mappings().first()
    if row is None:
        raise NotFoundError(
            f"Model {model_id} has no check {number}; list them under /checks.",
            f"模型 {model_id} 没有第 {number} 次检查；请在 /checks 查看列表。",
        )
    return dict(row)


def list_results(
    session: Session, check_id: int, filters: ResultFilters, after: int = 0, limit: int = PAGE_LIMIT
) -> list[Row]:
    """List the rows of a run in the order of the check, by key."""
    params = {"check_id": check_id, "after": after, "limit": limit, **vars(filters)}
    return [dict(row) for row in session.execute(_RESULTS, params).mappings()]


def find_report(session: Session, check_id: int, name: str) -> str | None:
    """Return the hash of a run's report, or None where the check offers none."""
    statement = select(CheckReport.sha256).where(CheckReport.check_id == check_id, CheckReport.format == name)
    return session.scalar(statement)


def list_issues(
    session: Session, model_id: int, filters: IssueFilters, after: int = 0, limit: int = 100
) -> list[Row]:
    """List a model's issues in the order they came, by key."""
    params = {"model_id": model_id, "after": after, "limit": limit, **vars(filters)}
    return [dict(row) for row in session.execute(_ISSUES, params).mappings()]


def get_issue(session: Session, model_id: int, guid: str) -> BimIssue:
    """Return an issue by its topic GUID.

    Raises
    ------
    NotFoundError
        The model has no such issue.
    """
    issue = session.scalar(select(BimIssue).where(BimIssue.model_id == model_id, BimIssue.guid == guid))
    if issue is None:
        raise NotFoundError(
            f"Model {model_id} has no issue {guid}; list them under /issues.",
            f"模型 {model_id} 没有问题 {guid}；请在 /issues 查看列表。",
        )
    return issue


def list_comments(session: Session, issue_ids: list[int]) -> list[BimIssueComment]:
    """List the comments of issues in the order of their dates."""
    statement = select(BimIssueComment).where(BimIssueComment.issue_id.in_(issue_ids))
    return list(session.scalars(statement.order_by(BimIssueComment.date, BimIssueComment.id)))


def list_viewpoints(session: Session, issue_ids: list[int]) -> list[BimIssueViewpoint]:
    """List the viewpoints of issues in their order."""
    statement = select(BimIssueViewpoint).where(BimIssueViewpoint.issue_id.in_(issue_ids))
    return list(session.scalars(statement.order_by(BimIssueViewpoint.view_index, BimIssueViewpoint.id)))


def list_files(session: Session, issue_ids: list[int]) -> list[BimIssueFile]:
    """List the files of issues."""
    statement = select(BimIssueFile).where(BimIssueFile.issue_id.in_(issue_ids))
    return list(session.scalars(statement.order_by(BimIssueFile.issue_id, BimIssueFile.name)))
