# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Features as finished bytes: one statement writes the GeoJSON, Python only joins the ends.

Nothing on this way parses or re-encodes a feature. Small pages come at once; large ones
stream from a server-side cursor in constant memory.
Source: RFC 7946; OGC API Features Part 1, 17-069r4, 7.15–7.16.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import orjson

from gis.crs import CRS84, STORED_SRID, WGS84_SRID, Crs
from gis.errors import FeatureNotFoundError
from gis.layer import Layer, Selection
from gis.paging import Page, Position, after_condition, order_sql, position_sql
from gis.statement import ROW, Connection, Row, Statement, fetch_row, fetch_rows, merged, stream_rows
from gis.tag import row_tag_sql

STREAM_ABOVE: Final = 2_000
"""Pages of more features than this are better streamed."""

COUNT_EXACTLY_UP_TO: Final = 100_000
_PIECE: Final = 40
_ONE_MORE: Final = "%(page_limit)s::int8 + 1"
STREAM_BATCH: Final = 500
"""Features of each batch of a stream but the last."""


@dataclass(frozen=True)
class ItemsPage:
    """A page, or a batch of a streamed one: features with commas between, without brackets, in some pieces.

    Attributes
    ----------
    matched : int or None
        How many rows match, where finding the page told it.
    """

    parts: tuple[bytes, ...]
    returned: int
    next: Position | None
    matched: int | None = None

    @property
    def body(self) -> bytes:
        """The pieces in one."""
        return b"".join(self.parts)


EMPTY_PAGE: Final = ItemsPage((), 0, None)


@dataclass(frozen=True)
class FeatureBatch:
    """Some features of a stream, each a finished GeoJSON object; `next` where the page ends and more follows."""

    features: list[bytes]
    next: Position | None


@dataclass(frozen=True)
class Item:
    """One feature, a finished GeoJSON object that ends with `}`, and the tag of its row's state."""

    body: bytes
    tag: str


@dataclass(frozen=True)
class Count:
    """How many rows match; above the exact limit it is the planner's estimate."""

    number: int
    exact: bool


def page_statement(selection: Selection, page: Page, crs: Crs = CRS84) -> Statement:
    """Build the statement of a page: pieces of some features each, in order.

    Each row has a body, the number of features in it, whether more follow the page, how many rows match or NULL, and
    where the piece holds the last feature its id and sort values. Pieces and not one value: a megabyte is copied three times on its way, each
    time into memory that the system must first give. Nor a row a feature: each wakes the reader.
    A row without geometry is written with ``"geometry": null``, an empty geometry with empty coordinates, a third
    dimension as it is stored.
    """
    chosen = _chosen(selection, page, crs)
    keys = "".join(f", _k{number}" for number in range(len(page.sort)))
    kept = "FILTER (WHERE _n <= %(page_limit)s::int8)"
    last = "FILTER (WHERE _n = %(page_limit)s::int8)"
    columns = [
        f"convert_to(CASE WHEN min(_n) > 1 THEN ',' ELSE '' END || string_agg(_feature, ',') {kept}, 'UTF8')",
        f"count(*) {kept}",
        "max(_n) > %(page_limit)s::int8",
        chosen.matched,
        f"max(_id) {last}",
        *(f"max(_k{number}) {last}" for number in range(len(page.sort))),
    ]
    numbered = (
        f"SELECT _id, row_number() OVER () AS _n{keys}, {feature_sql(selection.layer, crs)} AS _feature "
        f"FROM ({chosen.sql}) chosen"
    )
    sql = (
        f"{chosen.before}SELECT {', '.join(columns)} FROM ({numbered}) page "
        f"GROUP BY (_n - 1) / {_PIECE} ORDER BY min(_n)"
    )
    return Statement(sql, chosen.params)


async def fetch_items(
    connection: Connection, selection: Selection, page: Page, crs: Crs = CRS84
) -> ItemsPage:
    """Run `page_statement` and return the page whole."""
    rows = await fetch_rows(connection, page_statement(selection, page, crs), prepare=False)
    bodies = tuple(row[0] for row in rows if row[1])
    ends = [row[4:] for row in rows if row[4] is not None]
    more = any(row[2] for row in rows)
    matched = rows[0][3] if rows else None
    return ItemsPage(bodies, sum(row[1] for row in rows), _position(ends[0]) if more else None, matched)


