"""Tables of the progress room. Nothing here is ever overwritten: a correction is a new row."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

import twin.elements.models  # noqa: F401  a baseline's row refers to the tables of models
from twin.db import Base

PERCENT = Numeric(9, 6)
YUAN = Numeric(18, 2)


class ProgressReport(Base):
    """What a project reported for a month 月报; a corrected report is the next version."""

    __tablename__ = "progress_report"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    period: Mapped[str]  # YYYY-MM
    version: Mapped[int] = mapped_column(SmallInteger)
    as_of: Mapped[date]  # closing day of the period
    status: Mapped[str]
    investment_month_yuan: Mapped[Decimal | None] = mapped_column(YUAN)
    investment_ytd_yuan: Mapped[Decimal | None] = mapped_column(YUAN)
    note: Mapped[str | None]
    reporter: Mapped[str | None]
    reviewer: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("project_id", "period", "version"),
        CheckConstraint("period ~ '^\\d{4}-(0[1-9]|1[0-2])$'", name="period"),
        CheckConstraint("status IN ('submitted','confirmed')", name="status"),
    )


class ProgressReportItem(Base):
    """Percent of one milestone in one report."""

    __tablename__ = "progress_report_item"

    report_id: Mapped[int] = mapped_column(
        ForeignKey("progress_report.id", ondelete="CASCADE"), primary_key=True
    )
    milestone_id: Mapped[int] = mapped_column(
        ForeignKey("milestone.id", ondelete="CASCADE"), primary_key=True
    )
    percent: Mapped[Decimal] = mapped_column(PERCENT)

    __table_args__ = (
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        Index("ix_progress_report_item_milestone_id", "milestone_id"),
    )


class BaselineModel(Base):
    """Which revision's quantities weigh the elements of a model under a baseline; frozen with it."""

    __tablename__ = "baseline_model"

    baseline_id: Mapped[int] = mapped_column(ForeignKey("baseline.id", ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("bim_model.id", ondelete="CASCADE"), primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"))


class ScheduleImport(Base):
    """A work schedule 进度计划 that was taken over from a file, and the baseline it became."""

    __tablename__ = "schedule_import"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    baseline_id: Mapped[int | None] = mapped_column(ForeignKey("baseline.id", ondelete="CASCADE"))
    file_name: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_object.sha256"), index=True)
    format: Mapped[str]
    encoding: Mapped[str | None]
    title: Mapped[str | None]
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    imported_at: Mapped[datetime] = mapped_column(server_default=func.now())
    imported_by: Mapped[str | None]

    __table_args__ = (Index("ix_schedule_import_project_id", "project_id", "id"),)


class ScheduleTask(Base):
    """Which milestone a task of an imported schedule became; the next import finds it by the file's own id."""

    __tablename__ = "schedule_task"

    import_id: Mapped[int] = mapped_column(
        ForeignKey("schedule_import.id", ondelete="CASCADE"), primary_key=True
    )
    uid: Mapped[str] = mapped_column(primary_key=True)
    milestone_id: Mapped[int] = mapped_column(ForeignKey("milestone.id", ondelete="CASCADE"), index=True)
    code: Mapped[str]
    name: Mapped[str | None]
    percent: Mapped[Decimal | None] = mapped_column(PERCENT)
    percent_source: Mapped[str | None]


class ProjectState(Base):
    """Rolled-up progress of a project as it was known for a date; percent 0–100, deviation in points."""

    __tablename__ = "project_state"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    as_of: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    progress: Mapped[Decimal | None] = mapped_column(PERCENT)
    planned_progress: Mapped[Decimal | None] = mapped_column(PERCENT)
    deviation: Mapped[Decimal | None] = mapped_column(PERCENT)
    weight_basis: Mapped[str]  # contract_value | planned_duration | equal
    coverage: Mapped[Decimal] = mapped_column(PERCENT)  # weight with any evidence, percent
    baseline_id: Mapped[int | None] = mapped_column(ForeignKey("baseline.id"))
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # one entry per leaf milestone

    __table_args__ = (Index("ix_project_state_latest", "project_id", "as_of", "id"),)
