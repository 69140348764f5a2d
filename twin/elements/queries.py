"""Every SELECT of the element room, through the one visibility rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.elements.search import ROWS, ElementFilters, Searched, find_condition, find_rows
from twin.errors import NotFoundError
from twin.identity.caller import Caller
from twin.identity.visibility import Sight, bound, sight

RIGHT = "bim:read"
PAGE_LIMIT = 1_000

Row = Mapping[str, Any]

__all__ = [
    "ElementFilters",
    "ElementPage",
    "SeenModel",
    "get_element",
    "get_model",
    "list_elements",
    "list_models",
]

_MODEL = """
SELECT f.* FROM (
  SELECT m.id, m.name, m.discipline, m.public_visible, m.project_id, p.code AS project_code,
    m.public_visible AND p.public_visible AS row_public, m.project_id AS row_project_id,
    m.current_revision_id, r.id AS revision_id, r.number AS revision, r.state, r.schema_name, r.units,
    r.georeference, r.storeys, r.tree, r.counts_by_class, r.bbox, r.warnings, r.published_at, r.indexed_at
  FROM bim_model m JOIN project p ON p.id = m.project_id
  LEFT JOIN bim_revision r ON r.model_id = m.id AND CASE
    WHEN CAST(%(revision)s AS integer) IS NULL THEN r.id = m.current_revision_id
    ELSE r.number = %(revision)s AND r.state = ANY(%(states)s) END) f
WHERE {visible} AND f.id = %(model_id)s"""
_PUBLIC_STATES = ("published",)
_INTERNAL_STATES = ("published", "held", "withdrawn")

_MODELS = """
SELECT f.* FROM (
  SELECT m.id, m.name, m.discipline, p.code AS project_code, m.public_visible AND p.public_visible AS row_public,
    m.project_id AS row_project_id, r.id AS revision_id, r.number AS revision, r.published_at,
    r.indexed_at, r.counts_by_class
  FROM bim_model m JOIN project p ON p.id = m.project_id
  LEFT JOIN bim_revision r ON r.id = m.current_revision_id) f
WHERE {visible} AND f.row_project_id = %(project_id)s ORDER BY f.id"""

_REVISIONS = text("""
SELECT r.number, r.state, r.published_at, r.created_at, r.created_by, r.file_name, r.sha256, r.job_id::text AS job_id,
  d.decided_at, d.decided_by, d.reason
FROM bim_revision r LEFT JOIN LATERAL (
  SELECT x.decided_at, x.decided_by, x.reason FROM bim_revision_decision x
  WHERE x.revision_id = r.id ORDER BY x.id DESC LIMIT 1) d ON true
