"""What the matching list needs to know of parcels, in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID

MOST_CANDIDATES: Final = 1_000
NOISE_THICKNESS_M: Final = 1e-6

# GB/T 21010: classes that begin so, and words of planned uses
USES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "industrial": (("0601",), ("工业",)),
    "logistics": (("0604",), ("仓储", "物流")),
    "commercial": (("05",), ("商服", "商业")),
    "residential": (("07",), ("住宅", "居住")),
    "public": (("08",), ("公共", "公用")),
}
# Land-use patches of roads and railways by class; and key road works, once they are being built.
_PATCHES: Final = {
    "road": "c.layer = 'dltb' AND c.class_code IN ('1003', '1004', '1006')",
    "railway": "c.layer = 'dltb' AND c.class_code IN ('1001', '1002')",
    "river": "c.layer = 'river'",
}
_WORKS: Final = {
    "road": """j.stage IN ('construction', 'acceptance', 'operation') AND j.category IN (
      SELECT k.code FROM project_category k WHERE k.name_zh LIKE '%交通%' OR k.name_zh LIKE '%道路%')""",
}
_IN_FORCE: Final = """(c.valid_from IS NULL OR c.valid_from <= reporting_date())
  AND (c.valid_to IS NULL OR c.valid_to > reporting_date())"""


@dataclass(frozen=True)
class CandidateQuery:
    """Which parcels to look at, and what of them.

    Attributes
    ----------
    near : mapping
        Kind to distance in metres; nearest ones are looked for up to twice as far.
    layers : tuple of str
        Layers whose overlap is measured.
    """

    use: str
    least_m2: float
    wanted_m2: float
    most_m2: float | None
    near: Mapping[str, float]
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Nearest:
    """How far the nearest of a kind is, and what it is called."""

    distance_m: float
    name: str | None


@dataclass(frozen=True)
class Candidate:
    """A parcel of the pool with its figures; areas on the ellipsoid, distances between edges on the ellipsoid.

    Attributes
    ----------
    compactness : float
        4πA/P² of the surveyed outline.
    covered_m2 : mapping
        Per layer, every square metre counted once.
    """

    parcel_no: str
    name: str | None
    planned_use: str | None
    land_class: str | None
    state: str
    area_m2: float
    compactness: float
    lon: float
    lat: float
    held_for: str | None = None
    held_since: datetime | None = None
    nearest: Mapping[str, Nearest] = field(default_factory=dict)
    covered_m2: Mapping[str, float] = field(default_factory=dict)


def list_candidates(session: Session, query: CandidateQuery) -> list[Candidate]:
    """Return the parcels of a use and about a size, those nearest to the wanted size where there are too many."""
    classes, words = USES.get(query.use, ((query.use,), (query.use,)))
    params: dict[str, Any] = {
        "any_use": query.use == "",
        "classes": [f"{_escaped(each)}%" for each in classes],
        "words": [f"%{_escaped(each)}%" for each in words],
        "least": query.least_m2,
        "wanted": query.wanted_m2,
        "most": query.most_m2,
        "limit": MOST_CANDIDATES,
        "layers": list(query.layers),
        **{f"reach_{kind}": 2 * within for kind, within in query.near.items()},
    }
    rows = session.execute(text(_statement(query)), params)
    return [_candidate(dict(row._mapping)) for row in rows]


def _candidate(row: dict[str, Any]) -> Candidate:
    nearest = {kind: Nearest(*found) for kind, found in row.pop("distances_m").items()}
    return Candidate(**row, nearest=nearest)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _statement(query: CandidateQuery) -> str:
    return f"""
WITH pool AS MATERIALIZED (
  SELECT id, parcel_no, name, planned_use, land_class, state, area_m2, geom, geom_survey AS plane,
    ST_SRID(geom_survey) AS zone
  FROM land_parcel
  WHERE state IN ('proposed', 'stored', 'preparing', 'ready', 'held')
    AND (:any_use OR land_class LIKE ANY (:classes) OR planned_use LIKE ANY (:words))
    AND area_m2 >= :least AND (CAST(:most AS float8) IS NULL OR area_m2 <= :most)
  ORDER BY abs(area_m2 - :wanted), id LIMIT :limit),
