"""Every SELECT of the element room, through the one visibility rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.errors import NotFoundError
from twin.identity.caller import Caller
from twin.identity.visibility import Sight, bound, sight

RIGHT = "bim:read"
PAGE_LIMIT = 1_000

Row = Mapping[str, Any]

_MODEL = """
SELECT f.* FROM (
  SELECT m.id, m.name, m.discipline, m.public_visible, m.project_id, p.code AS project_code,
    m.public_visible AND p.public_visible AS row_public, m.project_id AS row_project_id,
    m.current_revision_id, r.id AS revision_id, r.number AS revision, r.state, r.schema_name, r.units,
    r.georeference, r.storeys, r.tree, r.counts_by_class, r.bbox, r.warnings, r.published_at
  FROM bim_model m JOIN project p ON p.id = m.project_id
  LEFT JOIN bim_revision r ON r.model_id = m.id AND CASE
    WHEN CAST(%(revision)s AS integer) IS NULL THEN r.id = m.current_revision_id
    ELSE r.number = %(revision)s AND r.state = ANY(%(states)s) END) f
WHERE {visible} AND f.id = %(model_id)s"""
_PUBLIC_STATES = ("published",)
_INTERNAL_STATES = ("published", "withdrawn")

_MODELS = """
SELECT f.* FROM (
  SELECT m.id, m.name, m.discipline, p.code AS project_code, m.public_visible AND p.public_visible AS row_public,
    m.project_id AS row_project_id, r.number AS revision, r.published_at, r.counts_by_class
  FROM bim_model m JOIN project p ON p.id = m.project_id
  LEFT JOIN bim_revision r ON r.id = m.current_revision_id) f
WHERE {visible} AND f.row_project_id = %(project_id)s ORDER BY f.id"""

_REVISIONS = text("""
SELECT number, state, published_at, created_at, created_by, file_name, sha256, job_id::text AS job_id
FROM bim_revision WHERE model_id = :model_id ORDER BY number
""")

# A revision's elements with what is now known of their progress; `existing` is no work of ours.
_ELEMENTS = """
FROM bim_element e
JOIN element_identity i ON i.id = e.identity_id
LEFT JOIN milestone ms ON ms.id = e.milestone_id
CROSS JOIN LATERAL (SELECT
  CASE WHEN e.planning_status = 'EXISTING' THEN 'existing' ELSE i.status END AS status) k
WHERE e.revision_id = :revision_id"""

_FILTERS = """
  AND (CAST(:ifc_class AS text) IS NULL OR e.ifc_class = :ifc_class)
  AND (CAST(:storey AS text) IS NULL OR e.storey = :storey)
  AND (CAST(:status AS text) IS NULL OR k.status = :status)
  AND (CAST(:q AS text) IS NULL OR strpos(lower(coalesce(e.name, '')), lower(:q)) > 0
    OR strpos(lower(coalesce(e.tag, '')), lower(:q)) > 0 OR strpos(lower(coalesce(e.type_name, '')), lower(:q)) > 0
    OR strpos(e.global_id, :q) > 0)"""

_PUBLIC_COLUMNS = """e.id AS row_key, e.global_id, e.ifc_class, e.predefined_type, e.name, e.tag, e.type_name, e.storey,
  ms.code AS milestone, k.status, i.progress::float8 AS progress, e.plan_start, e.plan_finish, i.actual_start,
  i.actual_finish, e.area_m2, e.z_min_m, e.z_max_m"""
_INTERNAL_COLUMNS = """, e.fid, e.quantity, e.quantity_unit, e.quantity_source, e.planning_status, e.geometry_error,
  e.flags"""
_DETAIL_COLUMNS = """, e.psets, e.quantities, e.classification, e.materials, e.task_codes, e.step_id, e.kernel,
  ST_AsGeoJSON(e.geom, 9)::jsonb AS geometry"""
_RELATIONS = """, e.container, e.parent_global_id AS parent, e.type_global_id AS type, ARRAY(
  SELECT c.global_id FROM bim_element c WHERE c.revision_id = e.revision_id AND c.parent_global_id = e.global_id
  ORDER BY c.id) AS parts"""

_TREE_ELEMENTS = text("""
SELECT e.global_id, e.ifc_class, e.name, coalesce(e.container, e.parent_global_id) AS parent
FROM bim_element e WHERE e.revision_id = :revision_id ORDER BY e.id
""")


@dataclass(frozen=True)
class ElementFilters:
    """What a list of elements is narrowed to; None narrows nothing."""

    ifc_class: str | None = None
    storey: str | None = None
    status: str | None = None
    q: str | None = None


@dataclass(frozen=True)
class SeenModel:
    """A model a caller sees: its row, its revisions, and whether internal fields are shown."""

    row: Row
    revisions: list[Row]
    sight: Sight

    @property
    def internal(self) -> bool:
        """Whether the caller reads more than the public does."""
        return self.sight.internal_fields


@dataclass(frozen=True)
class ElementPage:
    """One page of elements in file order; `next_key` is where the following one starts, None at the end."""

    rows: list[Row]
    matched: int
    next_key: int | None


def get_model(session: Session, caller: Caller, model_id: int, revision: int | None = None) -> SeenModel:
    """Return a model with its revisions, read at one of them.

    Parameters
    ----------
    revision : int | None
        Number of the revision asked for; None is the current one. `row` then tells of it: ``revision_id``,
        ``revision``, schema, storeys, counts. ``current_revision_id`` stays the model's.

    Raises
    ------
    NotFoundError
        There is no such model, the caller may not see it, or it has no such revision with elements that
        the caller may see (the public sees published ones, insiders withdrawn ones as well).
    """
    seen = sight(caller, RIGHT)
    states = _INTERNAL_STATES if seen.internal_fields else _PUBLIC_STATES
    params = {**seen.condition.params, "model_id": model_id, "revision": revision, "states": list(states)}
    row = session.execute(bound(_MODEL.format(visible=seen.condition.sql), params), params).mappings().first()
    if row is None:
        raise _unknown_model(model_id)
    if revision is not None and row["revision_id"] is None:
        raise _unknown_revision(model_id, revision)
    revisions = session.execute(_REVISIONS, {"model_id": model_id}).mappings()
    shown = [each for each in revisions if seen.internal_fields or each["state"] == "published"]
    return SeenModel(dict(row), [dict(each) for each in shown], seen)


def list_models(session: Session, caller: Caller, project_id: int) -> list[Row]:
    """List a project's models that the caller sees."""
    seen = sight(caller, RIGHT)
    params = {**seen.condition.params, "project_id": project_id}
    rows = session.execute(bound(_MODELS.format(visible=seen.condition.sql), params), params).mappings()
    return [dict(row) for row in rows]


