"""Make a converted model the current revision: staging 暂存, element rows, revision, all in one transaction.

The rows of a conversion lie in a file of one JSON object a line. They enter by COPY as they are and are
taken apart by PostgreSQL, which also makes the geometry: no Python runs per element.
"""

import dataclasses
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import orjson
from psycopg2.extensions import connection as Psycopg2Connection  # noqa: N812
from sqlalchemy import func, text
from sqlalchemy.orm import Session

from bim.placing import epsg_of
from bim.results import ModelResult, Task
from twin.elements.follow import follow_placement
from twin.elements.models import BimModel, BimRevision
from twin.elements.preview import drop_previews
from twin.elements.prints import record_prints
from twin.elements.revisions import assign_current, hold_revision

# JSON never holds the raw bytes 1 and 2, so as quote and delimiter of CSV they leave each line whole.
# psycopg2's COPY, not psycopg 3's: the rows must enter in the very transaction that publishes them.
_STAGE = "CREATE TEMPORARY TABLE element_staging (doc jsonb NOT NULL) ON COMMIT DROP"
_COPY = (
    r"COPY element_staging FROM STDIN WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02', ENCODING 'UTF8')"
)

_IDENTITIES = text("""
INSERT INTO element_identity (model_id, global_id)
SELECT :model_id, doc ->> 'global_id' FROM element_staging
ON CONFLICT (model_id, global_id) DO NOTHING
""")

_ELEMENTS = text("""
INSERT INTO bim_element (
  revision_id, identity_id, project_id, milestone_id, fid, step_id, global_id, ifc_class, predefined_type, name,
  tag, type_global_id, type_name, storey, container, parent_global_id, space, host_global_id, planning_status, psets, pset_si,
  type_psets, quantities, classification, materials, layers, groups, task_codes, quantity, quantity_unit,
  quantity_source, plan_start, plan_finish, geom, geom_survey, geom_local, area_m2, z_min_m, z_max_m, placement, box,
  signature, psets_hash, quantities_hash, geometry_hash, kernel, geometry_error, flags)
SELECT :revision_id, i.id, :project_id, l.milestone_id, e.fid, e.step_id, e.global_id, e.ifc_class,
  e.predefined_type, e.name, e.tag, e.type_global_id, e.type_name, coalesce(e.storey_name, e.storey), e.container,
  e.parent_global_id, e.space, e.host_global_id, e.planning_status, coalesce(e.psets, '{}'),
  coalesce(e.pset_si, '{}'), coalesce(e.type_psets, '{}'), coalesce(e.quantities, '{}'),
  coalesce(e.classification, '[]'), coalesce(e.materials, '[]'), coalesce(e.layers, '[]'),
  coalesce(e.groups, '[]'), coalesce(e.task_codes, '{}'), e.quantity, e.quantity_unit, e.quantity_source, l.plan_start, l.plan_finish,
  g.valid, ST_SetSRID(e.footprint_survey_wkb::geometry, coalesce(e.survey_epsg, 0)),
  ST_SetSRID(e.footprint_local_wkb::geometry, 0), e.area_m2, e.z_min_m, e.z_max_m, e.placement,
  e.box, e.signature, e.psets_hash, e.quantities_hash, e.geometry_hash, e.kernel, e.geometry_error ->> 'kind', coalesce(e.flags, '{}')
FROM element_staging s
CROSS JOIN LATERAL jsonb_to_record(s.doc) AS e (
  fid integer, step_id bigint, global_id text, ifc_class text, predefined_type text, name text, tag text,
  type_global_id text, type_name text, storey text, storey_name text, container text, parent_global_id text,
  space text, host_global_id text, planning_status text, psets jsonb, pset_si jsonb, type_psets jsonb,
  quantities jsonb, classification jsonb, materials jsonb, layers jsonb, groups jsonb, task_codes text[],
  quantity float8, quantity_unit text, quantity_source text, footprint_lonlat_wkb text, footprint_survey_wkb text,
  survey_epsg integer, footprint_local_wkb text, area_m2 float8, z_min_m float8, z_max_m float8, box float8[],
  placement float8[], signature text, psets_hash text, quantities_hash text, geometry_hash text, kernel text, geometry_error jsonb, flags text[])
JOIN element_identity i ON i.model_id = :model_id AND i.global_id = e.global_id
LEFT JOIN LATERAL (
  SELECT (array_agg(m.id ORDER BY c.position) FILTER (WHERE m.id IS NOT NULL))[1] AS milestone_id,
    min(t.start) AS plan_start, max(t.finish) AS plan_finish
  FROM unnest(e.task_codes) WITH ORDINALITY AS c(code, position)
  LEFT JOIN milestone m ON m.project_id = :project_id AND m.code = c.code
  LEFT JOIN jsonb_to_recordset(CAST(:tasks AS jsonb)) AS t(code text, start date, finish date) ON t.code = c.code
) l ON cardinality(e.task_codes) > 0
CROSS JOIN LATERAL (
  SELECT CASE WHEN ST_IsValid(w.raw) THEN w.raw
              WHEN ST_Dimension(w.raw) = 2 THEN ST_CollectionExtract(ST_MakeValid(w.raw), 3)
              ELSE ST_MakeValid(w.raw) END AS valid
  FROM (SELECT ST_SetSRID(e.footprint_lonlat_wkb::geometry, 4490) AS raw OFFSET 0) w) g
""")

