"""The schedule files of the samples say what the school's baseline says: taking them over changes nothing."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bim.schedules.read import read_schedule_file
from twin.progress.schedule_import import SourceFile, apply_schedule
from twin.projects.models import Baseline, Project
from twin.samples import cast
from twin.samples.load import load_samples
from twin.samples.projects import sample_projects

EXCHANGE = Path(__file__).parents[3] / "data" / "samples" / "exchange"


@pytest.mark.parametrize("name", ["schedule-gb18030.xer", "schedule-mspdi.xml"])
def test_a_sample_schedule_is_the_plan_in_force(name: str, session: Session) -> None:
    load_samples(session)
    code = sample_projects()[cast.BUILDING].code
    project = session.scalars(select(Project).where(Project.code == code)).one()
    plan = read_schedule_file((EXCHANGE / name).read_bytes())
    done = apply_schedule(session, project.id, plan, SourceFile(name, "0" * 64), "keep")
    assert done.difference.changed == []
    assert done.difference.same_plan
    assert done.baseline is None
    assert len(done.difference.unchanged) == len(plan.leaves) == 12
    assert done.weight_basis == "contract_value"
    versions = session.scalar(select(func.max(Baseline.version)).where(Baseline.project_id == project.id))
    assert versions == 1
