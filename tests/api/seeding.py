"""A small agency: one public and one private project, with models, land and reports of both kinds.

What an anonymous caller must never read can be told by its look: texts of private rows carry PRIVATE,
internal fields of public rows INTERNAL, secret numbers begin with 9876543, and whatever is private lies at
116.765°E, 33.765°N, far from what is public.
"""

from dataclasses import dataclass
from datetime import date

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from twin.alerts.evaluate import evaluate_project
from twin.alerts.presets import add_shipped_presets
from twin.db import for_sqlalchemy
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.identity.tokens import add_token, add_user, assign_role
from twin.progress.record import record_project_state

MARKS = ("PRIVATE", "INTERNAL", "9876543", "116.765", "33.765")
PUBLIC_CODE = "341299-2023-01-0001-1"
PRIVATE_CODE = "PRIVATE-CODE-1"
PUBLIC_NAME = "淮河路跨线桥"
BIG = 2_500  # parcels, so that pages are more than one and large answers stream
OPEN_BOX = "ST_Multi(ST_MakeEnvelope(115.61, 33.15, 115.62, 33.16, 4490))"
SECRET_BOX = "ST_Multi(ST_MakeEnvelope(116.76543, 33.76543, 116.7655, 33.7655, 4490))"

_PROJECTS = f"""
INSERT INTO project_category VALUES ('01', '交通路网', 'Transport');
INSERT INTO project (id, code, nat_code, name, category, purpose, level, owner_unit, lead_person, stage,
    approved_estimate_yuan, investment_total_yuan, annual_plan_yuan, plan_start, plan_finish, public_visible,
    created_by, source)
  OVERRIDING SYSTEM VALUE VALUES
  (1, '{PUBLIC_CODE}', '2303-341299-04-01-100015', '{PUBLIC_NAME}', '01', 'infrastructure', '市', '市交投集团',
    'INTERNAL 张三', 'construction', 98765431, 120000000, 98765432, '2025-01-01', '2025-12-31', true,
    'INTERNAL maker', 'INTERNAL source'),
  (2, '{PRIVATE_CODE}', 'PRIVATE nat', 'PRIVATE 保密工程', '01', 'industry', '省', 'PRIVATE owner',
    'PRIVATE lead', 'design', 98765433, 98765434, 98765435, '2025-01-01', '2025-12-31', false,
    'PRIVATE maker', 'PRIVATE source');
INSERT INTO project_footprint (project_id, version, geom, geom_survey, source_crs, source_file, stated_area_m2)
  VALUES (1, 1, {OPEN_BOX}, ST_Transform({OPEN_BOX}, 4527), 'EPSG:4527', 'INTERNAL.txt', 98765436),
         (2, 1, {SECRET_BOX}, ST_Transform({SECRET_BOX}, 4527), 'EPSG:4527', 'PRIVATE.txt', 98765437);
INSERT INTO project_stage (project_id, stage, state, responsible, reason)
  VALUES (1, 'construction', 'in_progress', 'INTERNAL 李四', 'INTERNAL reason'),
         (2, 'design', 'in_progress', 'PRIVATE', 'PRIVATE');
INSERT INTO milestone (id, project_id, code, name, critical, owner) OVERRIDING SYSTEM VALUE VALUES
  (1, 1, 'M1', '下部结构', true, 'INTERNAL 王五'), (2, 1, 'M2', '上部结构', false, 'INTERNAL 王五'),
  (3, 2, 'PRIVATE-M', 'PRIVATE milestone', true, 'PRIVATE');
INSERT INTO baseline (id, project_id, version, approved_on) OVERRIDING SYSTEM VALUE VALUES
  (1, 1, 1, '2025-01-01'), (2, 2, 1, '2025-01-01');
INSERT INTO baseline_milestone (baseline_id, milestone_id, weight, start, finish) VALUES
  (1, 1, 0.5, '2025-01-01', '2025-06-30'), (1, 2, 0.5, '2025-07-01', '2025-12-31'),
  (2, 3, 1, '2025-01-01', '2025-12-31');
INSERT INTO progress_report (id, project_id, period, version, as_of, status, investment_month_yuan,
    investment_ytd_yuan, note, reporter, reviewer) OVERRIDING SYSTEM VALUE VALUES
  (1, 1, '2025-10', 1, '2025-10-31', 'submitted', 98765438, 98765439, 'INTERNAL note', 'INTERNAL', 'INTERNAL'),
  (2, 2, '2025-10', 1, '2025-10-31', 'submitted', 98765438, 98765439, 'PRIVATE note', 'PRIVATE', 'PRIVATE');
INSERT INTO progress_report_item VALUES (1, 1, 100), (1, 2, 20), (2, 3, 50);
INSERT INTO agency_setting VALUES ('reporting_date', '"2025-10-31"');
SELECT setval(pg_get_serial_sequence(t, 'id'), 1000) FROM unnest(ARRAY['project', 'milestone', 'baseline',
  'progress_report']) t;
"""

