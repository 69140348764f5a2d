"""Tables of the reserve pool's ledger 储备台账: moves, reservations, clocks that stand, splits and merges.

None of them refers to `land_parcel` by a foreign key: the ledger outlives the parcels that were split or merged.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.db import Base, Tracked

SHARE = Numeric(9, 6)


class LandIdleRule(Base):
    """Thresholds of the two legal tests of idle land 闲置土地, and from when to when they hold."""

    __tablename__ = "land_idle_rule"

    name: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    fee_years: Mapped[int] = mapped_column(SmallInteger)
    recovery_years: Mapped[int] = mapped_column(SmallInteger)
    built_share_least: Mapped[Decimal] = mapped_column(SHARE)
    invested_share_least: Mapped[Decimal] = mapped_column(SHARE)
    fee_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    source: Mapped[str]


class LandSuspension(Tracked, Base):
    """Days that do not count towards idle land: delay by the government, force majeure, a court's seal."""

    __tablename__ = "land_suspension"

    parcel_id: Mapped[int]
    parcel_no: Mapped[str]
    number: Mapped[int] = mapped_column(Integer)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]  # the first day that counts again
    cause: Mapped[str]
    reason: Mapped[str]

    __table_args__ = (
        CheckConstraint("ends_on > starts_on", name="order"),
        CheckConstraint("cause IN ('government','force_majeure','court','other')", name="cause"),
        UniqueConstraint("parcel_id", "number"),
    )


class LandTransition(Base):
    """One change of a parcel's state or idle state. Written by a trigger alone, read here."""

    __tablename__ = "land_transition"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    parcel_id: Mapped[int] = mapped_column(index=True)
    parcel_no: Mapped[str]
    axis: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str | None]
    reason: Mapped[str | None]
    effective_on: Mapped[date | None]
    basis: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    __table_args__ = (CheckConstraint("axis IN ('state','idle')", name="axis"),)


class LandReservation(Base):
    """A parcel held for a project 预留; at most one is open for a parcel."""

    __tablename__ = "land_reservation"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    parcel_id: Mapped[int] = mapped_column(index=True)
    parcel_no: Mapped[str]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    reason: Mapped[str | None]
    reserved_by: Mapped[str]
    reserved_by_name: Mapped[str]
    reserved_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_kind: Mapped[str | None]
    end_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("end_kind IN ('cancelled','supplied')", name="end_kind"),
        CheckConstraint("(ended_at IS NULL) = (end_kind IS NULL)", name="ended"),
        Index(
            "uq_land_reservation_parcel_id",
            "parcel_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class LandChange(Base):
    """A split 分割, merge 合并 or partial release 部分盘活: which parcels became which."""

    __tablename__ = "land_change"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    by: Mapped[str | None]
    reason: Mapped[str]
    effective_on: Mapped[date]
    difference_m2: Mapped[float]  # area after less area before, on the ellipsoid
    tolerance_m2: Mapped[float]

    __table_args__ = (CheckConstraint("kind IN ('split','merge','release')", name="kind"),)


class LandChangePart(Base):
    """A parcel as it was before a change or as it came out of it, whole: facts and surveyed outline."""

    __tablename__ = "land_change_part"

    change_id: Mapped[int] = mapped_column(ForeignKey("land_change.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    parcel_no: Mapped[str] = mapped_column(primary_key=True, index=True)
    parcel_id: Mapped[int]
    area_m2: Mapped[float]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    geom_survey: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=-1, spatial_index=False))

    __table_args__ = (CheckConstraint("role IN ('before','after')", name="role"),)
