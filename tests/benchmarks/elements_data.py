"""Models for the search benchmark: thousands of elements a model, each with some forty properties, made in SQL."""

import psycopg

MODELS_A_PROJECT = 10
_CLASSES = "{IfcWall,IfcSlab,IfcColumn,IfcBeam,IfcPile,IfcDoor,IfcWindow,IfcPipeSegment,IfcMember,IfcPlate}"
_NAMES = "{剪力墙,楼板,框架柱,主梁,钻孔灌注桩,防火门,铝合金窗,给水管段,幕墙龙骨,钢板}"

# One element in 997 has a rare mark; names repeat by class, tags and numbers are its own.
_MODEL = """
WITH model AS (
  INSERT INTO bim_model (project_id, name, discipline, public_visible)
  VALUES (%(project)s, %(name)s, '结构', false) RETURNING id),
object AS (
  INSERT INTO stored_object (sha256, size_bytes) VALUES (md5(%(name)s) || md5(%(name)s), 1)
  ON CONFLICT DO NOTHING RETURNING sha256)
INSERT INTO bim_revision (model_id, number, state, sha256, file_name, published_at)
SELECT model.id, 1, 'published', md5(%(name)s) || md5(%(name)s), 'x.ifc', now()
FROM model RETURNING model_id, id"""

_IDENTITIES = """
INSERT INTO element_identity (model_id, global_id, status, progress)
SELECT %(model)s, '0' || lpad(n::text, 21, '0'), CASE n %% 10 WHEN 0 THEN 'done' WHEN 1 THEN 'in_progress'
  ELSE 'not_started' END, CASE n %% 10 WHEN 0 THEN 100 WHEN 1 THEN 40 ELSE 0 END
FROM generate_series(1, %(count)s) n"""

_ELEMENTS = """
INSERT INTO bim_element (revision_id, identity_id, project_id, fid, step_id, global_id, ifc_class, name, tag, type_name,
  storey, psets, pset_si, quantities, classification, materials, quantity, quantity_unit, quantity_source, z_min_m, z_max_m)
SELECT %(revision)s, i.id, %(project)s, n - 1, n, i.global_id, (%(classes)s::text[])[k],
  (%(names)s::text[])[k] || CASE WHEN n %% 997 = 0 THEN ' 特殊节点' ELSE '' END, 'T' || n,
  (%(names)s::text[])[k] || '-' || (n %% 37) || '型', (n %% 30 + 1) || '层',
  jsonb_build_object(
    'Pset_Common', jsonb_build_object('FireRating', '耐火' || (n %% 4 + 1) || '级', 'IsExternal', n %% 2 = 0,
      'LoadBearing', n %% 3 = 0, 'Reference', 'R' || n %% 50, 'AcousticRating', 'A' || n %% 7,
      'ThermalTransmittance', n %% 11 * 0.1, 'Status', jsonb_build_array('NEW'), 'Compartmentation', false),
    '设计信息', jsonb_build_object('混凝土强度', 'C' || 20 + n %% 9 * 5, '抗震等级', n %% 4 + 1, '施工标段', n %% 5 || '标段',
      '构件编号', 'GJ-' || n, '钢筋保护层', 20 + n %% 5, '备注', CASE WHEN n %% 1000 = 7 THEN '需监理旁站验收' ELSE '无' END,
      '图纸', 'S-' || n %% 40, '轴线', (n %% 26) || '-' || (n %% 17), '厂家', '示例构件厂' || n %% 6, '批次', 'P' || n %% 200),
    'Dimensions', jsonb_build_object('Length', n %% 6000, 'Width', n %% 400, 'Height', 3000, 'Elevation', n %% 300 * 100,
      'Slope', n %% 9, 'Perimeter', n %% 8000, 'Offset', 0, 'Area', n %% 700 * 0.01, 'Volume', n %% 900 * 0.001,
      'Level', (n %% 30 + 1) || '层')),
  jsonb_build_object('Dimensions', jsonb_build_object('Length', jsonb_build_array(n %% 6000 * 0.001, 'm'))),
  jsonb_build_object('Qto_BaseQuantities', jsonb_build_object(
    'NetVolume', jsonb_build_object('value', n %% 9000 * 0.001, 'unit', 'm3', 'source', 'qto_net'),
    'GrossVolume', jsonb_build_object('value', n %% 9000 * 0.0011, 'unit', 'm3', 'source', 'qto_gross'),
    'NetArea', jsonb_build_object('value', n %% 500 * 0.1, 'unit', 'm2', 'source', 'qto_net'),
    'Length', jsonb_build_object('value', n %% 6000 * 0.001, 'unit', 'm', 'source', 'qto'))),
  jsonb_build_array(jsonb_build_object('system', 'GB/T 51269', 'code', '14-10.20.' || n %% 90, 'name', '构件')),
  jsonb_build_array('混凝土C' || 20 + n %% 9 * 5), n %% 9000 * 0.001, 'm3', 'qto_net', n %% 300, n %% 300 + 3
FROM (SELECT id, global_id, n, n %% 10 + 1 AS k FROM element_identity
  CROSS JOIN LATERAL (SELECT step AS n FROM (SELECT substr(global_id, 2)::int AS step) s) c
  WHERE model_id = %(model)s) i ORDER BY n"""


def add_model(connection: psycopg.Connection, project: int, name: str, count: int) -> int:
    """Add a published model of so many elements, its terms not yet computed, and return its revision."""
    found = connection.execute(_MODEL, {"project": project, "name": name}).fetchone()
    assert found is not None
    model, revision = found
    connection.execute("UPDATE bim_model SET current_revision_id = %s WHERE id = %s", (revision, model))
    connection.execute(_IDENTITIES, {"model": model, "count": count})
    values = {"model": model, "revision": revision, "project": project, "classes": _CLASSES, "names": _NAMES}
    connection.execute(_ELEMENTS, values)
    return int(revision)


def add_projects(connection: psycopg.Connection, count: int) -> list[int]:
    """Add projects that hold the models."""
    connection.execute(
        "INSERT INTO project_category (code, name_zh, name_en) VALUES ('03', '市政设施', 'Municipal works') ON CONFLICT DO NOTHING"
    )
    rows = connection.execute(
        """INSERT INTO project (code, name, category, purpose, stage, public_visible, owner_unit, lead_person,
          investment_total_yuan, plan_start, plan_finish)
        SELECT '341299-2025-03-' || lpad(n::text, 4, '0') || '-9', '检索样例 ' || n, '03', 'infrastructure', 'construction',
          false, '示范区城建样例公司', '甲某某', 1, '2025-01-01', '2026-01-01' FROM generate_series(1, %s) n RETURNING id""",
        (count,),
    )
    return [int(row[0]) for row in rows]
