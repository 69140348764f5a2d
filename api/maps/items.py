"""Features of a collection, by page and one by one (Features Part 1, 7.15–7.16; Part 2)."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify, open_connection
from api.errors import lang_of
from api.maps.addresses import Link, collection, link, self_links, with_parameters
from api.maps.answers import answer_bytes, answer_parts, answer_stream
from api.maps.asked import GEOJSON, HTML, JSON, choose_format, read_parameters
from api.maps.documents import HTML_UTF8
from api.maps.downloads import DOWNLOADS, answer_download
from api.maps.html import FeatureTable, render_document, render_features
from api.maps.selecting import (
    ITEM_PARAMETERS,
    PAGE_PARAMETERS,
    SURVEY_PARAMETERS,
    Asked,
    cut_fields,
    read_crs,
    read_page,
)
from gis.crs import Crs
from gis.errors import FeatureNotFoundError
from gis.export import BOUNDARY_TEXT, Format
from gis.features import (
    COLLECTION_HEAD,
    EMPTY_PAGE,
    STREAM_ABOVE,
    STREAM_BATCH,
    Item,
    ItemsPage,
    collection_parts,
    collection_tail,
    count_items,
    fetch_items,
    get_item,
    stream_items,
    with_members,
)
from gis.filters import apply_datetime, parse_datetime
from gis.layer import Layer
from gis.paging import write_token
from gis.statement import Connection
from twin.identity import Caller
from twin.layers import check_may_read_surveyed, get_layer, may_read_surveyed, select_rows

OFFERED: Final[dict[str, str]] = {
    "json": GEOJSON,
    "html": HTML,
    **{key: kind.media_type for key, kind in DOWNLOADS.items() if key != "ndjson"},
}
"""Formats of a page by the key of `f=`, the default first; every one is linked. See `offered` for TXT."""

UNDERSTOOD: Final[dict[str, str]] = {**OFFERED, "geojson": GEOJSON, "ndjson": DOWNLOADS["ndjson"].media_type}
FILES: Final[dict[str, Format]] = {kind.key: kind for kind in (*DOWNLOADS.values(), BOUNDARY_TEXT)}
ROWS_FOR_PEOPLE: Final = 50
_OF_A_PAGE: Final = ("f", "limit", "next", "resultType")
ONE_OFFERED: Final = {"json": GEOJSON, "html": HTML}
LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True)
class Counted:
    """What is said of a page's rows; `matched` is counted for the first page alone."""

    returned: int
    matched: int | None
    next: str | None


async def answer_items(request: Request) -> Response:
    """Answer a page of features: small ones whole with an entity tag, large ones as a stream."""
    caller = await identify(request)
    chosen = choose_format(request, _understood(request, caller))
    own: tuple[str, ...] = PAGE_PARAMETERS
    if chosen == BOUNDARY_TEXT.key:
        check_may_read_surveyed(caller, request.path_params["collection"])
        own = (*PAGE_PARAMETERS, *SURVEY_PARAMETERS)
    asked = read_page(request, caller, own)
    if chosen in FILES and not asked.hits:
        return await answer_download(request, caller, asked, FILES[chosen])
    if chosen == "html" and "limit" not in asked.parameters:
        asked = replace(asked, page=replace(asked.page, limit=ROWS_FOR_PEOPLE))
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(open_connection(request))
        if chosen != "html" and asked.page.limit > STREAM_ABOVE and not asked.hits:
            return await _stream(request, caller, asked, stack, connection)
        page = EMPTY_PAGE
        if not asked.hits:
            page = await fetch_items(connection, asked.selection, asked.page, asked.crs)
        matched = await _count(connection, asked, page)
    counted = Counted(page.returned, matched, _next(asked, page))
    if chosen == "html":
        html = render_features(
            request, _table(request, caller, asked, page, counted), _links(request, caller, asked, None)
        )
        return answer_bytes(request, caller, html, HTML_UTF8)
    return _whole(request, caller, asked, page, counted)


def offered(caller: Caller, layer_id: str) -> dict[str, str]:
    """Return the formats of a page by key: boundary-point TXT for those who may have the surveyed outlines."""
    if not may_read_surveyed(caller, layer_id):
        return OFFERED
    return {**OFFERED, BOUNDARY_TEXT.key: BOUNDARY_TEXT.media_type}


def _understood(request: Request, caller: Caller) -> dict[str, str]:
    """Return what may be asked for; who names `f=txt` without the right is told so, not that there is none."""
    layer = get_layer(request.path_params["collection"])
    named = layer.surveyed is not None and request.query_params.get("f") == BOUNDARY_TEXT.key
    found = {**UNDERSTOOD, **offered(caller, layer.id)}
    return {**found, str(BOUNDARY_TEXT.key): BOUNDARY_TEXT.media_type} if named else found


async def _count(connection: Connection, asked: Asked, page: ItemsPage) -> int | None:
    """Return how many features match: for the first page alone, and without asking where it holds them all."""
    if not asked.hits:
        if asked.page.after is not None:
            return None
        if page.next is None:
            return page.returned
    return max(page.returned, (await count_items(connection, asked.selection, known=page.matched)).number)


def _table(request: Request, caller: Caller, asked: Asked, page: ItemsPage, counted: Counted) -> FeatureTable:
    """Return the page for people; downloads hold the whole selection, not the page alone."""
    address = collection(request, asked.selection.layer.id, "/items")
    chosen = {name: value for name, value in asked.parameters.items() if name not in _OF_A_PAGE}
    following = None
    if counted.next is not None:
        following = with_parameters(address, {**asked.parameters, "f": "html", "next": counted.next})
    downloads = [
        (
            kind.title_zh if lang_of(request) == "zh" else kind.title_en,
            with_parameters(address, {**chosen, "f": key}),
        )
        for key, kind in FILES.items()
        if key in DOWNLOADS or key in offered(caller, asked.selection.layer.id)
    ]
    return FeatureTable(asked.selection.layer, page.body, counted.matched, following, downloads)


