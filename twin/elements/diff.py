"""What differs between two revisions, told as lists, as features on the map, or as rows of a table."""

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy.orm import Session

from twin.elements.compare import Pair, make_comparison, planned_for_sets
from twin.errors import InvalidInputError

_CHANGES = """,
changes AS MATERIALIZED (
  SELECT c.*, i.global_id, f.global_id AS from_global_id FROM (
    SELECT 1 AS rank, 'added' AS change, p.id, p.identity_id, NULL::bigint AS from_identity_id, NULL::text[] AS what,
      NULL::numeric AS confidence
    FROM pairs p WHERE p.from_element_id IS NULL AND NOT EXISTS (SELECT FROM matched m WHERE m.id = p.id)
    UNION ALL
    SELECT 2, 'removed', p.from_element_id, p.from_identity_id, NULL, NULL, NULL
    FROM pairs p WHERE p.id IS NULL
      AND NOT EXISTS (SELECT FROM matched m WHERE m.from_element_id = p.from_element_id)
    UNION ALL
    SELECT 3, 'changed', p.id, p.identity_id, NULL, p.what, NULL FROM pairs p WHERE p.what <> '{}'
    UNION ALL
    SELECT 4, 'matched', m.id, m.identity_id, m.from_identity_id, m.what, m.confidence FROM matched m) c
  JOIN element_identity i ON i.id = c.identity_id AND i.model_id = :model_id
  LEFT JOIN element_identity f ON f.id = c.from_identity_id AND f.model_id = :model_id),
paged AS MATERIALIZED (
  SELECT * FROM changes WHERE (rank, global_id COLLATE "C") > (:after_rank, :after_id)
  ORDER BY rank, global_id COLLATE "C" LIMIT :limit + 1),
page AS MATERIALIZED (SELECT * FROM paged ORDER BY rank, global_id COLLATE "C" LIMIT :limit),
told AS (
  SELECT json_build_object('counts', json_build_object(
      'added', count(*) FILTER (WHERE rank = 1), 'removed', count(*) FILTER (WHERE rank = 2),
      'changed', count(*) FILTER (WHERE rank = 3), 'matched', count(*) FILTER (WHERE rank = 4)),
    'unchanged', (SELECT count(*) FROM pairs WHERE what = '{}'),
    'kinds', (SELECT coalesce(json_object_agg(kind, times ORDER BY kind), '{}') FROM (
      SELECT unnest(what) AS kind, count(*) AS times FROM changes WHERE rank = 3 GROUP BY 1) k),
    'next', CASE WHEN (SELECT count(*) FROM paged) > :limit THEN (
      SELECT rank || '.' || global_id FROM page ORDER BY rank DESC, global_id COLLATE "C" DESC LIMIT 1) END) AS head
  FROM changes)
"""

_LISTS = """
SELECT (SELECT head FROM told)::text AS head, json_build_object(
  'added', coalesce(json_agg(global_id) FILTER (WHERE rank = 1), '[]'),
  'removed', coalesce(json_agg(global_id) FILTER (WHERE rank = 2), '[]'),
  'changed', coalesce(json_agg(json_build_object('global_id', global_id, 'what', what)) FILTER (WHERE rank = 3), '[]'),
  'matched', coalesce(json_agg(json_build_object('from', from_global_id, 'to', global_id, 'confidence', confidence,
    'what', what)) FILTER (WHERE rank = 4), '[]'))::text AS body
FROM page
"""

_FEATURES = """
SELECT (SELECT head FROM told)::text AS head, coalesce(string_agg(json_build_object('type', 'Feature',
    'geometry', ST_AsGeoJSON(e.geom, 9)::json, 'properties', json_build_object('change', p.change,
      'global_id', p.global_id, 'from_global_id', p.from_global_id, 'what', p.what, 'confidence', p.confidence,
      'ifc_class', e.ifc_class, 'name', e.name, 'storey', e.storey, 'z_min_m', e.z_min_m, 'z_max_m', e.z_max_m))::text,
    ',' ORDER BY p.rank, p.global_id COLLATE "C"), '') AS body
FROM page p JOIN bim_element e ON e.id = p.id
WHERE e.geom IS NOT NULL AND element_is_drawn(e.ifc_class)
"""

_ROWS = """
SELECT p.change, p.global_id, p.from_global_id, e.ifc_class, e.name, e.type_name, e.tag, e.storey,
  array_to_string(p.what, ' ') AS what, p.confidence
FROM page p JOIN bim_element e ON e.id = p.id ORDER BY p.rank, p.global_id COLLATE "C"
"""
CHANGES: Final = ("added", "removed", "changed", "matched")
COLUMNS: Final = (
    "change",
    "global_id",
    "from_global_id",
    "ifc_class",
    "name",
    "type_name",
    "tag",
    "storey",
    "what",
    "confidence",
)


@dataclass(frozen=True)
class Page:
    """Which part of an answer is wanted: at most `limit` entries after a key; 0 leaves the lists out."""

    limit: int
    after_rank: int = 0
    after_id: str = ""


@dataclass(frozen=True)
class Diff:
    """A comparison in JSON as PostgreSQL wrote it: counts and the key of the next page, then the entries."""

    head: str
    body: str


def parse_after(after: str | None) -> tuple[int, str]:
    """Read the key where a page ended.

    Raises
    ------
    InvalidInputError
        It is none that an answer gave.

    Examples
    --------
    >>> parse_after("3.2O2Fr$t4X7Zf8NOew3FNr2"), parse_after(None)
    ((3, '2O2Fr$t4X7Zf8NOew3FNr2'), (0, ''))
    """
    if not after:
        return 0, ""
    rank, _, global_id = after.partition(".")
    if rank not in {"1", "2", "3", "4"} or "\0" in after:
        raise InvalidInputError(
            "after is no key that an answer gave as `next`.", "after 不是应答中 next 给出的值。", "after"
        )
    return int(rank), global_id


def compare_revisions(session: Session, pair: Pair, page: Page, form: Literal["json", "geojson"]) -> Diff:
    """Compare two revisions; counts are of the whole, entries of the page.

    Parameters
    ----------
    form : str
        ``json``: the lists added, removed, changed and matched; ``geojson``: features, lon/lat, joined by commas,
        of what is drawn on the map: removed ones as they stood, all others as they stand.
    """
    tail = _CHANGES + (_LISTS if form == "json" else _FEATURES)
    with planned_for_sets(session):
        row = session.execute(make_comparison(pair.kinds, tail), _params(pair, page)).one()
    return Diff(row.head, row.body)


def list_changes(session: Session, pair: Pair, page: Page) -> list[tuple[object, ...]]:
    """List the changes of a page as rows of `COLUMNS`."""
    with planned_for_sets(session):
        rows = session.execute(make_comparison(pair.kinds, _CHANGES + _ROWS), _params(pair, page)).all()
    return [tuple(row) for row in rows]


def _params(pair: Pair, page: Page) -> dict[str, object]:
    return {
        "model_id": pair.model_id,
        "from_id": pair.from_id,
        "to_id": pair.to_id,
        "limit": page.limit,
        "after_rank": page.after_rank,
        "after_id": page.after_id,
    }
