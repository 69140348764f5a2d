# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Features as finished Esri JSON or GeoJSON: one statement writes the text, Python only joins the ends.

Rings run clockwise outside and counter-clockwise inside, opposite to GeoJSON. A feature without geometry, or with an
empty one, is written with `"geometry": null`; heights are dropped.
Source: Esri REST API, "Query (Feature Service/Layer)", "Geometry objects".
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import Crs
from gis.errors import InvalidParameterError
from gis.esri.fields import get_field, outer_name, value_sql, with_object_id
from gis.esri.reference import STORED
from gis.layer import Field, Layer, Selection
from gis.paging import MAX_SORT_KEYS, SortKey, order_sql
from gis.statement import ROW, Connection, Row, Statement, fetch_row, fetch_rows, merged, stream_rows

MAX_RECORD_COUNT: Final = 2_000
LARGEST_OFFSET: Final = 10_000_000
_BATCH: Final = 500
# Where the coordinates begin in what ST_AsGeoJSON writes, and how many brackets to drop behind them.
_PARTS: Final = {
    "point": ("ST_GeometryN(ST_Force2D({0}), 1)", len('{"type":"Point","coordinates":[') + 1, 2),
    "line": (
        "ST_Multi(ST_CollectionExtract(ST_Force2D({0}), 2))",
        len('{"type":"MultiLineString","coordinates":') + 1,
        1,
    ),
    "polygon": (
        "ST_ForcePolygonCW(ST_Multi(ST_CollectionExtract(ST_Force2D({0}), 3)))",
        len('{"type":"MultiPolygon","coordinates":[') + 1,
        2,
    ),
}


@dataclass(frozen=True)
class Page:
    """Which features of a selection are written, and how.

    Parameters
    ----------
    fields : tuple of Field
        Attributes in their order; the object id is a field of its own.
    crs : Crs
        Of the coordinates; x is always east.
    shapes : bool
        Whether geometries are written.
    decimals : int, optional
        Of coordinates; what survey exchange needs where not given.
    offset_by : float
        Farthest that a simplified line may leave the true one, in units of `crs`; 0 is not simplified.
    """

    fields: tuple[Field, ...]
    crs: Crs = STORED
    shapes: bool = True
    decimals: int | None = None
    offset_by: float = 0.0
    sort: tuple[SortKey, ...] = ()
    skipped: int = 0
    limit: int = MAX_RECORD_COUNT


@dataclass(frozen=True)
class Written:
    """Finished features with commas between, and whether more would follow."""

    body: bytes
    returned: int
    exceeded: bool
    last_id: int | None = None
    """The largest object id: of a page in the order of ids the one it ends with."""


def parse_fields(layer: Layer, text: str) -> tuple[Field, ...]:
    """Read `outFields`: `*`, or names with commas; nothing means the object id alone.

    Raises
    ------
    UnknownPropertyError
        A name that the layer, as this caller may see it, has not.
    """
    known = with_object_id(layer)
    names = [name.strip() for name in text.split(",") if name.strip()]
    if "*" in names:
        return known.fields
    wanted = {get_field(known, name.strip('"'), "outFields").name for name in names}
    return tuple(item for item in known.fields if item.name in wanted or item.name == layer.id_column)


def parse_order(layer: Layer, text: str) -> tuple[SortKey, ...]:
    """Read `orderByFields`: names with commas, each with ASC or DESC behind it; by default the object id.

    Raises
    ------
    UnknownPropertyError
        A name that the layer, as this caller may see it, has not.
    InvalidParameterError
        Too many, twice the same, or another word behind a name.
    """
    keys: list[SortKey] = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        name, _, direction = part.partition(" ")
        if direction.strip().upper() not in ("", "ASC", "DESC"):
            raise _bad_order(part)
        item = get_field(with_object_id(layer), name.strip('"'), "orderByFields")
        keys.append(SortKey(item, descending=direction.strip().upper() == "DESC"))
    if len(keys) > MAX_SORT_KEYS or len({key.field.name for key in keys}) < len(keys):
        raise _bad_order(text)
    return tuple(keys)


def _bad_order(text: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"orderByFields={text[:80]!r} takes up to {MAX_SORT_KEYS} different fields, each with ASC or DESC.",
        f"orderByFields={text[:80]!r}：最多 {MAX_SORT_KEYS} 个不同字段，可加 ASC 或 DESC。",
        where="orderByFields",
    )


def features_statement(selection: Selection, page: Page, form: str = "json") -> Statement:
    """Build the statement that gives `_id` and one finished feature per row, with one row beyond the limit.

    Parameters
    ----------
    form : {"json", "geojson"}
        Esri JSON or GeoJSON features.

    Notes
    -----
    A layer of points is one of single points: of a multipoint the first one would be written.
    """
    chosen = chosen_statement(selection, page)
    write = _geojson_sql if form == "geojson" else _esri_sql
    sql = f"SELECT _id, {write(selection.layer, page)} AS _feature FROM ({chosen.sql}) chosen"
    return Statement(sql, chosen.params)


def chosen_statement(selection: Selection, page: Page) -> Statement:
    """Build the statement of the rows of a page: `_id`, `_geometry` and the fields, one more than the limit."""
    layer = selection.layer
    rows = selection.rows()
    columns = [f"{layer.id_sql()} AS _id"]
    if page.shapes:
        columns.append(f"{shape_sql(layer, page)} AS _geometry")
    columns += [f"{ROW}.{item.name}" for item in page.fields if item.name != layer.id_column]
    sql = (
        f"SELECT {', '.join(columns)} FROM {rows.sql} ORDER BY {order_sql(layer, page.sort)} "
        "OFFSET %(page_skipped)s::int8 LIMIT %(page_limit)s::int8 + 1"
    )
    params: dict[str, object] = {"page_skipped": page.skipped, "page_limit": page.limit}
    if page.offset_by > 0:
        params["page_offset_by"] = page.offset_by
    return Statement(sql, merged(rows.params, params))


