"""Tables of the project room (`domain.md` §3, §6)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from twin.db import Base, Tracked

YUAN = Numeric(18, 2)
STAGES = ("initiation", "design", "tender", "construction", "acceptance", "operation")
GEODESIC_AREA = "ST_Area(geography(ST_SetSRID(geom, 4326)))"  # 4326 ≡ 4490 by policy


class Category(Base):
    """A project class 项目类别; its two-digit code is part of the archive number. Settable data."""

    __tablename__ = "project_category"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]


class Project(Tracked, Base):
    """A key project 重点项目; `code` is the archive number 档案编号, issued once and never reused."""

    __tablename__ = "project"

    code: Mapped[str] = mapped_column(unique=True)
    nat_code: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    category: Mapped[str] = mapped_column(ForeignKey("project_category.code"))
    purpose: Mapped[str]
    level: Mapped[str | None]
    region_code: Mapped[str | None]
    owner_unit: Mapped[str | None]
    lead_person: Mapped[str | None]
    stage: Mapped[str]
    delivery_mode: Mapped[str | None]
    approved_estimate_yuan: Mapped[Decimal | None] = mapped_column(YUAN)
    investment_total_yuan: Mapped[Decimal | None] = mapped_column(YUAN)
    annual_plan_yuan: Mapped[Decimal | None] = mapped_column(YUAN)
    plan_start: Mapped[date | None]
    plan_finish: Mapped[date | None]
    actual_start: Mapped[date | None]
    actual_finish: Mapped[date | None]
    strategy_tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    suspended: Mapped[bool] = mapped_column(server_default=text("false"))
    public_visible: Mapped[bool] = mapped_column(server_default=text("false"))
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        CheckConstraint(
            "stage IN ('initiation','design','tender','construction','acceptance','operation')", name="stage"
        ),
        CheckConstraint("purpose IN ('infrastructure','livelihood','industry')", name="purpose"),
    )


class Footprint(Tracked, Base):
    """One version of a project's red line 红线: as surveyed, and as shown on the map."""

    __tablename__ = "project_footprint"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(SmallInteger)
    valid_from: Mapped[datetime] = mapped_column(server_default=func.now())
    valid_to: Mapped[datetime | None]
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=4490, spatial_index=False))
    geom_survey: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=-1, spatial_index=False))
    source_crs: Mapped[str]
    source_file: Mapped[str | None]
    source_sha256: Mapped[str | None]
    stated_area_m2: Mapped[float | None]
    area_m2: Mapped[float] = mapped_column(Computed(GEODESIC_AREA, persisted=True))

    __table_args__ = (
        UniqueConstraint("project_id", "version"),
        Index(
            "uq_project_footprint_current",
            "project_id",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
        ),
        Index("ix_project_footprint_geom", "geom", postgresql_using="gist"),
    )


class Stage(Tracked, Base):
    """One of the six stages 立项—设计—招标—施工—验收—运营 of a project, with its owner and time limit."""

    __tablename__ = "project_stage"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    stage: Mapped[str]
    state: Mapped[str]
    responsible: Mapped[str | None]
    due_on: Mapped[date | None]
    started_on: Mapped[date | None]
    finished_on: Mapped[date | None]
    reason: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("project_id", "stage"),
        CheckConstraint("state IN ('not_started','in_progress','done','suspended','waived')", name="state"),
    )


class Milestone(Tracked, Base):
    """A node 节点 or sub-task 子任务 of a project; a work package 工作包 when elements are linked to it."""

    __tablename__ = "milestone"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("milestone.id"))
    code: Mapped[str]
    name: Mapped[str]
    critical: Mapped[bool] = mapped_column(server_default=text("false"))
    owner: Mapped[str | None]
    actual_start: Mapped[date | None]
    actual_finish: Mapped[date | None]

    __table_args__ = (UniqueConstraint("project_id", "code"),)


class Baseline(Tracked, Base):
    """An approved plan 基线 of a project; weights and dates are frozen in it."""

    __tablename__ = "baseline"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(SmallInteger)
    approved_on: Mapped[date | None]  # None: a draft, by which nothing is assessed

    __table_args__ = (UniqueConstraint("project_id", "version"),)


class BaselineMilestone(Base):
    """Weight, dates and monthly targets of one milestone in one baseline."""

    __tablename__ = "baseline_milestone"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    baseline_id: Mapped[int] = mapped_column(ForeignKey("baseline.id", ondelete="CASCADE"))
    milestone_id: Mapped[int] = mapped_column(ForeignKey("milestone.id", ondelete="CASCADE"), index=True)
    weight: Mapped[Decimal | None] = mapped_column(Numeric(20, 12))  # share of contract value
    start: Mapped[date | None]
    finish: Mapped[date | None]
    monthly_targets: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # {"2025-10": 80.0}, percent
    labour_hours: Mapped[float | None]
    unit_values: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB
    )  # {"m3": 1200000.0}, yuan by unit 清单金额

    __table_args__ = (
        UniqueConstraint("baseline_id", "milestone_id"),
        CheckConstraint("finish >= start", name="order"),
        CheckConstraint("weight >= 0", name="weight"),
        CheckConstraint("labour_hours >= 0", name="labour_hours"),
    )