def stream_statement(selection: Selection, page: Page, crs: Crs = CRS84) -> Statement:
    """Build the statement that gives one feature per row, in order, with one row beyond the limit.

    Nothing stands between the ordered rows and the reader: numbering or joining them would write every
    feature before the first one goes out.
    """
    chosen = _chosen(selection, page, crs, counted=False)
    keys = "".join(f", _k{number}" for number in range(len(page.sort)))
    feature = feature_sql(selection.layer, crs)
    return Statement(
        f"SELECT convert_to({feature}, 'UTF8'), _id{keys} FROM ({chosen.sql}) chosen", chosen.params
    )


async def stream_items(
    connection: Connection, selection: Selection, page: Page, crs: Crs = CRS84
) -> AsyncGenerator[ItemsPage, None]:
    """Yield a page in batches of finished bytes, each as soon as it is there.

    Put a comma between the bodies. The last batch has an empty body, and carries `next` where more follows; a
    batch of fewer than `STREAM_BATCH` features is the last with any.
    """
    last = None
    async with aclosing(stream_features(connection, selection, page, crs)) as batches:
        async for batch in batches:
            last = batch.next
            if batch.features:
                yield ItemsPage((b",".join(batch.features),), len(batch.features), None)
    yield ItemsPage((), 0, last)


async def stream_features(
    connection: Connection, selection: Selection, page: Page, crs: Crs = CRS84
) -> AsyncGenerator[FeatureBatch, None]:
    """Yield a page in batches of single features; only the last batch has `next`, and it may be empty."""
    left = page.limit
    last: Row = ()
    async with aclosing(
        stream_rows(connection, stream_statement(selection, page, crs), STREAM_BATCH)
    ) as batches:
        async for rows in batches:
            kept = rows[:left]
            last = kept[-1] if kept else last
            left -= len(kept)
            more = len(kept) < len(rows)
            yield FeatureBatch([row[0] for row in kept], _position(last[1:]) if more else None)
            if more:
                return


def _position(row: Sequence[object]) -> Position:
    identity, *values = row
    if not isinstance(identity, int):
        raise TypeError(f"a feature id must be an integer, not {identity!r}")
    return Position(tuple(None if value is None else str(value) for value in values), identity)


@dataclass(frozen=True)
class _Chosen:
    """The rows of a page and one more, in order: a statement, what stands before it, how many rows match."""

    sql: str
    params: Mapping[str, object]
    before: str = ""
    matched: str = "NULL::int8"


def _chosen(selection: Selection, page: Page, crs: Crs, *, counted: bool = True) -> _Chosen:
    if is_kept_as_text(selection.layer, crs) and not page.sort:
        return _chosen_by_id(selection, page, crs, counted=counted and page.after is None)
    return _chosen_at_once(selection, page, crs)


def _chosen_at_once(selection: Selection, page: Page, crs: Crs) -> _Chosen:
    """Choose the rows before anything is written: the sort keeps only them."""
    layer = selection.layer
    rows = selection.filtered(after_condition(layer, page)).rows()
    keys = "".join(f", {position_sql(key)} AS _k{number}" for number, key in enumerate(page.sort))
    sql = (
        f"SELECT {layer.id_sql()} AS _id, {_geometry_column(layer, crs)}{keys}{_field_columns(layer)} "
        f"FROM {rows.sql} ORDER BY {order_sql(layer, page.sort)} LIMIT {_ONE_MORE}"
    )
    return _Chosen(sql, merged(rows.params, {"page_limit": page.limit}))


