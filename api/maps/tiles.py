"""Vector tiles under both addresses, TileJSON, and what OGC API Tiles says of them (20-057)."""

from math import pi
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify, open_connection
from api.maps.addresses import (
    MATRIX_SET,
    REL,
    Link,
    collection,
    link,
    matrix_template,
    ogc,
    root,
    tiles_template,
)
from api.maps.answers import answer_bytes
from api.maps.asked import JSON, MVT, read_parameters
from api.maps.documents import answer_linked
from api.maps.selecting import read_selection
from gis.crs import WEB_MERCATOR_SRID, epsg_uri
from gis.errors import TileOutOfRangeError
from gis.features import find_extent
from gis.layer import MAX_ZOOM, Layer
from gis.tiles import fetch_tile, tile_address, tile_json
from twin.errors import NotFoundError
from twin.layers import select_rows

MATRIX_SET_URI: Final = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
_WORLD_M: Final = 6378137.0 * pi
_PIXEL_M: Final = 0.00028  # the pixel that scale denominators are defined by


async def answer_tile(request: Request) -> Response:
    """Answer one tile; an empty one is an empty body, an answer and no error."""
    caller = await identify(request)
    layer_id = request.path_params["collection"]
    selection = read_selection(request, caller, layer_id, ())
    numbers = [_number(selection.layer, request.path_params[name]) for name in ("z", "x", "y")]
    tile = tile_address(selection.layer, *numbers)
    async with open_connection(request) as connection:
        body = await fetch_tile(connection, selection, tile)
    return answer_bytes(request, caller, body, MVT)


def _number(layer: Layer, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    raise TileOutOfRangeError(
        f"Layer {layer.id} has no tile at {text[:20]!r}; zoom, column and row are whole numbers.",
        f"图层 {layer.id} 没有瓦片 {text[:20]!r}；级别与行列号应为整数。",
    )


async def answer_tile_json(request: Request) -> Response:
    """Answer the TileJSON of a collection, for this caller's rows and fields."""
    caller = await identify(request)
    read_parameters(request, ())
    selection = select_rows(caller, request.path_params["collection"]).selection
    async with open_connection(request) as connection:
        bounds = await find_extent(connection, selection)
    document = tile_json([selection.layer], tiles_template(request, selection.layer.id), bounds)
    return answer_bytes(request, caller, orjson.dumps(document), JSON)


async def answer_tilesets(request: Request) -> Response:
    """Answer the list of tilesets of a collection: one, in WebMercatorQuad."""
    caller = await identify(request)
    read_parameters(request, ())
    layer = select_rows(caller, request.path_params["collection"]).selection.layer
    entry = {**_tileset(layer), "links": _tileset_links(request, layer)}
    return answer_linked(request, caller, layer.title_zh, {"tilesets": [entry]})


async def answer_tileset(request: Request) -> Response:
    """Answer the metadata of a collection's tileset."""
    caller = await identify(request)
    read_parameters(request, ())
    selection = select_rows(caller, request.path_params["collection"]).selection
    layer = selection.layer
    async with open_connection(request) as connection:
        bounds = await find_extent(connection, selection)
    document = {**_tileset(layer), "layers": [_tile_layer(layer)], "tileMatrixSetLimits": _limits(layer)}
    if bounds:
        box = {"lowerLeft": list(bounds[:2]), "upperRight": list(bounds[2:]), "crs": epsg_uri(layer.srid)}
        document["boundingBox"] = {**box, "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
    return answer_linked(
        request, caller, layer.title_zh, {**document, "links": _tileset_links(request, layer)}
    )


def _tileset(layer: Layer) -> dict[str, Any]:
    return {
        "title": layer.title_zh,
        "dataType": "vector",
        "crs": epsg_uri(WEB_MERCATOR_SRID),
        "tileMatrixSetURI": MATRIX_SET_URI,
    }


def _tile_layer(layer: Layer) -> dict[str, Any]:
    return {
        "id": layer.id,
        "title": layer.title_zh,
        "dataType": "vector",
        "geometryDimension": {"point": 0, "line": 1, "polygon": 2}[layer.geometry_type],
        "minTileMatrix": str(layer.min_zoom),
        "maxTileMatrix": str(layer.max_zoom),
    }


def _limits(layer: Layer) -> list[dict[str, Any]]:
    return [
        {
            "tileMatrix": str(zoom),
            "minTileRow": 0,
            "maxTileRow": 2**zoom - 1,
            "minTileCol": 0,
            "maxTileCol": 2**zoom - 1,
        }
        for zoom in range(layer.min_zoom, layer.max_zoom + 1)
    ]


def _tileset_links(request: Request, layer: Layer) -> list[Link]:
    template = {**link("item", matrix_template(request, layer.id), MVT, "瓦片 Tiles"), "templated": True}
    return [
        link("self", collection(request, layer.id, f"/tiles/{MATRIX_SET}"), JSON, layer.title_zh),
        link(f"{REL}tiling-scheme", ogc(request, f"/tileMatrixSets/{MATRIX_SET}"), JSON, MATRIX_SET),
        link("describedby", f"{root(request)}/tiles/{layer.id}.json", JSON, "TileJSON"),
        link(f"{REL}geodata", collection(request, layer.id), JSON, layer.title_zh),
        template,
    ]


async def answer_matrix_sets(request: Request) -> Response:
    """Answer the list of tile matrix sets."""
    caller = await identify(request)
    read_parameters(request, ())
    address = ogc(request, f"/tileMatrixSets/{MATRIX_SET}")
    entry = {"id": MATRIX_SET, "uri": MATRIX_SET_URI, "links": [link("self", address, JSON, MATRIX_SET)]}
    return answer_linked(request, caller, "瓦片矩阵集 Tile matrix sets", {"tileMatrixSets": [entry]})


async def answer_matrix_set(request: Request) -> Response:
    """Answer the definition of WebMercatorQuad (OGC 17-083r4, annex D)."""
    caller = await identify(request)
    read_parameters(request, ())
    if request.path_params["matrix_set"] != MATRIX_SET:
        raise NotFoundError(f"The only tile matrix set is {MATRIX_SET}.", f"仅有瓦片矩阵集 {MATRIX_SET}。")
    document = {
        "id": MATRIX_SET,
        "title": "Google Maps Compatible for the World",
        "uri": MATRIX_SET_URI,
        "crs": epsg_uri(WEB_MERCATOR_SRID),
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(zoom) for zoom in range(MAX_ZOOM + 1)],
    }
    return answer_linked(request, caller, MATRIX_SET, document)


def _matrix(zoom: int) -> dict[str, Any]:
    cell_m = 2 * _WORLD_M / 256 / 2**zoom
    return {
        "id": str(zoom),
        "scaleDenominator": cell_m / _PIXEL_M,
        "cellSize": cell_m,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-_WORLD_M, _WORLD_M],
        "tileWidth": 256,
        "tileHeight": 256,
        "matrixWidth": 2**zoom,
        "matrixHeight": 2**zoom,
    }