_OUTLINE = text("""
SELECT ST_Multi(ST_CollectionExtract(ST_MakeValid(ST_SetSRID(CAST(:lonlat AS geometry), 4490)), 3)) AS geom,
  ST_Multi(ST_CollectionExtract(ST_MakeValid(
    ST_SetSRID(CAST(:survey AS geometry), coalesce(CAST(:epsg AS integer), 0))), 3)) AS geom_survey,
  ST_Multi(ST_CollectionExtract(ST_MakeValid(ST_SetSRID(CAST(:local AS geometry), 0)), 3)) AS geom_local
""")


_HELD = (
    "{:.1f} % of what should be drawn failed: the revision is held until somebody approves it. "
    "几何失败比例过高，版本待人工放行。"
)


@dataclasses.dataclass(frozen=True)
class Published:
    """What a publication wrote: elements, those on the map, those linked to a milestone; what it asks the sender.

    `held` says that the revision waits for a person's word, `failed_percent` how much of it could not be drawn.
    """

    elements: int
    on_map: int
    linked: int
    failed_percent: float = 0.0
    held: bool = False
    asked: tuple[str, ...] = ()


def publish_revision(
    session: Session, revision: BimRevision, model: ModelResult, hold_percent: float = 100.0
) -> Published:
    """Make staged elements those of a revision, and it the current one; the one before it stays as it is.

    Where more than `hold_percent` of what should be drawn failed, the revision is held back: the one before it
    stays current until somebody approves it.

    It lies where a placement by hand in force says, also one that was given while it was converted.
    Progress is kept with the element's identity (model and GlobalId), so it carries over by itself.

    Parameters
    ----------
    revision : BimRevision
        Pending; filled from `model`. Its elements were staged by `stage_elements` in this transaction.

    Notes
    -----
    Footprints in lon/lat are made valid (areas stay areas); an empty or missing one is NULL, lines stay
    lines. The local and the surveyed geometry are stored as converted.
    """
    bim_model = session.get_one(BimModel, revision.model_id)
    scope = {"model_id": bim_model.id, "project_id": bim_model.project_id, "revision_id": revision.id}
    session.execute(_IDENTITIES, scope)
    session.execute(_ELEMENTS, {**scope, "tasks": orjson.dumps(list_task_dates(model.tasks)).decode()})
    record_prints(session, revision.id)
    session.execute(text("DROP TABLE element_staging"))
    drop_previews(session, revision.id)
    _fill_revision(session, revision, model)
    published = _count(session, revision.id)
    if published.failed_percent > hold_percent:
        hold_revision(session, revision, f"{published.failed_percent:.1f} % > {hold_percent:g} %")
        published = dataclasses.replace(published, held=True)
    session.flush()
    assign_current(session, bim_model.id)
    session.expire(bim_model)
    asked = [
        *([_HELD.format(published.failed_percent)] if published.held else []),
        *follow_placement(session, revision),
    ]
    return dataclasses.replace(published, asked=tuple(asked))


