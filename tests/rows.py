"""Rows that tests start from; names and values are recognisable and Chinese."""

from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.progress.models import ProgressReport, ProgressReportItem
from twin.projects.models import Baseline, BaselineMilestone, Category, Milestone, Project

SQUARE = (39387800.0, 3653300.0, 39388000.0, 3653450.0)  # EPSG:4527, 200 m × 150 m near 115.8°E 33.0°N


def square_wkt(west: float, south: float, east: float, north: float) -> str:
    """Return a box as a MULTIPOLYGON."""
    return f"MULTIPOLYGON((({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south})))"


def add_category(session: Session) -> None:
    """Add the class 市政设施."""
    if session.get(Category, "03") is None:
        session.add(Category(code="03", name_zh="市政设施", name_en="Municipal works"))
        session.flush()


def add_project(
    session: Session,
    code: str = "341299-2025-03-0128-4",
    name: str = "示范区滨河路停车场工程",
    stage: str = "construction",
    public: bool = True,
    box: tuple[float, float, float, float] = SQUARE,
) -> Project:
    """Add a project with a red line."""
    add_category(session)
    project = Project(
        code=code,
        name=name,
        category="03",
        purpose="infrastructure",
        stage=stage,
        public_visible=public,
        owner_unit="示范区城建样例公司",
        lead_person="甲某某",
        investment_total_yuan=Decimal("123456789.01"),
        annual_plan_yuan=Decimal("1000000.00"),
        plan_start=date(2024, 11, 1),
        plan_finish=date(2026, 4, 30),
        actual_start=date(2024, 11, 3),
    )
    session.add(project)
    session.flush()
    add_footprint(session, project.id, square_wkt(*box))
    return project


def add_footprint(session: Session, project_id: int, wkt: str, srid: int = 4527) -> None:
    """Add the first version of a red line, surveyed in a 3-degree zone."""
    session.execute(
        text(
            """INSERT INTO project_footprint (project_id, version, valid_from, source_crs, geom_survey, geom)
            SELECT :project, 1, '2020-01-01', 'EPSG:' || :srid, g, ST_Transform(ST_Segmentize(g, 500), 4490)
            FROM (SELECT ST_GeomFromText(:wkt, :srid) AS g) q"""
        ),
        {"project": project_id, "wkt": wkt, "srid": srid},
    )


def add_plan(
    session: Session, project: Project, approved_on: date = date(2024, 10, 1)
) -> dict[str, Milestone]:
    """Add a baseline of two milestones: M01 桩基 (30 %, done by 2025-03-31), M02 主体 (70 %, 2025-10-01 to 2025-11-30)."""
    baseline = Baseline(project_id=project.id, version=1, approved_on=approved_on)
    session.add(baseline)
    session.flush()
    plan = {
        "M01": ("桩基工程", "0.3", date(2024, 11, 1), date(2025, 3, 31)),
        "M02": ("主体结构", "0.7", date(2025, 10, 1), date(2025, 11, 30)),
    }
    milestones = {}
    for code, (name, weight, start, finish) in plan.items():
        milestone = Milestone(project_id=project.id, code=code, name=name)
        session.add(milestone)
        session.flush()
        session.add(
            BaselineMilestone(
                baseline_id=baseline.id,
                milestone_id=milestone.id,
                weight=Decimal(weight),
                start=start,
                finish=finish,
            )
        )
        milestones[code] = milestone
    session.flush()
    return milestones


def add_report(
    session: Session,
    project: Project,
    period: str,
    as_of: date,
    percents: dict[int, str],
    version: int = 1,
    investment_ytd_yuan: str | None = None,
) -> None:
    """Add a monthly report with the percent of some milestones, by milestone id."""
    report = ProgressReport(
        project_id=project.id,
        period=period,
        version=version,
        as_of=as_of,
        status="confirmed",
        investment_ytd_yuan=None if investment_ytd_yuan is None else Decimal(investment_ytd_yuan),
    )
    session.add(report)
    session.flush()
    for milestone_id, percent in percents.items():
        session.add(
            ProgressReportItem(report_id=report.id, milestone_id=milestone_id, percent=Decimal(percent))
        )
    session.flush()
