"""Every SELECT of the alert room."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin.alerts.models import LightEvaluation, LightRuleSet


def list_rule_sets(session: Session) -> list[LightRuleSet]:
    """List the rule sets in force, the active one first."""
    statement = select(LightRuleSet).where(LightRuleSet.in_force)
    return list(session.scalars(statement.order_by(LightRuleSet.active.desc(), LightRuleSet.preset)))


def find_active_rule_set(session: Session) -> LightRuleSet | None:
    """Return the rule set whose light maps and lists show."""
    return session.scalar(select(LightRuleSet).where(LightRuleSet.active))


def find_evaluation(session: Session, project_id: int, preset: str) -> LightEvaluation | None:
    """Return the newest evaluation of a project by a preset."""
    return session.scalar(
        select(LightEvaluation)
        .where(LightEvaluation.preset == preset, LightEvaluation.project_id == project_id)
        .order_by(LightEvaluation.as_of.desc(), LightEvaluation.id.desc())
        .limit(1)
    )


def list_evaluations(session: Session, project_id: int, preset: str | None = None) -> list[LightEvaluation]:
    """List the evaluations of a project, newest first."""
    statement = select(LightEvaluation).where(LightEvaluation.project_id == project_id)
    if preset is not None:
        statement = statement.where(LightEvaluation.preset == preset)
    return list(session.scalars(statement.order_by(LightEvaluation.as_of.desc(), LightEvaluation.id.desc())))
