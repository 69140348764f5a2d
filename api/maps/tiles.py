"""Vector tiles under every address, of one layer or several, and their TileJSON."""

from collections.abc import Iterable, Sequence
from typing import Final

import orjson
from psycopg import OperationalError
from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify, open_connection
from api.maps.addresses import tiles_template
from api.maps.answers import answer_bytes
from api.maps.asked import EVERYWHERE, JSON, MVT, choose_format, read_parameters
from api.maps.finished import answer_finished
from api.maps.selecting import read_selection
from api.maps.styles import load_themes, style_links
from api.maps.tile_cache import tiles_of
from api.state import state_of
from gis.errors import TileOutOfRangeError
from gis.features import find_extent
from gis.layer import Layer
from gis.tiles import TileAddress, fetch_tile, layers_at, tile_address, tile_json
from twin.identity import Caller
from twin.layers import LAYERS, get_layer, select_rows
from twin.layers.themes import themes_of

COLLECTIONS: Final = "collections"
Bounds = tuple[float, float, float, float]


async def answer_tile(request: Request) -> Response:
    """Answer a tile of the layers in the path; an empty one is an empty body, an answer and no error."""
    caller = await identify(request)
    layer_ids = read_layer_ids(request.path_params["collection"])
    return await _answer_tile(request, caller, layer_ids, ())


async def answer_dataset_tile(request: Request) -> Response:
    """Answer a tile of the layers that `collections` names, or of all."""
    caller = await identify(request)
    return await _answer_tile(request, caller, asked_layer_ids(request), (COLLECTIONS,))


def read_layer_ids(text: str) -> tuple[str, ...]:
    """Read a list of layers, ``projects,land_parcels``; one that stands twice is there once.

    Raises
    ------
    NotFoundError
        One of them does not exist.
    """
    return tuple(dict.fromkeys(get_layer(name[:64]).id for name in text.split(",")))


def asked_layer_ids(request: Request) -> tuple[str, ...]:
    """Return the layers that the parameter `collections` names, all without it."""
    asked = request.query_params.get(COLLECTIONS)
    return tuple(LAYERS) if asked is None else read_layer_ids(asked)


async def _answer_tile(
    request: Request, caller: Caller, layer_ids: Sequence[str], own: tuple[str, ...]
) -> Response:
    """Answer from what is kept; where rows are chosen by time or property, render anew."""
    tile, drawn = _find_tile(request, layer_ids, LAYERS if COLLECTIONS in own else layer_ids)
    if "f" in request.query_params:
        choose_format(request, {"mvt": MVT})
    if set(request.query_params) - {*EVERYWHERE, *own}:
        body = await _render_asked(request, caller, drawn, tile, own)
        return answer_bytes(request, caller, body, MVT)
    read_parameters(request, own)
    cache = tiles_of(request)
    if len(drawn) == 1:
        finished = await cache.get(caller, drawn[0], tile, lambda: _render(request, caller, drawn[0], tile))
    else:
        finished = await cache.get_joined(caller, drawn, tile, lambda: _join(request, caller, drawn, tile))
    return answer_finished(request, caller, finished, MVT)


def _find_tile(
    request: Request, layer_ids: Sequence[str], tile_set: Iterable[str]
) -> tuple[TileAddress, Sequence[str]]:
    """Return the address of the tile, and which of the layers, some or all of a set, are drawn at its zoom."""
    layers = [get_layer(layer_id) for layer_id in layer_ids]
    z, x, y = (_number(layers[0], request.path_params[name]) for name in ("z", "x", "y"))
    last = max(LAYERS[layer_id].max_zoom for layer_id in tile_set)
    drawn = layers_at(layers, z, last)
    tile = tile_address((drawn or layers)[0], z, x, y, last)
    return tile, tuple(layer.id for layer in drawn)


def _number(layer: Layer, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    raise TileOutOfRangeError(
        f"Layer {layer.id} has no tile at {text[:20]!r}; zoom, column and row are whole numbers.",
        f"图层 {layer.id} 没有瓦片 {text[:20]!r}；级别与行列号应为整数。",
    )


async def _render(request: Request, caller: Caller, layer_id: str, tile: TileAddress) -> bytes:
    """Render a tile; a connection that was lost unnoticed is not asked first, but replaced when it fails."""
    selection = select_rows(caller, layer_id).selection
    async with state_of(request).pool.connection() as connection:
        try:
            return await fetch_tile(connection, selection, tile)
        except OperationalError:
            if not connection.broken:
                raise
    async with open_connection(request) as connection:
        return await fetch_tile(connection, selection, tile)


async def _join(request: Request, caller: Caller, layer_ids: Sequence[str], tile: TileAddress) -> bytes:
    """Return the layers one after another: layers are repeated fields, so joined tiles are a tile (MVT 2.1, 4.1)."""
    cache, parts = tiles_of(request), []
    for layer_id in layer_ids:

        async def render(layer_id: str = layer_id) -> bytes:
            return await _render(request, caller, layer_id, tile)

        parts.append((await cache.get(caller, layer_id, tile, render)).plain())
    return b"".join(parts)


async def _render_asked(
    request: Request, caller: Caller, layer_ids: Sequence[str], tile: TileAddress, own: tuple[str, ...]
) -> bytes:
    selections = [read_selection(request, caller, layer_id, own) for layer_id in layer_ids]
    async with open_connection(request) as connection:
        return b"".join([await fetch_tile(connection, selection, tile) for selection in selections])


async def answer_tile_json(request: Request) -> Response:
    """Answer the TileJSON of the layers in the path, for this caller's rows and fields."""
    caller = await identify(request)
    read_parameters(request, ())
    layer_ids = read_layer_ids(request.path_params["collection"])
    layers, bounds = await find_bounds(request, caller, layer_ids)
    document = tile_json(layers, tiles_template(request, ",".join(layer_ids)), union(bounds))
    themes = (await load_themes(state_of(request))).values()
    document["styles"] = [link for layer in layers for link in style_links(request, themes_of(layer, themes))]
    return answer_bytes(request, caller, orjson.dumps(document), JSON)


async def find_bounds(
    request: Request, caller: Caller, layer_ids: Sequence[str]
) -> tuple[list[Layer], list[Bounds | None]]:
    """Return the layers as the caller may see them and, of each, the box of the rows seen."""
    selections = [select_rows(caller, layer_id).selection for layer_id in layer_ids]
    async with open_connection(request) as connection:
        bounds = [await find_extent(connection, selection) for selection in selections]
    return [selection.layer for selection in selections], bounds


def union(boxes: Sequence[Bounds | None]) -> Bounds | None:
    """Return the box around boxes, None where there is none at all.

    Examples
    --------
    >>> union([(1, 2, 3, 4), None, (0, 3, 2, 5)])
    (0, 2, 3, 5)
    """
    known = [box for box in boxes if box is not None]
    if not known:
        return None
    west, south, east, north = zip(*known, strict=True)
    return min(west), min(south), max(east), max(north)
