"""Tables of overlap runs 整层压占分析: the question, and one answer for each subject."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from twin.db import Base


class OverlapRun(Base):
    """A question over many subjects; `finished_at` is set when every one is answered, and not before."""

    __tablename__ = "overlap_run"

    job_id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True)
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    data_versions: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    data_changed: Mapped[bool] = mapped_column(server_default=text("false"))
    totals: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    requested_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_overlap_run_created_at", "created_at"),)


class OverlapRunAnswer(Base):
    """What lies under one subject, as the statement wrote it; text, for jsonb would not keep every float's digits."""

    __tablename__ = "overlap_run_answer"

    job_id: Mapped[str] = mapped_column(
        UUID(as_uuid=False), ForeignKey("overlap_run.job_id", ondelete="CASCADE"), primary_key=True
    )
    subject_id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str | None]
    stated_area_m2: Mapped[float | None]
    items: Mapped[int] = mapped_column(Integer)
    answer: Mapped[str]

    __table_args__ = (Index("ix_overlap_run_answer_code", "job_id", "code"),)
