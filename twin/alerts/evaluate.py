"""Evaluate a project's lights from the facts and write down result, inputs and reasons."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from twin.alerts.lights import CriticalMilestone, Inputs, Shown, Verdict, judge, show
from twin.alerts.models import LightEvaluation, LightRuleSet, LightTransition
from twin.alerts.queries import find_evaluation, list_rule_sets
from twin.progress.models import ProgressReport, ProjectState
from twin.progress.queries import find_last_report
from twin.progress.record import as_decimal
from twin.projects.models import Project


def gather_inputs(project: Project, state: ProjectState, report: ProgressReport | None) -> Inputs:
    """Gather what the rules look at, as of the day of a rolled-up state.

    Parameters
    ----------
    report : ProgressReport or None
        The newest report that covers a period closed by that day.
    """
    this_year = report is not None and report.period[:4] == f"{state.as_of:%Y}"
    return Inputs(
        as_of=state.as_of,
        stage=project.stage,
        has_baseline=state.baseline_id is not None,
        progress=_fraction(state.progress),
        planned=_fraction(state.planned_progress),
        plan_start=project.plan_start,
        actual_start=project.actual_start,
        last_report_period=report.period if report else None,
        investment_ytd_yuan=_fraction(report.investment_ytd_yuan) if report and this_year else None,
        annual_plan_yuan=_fraction(project.annual_plan_yuan),
        late_critical=tuple(_late_critical(state)),
    )


def _fraction(value: Any) -> Fraction | None:
    return None if value is None else Fraction(value)


def _late_critical(state: ProjectState) -> list[CriticalMilestone]:
    late = []
    for part in state.parts:
        if part["critical"] and part["finish"] and part["percent"] < 100:
            days = (state.as_of - date.fromisoformat(part["finish"])).days
            if days > 0:
                late.append(CriticalMilestone(part["code"], part["name"], days))
    return late


def evaluate_project(
    session: Session, project_id: int, state: ProjectState, now: datetime | None = None
) -> list[LightEvaluation]:
    """Evaluate a project by every rule set in force; a light that changes adds a transition.

    Parameters
    ----------
    state : ProjectState
        What `twin.progress.record.record_project_state` returned.
    now : datetime, optional
        The moment of the evaluation; only a replay of history gives another than the present.

    Notes
    -----
    The same facts evaluated twice add nothing, so that it may run as often as anybody likes.
    """
    project = session.get_one(Project, project_id)
    inputs = gather_inputs(project, state, find_last_report(session, project_id, state.as_of))
    moment = now or datetime.now(UTC)
    return [_evaluate(session, rules, project_id, inputs, moment) for rules in list_rule_sets(session)]


def _evaluate(
    session: Session, rules: LightRuleSet, project_id: int, inputs: Inputs, now: datetime
) -> LightEvaluation:
    before = find_evaluation(session, project_id, rules.preset)
    evaluation = assess(rules, project_id, inputs, before, now)
    if before is not None and _says_the_same(before, evaluation):
        return before
    session.add(evaluation)
    session.flush()
    if is_transition(before, evaluation):
        session.add(make_transition(before, evaluation))
        session.flush()
    return evaluation


def assess(
    rules: LightRuleSet, project_id: int, inputs: Inputs, before: LightEvaluation | None, now: datetime
) -> LightEvaluation:
    """Return the evaluation by one rule set, after hysteresis; nothing is written."""
    verdict = judge(rules.rule, inputs)
    shown = show(rules.rule["improves"], verdict.light, _shown(before), inputs.as_of, now)
    return _row(rules, project_id, inputs, verdict, shown, now)


def is_transition(before: LightEvaluation | None, evaluation: LightEvaluation) -> bool:
    """Tell whether the light shown has changed; the first light of a project is a change too."""
    return before is None or before.light != evaluation.light


def make_transition(before: LightEvaluation | None, evaluation: LightEvaluation) -> LightTransition:
    """Return the row on which later jobs act; the evaluation must have its id."""
    return LightTransition(
        project_id=evaluation.project_id,
        evaluation_id=evaluation.id,
        preset=evaluation.preset,
        from_light=before.light if before else None,
        to_light=evaluation.light,
        raised_at=evaluation.evaluated_at,
    )


def _shown(before: LightEvaluation | None) -> Shown | None:
    return None if before is None else Shown(before.light, before.held, before.held_since)


def _says_the_same(before: LightEvaluation, now: LightEvaluation) -> bool:
    if now.held:  # a better result that is being held back must be counted
        return False
    fields = ("rule_set_id", "as_of", "outcome", "light", "inputs", "reasons")
    return all(getattr(before, name) == getattr(now, name) for name in fields)


def _row(
    rules: LightRuleSet, project_id: int, inputs: Inputs, verdict: Verdict, shown: Shown, now: datetime
) -> LightEvaluation:
    codes = {level["key"]: level["code"] for level in rules.levels}
    return LightEvaluation(
        project_id=project_id,
        rule_set_id=rules.id,
        preset=rules.preset,
        as_of=inputs.as_of,
        evaluated_at=now,
        outcome=verdict.light,
        light=shown.light,
        light_code=codes[shown.light],
        score=as_decimal(verdict.score),
        held=shown.held,
        held_since=shown.held_since,
        inputs=_plain(asdict(inputs)),
        reasons=[_plain(asdict(reason)) for reason in verdict.reasons],
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Fraction):
        return float(as_decimal(value) or 0)
    if isinstance(value, date):
        return value.isoformat()
    return value