def list_elements(
    session: Session, seen: SeenModel, filters: ElementFilters, after_key: int = 0, limit: int = 100
) -> ElementPage:
    """List the elements of the revision that was asked for by key, never by offset."""
    revision_id = seen.row["revision_id"]
    if revision_id is None:
        return ElementPage([], 0, None)
    columns = _PUBLIC_COLUMNS + (_INTERNAL_COLUMNS if seen.internal else "")
    params = {"revision_id": revision_id, **vars(filters)}
    page = text(f"SELECT {columns} {_ELEMENTS} {_FILTERS} AND e.id > :after ORDER BY e.id LIMIT :limit")
    rows = session.execute(page, {**params, "after": after_key, "limit": limit + 1}).mappings().all()
    matched = session.scalar(text(f"SELECT count(*) {_ELEMENTS} {_FILTERS}"), params) or 0
    more = len(rows) > limit
    kept: list[Row] = [dict(row) for row in rows[:limit]]
    return ElementPage(kept, matched, kept[-1]["row_key"] if more else None)


def get_element(session: Session, seen: SeenModel, global_id: str) -> Row:
    """Return one element of the revision that was asked for with its properties, quantities and relations.

    Raises
    ------
    NotFoundError
        That revision has no such element.
    """
    columns = _PUBLIC_COLUMNS + _RELATIONS
    columns += _INTERNAL_COLUMNS + _DETAIL_COLUMNS if seen.internal else ""
    statement = text(f"SELECT {columns} {_ELEMENTS} AND e.global_id = :global_id")
    params = {"revision_id": seen.row["revision_id"], "global_id": global_id}
    row = session.execute(statement, params).mappings().first()
    if row is None:
        raise NotFoundError(
            f"Model {seen.row['id']} has no element {global_id} in revision {seen.row['revision']}.",
            f"模型 {seen.row['id']} 的第 {seen.row['revision']} 版中没有构件 {global_id}。",
        )
    return dict(row)


def list_tree(session: Session, seen: SeenModel) -> list[Row]:
    """List the spatial nodes and elements of the revision that was asked for, each with its parent; roots first."""
    nodes: list[Row] = list(seen.row["tree"] or [])
    known = {node["global_id"] for node in nodes}
    rows = session.execute(_TREE_ELEMENTS, {"revision_id": seen.row["revision_id"]}).mappings()
    return [*nodes, *(dict(row) for row in rows if row["global_id"] not in known)]


def _unknown_model(model_id: int) -> NotFoundError:
    return NotFoundError(
        f"There is no model {model_id}; the project's page lists its models.",
        f"没有模型 {model_id}；项目页面列出其模型。",
    )


def _unknown_revision(model_id: int, revision: int) -> NotFoundError:
    return NotFoundError(
        f"Model {model_id} has no published revision {revision}; the model lists its revisions.",
        f"模型 {model_id} 没有已发布的第 {revision} 版；模型页面列出其版本。",
    )