distance AS ({_distances(query)}),
shape AS (
  SELECT p.id, c.layer, p.plane, p.zone, c.geom, c.geom_survey FROM pool p JOIN control_area c
    ON c.geom && p.geom AND c.layer = ANY (:layers) WHERE {_IN_FORCE}
  UNION ALL
  SELECT p.id, 'projects', p.plane, p.zone, f.geom, f.geom_survey FROM pool p JOIN project_footprint f
    ON f.geom && p.geom AND f.valid_to IS NULL WHERE 'projects' = ANY (:layers)),
piece AS (
  SELECT s.id, s.layer, d.geom FROM shape s,
    LATERAL (SELECT CASE WHEN ST_SRID(s.geom_survey) = s.zone THEN s.geom_survey
      ELSE ST_Transform(ST_Segmentize(s.geom, 0.0045), s.zone) END AS plane OFFSET 0) z,
    LATERAL ST_Dump(ST_CollectionExtract(ST_Intersection(s.plane, ST_MakeValid(z.plane)), 3)) d
  WHERE 2 * ST_Area(d.geom) >= {NOISE_THICKNESS_M} * ST_Perimeter(d.geom)),
covered AS (
  SELECT id, layer,
    ST_Area(geography(ST_Transform(ST_Segmentize(ST_UnaryUnion(ST_Collect(geom)), 500), {STORED_SRID}))) AS m2
  FROM piece GROUP BY id, layer)
SELECT p.parcel_no, p.name, p.planned_use, p.land_class, p.state, p.area_m2,
  4 * pi() * ST_Area(p.plane) / ST_Perimeter(p.plane) ^ 2 AS compactness,
  ST_X(ST_PointOnSurface(p.geom)) AS lon, ST_Y(ST_PointOnSurface(p.geom)) AS lat,
  j.code AS held_for, r.reserved_at AS held_since,
  coalesce((SELECT jsonb_object_agg(kind, jsonb_build_array(m, name)) FROM distance d WHERE d.id = p.id), '{{}}') AS distances_m,
  coalesce((SELECT jsonb_object_agg(layer, m2) FROM covered c WHERE c.id = p.id), '{{}}') AS covered_m2
FROM pool p LEFT JOIN land_reservation r ON r.parcel_id = p.id AND r.ended_at IS NULL
  LEFT JOIN project j ON j.id = r.project_id
ORDER BY p.parcel_no"""  # noqa: S608  our own text; every value is bound


def _distances(query: CandidateQuery) -> str:
    if not query.near:
        return "SELECT 0 AS id, '' AS kind, 0.0 AS m, '' AS name WHERE false"
    return " UNION ALL ".join(f"({_distance(kind)})" for kind in query.near)


def _distance(kind: str) -> str:
    """Return the statement of the nearest of a kind, measured on the ellipsoid.

    The one that is nearest in degrees is found by the index; what is nearer in metres can only lie in a box of its
    distance, which is much smaller than the reach. Degrees of longitude are shorter than those of latitude: a box is
    made a fiftieth too wide for safety.
    """
    sources = [
        f"SELECT coalesce(c.name, c.class_name, c.code) AS name, c.geom FROM control_area c "  # noqa: S608
        f"WHERE {_PATCHES[kind]} AND {_IN_FORCE} AND c.geom && {{box}} {{order}}"
    ]
    if kind in _WORKS:
        sources.append(
            f"SELECT j.name, c.geom FROM project_footprint c JOIN project j ON j.id = c.project_id "  # noqa: S608
            f"WHERE {_WORKS[kind]} AND c.valid_to IS NULL AND c.geom && {{box}} {{order}}"
        )
    first, second = (
        " UNION ALL ".join(f"({source.format(box=_box(reach), order=order)})" for source in sources)
        for reach, order in ((f":reach_{kind}", "ORDER BY c.geom <-> p.geom LIMIT 1"), ("a.m", ""))
    )
    metres = "ST_Distance(geography(p.geom), geography(o.geom))"
    return f"""
  SELECT p.id, '{kind}' AS kind, b.m, b.name FROM pool p,
    LATERAL (SELECT min({metres}) AS m FROM ({first}) AS o) AS a,
    LATERAL (SELECT {metres} AS m, o.name FROM ({second}) AS o ORDER BY 1, 2 LIMIT 1) AS b
  WHERE b.m <= :reach_{kind}"""  # noqa: S608


def _box(reach_m: str) -> str:
    return (
        f"ST_Expand(p.geom, 1.02 * ({reach_m} + 1) / (111320 * cos(radians(ST_YMax(p.geom)))), "
        f"({reach_m} + 1) / 110000.0)"
    )
