# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Answers without features: counts, object ids, extents, distinct values, statistics.

Every figure is worked out over exactly the rows that the same query would draw.
Source: Esri REST API, "Query (Feature Service/Layer)", `outStatistics`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gis.crs import Crs
from gis.errors import InvalidParameterError
from gis.esri.fields import TYPES, field_document, get_field, outer_name, value_sql, with_object_id
from gis.esri.page import Page
from gis.layer import Field, Layer, Selection
from gis.statement import ROW, Connection, Statement, fetch_row, merged

MOST_STATISTICS: Final = 20
MOST_GROUP_FIELDS: Final = 4
_NAME: Final = re.compile(r"[^\W\d]\w{0,62}")
_SQL: Final = {
    "count": "count({0})",
    "sum": "sum({0})",
    "min": "min({0})",
    "max": "max({0})",
    "avg": "avg({0})",
    "stddev": "stddev_samp({0})",
    "var": "var_samp({0})",
}
_OF_NUMBERS: Final = frozenset({"sum", "avg", "stddev", "var"})

Extent = tuple[float, float, float, float]


@dataclass(frozen=True)
class Statistic:
    """One figure over a group of rows."""

    kind: str
    field: Field
    name: str


@dataclass(frozen=True)
class Grouping:
    """What `outStatistics`, `groupByFieldsForStatistics` and `orderByFields` ask for together."""

    statistics: tuple[Statistic, ...]
    fields: tuple[Field, ...]
    order: tuple[tuple[int, bool], ...]
    """Column of the answer, counted from 1, and whether it runs downwards."""


def ids_statement(selection: Selection) -> Statement:
    """Build the statement of all object ids in ascending order, as one JSON list."""
    rows = selection.rows()
    chosen = f"SELECT {selection.layer.id_sql()}::int4 AS _id FROM {rows.sql} ORDER BY 1"
    return Statement(
        f"SELECT convert_to(string_agg(_id::text, ','), 'UTF8') FROM ({chosen}) ids", rows.params
    )


async def fetch_ids(connection: Connection, selection: Selection) -> bytes:
    """Return every object id of the selection, with commas between."""
    row = await fetch_row(connection, ids_statement(selection), prepare=False)
    return bytes(row[0]) if row and row[0] is not None else b""


async def count_rows(connection: Connection, selection: Selection) -> int:
    """Return how many rows there are; exact, however many."""
    rows = selection.rows()
    row = await fetch_row(
        connection, Statement(f"SELECT count(*) FROM {rows.sql}", rows.params), prepare=False
    )
    return int(row[0]) if row else 0


async def find_extent_in(connection: Connection, selection: Selection, crs: Crs) -> Extent | None:
    """Return the box around the rows in a client's coordinates; None where no row has a geometry."""
    geometry = selection.layer.geometry_sql()
    if not crs.degrees:
        geometry = f"ST_Transform({geometry}, {crs.srid})"
    rows = selection.rows()
    sql = (
        "SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) "
        f"FROM (SELECT ST_Extent({geometry}) AS box FROM {rows.sql}) e"
    )
    row = await fetch_row(connection, Statement(sql, rows.params), prepare=False)
    if row is None or row[0] is None:
        return None
    west, south, east, north = row
    return west, south, east, north


async def find_times(
    connection: Connection, selection: Selection, start: Field, end: Field
) -> tuple[int, int] | None:
    """Return the first and last time of the rows in milliseconds; None where no row has one."""
    rows = selection.rows()
    first, last = value_sql(start, f"{ROW}.{start.name}"), value_sql(end, f"{ROW}.{end.name}")
    sql = f"SELECT min({first}), max(greatest({first}, {last})) FROM {rows.sql}"
    row = await fetch_row(connection, Statement(sql, rows.params), prepare=False)
    return (row[0], row[1]) if row and row[0] is not None else None