_MODELS = f"""
INSERT INTO stored_object VALUES ('PRIVATE' || repeat('0', 57), 1);
INSERT INTO bim_model (id, project_id, name, discipline, public_visible) OVERRIDING SYSTEM VALUE VALUES
  (1, 1, '桥梁模型', 'bridge', true), (2, 1, 'PRIVATE 内部模型', 'PRIVATE', false),
  (3, 2, 'PRIVATE 保密模型', 'PRIVATE', true);
INSERT INTO bim_revision (id, model_id, number, state, sha256, file_name, published_at, schema_name,
    georeference, geom, geom_survey)
  OVERRIDING SYSTEM VALUE
  SELECT id, id, 1, 'published', 'PRIVATE' || repeat('0', 57), 'INTERNAL.ifc', '2025-10-01', 'IFC4',
    '{{"level": 50, "method": "IfcMapConversion", "confidence": "high", "crs": "INTERNAL"}}',
    box, ST_Transform(box, 4527)
  FROM (SELECT id, CASE WHEN id = 1 THEN {OPEN_BOX} ELSE {SECRET_BOX} END AS box FROM bim_model) m;
UPDATE bim_model SET current_revision_id = id;
INSERT INTO element_identity (id, model_id, global_id, status, progress) OVERRIDING SYSTEM VALUE VALUES
  (11, 1, '0public000000000000001', 'done', 100), (12, 2, 'PRIVATE0000000000000b1', 'done', 100),
  (13, 3, 'PRIVATE0000000000000c1', 'done', 100);
INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class, name, storey,
    psets, quantity, quantity_unit, quantity_source, plan_start, plan_finish, geom, z_min_m, z_max_m)
  SELECT i.model_id, i.id, m.project_id, i.id, i.global_id, 'IfcColumn',
    CASE WHEN i.id = 11 THEN '1号墩柱' ELSE 'PRIVATE element' END,
    CASE WHEN i.id = 11 THEN '下部' ELSE 'PRIVATE' END, '{{"Pset": {{"a": "INTERNAL"}}}}', 98765440,
    'INTERNAL m3', 'INTERNAL', '2025-01-01', '2025-06-30',
    CASE WHEN i.id = 11 THEN {OPEN_BOX} ELSE {SECRET_BOX} END, 0, 12.5
  FROM element_identity i JOIN bim_model m ON m.id = i.model_id;
INSERT INTO job_run (job_id, kind, payload, project_id, state, verdict)
  VALUES ('00000000-0000-0000-0000-00000000000a', 'PRIVATE', '{{"file": "PRIVATE"}}', 2, 'failed',
    '{{"code": "failed", "message": "PRIVATE", "message_zh": "PRIVATE", "detail": {{}}}}');
"""