def _chosen_by_id(selection: Selection, page: Page, crs: Crs, *, counted: bool) -> _Chosen:
    """Choose ids, then fetch their rows: of a plain table with wide rows, sorting ids costs less than sorting rows.

    Where all are counted, they are as they are found; there may be so many that they are not all found.
    """
    layer = selection.layer
    rows = selection.filtered(after_condition(layer, page)).rows()
    params = merged(rows.params, {"page_limit": page.limit})
    ids = f"SELECT {layer.id_sql()} AS _id FROM {rows.sql} ORDER BY 1 LIMIT {_ONE_MORE}"
    before, matched = "", "NULL::int8"
    if counted:
        few = f"(SELECT n <= {COUNT_EXACTLY_UP_TO} FROM counted)"
        before = (
            f"WITH found AS MATERIALIZED (SELECT {layer.id_sql()} AS _id FROM {rows.sql} "
            f"LIMIT {COUNT_EXACTLY_UP_TO + 1}), counted AS MATERIALIZED (SELECT count(*) AS n FROM found) "
        )
        matched = "(SELECT n FROM counted)"
        ids = (
            f"SELECT _id FROM (SELECT _id FROM found WHERE {few} UNION ALL "
            f"SELECT _id FROM ({ids}) o WHERE NOT {few}) i ORDER BY 1 LIMIT {_ONE_MORE}"
        )
    wanted = f"SELECT {layer.id_sql()} AS _id, {_geometry_column(layer, crs)}{_field_columns(layer)} FROM"
    source = f"{selection.source_sql()} AS {ROW}"
    # What is made of several tables takes a list of ids into each, but no join.
    sql = (
        f"{wanted} {source} WHERE {layer.id_sql()} = ANY (ARRAY({ids})) ORDER BY 1"
        if selection.is_past
        else f"{wanted} ({ids}) AS k JOIN {source} ON {layer.id_sql()} = k._id ORDER BY k._id"
    )
    return _Chosen(sql, params, before, matched)


def _field_columns(layer: Layer) -> str:
    return f", {layer.columns()}" if layer.fields else ""


def is_kept_as_text(layer: Layer, crs: Crs) -> bool:
    """Tell whether the layer keeps its geometry as finished GeoJSON in this CRS."""
    return layer.geometry_text is not None and not crs.swapped and crs.srid in (STORED_SRID, WGS84_SRID)


def _geometry_column(layer: Layer, crs: Crs) -> str:
    if is_kept_as_text(layer, crs):
        return f"{layer.geometry_text_sql()} AS _geometry"
    return f"{layer.geometry_sql()} AS _geometry"


def feature_sql(layer: Layer, crs: Crs = CRS84) -> str:
    """Return the expression that writes one GeoJSON feature from `_id`, `_geometry` and the fields."""
    geometry = (
        "_geometry" if is_kept_as_text(layer, crs) else f"ST_AsGeoJSON({geometry_in(crs)}, {crs.decimals}, 0)"
    )
    # The brackets matter: each || copies what stands on both sides, so that the short ends are joined first.
    return (
        '(\'{"type":"Feature","id":\' || _id || \',"geometry":\') || '
        f"coalesce({geometry}, 'null') "
        f"|| (',\"properties\":' || {properties_sql(layer)} || '}}')"
    )


def geometry_in(crs: Crs, column: str = "_geometry") -> str:
    """Return the stored geometry in a client's CRS and axis order; rings outer anti-clockwise.

    The direction of a line is data: ST_ForcePolygonCCW alone would turn every line round.
    """
    if crs.srid not in (STORED_SRID, WGS84_SRID):
        column = f"ST_Transform({column}, {crs.srid})"
    column = f"CASE WHEN ST_Dimension({column}) = 2 THEN ST_ForcePolygonCCW({column}) ELSE {column} END"
    return f"ST_FlipCoordinates({column})" if crs.swapped else column


def properties_sql(layer: Layer) -> str:
    """Return the expression of the properties object as text, in the layer's own order."""
    if not layer.fields:
        return "'{}'"
    names = ", ".join(item.name for item in layer.fields)
    return f"row_to_json((SELECT p FROM (SELECT {names}) p))::text"


def item_statement(selection: Selection, feature_id: int, crs: Crs = CRS84) -> Statement:
    """Build the statement of one feature, a finished GeoJSON object that ends with `}`, and of its state's tag."""
    layer = selection.layer
    rows = selection.rows()
    chosen = (
        f"SELECT {layer.id_sql()} AS _id, {_geometry_column(layer, crs)}, {row_tag_sql()} AS _tag"
        f"{_field_columns(layer)} FROM {rows.sql} AND {layer.id_sql()} = %(feature_id)s::int8 OFFSET 0"
    )
    sql = f"SELECT convert_to({feature_sql(layer, crs)}, 'UTF8'), _tag FROM ({chosen}) chosen"
    return Statement(sql, merged(rows.params, {"feature_id": feature_id}))