def distinct_statement(selection: Selection, page: Page) -> Statement:
    """Build the statement of the distinct values of the page's fields, one JSON object per row."""
    layer = selection.layer
    rows = selection.rows()
    columns = [_shown(layer, item) for item in page.fields]
    order = [_sorted(page.fields, key.field, key.descending) for key in page.sort]
    order += [str(number) for number in range(1, len(columns) + 1)]
    sql = (
        f"SELECT row_to_json(d)::text AS _row FROM (SELECT DISTINCT {', '.join(columns)} FROM {rows.sql} "
        f"ORDER BY {', '.join(order)} OFFSET %(page_skipped)s::int8 LIMIT %(page_limit)s::int8 + 1) d"
    )
    return Statement(sql, merged(rows.params, {"page_skipped": page.skipped, "page_limit": page.limit}))


def _shown(layer: Layer, item: Field) -> str:
    return f'{value_sql(item, f"{ROW}.{item.name}")} AS "{outer_name(layer, item)}"'


def _sorted(fields: Sequence[Field], item: Field, descending: bool) -> str:
    if item not in fields:
        raise InvalidParameterError(
            f"Distinct values can be ordered by the fields they are made of, not by {item.name}.",
            f"去重查询只能按返回字段排序，不能按 {item.name} 排序。",
            where="orderByFields",
        )
    return f"{fields.index(item) + 1} {'DESC' if descending else 'ASC'} NULLS LAST"


def count_distinct_statement(selection: Selection, page: Page) -> Statement:
    """Build the statement that counts the distinct values of the page's fields."""
    rows = selection.rows()
    columns = ", ".join(_shown(selection.layer, item) for item in page.fields)
    return Statement(f"SELECT count(*) FROM (SELECT DISTINCT {columns} FROM {rows.sql}) d", rows.params)


def parse_grouping(layer: Layer, statistics: str, group_by: str, order: str) -> Grouping:
    """Read `outStatistics` with its groups and their order.

    Raises
    ------
    InvalidParameterError
        Not the JSON that Esri describes, an unknown figure, or one that the field's type has not.
    UnknownPropertyError
        A field that the layer, as this caller may see it, has not.
    """
    known = with_object_id(layer)
    figures = tuple(_statistic(known, item) for item in _read_list(statistics))
    names = [name.strip() for name in group_by.split(",") if name.strip()]
    fields = tuple(get_field(known, name.strip('"'), "groupByFieldsForStatistics") for name in names)
    if len(fields) > MOST_GROUP_FIELDS or len(set(fields)) < len(fields):
        raise _bad(
            "groupByFieldsForStatistics",
            f"up to {MOST_GROUP_FIELDS} different fields",
            f"最多 {MOST_GROUP_FIELDS} 个不同字段",
        )
    outer = [outer_name(layer, item) for item in fields] + [item.name for item in figures]
    if len({name.lower() for name in outer}) < len(outer):
        raise _bad("outStatistics", "every name must stand once", "输出名称不能重复")
    return Grouping(figures, fields, _order([name.lower() for name in outer], order))


def _bad(where: str, en: str, zh: str) -> InvalidParameterError:
    return InvalidParameterError(f"{where}: {en}.", f"{where}：{zh}。", where=where)


