"""Tables of the alert room."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Integer, Numeric, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.db import Base


class LightRuleSet(Base):
    """One version of a preset: its ordered levels and every number of its rule (`domain.md` §8)."""

    __tablename__ = "light_rule_set"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    preset: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    title_zh: Mapped[str]
    title_en: Mapped[str]
    source: Mapped[str]
    levels: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # {code, key, zh, en, colour}, best first
    rule: Mapped[dict[str, Any]] = mapped_column(JSONB)
    in_force: Mapped[bool] = mapped_column(server_default=text("true"))  # newest version of its preset
    active: Mapped[bool] = mapped_column(server_default=text("false"))  # the preset the map shows
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("preset", "version"),
        Index("uq_light_rule_set_active", "active", unique=True, postgresql_where=text("active")),
        Index("uq_light_rule_set_in_force", "preset", unique=True, postgresql_where=text("in_force")),
    )


class LightEvaluation(Base):
    """The light of a project as of a date, with all that led to it; only ever added to."""

    __tablename__ = "light_evaluation"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    rule_set_id: Mapped[int] = mapped_column(ForeignKey("light_rule_set.id"))
    preset: Mapped[str]
    as_of: Mapped[date]
    evaluated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    outcome: Mapped[str]  # what the rule says now
    light: Mapped[str]  # what is shown, after hysteresis
    light_code: Mapped[int] = mapped_column(Integer)
    score: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    held: Mapped[int] = mapped_column(Integer)  # evaluations in a row with a better outcome than shown
    held_since: Mapped[datetime | None]
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    __table_args__ = (Index("ix_light_evaluation_latest", "preset", "project_id", "as_of", "id"),)


class LightTransition(Base):
    """A light that changed; a later job acts on rows not yet handled."""

    __tablename__ = "light_transition"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("light_evaluation.id"))
    preset: Mapped[str]
    from_light: Mapped[str | None]
    to_light: Mapped[str]
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    handled_at: Mapped[datetime | None]
