"""Filters with the class they belong to, in both encodings, and the same question as SQL written by hand."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """One filter."""

    conformance: str
    text: str
    json: Json
    where: str
    crs: str = "CRS84"


def op(name: str, *args: Any) -> Json:
    return {"op": name, "args": list(args)}


def prop(name: str) -> Json:
    return {"property": name}


def day(text: str) -> Json:
    return {"date": text}


def moment(text: str) -> Json:
    return {"timestamp": text}


def span(start: Any, end: Any) -> Json:
    return {"interval": [start, end]}


def bbox(*numbers: float) -> Json:
    return {"bbox": list(numbers)}


GEOM = prop("geom")
NAME, KIND, OTHER = prop("name"), prop("kind"), prop("other")
PROGRESS, PLANNED, LEVEL = prop("progress"), prop("planned"), prop("level")
STARTS, ENDS, SEEN = prop("starts"), prop("ends"), prop("seen_at")
POINT = {"type": "Point", "coordinates": [115.85, 33.05]}
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[115.8, 33], [115.81, 33], [115.81, 33.01], [115.8, 33.01], [115.8, 33]]],
}
SQUARE_WKT = "POLYGON((115.8 33,115.81 33,115.81 33.01,115.8 33.01,115.8 33))"
SQUARE_SQL = "ST_MakeEnvelope(115.8, 33, 115.81, 33.01, 4490)"
WIDE = {
    "type": "Polygon",
    "coordinates": [[[115.7, 32.9], [115.84, 32.9], [115.84, 33.1], [115.7, 33.1], [115.7, 32.9]]],
}
WIDE_WKT = "POLYGON((115.7 32.9,115.84 32.9,115.84 33.1,115.7 33.1,115.7 32.9))"
WIDE_SQL = "ST_MakeEnvelope(115.7, 32.9, 115.84, 33.1, 4490)"
CUT = {"type": "LineString", "coordinates": [[115.805, 32.99], [115.805, 33.02]]}
CUT_SQL = "ST_GeomFromText('LINESTRING(115.805 32.99, 115.805 33.02)', 4490)"
SHIFTED = "ST_MakeEnvelope(115.805, 33.005, 115.9, 33.1, 4490)"
SHIFTED_WKT = "POLYGON((115.805 33.005,115.9 33.005,115.9 33.1,115.805 33.1,115.805 33.005))"
SHIFTED_JSON = {
    "type": "Polygon",
    "coordinates": [[[115.805, 33.005], [115.9, 33.005], [115.9, 33.1], [115.805, 33.1], [115.805, 33.005]]],
}
LOCAL_DAY = "(seen_at AT TIME ZONE INTERVAL '8 hours')::date"

BASIC, ADVANCED, CASE, ACCENT = (
    "basic-cql2",
    "advanced-comparison-operators",
    "case-insensitive-comparison",
    "accent-insensitive-comparison",
)
SPATIAL_1, SPATIAL_2, SPATIAL = "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions"
TEMPORAL, SUMS, CALLS, PAIRS = "temporal-functions", "arithmetic", "functions", "property-property"

QUESTIONS = (
    Question(BASIC, "kind = '市政'", op("=", KIND, "市政"), "kind = '市政'"),
    Question(BASIC, "\"kind\" <> '市政'", op("<>", KIND, "市政"), "kind <> '市政'"),
    Question(
        BASIC, "name = '东湖''公园\"一期\"'", op("=", NAME, "东湖'公园\"一期\""), "name = '东湖''公园\"一期\"'"
    ),
    Question(BASIC, r"other = 'C:\\data'", op("=", OTHER, "C:\\data"), r"other = 'C:\data'"),
    Question(BASIC, "progress = 33.3", op("=", PROGRESS, 33.3), "progress = 33.3"),
    Question(BASIC, "progress < -1.25e1 OR progress >= +62.5", op("or", op("<", PROGRESS, -12.5), op(">=", PROGRESS, 62.5)), "progress < -12.5 OR progress >= 62.5"),
    Question(BASIC, "level <= 2 AND progress > 50", op("and", op("<=", LEVEL, 2), op(">", PROGRESS, 50)), "level <= 2 AND progress > 50"),
    Question(BASIC, "NOT (kind = '市政' OR level = 1)", op("not", op("or", op("=", KIND, "市政"), op("=", LEVEL, 1))), "NOT (kind = '市政' OR level = 1)"),
    Question(BASIC, "kind = '市政' OR kind = '水利' AND level = 1", op("or", op("=", KIND, "市政"), op("and", op("=", KIND, "水利"), op("=", LEVEL, 1))), "kind = '市政' OR (kind = '水利' AND level = 1)"),
    Question(BASIC, "name IS NULL", op("isNull", NAME), "name IS NULL"),
    Question(BASIC, "geom IS NOT NULL AND progress IS NOT NULL", op("and", op("not", op("isNull", GEOM)), op("not", op("isNull", PROGRESS))), "geom IS NOT NULL AND progress IS NOT NULL"),
    Question(BASIC, "open = TRUE", op("=", prop("open"), True), "open"),
    Question(BASIC, "open", prop("open"), "open"),
    Question(BASIC, "NOT open", op("not", prop("open")), "NOT open"),
    Question(BASIC, "TRUE", True, "TRUE"),  # type: ignore[arg-type]
    Question(BASIC, "starts >= DATE('2025-01-01')", op(">=", STARTS, day("2025-01-01")), "starts >= '2025-01-01'"),
    Question(BASIC, "seen_at < TIMESTAMP('2025-09-30T16:00:00Z')", op("<", SEEN, moment("2025-09-30T16:00:00Z")), "seen_at < '2025-09-30T16:00:00Z'"),
    Question(BASIC, "seen_at = DATE('2025-10-01')", op("=", SEEN, day("2025-10-01")), "seen_at >= '2025-10-01T00:00:00+08:00' AND seen_at < '2025-10-02T00:00:00+08:00'"),
    Question(BASIC, "ends <= TIMESTAMP('9999-12-31T00:00:00Z')", op("<=", ENDS, moment("9999-12-31T00:00:00Z")), "ends IS NOT NULL"),
    Question(ADVANCED, "name LIKE '%桥'", op("like", NAME, "%桥"), "name LIKE '%桥'"),
    Question(ADVANCED, "name NOT LIKE '%工程%'", op("not", op("like", NAME, "%工程%")), "name NOT LIKE '%工程%'"),
    Question(ADVANCED, r"name LIKE '%100\%%'", op("like", NAME, r"%100\%%"), "position('100%' in name) > 0"),
    Question(ADVANCED, r"name LIKE '%\_%'", op("like", NAME, r"%\_%"), "position('_' in name) > 0"),
    Question(ADVANCED, "name LIKE '____'", op("like", NAME, "____"), "char_length(name) = 4"),
    Question(ADVANCED, "progress BETWEEN 0 AND 62.5", op("between", PROGRESS, 0, 62.5), "progress >= 0 AND progress <= 62.5"),
    Question(ADVANCED, "level NOT BETWEEN 2 AND 3", op("not", op("between", LEVEL, 2, 3)), "level < 2 OR level > 3"),
    Question(ADVANCED, "kind IN ('交通','水利')", op("in", KIND, ["交通", "水利"]), "kind = '交通' OR kind = '水利'"),
    Question(ADVANCED, "level IN (1, 4.0)", op("in", LEVEL, [1, 4.0]), "level = 1 OR level = 4"),
    Question(ADVANCED, "starts NOT IN (DATE('2025-01-01'))", op("not", op("in", STARTS, [day("2025-01-01")])), "starts <> '2025-01-01'"),
    Question(CASE, "CASEI(other) = CASEI('HUAIHE bridge')", op("=", op("casei", OTHER), op("casei", "HUAIHE bridge")), "other = 'Huaihe Bridge'"),
    Question(CASE, "CASEI(other) LIKE CASEI('cHÂT%')", op("like", op("casei", OTHER), op("casei", "cHÂT%")), "id = 2"),
    Question(CASE, "CASEI(other) IN (CASEI('chateau'), CASEI('secret'))", op("in", op("casei", OTHER), [op("casei", "chateau"), op("casei", "secret")]), "other = 'CHATEAU'"),
    Question(ACCENT, "ACCENTI(other) LIKE ACCENTI('Chateau%')", op("like", op("accenti", OTHER), op("accenti", "Chateau%")), "id = 2"),
    Question(ACCENT, "ACCENTI(CASEI(other)) LIKE ACCENTI(CASEI('CHÄTEAU%'))", op("like", op("accenti", op("casei", OTHER)), op("accenti", op("casei", "CHÄTEAU%"))), "id IN (2, 3)"),
    Question(ACCENT, "ACCENTI(name) = ACCENTI('淮河路跨线桥')", op("=", op("accenti", NAME), op("accenti", "淮河路跨线桥")), "id = 1"),
    Question(SPATIAL_1, "S_INTERSECTS(geom,POINT(115.85 33.05))", op("s_intersects", GEOM, POINT), "id = 4"),
    Question(SPATIAL_1, "S_INTERSECTS(geom,BBOX(115.815,33.0,115.82,33.02))", op("s_intersects", GEOM, bbox(115.815, 33.0, 115.82, 33.02)), "ST_Intersects(geom, ST_MakeEnvelope(115.815, 33, 115.82, 33.02, 4490))"),
    Question(SPATIAL_1, "S_INTERSECTS(geometry,BBOX(33.04,115.84,33.06,115.86))", op("s_intersects", prop("geometry"), bbox(33.04, 115.84, 33.06, 115.86)), "id = 4", "http://www.opengis.net/def/crs/EPSG/0/4490"),
    Question(SPATIAL_1, "S_INTERSECTS(geom,BBOX(170,-10,-170,10)) OR S_INTERSECTS(geom,BBOX(115.84,33.04,0,115.86,33.06,9))", op("or", op("s_intersects", GEOM, bbox(170, -10, -170, 10)), op("s_intersects", GEOM, bbox(115.84, 33.04, 0, 115.86, 33.06, 9))), "id = 4"),
    Question(SPATIAL_2, "S_INTERSECTS(geom,LINESTRING(115.805 32.99,115.805 33.02))", op("s_intersects", GEOM, CUT), f"ST_Intersects(geom, {CUT_SQL})"),
    Question(SPATIAL_2, "S_INTERSECTS(geom,MULTIPOINT((115.85 33.05),(1 1)))", op("s_intersects", GEOM, {"type": "MultiPoint", "coordinates": [[115.85, 33.05], [1, 1]]}), "id = 4"),
    Question(SPATIAL_2, "S_INTERSECTS(geom,GEOMETRYCOLLECTION(POINT(115.85 33.05),LINESTRING(1 1,2 2)))", op("s_intersects", GEOM, {"type": "GeometryCollection", "geometries": [POINT, {"type": "LineString", "coordinates": [[1, 1], [2, 2]]}]}), "id = 4"),
    Question(SPATIAL, f"S_DISJOINT(geom,{WIDE_WKT})", op("s_disjoint", GEOM, WIDE), f"ST_Disjoint(geom, {WIDE_SQL})"),
    Question(SPATIAL, f"S_WITHIN(geom,{WIDE_WKT})", op("s_within", GEOM, WIDE), f"ST_Within(geom, {WIDE_SQL})"),
    Question(SPATIAL, "S_CONTAINS(geom,POINT(115.812 33.012))", op("s_contains", GEOM, {"type": "Point", "coordinates": [115.812, 33.012]}), "id = 2"),
    Question(SPATIAL, "S_TOUCHES(geom,POINT(115.8 33))", op("s_touches", GEOM, {"type": "Point", "coordinates": [115.8, 33]}), "id = 1"),
    Question(SPATIAL, f"S_OVERLAPS(geom,{SHIFTED_WKT})", op("s_overlaps", GEOM, SHIFTED_JSON), f"id <> 7 AND ST_Overlaps(geom, {SHIFTED})"),
    Question(SPATIAL, "S_CROSSES(geom,LINESTRING(115.805 32.99,115.805 33.02))", op("s_crosses", GEOM, CUT), f"ST_Crosses(geom, {CUT_SQL})"),
    Question(SPATIAL, f"S_EQUALS({SQUARE_WKT},geom)", op("s_equals", SQUARE, GEOM), f"ST_Equals(geom, {SQUARE_SQL})"),
    Question(TEMPORAL, "T_AFTER(starts,DATE('2025-01-01'))", op("t_after", STARTS, day("2025-01-01")), "starts > '2025-01-01'"),
    Question(TEMPORAL, "T_BEFORE(seen_at,TIMESTAMP('2025-10-01T00:00:00Z'))", op("t_before", SEEN, moment("2025-10-01T00:00:00Z")), "seen_at < '2025-10-01T00:00:00Z'"),
    Question(TEMPORAL, "T_EQUALS(starts,DATE('2025-01-01'))", op("t_equals", STARTS, day("2025-01-01")), "starts = '2025-01-01'"),
    Question(TEMPORAL, "T_DURING(INTERVAL(starts,ends),INTERVAL('2024-01-01','2026-01-01'))", op("t_during", span(STARTS, ENDS), span("2024-01-01", "2026-01-01")), "starts > '2024-01-01' AND ends < '2026-01-01'"),
    Question(TEMPORAL, "T_INTERSECTS(INTERVAL(starts,ends),INTERVAL('2026-01-01','..'))", op("t_intersects", span(STARTS, ENDS), span("2026-01-01", "..")), "ends >= '2026-01-01'"),
    Question(TEMPORAL, "T_DISJOINT(INTERVAL(starts,ends),INTERVAL('2025-04-01','2025-05-31'))", op("t_disjoint", span(STARTS, ENDS), span("2025-04-01", "2025-05-31")), "ends < '2025-04-01' OR starts > '2025-05-31'"),
    Question(TEMPORAL, "T_CONTAINS(INTERVAL(starts,ends),INTERVAL('2025-02-01','2025-03-01'))", op("t_contains", span(STARTS, ENDS), span("2025-02-01", "2025-03-01")), "starts < '2025-02-01' AND ends > '2025-03-01'"),
    Question(TEMPORAL, "T_FINISHES(INTERVAL(starts,ends),INTERVAL('2024-12-01','2025-12-31'))", op("t_finishes", span(STARTS, ENDS), span("2024-12-01", "2025-12-31")), "id = 1"),
    Question(TEMPORAL, "T_FINISHEDBY(INTERVAL(starts,ends),INTERVAL('2025-12-01','2025-12-31'))", op("t_finishedby", span(STARTS, ENDS), span("2025-12-01", "2025-12-31")), "id = 1"),
    Question(TEMPORAL, "T_MEETS(INTERVAL(starts,ends),INTERVAL('2025-12-31','..'))", op("t_meets", span(STARTS, ENDS), span("2025-12-31", "..")), "ends = '2025-12-31'"),
    Question(TEMPORAL, "T_METBY(INTERVAL(starts,ends),INTERVAL('..','2025-12-31'))", op("t_metby", span(STARTS, ENDS), span("..", "2025-12-31")), "starts = '2025-12-31' AND ends IS NOT NULL"),
    Question(TEMPORAL, "T_OVERLAPS(INTERVAL(starts,ends),INTERVAL('2025-03-01','2026-01-31'))", op("t_overlaps", span(STARTS, ENDS), span("2025-03-01", "2026-01-31")), "id IN (1, 2)"),
    Question(TEMPORAL, "T_OVERLAPPEDBY(INTERVAL(starts,ends),INTERVAL('2024-12-01','2025-06-30'))", op("t_overlappedby", span(STARTS, ENDS), span("2024-12-01", "2025-06-30")), "id IN (1, 3)"),
    Question(TEMPORAL, "T_STARTS(INTERVAL(starts,ends),INTERVAL('2025-01-01','2030-01-01'))", op("t_starts", span(STARTS, ENDS), span("2025-01-01", "2030-01-01")), "id = 1"),
    Question(TEMPORAL, "T_STARTEDBY(INTERVAL(starts,ends),INTERVAL('2025-01-01','2025-02-01'))", op("t_startedby", span(STARTS, ENDS), span("2025-01-01", "2025-02-01")), "id = 1"),
    Question(TEMPORAL, "T_INTERSECTS(seen_at,INTERVAL('2025-10-01T00:00:00+08:00','2025-10-01T10:00:00+08:00'))", op("t_intersects", SEEN, span("2025-10-01T00:00:00+08:00", "2025-10-01T10:00:00+08:00")), "seen_at BETWEEN '2025-09-30T16:00:00Z' AND '2025-10-01T02:00:00Z'"),
    Question(TEMPORAL, "T_INTERSECTS(seen_at,DATE('2025-09-30'))", op("t_intersects", SEEN, day("2025-09-30")), "id = 2"),
    Question(SUMS, "progress + 7.5 = 70", op("=", op("+", PROGRESS, 7.5), 70), "id = 1"),
    Question(SUMS, "planned - progress > 5 * (level - 1)", op(">", op("-", PLANNED, PROGRESS), op("*", 5, op("-", LEVEL, 1))), "planned - progress > 5 * (level - 1)"),
    Question(SUMS, "100 / progress < 2", op("<", op("/", 100, PROGRESS), 2), "progress <> 0 AND 100 / progress < 2"),
    Question(SUMS, "level % 2 = 1", op("=", op("%", LEVEL, 2), 1), "level IN (1, 3)"),
    Question(SUMS, "progress div 10 = 6", op("=", op("div", PROGRESS, 10), 6), "id = 1"),
    Question(SUMS, "level ^ 2 = 9 OR -level = -4", op("or", op("=", op("^", LEVEL, 2), 9), op("=", op("*", -1, LEVEL), -4)), "level IN (3, 4)"),
    Question(PAIRS, "progress < planned", op("<", PROGRESS, PLANNED), "progress < planned"),
    Question(PAIRS, "progress = planned", op("=", PROGRESS, PLANNED), "id IN (2, 4)"),
    Question(PAIRS, "other <> name AND starts < ends", op("and", op("<>", OTHER, NAME), op("<", STARTS, ENDS)), "other <> name AND starts < ends"),
    Question(PAIRS, "100 > progress AND '市政' = kind", op("and", op(">", 100, PROGRESS), op("=", "市政", KIND)), "progress < 100 AND kind = '市政'"),
    Question(CALLS, "length(name) = 4", op("=", op("length", NAME), 4), "char_length(name) = 4"),
    Question(CALLS, "year(starts) = 2025 AND month(seen_at) = 10", op("and", op("=", op("year", STARTS), 2025), op("=", op("month", SEEN), 10)), "starts BETWEEN '2025-01-01' AND '2025-12-31' AND id IN (1, 3)"),
    Question(CALLS, "abs(progress) BETWEEN 12 AND 13 OR round(planned) = 33", op("or", op("between", op("abs", PROGRESS), 12, 13), op("=", op("round", PLANNED), 33)), "id IN (4, 7)"),
    Question(CALLS, "upper(other) = 'CHATEAU' OR lower(other) LIKE 'huai%' OR trim(kind) = '产业'", op("or", op("=", op("upper", OTHER), "CHATEAU"), op("like", op("lower", OTHER), "huai%"), op("=", op("trim", KIND), "产业")), "id IN (1, 3, 6, 7)"),
    Question(CALLS, "floor(progress) = 33 AND ceil(progress) = 34", op("and", op("=", op("floor", PROGRESS), 33), op("=", op("ceil", PROGRESS), 34)), "id = 4"),
)  # fmt: skip