def _read_list(text: str) -> list[Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    found = [found] if isinstance(found, dict) else found
    if isinstance(found, list) and 0 < len(found) <= MOST_STATISTICS:
        return found
    raise _bad(
        "outStatistics",
        f"a JSON list of 1 to {MOST_STATISTICS} definitions is needed",
        f"应为含 1 至 {MOST_STATISTICS} 个定义的 JSON 数组",
    )


def _statistic(layer: Layer, item: Any) -> Statistic:
    if not isinstance(item, dict):
        raise _bad("outStatistics", "a definition is a JSON object", "每个定义应为 JSON 对象")
    kind = str(item.get("statisticType", "")).lower()
    if kind not in _SQL:
        raise _bad(
            "outStatistics",
            f"statisticType is one of {', '.join(_SQL)}",
            f"statisticType 应为 {'、'.join(_SQL)} 之一",
        )
    field = get_field(layer, str(item.get("onStatisticField", "")), "outStatistics")
    if kind in _OF_NUMBERS and field.type not in ("integer", "number"):
        raise _bad(
            "outStatistics",
            f"{kind} of {field.name}: it is no number",
            f"{field.name} 不是数值，不能求 {kind}",
        )
    name = str(item.get("outStatisticFieldName") or f"{kind}_{field.name}")
    if not _NAME.fullmatch(name):
        raise _bad("outStatistics", f"{name[:40]!r} is no name of a field", f"{name[:40]!r} 不是字段名")
    return Statistic(kind, field, name)


def _order(names: list[str], text: str) -> tuple[tuple[int, bool], ...]:
    keys = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        name, _, direction = part.partition(" ")
        wanted, turn = name.strip('"').lower(), direction.strip().upper()
        if wanted not in names or turn not in ("", "ASC", "DESC"):
            raise _bad(
                "orderByFields", f"statistics have {', '.join(names)}", f"统计结果的字段为 {'、'.join(names)}"
            )
        keys.append((names.index(wanted) + 1, turn == "DESC"))
    return tuple(keys)


def statistics_statement(selection: Selection, grouping: Grouping, skipped: int, limit: int) -> Statement:
    """Build the statement of the figures, one JSON object per group.

    The names that a client gives its figures are bound as values, never written into the statement.
    """
    rows = selection.rows()
    grouped = [f"{value_sql(item, f'{ROW}.{item.name}')} AS _g{n}" for n, item in enumerate(grouping.fields)]
    figures = [f"{_figure_sql(item)} AS _s{n}" for n, item in enumerate(grouping.statistics)]
    places = [f"{n}" for n in range(1, len(grouped) + 1)]
    order = [f"{n} {'DESC' if down else 'ASC'} NULLS LAST" for n, down in grouping.order] + places
    inner = f"SELECT {', '.join(grouped + figures)} FROM {rows.sql}"
    inner += f" GROUP BY {', '.join(places)}" if places else ""
    inner += f" ORDER BY {', '.join(order)}" if order else ""
    inner += " OFFSET %(page_skipped)s::int8 LIMIT %(page_limit)s::int8 + 1"
    pairs = [f"%(name_{n})s::text, _g{n}" for n in range(len(grouped))]
    pairs += [f"%(name_{n + len(grouped)})s::text, _s{n}" for n in range(len(figures))]
    names = [outer_name(selection.layer, item) for item in grouping.fields]
    names += [item.name for item in grouping.statistics]
    params: dict[str, object] = {"page_skipped": skipped, "page_limit": limit}
    params |= {f"name_{n}": name for n, name in enumerate(names)}
    sql = f"SELECT json_build_object({', '.join(pairs)})::text AS _row FROM ({inner}) g"
    return Statement(sql, merged(rows.params, params))


def _figure_sql(item: Statistic) -> str:
    column = f"{ROW}.{item.field.name}"
    if item.kind in ("min", "max"):
        column = value_sql(item.field, column)
    return _SQL[item.kind].format(f"{column}::float8" if item.kind in _OF_NUMBERS else column)


async def fetch_listed(connection: Connection, statement: Statement, limit: int) -> tuple[bytes, bool]:
    """Run a statement of JSON rows; return them as features with commas between, and whether more follow."""
    kept = "FILTER (WHERE _n <= %(page_limit)s::int8)"
    sql = (
        f"SELECT convert_to(string_agg('{{\"attributes\":' || _row || '}}', ',') {kept}, 'UTF8'), count(*) "
        f"FROM (SELECT row_number() OVER () AS _n, _row FROM ({statement.sql}) listed) numbered"
    )
    row = await fetch_row(connection, Statement(sql, statement.params), prepare=False)
    body, found = row or (None, 0)
    return bytes(body or b""), found > limit


def grouping_fields(layer: Layer, grouping: Grouping) -> list[dict[str, Any]]:
    """Return the `fields` of an answer with statistics."""
    known = with_object_id(layer)
    found = [field_document(known, item) for item in grouping.fields]
    for item in grouping.statistics:
        kind = TYPES[item.field.type] if item.kind in ("min", "max") else "esriFieldTypeDouble"
        if item.kind == "count":
            kind = "esriFieldTypeInteger"
        found.append({"name": item.name, "type": kind, "alias": item.name})
    return found
