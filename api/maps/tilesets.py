"""What OGC API Tiles says of the tiles (20-057): tile sets of a collection and of all, and the matrix set."""

from collections.abc import Sequence
from math import asinh, floor, pi, radians, tan
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify
from api.maps.addresses import (
    MATRIX_SET,
    REL,
    Link,
    collection,
    link,
    matrix_template,
    ogc,
    root,
    with_parameters,
)
from api.maps.asked import JSON, MVT, read_parameters
from api.maps.documents import answer_linked
from api.maps.tiles import COLLECTIONS, Bounds, asked_layer_ids, find_bounds, union
from gis.aggregates import FIELDS, describe
from gis.crs import WEB_MERCATOR_SRID, epsg_uri
from gis.layer import MAX_ZOOM, Layer
from twin.errors import NotFoundError
from twin.layers import LAYERS, select_rows

MATRIX_SET_URI: Final = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
CRS84_URI: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
ALL_TITLE: Final = "全部图层 All layers"
_WORLD_M: Final = 6378137.0 * pi
_PIXEL_M: Final = 0.00028  # the pixel that scale denominators are defined by
_JSON_TYPE: Final = {"date": "string", "date-time": "string"}
_DIMENSION: Final = {"point": 0, "line": 1, "polygon": 2}


async def answer_tilesets(request: Request) -> Response:
    """Answer the list of tile sets of a collection: one, in WebMercatorQuad."""
    caller = await identify(request)
    read_parameters(request, ())
    layer = select_rows(caller, request.path_params["collection"]).selection.layer
    entry = {**_tileset(layer.title_zh), "links": _collection_links(request, layer)}
    return answer_linked(request, caller, layer.title_zh, {"tilesets": [entry]})


async def answer_tileset(request: Request) -> Response:
    """Answer the metadata of a collection's tile set."""
    caller = await identify(request)
    read_parameters(request, ())
    (layer,), bounds = await find_bounds(request, caller, (request.path_params["collection"],))
    document = _described([layer], bounds, layer.title_zh)
    links = _collection_links(request, layer)
    return answer_linked(request, caller, layer.title_zh, {**document, "links": links})


async def answer_dataset_tilesets(request: Request) -> Response:
    """Answer the list of tile sets of the whole dataset: one, in WebMercatorQuad."""
    caller = await identify(request)
    read_parameters(request, (COLLECTIONS,))
    entry = {**_tileset(ALL_TITLE), "links": _dataset_links(request, asked_layer_ids(request))}
    return answer_linked(request, caller, ALL_TITLE, {"tilesets": [entry]})


async def answer_dataset_tileset(request: Request) -> Response:
    """Answer the metadata of the dataset's tile set, or of the layers that `collections` names."""
    caller = await identify(request)
    read_parameters(request, (COLLECTIONS,))
    layer_ids = asked_layer_ids(request)
    layers, bounds = await find_bounds(request, caller, layer_ids)
    document = _described(layers, bounds, ALL_TITLE)
    return answer_linked(
        request, caller, ALL_TITLE, {**document, "links": _dataset_links(request, layer_ids)}
    )


def _tileset(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "dataType": "vector",
        "crs": epsg_uri(WEB_MERCATOR_SRID),
        "tileMatrixSetURI": MATRIX_SET_URI,
    }


def _described(layers: Sequence[Layer], bounds: Sequence[Bounds | None], title: str) -> dict[str, Any]:
    document = {
        **_tileset(title),
        "layers": [_tile_layer(*pair) for pair in zip(layers, bounds, strict=True)],
    }
    box = union(bounds)
    if box is None:
        return document
    zooms = range(min(layer.min_zoom for layer in layers), max(layer.max_zoom for layer in layers) + 1)
    document["tileMatrixSetLimits"] = [_limit(zoom, box) for zoom in zooms]
    document["boundingBox"] = _box(box)
    return document


def _box(box: Bounds) -> dict[str, Any]:
    return {"lowerLeft": list(box[:2]), "upperRight": list(box[2:]), "crs": CRS84_URI}


