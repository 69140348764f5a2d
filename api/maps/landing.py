"""The entrance of the OGC API: landing page, conformance, API definition (Common Part 1, 19-072)."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify
from api.maps.addresses import REL, link, ogc, root
from api.maps.asked import HTML, JSON, OPENAPI_JSON, read_parameters
from api.maps.definition import definition_document
from api.maps.documents import answer_linked, answer_plain

_SPEC: Final = "http://www.opengis.net/spec/"
CONFORMANCE: Final = tuple(
    _SPEC + name
    for name in (
        "ogcapi-common-1/1.0/conf/core",
        "ogcapi-common-1/1.0/conf/landing-page",
        "ogcapi-common-1/1.0/conf/json",
        "ogcapi-common-1/1.0/conf/html",
        "ogcapi-common-1/1.0/conf/oas30",
        "ogcapi-common-2/1.0/conf/collections",
        "ogcapi-features-1/1.0/conf/core",
        "ogcapi-features-1/1.0/conf/oas30",
        "ogcapi-features-1/1.0/conf/html",
        "ogcapi-features-1/1.0/conf/geojson",
        "ogcapi-features-2/1.0/conf/crs",
        "ogcapi-features-3/1.0/conf/queryables",
        "ogcapi-features-3/1.0/conf/queryables-query-parameters",
        "ogcapi-features-3/1.0/conf/filter",
        "ogcapi-features-3/1.0/conf/features-filter",
        "cql2/1.0/conf/cql2-text",
        "cql2/1.0/conf/cql2-json",
        "cql2/1.0/conf/basic-cql2",
        "cql2/1.0/conf/advanced-comparison-operators",
        "cql2/1.0/conf/case-insensitive-comparison",
        "cql2/1.0/conf/accent-insensitive-comparison",
        "cql2/1.0/conf/basic-spatial-functions",
        "cql2/1.0/conf/basic-spatial-functions-plus",
        "cql2/1.0/conf/basic-spatial-operators",  # its name in a draft: QGIS asks for this one
        "cql2/1.0/conf/spatial-functions",
        "cql2/1.0/conf/temporal-functions",
        "cql2/1.0/conf/arithmetic",
        "cql2/1.0/conf/property-property",
        "cql2/1.0/conf/functions",
        "ogcapi-features-5/1.0/conf/schemas",
        "ogcapi-features-5/1.0/conf/core-roles-features",
        "ogcapi-features-5/1.0/conf/returnables-and-receivables",
        "ogcapi-features-4/1.0/conf/create-replace-delete",
        "ogcapi-features-4/1.0/conf/update",
        "ogcapi-features-4/1.0/conf/optimistic-locking-etags",
        "ogcapi-features-4/1.0/conf/features",
        "ogcapi-tiles-1/1.0/conf/core",
        "ogcapi-tiles-1/1.0/conf/oas30",
        "ogcapi-tiles-1/1.0/conf/tileset",
        "ogcapi-tiles-1/1.0/conf/tilesets-list",
        "ogcapi-tiles-1/1.0/conf/geodata-tilesets",
        "ogcapi-tiles-1/1.0/conf/dataset-tilesets",
        "ogcapi-tiles-1/1.0/conf/mvt",
        "ogcapi-styles-1/1.0/conf/core",
        "ogcapi-styles-1/1.0/conf/mapbox-style",
        "ogcapi-styles-1/1.0/conf/sld-10",
        "ogcapi-styles-1/1.0/conf/sld-11",
    )
)
TITLE: Final = "重点工程数字孪生 Key construction works"


async def answer_landing(request: Request) -> Response:
    """Answer the landing page."""
    caller = await identify(request)
    read_parameters(request, ())
    links = [
        link("service-desc", ogc(request, "/api"), OPENAPI_JSON, "API 定义 API definition"),
        link("service-doc", ogc(request, "/api?f=html"), HTML, "API 说明 API documentation"),
        link("conformance", ogc(request, "/conformance"), JSON, "符合类 Conformance"),
        link("data", ogc(request, "/collections"), JSON, "集合 Collections"),
        link(f"{REL}conformance", ogc(request, "/conformance"), JSON, "符合类 Conformance"),
        link(f"{REL}data", ogc(request, "/collections"), JSON, "集合 Collections"),
        link(f"{REL}functions", ogc(request, "/functions"), JSON, "筛选函数 Functions of filters"),
        link(f"{REL}styles", ogc(request, "/styles"), JSON, "样式 Styles"),
        link(f"{REL}tilesets-vector", ogc(request, "/tiles"), JSON, "全部图层的瓦片 Tiles of all layers"),
        link(f"{REL}tiling-schemes", ogc(request, "/tileMatrixSets"), JSON, "瓦片矩阵集 Tile matrix sets"),
    ]
    document = {
        "title": TITLE,
        "description": "重点工程的红线、模型、土地与管控图层，按进度和红黄绿灯着色。 "
        "Footprints, BIM models, land and control layers, coloured by progress and light.",
        "links": links,
    }
    return answer_linked(request, caller, TITLE, document)


async def answer_conformance(request: Request) -> Response:
    """Answer the list of conformance classes; each has its tests."""
    caller = await identify(request)
    read_parameters(request, ())
    return answer_linked(request, caller, "Conformance", {"conformsTo": list(CONFORMANCE)})


async def answer_definition(request: Request) -> Response:
    """Answer the OpenAPI 3.0 document of the map doors, with the properties this caller may filter by."""
    caller = await identify(request)
    read_parameters(request, ())
    document = definition_document(caller, root(request))
    return answer_plain(request, caller, TITLE, document, OPENAPI_JSON)
