"""Tables of the check room: a run, its results and reports; an issue with comments, viewpoints and files."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from twin.db import Base, Tracked


class ModelCheck(Base):
    """One run of a check on one revision; its progress and its failure are those of its job."""

    __tablename__ = "model_check"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("bim_model.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"), index=True)
    against_revision_id: Mapped[int | None] = mapped_column(
        ForeignKey("bim_revision.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"))
    ids_sha256: Mapped[str | None] = mapped_column(ForeignKey("stored_object.sha256"), index=True)
    ids_name: Mapped[str | None]
    fingerprint: Mapped[str]
    job_id: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    outcome: Mapped[str | None]
    title: Mapped[str | None]
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # groups, counts, notes
    truncated: Mapped[bool] = mapped_column(server_default=sql("false"))
    requested_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("model_id", "number"),
        CheckConstraint("kind IN ('schema','ids','clash')", name="kind"),
        CheckConstraint("outcome IN ('pass','warning','fail')", name="outcome"),
        Index("ix_model_check_fingerprint", "model_id", "fingerprint"),
        Index("ix_model_check_job_id", "job_id"),
    )


class CheckReport(Base):
    """A report of a run as a file of the object store."""

    __tablename__ = "check_report"

    check_id: Mapped[int] = mapped_column(ForeignKey("model_check.id", ondelete="CASCADE"), primary_key=True)
    format: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_object.sha256"), index=True)


class CheckResult(Base):
    """What a run says of one element or one pair."""

    __tablename__ = "check_result"

    check_id: Mapped[int] = mapped_column(ForeignKey("model_check.id", ondelete="CASCADE"), primary_key=True)
    row_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    group_number: Mapped[int] = mapped_column(Integer)
    passed: Mapped[bool]
    global_id: Mapped[str | None]
    other_global_id: Mapped[str | None]
    step_id: Mapped[int | None]
    ifc_class: Mapped[str | None]
    name: Mapped[str | None]
    message: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"))

    __table_args__ = (Index("ix_check_result_element", "check_id", "global_id"),)


class BimIssue(Tracked, Base):
    """A topic of a model, named by its GUID in every tool that takes part."""

    __tablename__ = "bim_issue"

    model_id: Mapped[int] = mapped_column(ForeignKey("bim_model.id", ondelete="CASCADE"))
    check_id: Mapped[int | None] = mapped_column(
        ForeignKey("model_check.id", ondelete="SET NULL"), index=True
    )
    guid: Mapped[str] = mapped_column(UUID(as_uuid=False))
    title: Mapped[str]
    topic_type: Mapped[str | None]
    status: Mapped[str | None]
    priority: Mapped[str | None]
    topic_index: Mapped[int | None] = mapped_column(Integer)
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    creation_date: Mapped[datetime]
    creation_author: Mapped[str]
    modified_date: Mapped[datetime | None]
    modified_author: Mapped[str | None]
    due_date: Mapped[datetime | None]
    assigned_to: Mapped[str | None]
    stage: Mapped[str | None]
    description: Mapped[str | None]
    server_assigned_id: Mapped[str | None]
    reference_links: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    related_topics: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    header_files: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    snippet: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    documents: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    unknown: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))

    __table_args__ = (UniqueConstraint("model_id", "guid"),)


class BimIssueComment(Base):
    """A comment on an issue."""

    __tablename__ = "bim_issue_comment"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("bim_issue.id", ondelete="CASCADE"))
    guid: Mapped[str] = mapped_column(UUID(as_uuid=False))
    date: Mapped[datetime]
    author: Mapped[str]
    text: Mapped[str]
    viewpoint_guid: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    modified_date: Mapped[datetime | None]
    modified_author: Mapped[str | None]
    unknown: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))

    __table_args__ = (UniqueConstraint("issue_id", "guid"),)


class BimIssueViewpoint(Base):
    """A view of the model; coordinates are the model's local metres, without georeference."""

    __tablename__ = "bim_issue_viewpoint"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("bim_issue.id", ondelete="CASCADE"))
    guid: Mapped[str] = mapped_column(UUID(as_uuid=False))
    view_index: Mapped[int | None] = mapped_column(Integer)
    camera: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    components: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    clipping_planes: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    lines: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    bitmaps: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    snapshot: Mapped[str | None]
    unknown: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))

    __table_args__ = (UniqueConstraint("issue_id", "guid"),)


class BimIssueFile(Base):
    """A file an issue carries: snapshot, bitmap, document, snippet."""

    __tablename__ = "bim_issue_file"

    issue_id: Mapped[int] = mapped_column(ForeignKey("bim_issue.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_object.sha256"), index=True)


class BimIssueWord(Base):
    """A word that other tools' projects allow for a kind, such as a status; BCF 3.0 carries them."""

    __tablename__ = "bim_issue_word"

    model_id: Mapped[int] = mapped_column(ForeignKey("bim_model.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