async def get_item(connection: Connection, selection: Selection, feature_id: int, crs: Crs = CRS84) -> Item:
    """Run `item_statement`.

    Raises
    ------
    FeatureNotFoundError
        There is none, or the caller may not see it: the two are not told apart.
    """
    row = await fetch_row(connection, item_statement(selection, feature_id, crs))
    if row is not None:
        return Item(bytes(row[0]), str(row[1]))
    raise FeatureNotFoundError(
        f"Layer {selection.layer.id} has no feature {feature_id}.",
        f"图层 {selection.layer.id} 没有编号为 {feature_id} 的要素。",
    )


def count_statement(selection: Selection, exactly_up_to: int = COUNT_EXACTLY_UP_TO) -> Statement:
    """Build the statement that counts the matching rows and stops one above the limit."""
    rows = selection.rows()
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {rows.sql} LIMIT %(count_limit)s::int8 + 1) counted"
    return Statement(sql, merged(rows.params, {"count_limit": exactly_up_to}))


async def count_items(
    connection: Connection,
    selection: Selection,
    exactly_up_to: int = COUNT_EXACTLY_UP_TO,
    known: int | None = None,
) -> Count:
    """Count the matching rows: exactly up to a limit, by the planner's estimate above it.

    Parameters
    ----------
    known : int, optional
        What a page already told: the number up to the limit, one more where there are more.
    """
    number = known
    if number is None:
        row = await fetch_row(connection, count_statement(selection, exactly_up_to), prepare=False)
        number = row[0] if row else 0
    if number <= exactly_up_to:
        return Count(number, exact=True)
    rows = selection.rows()
    plan = await fetch_row(
        connection, Statement(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {rows.sql}", rows.params)
    )
    estimate = int(plan[0][0]["Plan"]["Plan Rows"]) if plan else 0
    return Count(max(estimate, number), exact=False)


def extent_statement(selection: Selection) -> Statement:
    """Build the statement of the box around the matching rows: west, south, east, north."""
    rows = selection.rows()
    box = f"SELECT ST_Extent({selection.layer.geometry_sql()}) AS box FROM {rows.sql}"
    return Statement(
        f"SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM ({box}) e", rows.params
    )


async def find_extent(
    connection: Connection, selection: Selection
) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north in degrees; None where no row has a geometry."""
    row = await fetch_row(connection, extent_statement(selection))
    if row is None or row[0] is None:
        return None
    west, south, east, north = row
    return west, south, east, north


COLLECTION_HEAD: Final = b'{"type":"FeatureCollection","features":['


def collection_tail(members: Mapping[str, object]) -> bytes:
    """Return what closes a streamed collection: links, counts, time stamp stand behind the features.

    Examples
    --------
    >>> COLLECTION_HEAD + collection_tail({"numberReturned": 0})
    b'{"type":"FeatureCollection","features":[],"numberReturned":0}'
    """
    rest = orjson.dumps(dict(members))[1:]
    return b"]" + (b"," + rest if members else rest)


def collection_parts(page: ItemsPage, members: Mapping[str, object]) -> tuple[bytes, ...]:
    """Return a whole FeatureCollection in pieces, so that a large one is not copied to join them."""
    return COLLECTION_HEAD, *page.parts, collection_tail(members)


def collection_bytes(body: bytes, members: Mapping[str, object]) -> bytes:
    """Return a whole FeatureCollection from a page's body and its further members."""
    return COLLECTION_HEAD + body + collection_tail(members)


def with_members(feature: bytes, members: Mapping[str, object]) -> bytes:
    """Add members such as `links` to a finished feature.

    Examples
    --------
    >>> with_members(b'{"type":"Feature","id":7}', {"links": []})
    b'{"type":"Feature","id":7,"links":[]}'
    """
    return feature[:-1] + b"," + orjson.dumps(dict(members))[1:]
