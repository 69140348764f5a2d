"""Load projects, stages, milestones, baselines and monthly reports: set-based, twice is once."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

CATEGORY_NAMES_EN = {
    "01": "Roads and transport",
    "02": "Industrial parks",
    "03": "Municipal works",
    "04": "Public services",
    "05": "Water and ecology",
    "06": "Energy and digital base",
}

_CATEGORIES = text("""
INSERT INTO project_category (code, name_zh, name_en)
SELECT DISTINCT r.category, r.category_name, coalesce(CAST(:names_en AS jsonb) ->> r.category, r.category)
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(category text, category_name text)
ON CONFLICT (code) DO NOTHING""")

_PROJECTS = text("""
INSERT INTO project (code, nat_code, name, category, purpose, level, region_code, owner_unit, lead_person, stage,
  delivery_mode, approved_estimate_yuan, investment_total_yuan, annual_plan_yuan, plan_start, plan_finish,
  actual_start, actual_finish, strategy_tags, suspended, public_visible, synthetic, source)
SELECT r.code, r.nat_code, r.name, r.category, r.purpose, r.level, r.region_code, r.owner_unit, r.lead_person,
  r.stage, r.delivery_mode, r.approved_estimate_yuan, r.investment_total_yuan, r.annual_plan_yuan, r.plan_start,
  r.plan_finish, r.actual_start, r.actual_finish, coalesce(r.strategy_tags, '{}'), coalesce(r.suspended, false),
  r.public_visible, true, 'samples'
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(code text, nat_code text, name text, category text,
  purpose text, level text, region_code text, owner_unit text, lead_person text, stage text, delivery_mode text,
  approved_estimate_yuan numeric, investment_total_yuan numeric, annual_plan_yuan numeric, plan_start date,
  plan_finish date, actual_start date, actual_finish date, strategy_tags text[], suspended boolean,
  public_visible boolean)
ORDER BY r.code
ON CONFLICT (code) DO NOTHING""")

_STAGES = text("""
INSERT INTO project_stage (project_id, stage, state, responsible, due_on, started_on, finished_on, source)
SELECT p.id, r.stage, r.state, r.responsible, r.due_on, r.started_on, r.finished_on, 'samples'
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(project text, stage text, state text, responsible text,
  due_on date, started_on date, finished_on date)
JOIN project p ON p.code = r.project
ON CONFLICT (project_id, stage) DO NOTHING""")

_MILESTONES = text("""
INSERT INTO milestone (project_id, code, name, critical, owner, actual_start, actual_finish, source)
SELECT p.id, r.code, r.name, coalesce(r.critical, false), r.owner, r.actual_start, r.actual_finish, 'samples'
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(project text, code text, name text, critical boolean,
  owner text, actual_start date, actual_finish date)
JOIN project p ON p.code = r.project
ORDER BY p.id, r.code
ON CONFLICT (project_id, code) DO NOTHING""")

_PARENTS = text("""
UPDATE milestone m SET parent_id = parent.id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(project text, code text, parent text)
JOIN project p ON p.code = r.project
JOIN milestone parent ON parent.project_id = p.id AND parent.code = r.parent
WHERE m.project_id = p.id AND m.code = r.code AND m.parent_id IS NULL""")

_BASELINES = text("""
INSERT INTO baseline (project_id, version, approved_on, source)
SELECT p.id, r.version, r.approved_on, 'samples'
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(project text, version smallint, approved_on date)
JOIN project p ON p.code = r.project
ON CONFLICT (project_id, version) DO NOTHING""")

_BASELINE_MILESTONES = text("""
INSERT INTO baseline_milestone (baseline_id, milestone_id, weight, start, finish, monthly_targets)
SELECT b.id, m.id, i.weight, i.start, i.finish, i.monthly_targets
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(project text, version smallint, milestones jsonb)
JOIN project p ON p.code = r.project
JOIN baseline b ON b.project_id = p.id AND b.version = r.version
CROSS JOIN LATERAL jsonb_to_recordset(r.milestones) AS i(code text, weight numeric, start date, finish date,
  monthly_targets jsonb)
JOIN milestone m ON m.project_id = p.id AND m.code = i.code
ON CONFLICT (baseline_id, milestone_id) DO NOTHING""")

_REPORTS = text("""
INSERT INTO progress_report (project_id, period, version, as_of, status, investment_month_yuan,
  investment_ytd_yuan, note, reporter, reviewer, recorded_at)
SELECT p.id, r.period, r.version, r.as_of, r.status, r.investment_month_yuan,
  r.investment_ytd_yuan, r.note, r.reporter, r.reviewer, r.reported_at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(project text, period text, version smallint, as_of date,
  status text, investment_month_yuan numeric, investment_ytd_yuan numeric, note text, reporter text,
  reviewer text, reported_at timestamptz)
JOIN project p ON p.code = r.project
ORDER BY p.id, r.period, r.version
ON CONFLICT (project_id, period, version) DO NOTHING""")

_REPORT_ITEMS = text("""
INSERT INTO progress_report_item (report_id, milestone_id, percent)
SELECT t.id, m.id, CAST(i.value AS numeric)
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(project text, period text, version smallint, percents jsonb)
JOIN project p ON p.code = r.project
JOIN progress_report t ON t.project_id = p.id AND t.period = r.period AND t.version = r.version
CROSS JOIN LATERAL jsonb_each_text(r.percents) AS i(code, value)
JOIN milestone m ON m.project_id = p.id AND m.code = i.code
ON CONFLICT (report_id, milestone_id) DO NOTHING""")

_STATEMENTS: Mapping[str, tuple[TextClause, ...]] = {
    "projects": (_CATEGORIES, _PROJECTS),
    "stages": (_STAGES,),
    "milestones": (_MILESTONES, _PARENTS),
    "baselines": (_BASELINES, _BASELINE_MILESTONES),
    "progress_reports": (_REPORTS, _REPORT_ITEMS),
}


def add_table(session: Session, table: str, rows: list[dict[str, Any]]) -> int:
    """Add the records of one table that are not there yet; return how many rows were written."""
    written = 0
    for statement in _STATEMENTS[table]:
        values = {"rows": json.dumps(rows, ensure_ascii=False)}
        if statement is _CATEGORIES:
            values["names_en"] = json.dumps(CATEGORY_NAMES_EN)
        written += session.execute(statement, values).rowcount  # type: ignore[attr-defined]
    return written