def shape_sql(layer: Layer, page: Page) -> str:
    """Return a row's geometry in the page's coordinates, simplified where that is asked for."""
    geometry = layer.geometry_sql()
    if not page.crs.degrees:
        geometry = f"ST_Transform({geometry}, {page.crs.srid})"
    if page.offset_by > 0:
        geometry = f"ST_SimplifyPreserveTopology({geometry}, %(page_offset_by)s::float8)"
    return geometry


def attributes_sql(layer: Layer, fields: Sequence[Field]) -> str:
    """Return the expression of the attributes as a JSON text; an object id beyond 32 bits is an error."""
    columns = [
        f'_id::int4 AS "{outer_name(layer, item)}"'
        if item.name == layer.id_column
        else f"{value_sql(item, item.name)} AS {item.name}"
        for item in fields
    ]
    return f"row_to_json((SELECT p FROM (SELECT {', '.join(columns)}) p))::text"


def _esri_sql(layer: Layer, page: Page) -> str:
    attributes = attributes_sql(layer, page.fields)
    if not page.shapes:
        return f"'{{\"attributes\":' || {attributes} || '}}'"
    geometry = f"coalesce({_esri_shape_sql(layer, page)}, 'null')"
    return f"'{{\"attributes\":' || {attributes} || ',\"geometry\":' || {geometry} || '}}'"


def _decimals(page: Page) -> int:
    return page.crs.decimals if page.decimals is None else page.decimals


def _esri_shape_sql(layer: Layer, page: Page) -> str:
    form, start, behind = _PARTS[layer.geometry_type]
    text = f"ST_AsGeoJSON({form.format('_geometry')}, {_decimals(page)}, 0)"
    inside = f"nullif(left(substr({text}, {start}), -{behind}), '')"
    match layer.geometry_type:
        case "point":
            return f"'{{\"x\":' || replace({inside}, ',', ',\"y\":') || '}}'"
        case "line":
            return f"'{{\"paths\":' || nullif({inside}, '[]') || '}}'"
        case _:
            # From one list of polygons to one list of rings: the brackets between two polygons are dropped.
            return f"'{{\"rings\":' || replace({inside}, ']]],[[[', ']],[[') || '}}'"


def _geojson_sql(layer: Layer, page: Page) -> str:
    attributes = attributes_sql(layer, page.fields)
    shape = f"ST_AsGeoJSON(ST_ForcePolygonCCW(_geometry), {_decimals(page)}, 0)" if page.shapes else "NULL"
    return (
        '\'{"type":"Feature","id":\' || _id || \',"geometry":\' || '
        f"coalesce({shape}, 'null') || ',\"properties\":' || {attributes} || '}}'"
    )


async def fetch_features(
    connection: Connection, selection: Selection, page: Page, form: str = "json"
) -> Written:
    """Run `features_statement` and return the features as one text."""
    inner = features_statement(selection, page, form)
    kept = "FILTER (WHERE _n <= %(page_limit)s::int8)"
    sql = (
        f"SELECT convert_to(string_agg(_feature, ',') {kept}, 'UTF8'), count(*) {kept}, count(*), max(_id) {kept} "
        f"FROM (SELECT row_number() OVER () AS _n, _id, _feature FROM ({inner.sql}) inside) page"
    )
    row = await fetch_row(connection, Statement(sql, inner.params), prepare=False)
    body, returned, found, last = row or (None, 0, 0, None)
    return Written(bytes(body or b""), returned, found > returned, last)


async def stream_features(
    connection: Connection, selection: Selection, page: Page, form: str = "json"
) -> AsyncGenerator[Written, None]:
    """Yield the features of a page in batches, each as soon as it is there; put a comma between the bodies.

    Where more would follow, a last batch says so.
    """
    inner = features_statement(selection, page, form)
    statement = Statement(f"SELECT convert_to(_feature, 'UTF8'), _id FROM ({inner.sql}) inside", inner.params)
    left = page.limit
    async with aclosing(stream_rows(connection, statement, _BATCH)) as batches:
        async for rows in batches:
            kept = rows[:left]
            left -= len(kept)
            last = max((row[1] for row in kept), default=None)
            yield Written(b",".join(row[0] for row in kept), len(kept), len(kept) < len(rows), last)


@dataclass(frozen=True)
class Drawn:
    """The rows of a page as values: ids, attributes as Esri carries them, shapes."""

    ids: list[int]
    values: list[Row]
    shapes: Sequence[BaseGeometry | None]
    exceeded: bool


async def fetch_drawn(connection: Connection, selection: Selection, page: Page) -> Drawn:
    """Return the rows of a page as values, for formats whose coordinates are counted in steps of a grid."""
    layer = selection.layer
    chosen = chosen_statement(selection, page)
    columns = [
        "_id::int4" if item.name == layer.id_column else value_sql(item, item.name) for item in page.fields
    ]
    form = _PARTS[layer.geometry_type][0].format("_geometry")
    shape = f"ST_AsBinary({form})" if page.shapes else "NULL::bytea"
    sql = f"SELECT {', '.join(['_id::int4', shape, *columns])} FROM ({chosen.sql}) chosen"
    rows = await fetch_rows(connection, Statement(sql, chosen.params))
    kept = rows[: page.limit]
    return Drawn(
        ids=[row[0] for row in kept],
        values=[row[2:] for row in kept],
        shapes=list(shapely.from_wkb([row[1] for row in kept])),
        exceeded=len(rows) > len(kept),
    )