def _whole(request: Request, caller: Caller, asked: Asked, page: ItemsPage, counted: Counted) -> Response:
    members = _members(request, caller, asked, counted)
    fixed = orjson.dumps({name: value for name, value in members.items() if name != "timeStamp"})
    parts = collection_parts(page, members)
    headers = _headers(asked.crs, counted)
    return answer_parts(request, caller, parts, GEOJSON, headers=headers, tag_of=(*page.parts, fixed))


def _next(asked: Asked, page: ItemsPage) -> str | None:
    if page.next is None:
        return None
    return write_token(asked.selection.layer, asked.page.sort, page.next)


def _members(request: Request, caller: Caller, asked: Asked, counted: Counted) -> dict[str, object]:
    members: dict[str, object] = {"numberReturned": counted.returned}
    if counted.matched is not None:
        members["numberMatched"] = counted.matched
    members["timeStamp"] = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    members["links"] = _links(request, caller, asked, counted.next)
    return members


def _links(request: Request, caller: Caller, asked: Asked, token: str | None) -> list[Link]:
    layer = asked.selection.layer
    address = collection(request, layer.id, "/items")
    links = self_links(request, offered(caller, layer.id), "json")
    if token is not None:
        links.append(link("next", with_parameters(address, {**asked.parameters, "next": token}), GEOJSON))
    return [*links, link("collection", collection(request, layer.id), JSON, layer.title_zh)]


def _headers(crs: Crs, counted: Counted) -> dict[str, str]:
    headers = {"Content-Crs": f"<{crs.uri}>", "OGC-NumberReturned": str(counted.returned)}
    if counted.matched is not None:
        headers["OGC-NumberMatched"] = str(counted.matched)
    return headers


async def _stream(
    request: Request, caller: Caller, asked: Asked, stack: AsyncExitStack, connection: Connection
) -> Response:
    """Start a streamed page. The first batch is fetched before the answer begins, so that a query that
    fails still gets its status; the connection is given back when the last batch has gone out. What fits into
    one batch is answered whole."""
    batches = stream_items(connection, asked.selection, asked.page, asked.crs)
    first = await anext(batches)
    if first.returned < STREAM_BATCH:
        await batches.aclose()
        matched = await _count(connection, asked, first)
        return _whole(request, caller, asked, first, Counted(first.returned, matched, None))
    chunks = _chunks(request, caller, asked, first, batches, connection, stack.pop_all())
    return answer_stream(request, caller, chunks, GEOJSON, headers={"Content-Crs": f"<{asked.crs.uri}>"})


async def _chunks(
    request: Request,
    caller: Caller,
    asked: Asked,
    first: ItemsPage,
    batches: AsyncGenerator[ItemsPage, None],
    connection: Connection,
    stack: AsyncExitStack,
) -> AsyncGenerator[bytes, None]:
    async with stack:
        yield COLLECTION_HEAD + first.body
        returned, last = first.returned, first
        async with aclosing(batches):
            async for batch in batches:
                if batch.returned:
                    yield b"," + batch.body
                returned, last = returned + batch.returned, batch
        matched = await _count(connection, asked, ItemsPage((), returned, last.next))
        yield collection_tail(
            _members(request, caller, asked, Counted(returned, matched, _next(asked, last)))
        )


async def answer_item(request: Request) -> Response:
    """Answer one feature; one that the caller may not see is not told from one that is not there."""
    caller = await identify(request)
    selection = select_rows(caller, request.path_params["collection"]).selection
    parameters = read_parameters(request, ITEM_PARAMETERS)
    if "datetime" in parameters:
        selection = apply_datetime(selection, parse_datetime(parameters["datetime"]))
    crs = read_crs(request, "crs")
    feature_id = read_feature_id(selection.layer, request.path_params["feature"])
    async with open_connection(request) as connection:
        item = await get_item(connection, cut_fields(selection, parameters), feature_id, crs)
    return _answer_feature(request, caller, selection.layer, item, crs)


def _answer_feature(request: Request, caller: Caller, layer: Layer, item: Item, crs: Crs) -> Response:
    chosen = choose_format(request, {**ONE_OFFERED, "geojson": GEOJSON})
    up = link("collection", collection(request, layer.id), JSON, layer.title_zh)
    links = [*self_links(request, ONE_OFFERED, "html" if chosen == "html" else "json"), up]
    if chosen == "html":
        document = {**orjson.loads(item.body), "links": links}
        page = render_document(request, layer.title_zh, document)
        return answer_bytes(request, caller, page, HTML_UTF8, state=item.tag)
    body = with_members(item.body, {"links": links})
    headers = {"Content-Crs": f"<{crs.uri}>"}
    return answer_bytes(request, caller, body, GEOJSON, headers=headers, state=item.tag)


def read_feature_id(layer: Layer, text: str) -> int:
    """Return the feature id of an address.

    Raises
    ------
    FeatureNotFoundError
        The text is no id.
    """
    if text.isascii() and text.isdigit() and int(text[:20]) <= LARGEST_ID:
        return int(text)
    raise FeatureNotFoundError(
        f"Layer {layer.id} has no feature {text[:40]!r}; ids are whole numbers.",
        f"图层 {layer.id} 没有编号为 {text[:40]!r} 的要素；编号为整数。",
    )