def stage_elements(session: Session, rows: Path) -> None:
    """Copy converted elements into a table that ends with the transaction, whatever becomes of it."""
    session.execute(text(_STAGE))
    driver = cast("Psycopg2Connection", session.connection().connection.dbapi_connection)
    with driver.cursor() as cursor, rows.open("rb") as stream:
        cursor.copy_expert(_COPY, stream, 1 << 20)
    session.execute(text("ANALYZE element_staging"))


def list_task_dates(tasks: Sequence[Task]) -> list[dict[str, str | None]]:
    """List code, planned start and finish (ISO days) of the tasks that have any.

    Examples
    --------
    >>> task = Task("W1", None, "2025-03-01T08:00:00", "soon", None, None, None, None, [])
    >>> list_task_dates([task])
    [{'code': 'W1', 'start': '2025-03-01', 'finish': None}]
    """
    dated = [
        {"code": task.code, "start": _day(task.schedule_start), "finish": _day(task.schedule_finish)}
        for task in tasks
    ]
    return [row for row in dated if row["start"] or row["finish"]]


def _day(moment: str | None) -> str | None:
    try:
        return date.fromisoformat((moment or "")[:10]).isoformat()
    except ValueError:
        return None


def _fill_revision(session: Session, revision: BimRevision, model: ModelResult) -> None:
    revision.state = "published"
    revision.published_at = func.clock_timestamp()
    revision.schema_name = model.schema
    revision.units = dict(model.units)
    revision.georeference = {**_plain(model.georeference), "placed": model.georeference.placed}
    revision.storeys = _plain(model.storeys)
    revision.tree = _plain(model.tree)
    revision.tasks = _plain(model.tasks)
    revision.counts_by_class = dict(model.counts_by_class)
    revision.warnings = [*model.warnings, *_duplicates(model)]
    revision.bbox = _bbox(model)
    shapes = {
        "lonlat": model.outline_lonlat_wkb,
        "survey": model.outline_survey_wkb,
        "local": model.outline_local_wkb,
        "epsg": epsg_of(model.georeference.crs),
    }
    outline = session.execute(_OUTLINE, shapes).one()
    revision.geom, revision.geom_survey, revision.geom_local = outline


def _plain(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_DATACLASS))


def _duplicates(model: ModelResult) -> list[str]:
    return [
        f"GlobalId {each.global_id} stands {len(each.step_ids)} times: "
        + ", ".join(f"#{step} {name}" for step, name in zip(each.step_ids, each.classes, strict=True))
        for each in model.duplicates
    ]


def _bbox(model: ModelResult) -> list[float] | None:
    """Return west, south, lowest, east, north, highest (GeoJSON order); four numbers without heights."""
    if model.bbox is None:
        return None
    west, south, east, north = model.bbox
    if model.z_range is None:
        return [west, south, east, north]
    return [west, south, model.z_range[0], east, north, model.z_range[1]]


def _count(session: Session, revision_id: int) -> Published:
    row = session.execute(
        text("""SELECT count(*) AS elements, count(geom) AS on_map, count(milestone_id) AS linked,
            100.0 * count(geometry_error) / greatest(count(coalesce(fid::text, geometry_error)), 1) AS failed
          FROM bim_element WHERE revision_id = :id"""),
        {"id": revision_id},
    ).one()
    return Published(row.elements, row.on_map, row.linked, float(row.failed))