def _tile_layer(layer: Layer, bounds: Bounds | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": layer.id,
        "title": layer.title_zh,
        "description": layer.description,
        "dataType": "vector",
        "geometryDimension": _DIMENSION[layer.geometry_type],
        "minTileMatrix": str(layer.min_zoom),
        "maxTileMatrix": str(layer.max_zoom),
        "propertiesSchema": {"type": "object", "properties": _properties(layer)},
        **describe(layer),
    }
    return document if bounds is None else {**document, "boundingBox": _box(bounds)}


def _properties(layer: Layer) -> dict[str, Any]:
    properties: dict[str, Any] = {
        item.name: {"title": item.title_zh, "type": _JSON_TYPE.get(item.type, item.type)}
        for item in layer.fields
        if item.in_tiles
    }
    if layer.aggregate is not None:
        properties |= {name: {"title": title} for name, title in FIELDS.items()}
    return properties


def _limit(zoom: int, box: Bounds) -> dict[str, Any]:
    """Return the columns and rows of a zoom in which something may lie."""
    west, south, east, north = box
    return {
        "tileMatrix": str(zoom),
        "minTileRow": row_of(north, zoom),
        "maxTileRow": row_of(south, zoom),
        "minTileCol": column_of(west, zoom),
        "maxTileCol": column_of(east, zoom),
    }


def column_of(lon: float, zoom: int) -> int:
    """Return the column of a longitude in degrees.

    Examples
    --------
    >>> column_of(-180.0, 3), column_of(180.0, 3), column_of(0.0, 1)
    (0, 7, 1)
    """
    return _within(floor((lon + 180) / 360 * (1 << zoom)), zoom)


def row_of(lat: float, zoom: int) -> int:
    """Return the row of a latitude in degrees; beyond the square's edge, its first or last.

    Examples
    --------
    >>> row_of(89.0, 3), row_of(-89.0, 3), row_of(33.15, 12)
    (0, 7, 1647)
    """
    if not -89.9 < lat < 89.9:
        return 0 if lat > 0 else (1 << zoom) - 1
    return _within(floor((1 - asinh(tan(radians(lat))) / pi) / 2 * (1 << zoom)), zoom)


def _within(place: int, zoom: int) -> int:
    return min((1 << zoom) - 1, max(0, place))


def _collection_links(request: Request, layer: Layer) -> list[Link]:
    template = {**link("item", matrix_template(request, layer.id), MVT, "瓦片 Tiles"), "templated": True}
    return [
        link("self", collection(request, layer.id, f"/tiles/{MATRIX_SET}"), JSON, layer.title_zh),
        _scheme_link(request),
        link("describedby", f"{root(request)}/tiles/{layer.id}.json", JSON, "TileJSON"),
        link(f"{REL}geodata", collection(request, layer.id), JSON, layer.title_zh),
        template,
    ]


def _dataset_links(request: Request, layer_ids: Sequence[str]) -> list[Link]:
    asked = {} if tuple(layer_ids) == tuple(LAYERS) else {COLLECTIONS: ",".join(layer_ids)}
    template = with_parameters(
        ogc(request, f"/tiles/{MATRIX_SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"), asked
    )
    geodata = [
        link(f"{REL}geodata", collection(request, layer_id), JSON, LAYERS[layer_id].title_zh)
        for layer_id in layer_ids
    ]
    return [
        link("self", with_parameters(ogc(request, f"/tiles/{MATRIX_SET}"), asked), JSON, ALL_TITLE),
        _scheme_link(request),
        link("describedby", f"{root(request)}/tiles/{','.join(layer_ids)}.json", JSON, "TileJSON"),
        *geodata,
        {**link("item", template, MVT, "瓦片 Tiles"), "templated": True},
    ]


def _scheme_link(request: Request) -> Link:
    return link(f"{REL}tiling-scheme", ogc(request, f"/tileMatrixSets/{MATRIX_SET}"), JSON, MATRIX_SET)


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
