"""Every address of the map doors."""

from typing import Final

from api.arcgis.routes import ROUTES as ESRI_ROUTES
from api.embed import answer_feed
from api.maps import (
    collections,
    edits,
    functions,
    html,
    items,
    landing,
    legends,
    qgis,
    styles,
    tiles,
    tilesets,
)
from api.maps.addresses import MATRIX_SET
from api.maps.answers import answer_options
from api.plain_route import Answer, PlainRoute, method_route, read_route

_C: Final = "/ogc/collections/{collection}"


def _door(path: str, endpoint: Answer, options: Answer = answer_options) -> PlainRoute:
    return read_route(path, endpoint, options)


ROUTES: Final = [
    _door("/ogc", landing.answer_landing),
    _door(
        "/ogc/", landing.answer_landing
    ),  # clients join paths to a base that ends so, and follow no redirect
    _door("/ogc/pages.css", html.answer_stylesheet),
    _door("/ogc/conformance", landing.answer_conformance),
    _door("/ogc/functions", functions.answer_functions),
    _door("/ogc/api", landing.answer_definition),
    _door("/ogc/collections", collections.answer_collections),
    _door(_C, collections.answer_collection),
    _door(f"{_C}/queryables", collections.answer_queryables),
    _door(f"{_C}/schema", collections.answer_schema),
    method_route(
        f"{_C}/items",
        {"GET": items.answer_items, "POST": edits.answer_create, "OPTIONS": edits.answer_edit_options},
    ),
    method_route(
        f"{_C}/items/{{feature}}",
        {
            "GET": items.answer_item,
            "PUT": edits.answer_replace,
            "PATCH": edits.answer_update,
            "DELETE": edits.answer_delete,
            "OPTIONS": edits.answer_edit_options,
        },
    ),
    _door(f"{_C}/tiles", tilesets.answer_tilesets),
    _door(f"{_C}/tiles/{MATRIX_SET}", tilesets.answer_tileset),
    _door(f"{_C}/tiles/{MATRIX_SET}/{{z}}/{{y}}/{{x}}", tiles.answer_tile),  # row before column
    _door("/ogc/styles", styles.answer_styles),
    _door("/ogc/styles/{style}", styles.answer_style),
    _door("/ogc/styles/{style}/metadata", styles.answer_metadata),
    _door("/ogc/styles/{style}/legend", legends.answer_legend),
    _door("/ogc/qgis/{collection}.qlr", qgis.answer_layer),
    _door("/ogc/qgis/worktwin.qgs", qgis.answer_project),
    _door(f"{_C}/styles", styles.answer_collection_styles),
    _door(f"{_C}/styles/{{style}}", styles.answer_collection_style),
    _door("/ogc/tiles", tilesets.answer_dataset_tilesets),
    _door(f"/ogc/tiles/{MATRIX_SET}", tilesets.answer_dataset_tileset),
    _door(f"/ogc/tiles/{MATRIX_SET}/{{z}}/{{y}}/{{x}}", tiles.answer_dataset_tile),
    _door("/ogc/tileMatrixSets", tilesets.answer_matrix_sets),
    _door("/ogc/tileMatrixSets/{matrix_set}", tilesets.answer_matrix_set),
    _door("/tiles/{collection}.json", tiles.answer_tile_json),
    _door("/tiles/{collection}/{z}/{x}/{y}.mvt", tiles.answer_tile),
    _door("/tiles/{collection}/{z}/{x}/{y}.pbf", tiles.answer_tile),  # GDAL reads this ending alone
    _door("/tiles/{collection}/{z}/{x}/{y}", tiles.answer_tile),
    _door("/embed/{collection}.geojson", answer_feed),
    *ESRI_ROUTES,
]