_LAND = f"""
INSERT INTO land_parcel (id, parcel_no, name, kind, planned_use, land_class, state, idle_state, agreed_start,
    public_visible, geom, geom_survey, source_crs, source_file, stated_area_m2) OVERRIDING SYSTEM VALUE VALUES
  (1, 'DK-0001', '城东一号', '储备', '工业', '0601', 'ready', 'INTERNAL', '1987-06-05', true, {OPEN_BOX},
    ST_Transform({OPEN_BOX}, 4527), 'EPSG:4527', 'INTERNAL', 1000),
  (2, 'PRIVATE-2', 'PRIVATE', '储备', 'PRIVATE', 'PRIVATE', 'stored', 'PRIVATE', '1987-06-05', false,
    {SECRET_BOX}, ST_Transform({SECRET_BOX}, 4527), 'EPSG:4527', 'PRIVATE', 98765441);
SELECT setval(pg_get_serial_sequence('land_parcel', 'id'), 1000);
INSERT INTO land_parcel (parcel_no, kind, state, public_visible, geom, geom_survey, source_crs)
  SELECT 'DK-1' || lpad(n::text, 5, '0'), '储备', 'stored', true, g, ST_Transform(g, 4527), 'EPSG:4527'
  FROM (SELECT n, ST_Multi(ST_MakeEnvelope(115.7 + (n % 50) * 0.001, 33.2 + (n / 50) * 0.001,
      115.7008 + (n % 50) * 0.001, 33.2008 + (n / 50) * 0.001, 4490)) AS g
    FROM generate_series(0, {BIG - 2}) n) q;
INSERT INTO control_area (layer, code, name, class_code, class_name, registered_area_m2, sensitivity,
    public_visible, geom, geom_survey, source_crs, attributes) VALUES
  ('urban_boundary', 'CZ-1', '城镇开发边界', 'CZ', '开发边界', 98765442, 'INTERNAL', true, {OPEN_BOX},
    ST_Transform({OPEN_BOX}, 4527), 'EPSG:4527', '{{"k": "INTERNAL"}}'),
  ('farmland', 'PRIVATE-F1', 'PRIVATE 农田', 'PRIVATE', 'PRIVATE', 98765443, 'PRIVATE', false, {SECRET_BOX},
    ST_Transform({SECRET_BOX}, 4527), 'EPSG:4527', '{{}}'),
  ('farmland', 'PRIVATE-F2', 'PRIVATE 农田', 'PRIVATE', 'PRIVATE', 98765443, 'PRIVATE', false,
    ST_Multi(ST_MakeEnvelope(115.615, 33.155, 115.625, 33.165, 4490)),
    ST_Transform(ST_Multi(ST_MakeEnvelope(115.615, 33.155, 115.625, 33.165, 4490)), 4527), 'EPSG:4527', '{{}}');
"""

USERS = {  # login → role held everywhere, or (role, projects)
    "admin": ("admin", ()),
    "auditor": ("auditor", ()),
    "planner": ("planner", ()),
    "contractor": ("contractor", (1,)),
    "director": ("director", ()),
    "division": ("division", ()),
    "department": ("department", ()),
    "task_force": ("task_force", (1,)),
    "site_supervisor": ("site_supervisor", (1,)),
    "evaluator": ("evaluator", (1,)),
}


@dataclass(frozen=True)
class Seeded:
    """The database and the tokens of its users, by login."""

    url: str
    tokens: dict[str, str]


def seed(url: str) -> Seeded:
    """Fill a migrated database; from then on everybody connects to it as the service role."""
    with psycopg.connect(url, autocommit=True) as connection:
        for script in (_PROJECTS, _MODELS, _LAND):
            connection.execute(script)
    engine = create_engine(for_sqlalchemy(url))
    with Session(engine) as session, session.begin():
        add_shipped_presets(session)
        for project in (1, 2):
            evaluate_project(session, project, record_project_state(session, project, date(2025, 10, 31)))
        record_audit(session, Caller(login="PRIVATE"), "PRIVATE", "PRIVATE", after={"a": "PRIVATE"})
        tokens = {login: _add_user(session, login) for login in USERS}
    engine.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET role TO twin_app')
    return Seeded(url, tokens)


def _add_user(session: Session, login: str) -> str:
    role, projects = USERS[login]
    user = add_user(session, login, f"PRIVATE {login}")
    for project in projects or (None,):
        assign_role(session, user, role, project)
    return add_token(session, user, "PRIVATE token")


def as_owner(url: str, statement: str) -> None:
    """Change a seeded database behind the application's back."""
    engine = create_engine(for_sqlalchemy(url))
    with engine.begin() as connection:
        connection.execute(text("SET ROLE NONE"))
        connection.execute(text(statement))
    engine.dispose()