WHERE r.model_id = :model_id ORDER BY r.number
""")

_PUBLIC_COLUMNS = """f.row_key, f.global_id, f.ifc_class, f.predefined_type, f.name, f.tag, f.type_name, f.storey,
  f.milestone, f.status, f.progress, f.plan_start, f.plan_finish, f.actual_start, f.actual_finish, f.area_m2,
  f.z_min_m, f.z_max_m"""
_INTERNAL_COLUMNS = """, f.fid, f.quantity, f.quantity_unit, f.quantity_source, f.planning_status, f.geometry_error,
  f.flags"""
_DETAIL_COLUMNS = """, f.space, f.psets, f.pset_si, f.type_psets, f.quantities, f.codes AS classification, f.materials,
  f.layers, f.groups, f.task_codes, f.step_id, f.kernel, ST_AsGeoJSON(f.geom, 9)::jsonb AS geometry,
  ARRAY[ST_X(ST_Centroid(f.geom)), ST_Y(ST_Centroid(f.geom))] AS centroid"""
_RELATIONS = """, f.container, f.parent_global_id AS parent, f.type_global_id AS type, f.host_global_id AS host, ARRAY(
  SELECT c.global_id FROM bim_element c WHERE c.revision_id = f.revision_id AND c.parent_global_id = f.global_id
  ORDER BY c.id) AS parts, ARRAY(SELECT c.global_id FROM bim_element c
  WHERE c.revision_id = f.revision_id AND c.host_global_id = f.global_id ORDER BY c.id) AS hosted"""

# All that answer are found once: their number is asked for with every page, and a page by key of one revision out
# of hundreds has no index that the planner would not take for another.
_PAGE = """
WITH found AS MATERIALIZED (SELECT f.id FROM {asked} WHERE {condition})
SELECT {columns}, (SELECT count(*) FROM found) AS matched
FROM {rows} WHERE f.id IN (SELECT id FROM found WHERE id > %(after)s::bigint ORDER BY id LIMIT %(limit)s::bigint)
ORDER BY f.id"""
_ELEMENT = """SELECT {columns} FROM {rows}
WHERE f.revision_id = %(revision_id)s AND f.global_id = %(global_id)s"""
_MATCHED = "SELECT count(*) FROM {asked} WHERE {condition}"

_TREE_ELEMENTS = text("""
SELECT e.global_id, e.ifc_class, e.name, coalesce(e.container, e.parent_global_id) AS parent
FROM bim_element e WHERE e.revision_id = :revision_id ORDER BY e.id
""")


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
    searched = Searched((revision_id,), (seen.row["id"],), indexed=seen.row["indexed_at"] is not None)
    return find_page(session, searched, filters, seen.sight, (after_key, limit))


def list_project_elements(
    session: Session,
    caller: Caller,
    project_id: int,
    filters: ElementFilters,
    after_key: int = 0,
    limit: int = 100,
) -> ElementPage:
    """List the elements of the current revisions of all models of a project that the caller sees, by key."""
    seen = sight(caller, RIGHT)
    params = {**seen.condition.params, "project_id": project_id}
    rows = session.execute(bound(_MODELS.format(visible=seen.condition.sql), params), params).mappings()
    shown = [row for row in rows if row["revision_id"] is not None]
    if not shown:
        return ElementPage([], 0, None)
    indexed = all(row["indexed_at"] is not None for row in shown)
    revisions, models = (tuple(row[name] for row in shown) for name in ("revision_id", "id"))
    searched = Searched(revisions, models, indexed)
    return find_page(session, searched, filters, seen, (after_key, limit), extra=", f.model_id")


def find_page(
    session: Session,
    searched: Searched,
    filters: ElementFilters,
    seen: Sight,
    part: tuple[int, int] = (0, 100),
    extra: str = "",
) -> ElementPage:
    """Return one page of what answers, `part` of it: behind which key, and how many rows at most."""
    condition = find_condition(filters, searched, internal=seen.internal_fields)
    columns = _PUBLIC_COLUMNS + extra + (_INTERNAL_COLUMNS if seen.internal_fields else "")
    after_key, limit = part
    params = {**condition.params, "after": after_key, "limit": limit + 1}
    asked = find_rows(filters)
    sql = _PAGE.format(rows=ROWS, asked=asked, condition=condition.sql, columns=columns)
    rows = [dict(row) for row in session.execute(bound(sql, params), params).mappings()]
    if not rows:
        sql = _MATCHED.format(asked=asked, condition=condition.sql)
        matched = session.scalar(bound(sql, condition.params), dict(condition.params)) if after_key else 0
        return ElementPage([], matched or 0, None)
    matched = rows[0]["matched"]
    kept: list[Row] = [_without_matched(row) for row in rows[:limit]]
    return ElementPage(kept, matched, kept[-1]["row_key"] if len(rows) > limit else None)


def _without_matched(row: dict[str, Any]) -> Row:
    return {name: value for name, value in row.items() if name != "matched"}


def get_element(session: Session, seen: SeenModel, global_id: str) -> Row:
    """Return one element of the revision that was asked for with its properties, quantities and relations.

    Raises
    ------
    NotFoundError
        That revision has no such element.
    """
    columns = _PUBLIC_COLUMNS + _RELATIONS
    columns += _INTERNAL_COLUMNS + _DETAIL_COLUMNS if seen.internal else ""
    params = {"revision_id": seen.row["revision_id"], "global_id": global_id}
    statement = bound(_ELEMENT.format(columns=columns, rows=ROWS), params)
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
