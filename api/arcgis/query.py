"""`query`: which rows, and in which of Esri's forms they are answered."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any, Final

import anyio.to_thread
import orjson
from starlette.responses import Response

from api.arcgis.asked import is_true
from api.arcgis.asking import Asked, is_grouped, read_query
from api.arcgis.doors import ESRI_VARY, Call, answer_content, answer_document
from api.arcgis.kept import continue_page, keep_border
from api.deps import open_connection
from api.maps.answers import answer_stream
from api.maps.asked import GEOJSON, JSON
from gis.errors import FeatureNotFoundError
from gis.esri.documents import answer_head, extent_document
from gis.esri.fields import field_document, with_object_id
from gis.esri.figures import (
    count_distinct_statement,
    count_rows,
    distinct_statement,
    fetch_ids,
    fetch_listed,
    find_extent_in,
    grouping_fields,
    parse_grouping,
    statistics_statement,
)
from gis.esri.grid import finest_grid
from gis.esri.page import (
    Written,
    fetch_drawn,
    fetch_features,
    stream_features,
)
from gis.esri.pbf import encode_count, encode_features, encode_ids, quantised_features
from gis.esri.reference import reference_document
from gis.statement import Connection, fetch_row

PBF: Final = "application/x-protobuf"
WHOLE_UP_TO_BYTES: Final = 4_000_000
"""Answers up to this size are sent whole, with an entity tag; larger ones as a stream."""

_ONE_STATEMENT_UP_TO: Final = 500


async def answer_query(call: Call) -> Response:
    """Answer features, or what the switches ask for instead of them."""
    asked = read_query(call)
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(open_connection(call.request))
        if is_grouped(call.parameters):
            return await _answer_statistics(call, asked, connection)
        if is_true(call.parameters, "returnextentonly"):
            return await _answer_extent(call, asked, connection)
        if is_true(call.parameters, "returncountonly"):
            return await _answer_count(call, asked, connection)
        if is_true(call.parameters, "returnidsonly"):
            return await _answer_ids(call, asked, connection)
        if is_true(call.parameters, "returndistinctvalues"):
            return await _answer_distinct(call, asked, connection)
        return await _answer_features(call, asked, connection, stack)


async def _answer_count(call: Call, asked: Asked, connection: Connection) -> Response:
    if is_true(call.parameters, "returndistinctvalues"):
        row = await fetch_row(
            connection, count_distinct_statement(asked.selection, asked.page), prepare=False
        )
        number = int(row[0]) if row else 0
    else:
        number = await count_rows(connection, asked.selection)
    if asked.form == "pbf":
        return answer_content(call, encode_count(number), PBF)
    return _answer_figures(call, asked, {"count": number})


def _answer_figures(call: Call, asked: Asked, document: dict[str, Any]) -> Response:
    """Answer a small document; what asks for GeoJSON of a number gets JSON."""
    if asked.form in ("geojson", "pbf"):
        return answer_content(call, orjson.dumps(document), JSON)
    return answer_document(call, asked.layer.title_zh, document)


async def _answer_ids(call: Call, asked: Asked, connection: Connection) -> Response:
    ids = await fetch_ids(connection, asked.selection)
    if asked.form == "pbf":
        return answer_content(call, encode_ids([int(part) for part in ids.split(b",") if part]), PBF)
    body = b'{"objectIdFieldName":"OBJECTID","objectIds":[' + ids + b"]}"
    if asked.form in ("pjson", "html"):
        return answer_document(call, asked.layer.title_zh, orjson.loads(body))
    return answer_content(call, body, JSON)


async def _answer_extent(call: Call, asked: Asked, connection: Connection) -> Response:
    extent = await find_extent_in(connection, asked.selection, asked.page.crs)
    document: dict[str, Any] = {"extent": None}
    if extent is None:
        nowhere = dict.fromkeys(("xmin", "ymin", "xmax", "ymax"), "NaN")
        document["extent"] = {**nowhere, "spatialReference": reference_document(asked.page.crs)}
    else:
        document["extent"] = {
            **extent_document(extent),
            "spatialReference": reference_document(asked.page.crs),
        }
    if is_true(call.parameters, "returncountonly"):
        document = {"count": await count_rows(connection, asked.selection), **document}
    return _answer_figures(call, asked, document)


async def _answer_statistics(call: Call, asked: Asked, connection: Connection) -> Response:
    parameters = call.parameters
    grouping = parse_grouping(
        asked.layer,
        parameters.get("outstatistics", ""),
        parameters.get("groupbyfieldsforstatistics", ""),
        parameters.get("orderbyfields", ""),
    )
    statement = statistics_statement(asked.selection, grouping, asked.page.skipped, asked.page.limit)
    body, exceeded = await fetch_listed(connection, statement, asked.page.limit)
    return _answer_rows(call, asked, grouping_fields(asked.layer, grouping), body, exceeded)


async def _answer_distinct(call: Call, asked: Asked, connection: Connection) -> Response:
    statement = distinct_statement(asked.selection, asked.page)
    body, exceeded = await fetch_listed(connection, statement, asked.page.limit)
    return _answer_rows(call, asked, _fields(asked), body, exceeded)


def _answer_rows(
    call: Call, asked: Asked, fields: list[dict[str, Any]], body: bytes, exceeded: bool
) -> Response:
    head = _opened({**answer_head(asked.layer, fields, None)})
    return _answer_json(call, asked, head + body + _tail(exceeded))


def _fields(asked: Asked) -> list[dict[str, Any]]:
    known = with_object_id(asked.layer)
    return [field_document(known, item) for item in asked.page.fields]


def _head(asked: Asked) -> bytes:
    if asked.form == "geojson":
        crs = {"type": "name", "properties": {"name": f"EPSG:{asked.page.crs.srid}"}}
        return _opened({"type": "FeatureCollection", "crs": crs})
    reference = reference_document(asked.page.crs) if asked.page.shapes else None
    head = answer_head(asked.layer, _fields(asked), reference)
    if asked.grid is not None:
        head["transform"] = asked.grid.document()
    return _opened(head)


def _opened(head: dict[str, Any]) -> bytes:
    return orjson.dumps(head)[:-1] + b',"features":['


def _tail(exceeded: bool, form: str = "json") -> bytes:
    """Close an answer; GeoJSON says that it is cut in two places, as clients look in either."""
    if not exceeded:
        return b"]}"
    twice = b',"properties":{"exceededTransferLimit":true}' if form == "geojson" else b""
    return b'],"exceededTransferLimit":true' + twice + b"}"


def _answer_json(call: Call, asked: Asked, body: bytes) -> Response:
    if asked.form in ("pjson", "html"):
        return answer_document(call, asked.layer.title_zh, orjson.loads(body))
    return answer_content(call, body, GEOJSON if asked.form == "geojson" else JSON)


async def _answer_features(
    call: Call, asked: Asked, connection: Connection, stack: AsyncExitStack
) -> Response:
    rows, page = continue_page(call, asked.selection, asked.page)
    if asked.form == "pbf":
        drawn = await fetch_drawn(connection, rows, page)
        _keep_end(call, asked, len(drawn.ids), max(drawn.ids, default=None) if drawn.exceeded else None)
        grid = asked.grid or finest_grid(asked.page.crs)
        encoded = await anyio.to_thread.run_sync(encode_features, asked.layer, asked.page, drawn, grid)
        return answer_content(call, encoded, PBF)
    if asked.grid is not None and asked.form != "geojson":
        drawn = await fetch_drawn(connection, rows, page)
        _keep_end(call, asked, len(drawn.ids), max(drawn.ids, default=None) if drawn.exceeded else None)
        body = await anyio.to_thread.run_sync(quantised_features, asked.layer, asked.page, drawn, asked.grid)
        return _answer_json(call, asked, _head(asked) + body + _tail(drawn.exceeded))
    if asked.page.limit <= _ONE_STATEMENT_UP_TO:
        written = await fetch_features(connection, rows, page, asked.form)
        _keep_end(call, asked, written.returned, written.last_id if written.exceeded else None)
        return _answer_json(call, asked, _head(asked) + written.body + _tail(written.exceeded, asked.form))
    batches = stream_features(connection, rows, page, asked.form)
    return await _answer_batches(call, asked, batches, stack)


def _keep_end(call: Call, asked: Asked, returned: int, last: int | None) -> None:
    keep_border(call, asked.selection, asked.page, returned, last)


async def _answer_batches(
    call: Call, asked: Asked, batches: AsyncGenerator[Written, None], stack: AsyncExitStack
) -> Response:
    """Gather the batches of a page; send them whole while they are small, else stream what is left."""
    gathered: list[bytes] = []
    so_far = Written(b"", 0, exceeded=False)
    async for batch in batches:
        gathered.append(batch.body)
        so_far = _added(so_far, batch)
        if sum(map(len, gathered)) > WHOLE_UP_TO_BYTES and asked.form in ("json", "geojson"):
            begun = _head(asked) + b",".join(part for part in gathered if part)
            chunks = _chunks(call, asked, begun, so_far, batches, stack.pop_all())
            media_type = GEOJSON if asked.form == "geojson" else JSON
            headers = {"Vary": ESRI_VARY}
            return answer_stream(call.request, call.caller, chunks, media_type, headers=headers)
    _keep_end(call, asked, so_far.returned, so_far.last_id if so_far.exceeded else None)
    body = b",".join(part for part in gathered if part)
    return _answer_json(call, asked, _head(asked) + body + _tail(so_far.exceeded, asked.form))


def _added(so_far: Written, batch: Written) -> Written:
    """Return the figures of two batches together, without their features."""
    ids = [number for number in (so_far.last_id, batch.last_id) if number is not None]
    return Written(b"", so_far.returned + batch.returned, batch.exceeded, max(ids, default=None))


async def _chunks(
    call: Call,
    asked: Asked,
    begun: bytes,
    so_far: Written,
    batches: AsyncGenerator[Written, None],
    stack: AsyncExitStack,
) -> AsyncGenerator[bytes, None]:
    async with stack:
        yield begun
        async for batch in batches:
            if batch.body:
                yield b"," + batch.body
            so_far = _added(so_far, batch)
        _keep_end(call, asked, so_far.returned, so_far.last_id if so_far.exceeded else None)
        yield _tail(so_far.exceeded, asked.form)


async def answer_feature(call: Call) -> Response:
    """Answer one feature by its object id."""
    call.parameters.update(objectids=call.path("feature"), outfields="*", where="")
    asked = read_query(call)
    form = "json" if asked.form in ("pjson", "html") else asked.form
    async with open_connection(call.request) as connection:
        written = await fetch_features(connection, asked.selection, asked.page, form)
    if not written.returned:
        raise FeatureNotFoundError(
            f"Layer {asked.layer.id} has no feature {call.path('feature')[:20]}.",
            f"图层 {asked.layer.id} 没有编号为 {call.path('feature')[:20]} 的要素。",
        )
    if form == "geojson":
        return answer_content(call, written.body, GEOJSON)
    return _answer_json(call, asked, b'{"feature":' + written.body + b"}")
