"""Load the sample set: tables first, then the history of progress and lights; twice is once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin.alerts.evaluate import assess, gather_inputs, is_transition, make_transition
from twin.alerts.models import LightEvaluation, LightRuleSet
from twin.alerts.presets import activate_preset, add_shipped_presets
from twin.alerts.queries import list_rule_sets
from twin.identity.agency import AGENCY_ZONE, REPORTING_DATE, assign_setting
from twin.progress.models import ProgressReport, ProjectState
from twin.progress.queries import get_facts, list_reports
from twin.progress.record import make_state
from twin.projects.models import Project
from twin.samples.district import AS_OF
from twin.samples.files import SampleFolder
from twin.samples.load_land import add_polygons
from twin.samples.load_plans import add_table

FOLDER = Path(__file__).parents[2] / "data" / "samples"
PRESET = "yinchuan-2025"  # the preset whose lights `expected.json` states
TABLES = ("projects", "stages", "milestones", "baselines", "progress_reports")
POLYGONS = ("footprints", "land_parcels", "control_areas")

Tell = Callable[[str, int, int], None]  # what is being done, how much is done, of how much


def _silent(_what: str, _done: int, _total: int) -> None:
    return


@dataclass(frozen=True)
class Loaded:
    """What loading changed."""

    rows: dict[str, int]
    states: int


def load_samples(session: Session, folder: Path = FOLDER, tell: Tell = _silent) -> Loaded:
    """Load the sample tables and replay their history, in the caller's transaction.

    The reporting date is pinned to the set's own, 2025-10-31, and the preset to the one its expected
    answers are stated for; both can be changed afterwards.
    """
    source = SampleFolder(folder)
    rows: dict[str, int] = {}
    names = [*TABLES, *POLYGONS]
    for number, name in enumerate(names):
        tell(f"loading {name} 装载", number, len(names))
        if name in TABLES:
            rows[name] = add_table(session, name, source.rows(f"{name}.json"))
        else:
            file = f"{name}.geojson"
            rows[name] = add_polygons(session, name, source.features(file), file, source.sha256(file))
    add_shipped_presets(session)
    if rows["projects"]:
        activate_preset(session, PRESET)
        assign_setting(session, REPORTING_DATE, AS_OF.isoformat(), "samples")
    return Loaded(rows, replay_history(session, tell))


def replay_history(session: Session, tell: Tell = _silent) -> int:
    """Record state and lights of every sample project for each closed month; return the days recorded."""
    pending = list(_without_states(session))
    rule_sets = list_rule_sets(session)
    recorded = 0
    for number, project in enumerate(pending):
        tell(f"replaying progress of {project.name} 回放进度", number, len(pending))
        recorded += _replay_project(session, project, rule_sets)
        session.flush()
    return recorded


def _replay_project(session: Session, project: Project, rule_sets: Sequence[LightRuleSet]) -> int:
    """Replay one project in memory and write it at once: row by row would take half a minute for the set."""
    facts = get_facts(session, project.id)
    reports = list_reports(session, project.id)
    days = sorted({report.as_of for report in reports} | {AS_OF})
    states = [make_state(facts, {}, day, _evening(day)) for day in days]
    changes = [change for rules in rule_sets for change in _assess_all(rules, project, states, reports)]
    session.add_all(states)
    session.add_all(evaluation for _, evaluation in changes)
    session.flush()
    session.add_all(make_transition(*change) for change in changes if is_transition(*change))
    return len(days)


def _assess_all(
    rules: LightRuleSet, project: Project, states: Sequence[ProjectState], reports: Sequence[ProgressReport]
) -> Iterator[tuple[LightEvaluation | None, LightEvaluation]]:
    before = None
    for state in states:
        known = [report for report in reports if report.as_of <= state.as_of]
        inputs = gather_inputs(project, state, known[-1] if known else None)
        evaluation = assess(rules, project.id, inputs, before, _evening(state.as_of))
        yield before, evaluation
        before = evaluation


def _evening(day: date) -> datetime:
    return datetime.combine(day, time(20), AGENCY_ZONE)


def _without_states(session: Session) -> Iterator[Project]:
    known = select(ProjectState.project_id).where(ProjectState.as_of == AS_OF)
    statement = (
        select(Project).where(Project.source == "samples", Project.id.not_in(known)).order_by(Project.id)
    )
    yield from session.scalars(statement)
