"""Files for QGIS: one styled layer (`.qlr`) or all of them (`.qgs`), as this caller may see them."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify, open_connection
from api.maps.addresses import root
from api.maps.answers import answer_bytes
from api.maps.asked import read_parameters
from api.maps.landing import TITLE
from api.maps.styles import get_style, load_themes
from api.state import state_of
from gis.crs import WEB_MERCATOR_SRID, WGS84_SRID, transformer
from gis.errors import InvalidParameterError
from gis.features import find_extent
from gis.qgis import Extent, Kind, QgisLayer, layer_definition, project_document
from gis.style import StyleRule
from twin.identity import Caller
from twin.layers import select_rows
from twin.layers.themes import themes_of

XML: Final = "application/xml"
# Top first; what is not ticked is there to be ticked.
ORDER: Final = (
    ("project_points", False),
    ("bim_elements", True),
    ("bim_models", False),
    ("projects", True),
    ("land_parcels", True),
    ("control_areas", False),
)


async def answer_layer(request: Request) -> Response:
    """Answer a layer definition: `style` names its colours, `kind` is `oapif` or `tiles`."""
    caller = await identify(request)
    given = read_parameters(request, ("style", "kind"))
    kind = _kind(given.get("kind", "oapif"))
    layer = select_rows(caller, request.path_params["collection"]).selection.layer
    rules = {rule.id: rule for rule in themes_of(layer, (await load_themes(state_of(request))).values())}
    rule = get_style(rules, layer.id, given["style"]) if "style" in given else _default(rules)
    document = layer_definition(QgisLayer(layer, rule, kind), root(request))
    return answer_bytes(request, caller, document, XML, headers=_attachment(f"{layer.id}.qlr"))


async def answer_project(request: Request) -> Response:
    """Answer a project with every layer, zoomed to the projects."""
    caller = await identify(request)
    read_parameters(request, ())
    themes = list((await load_themes(state_of(request))).values())
    items = []
    for layer_id, shown in ORDER:
        layer = select_rows(caller, layer_id).selection.layer
        items.append(
            QgisLayer(layer, _default({rule.id: rule for rule in themes_of(layer, themes)}), shown=shown)
        )
    document = project_document(TITLE, items, root(request), await _extent(request, caller))
    return answer_bytes(request, caller, document, XML, headers=_attachment("worktwin.qgs"))


def _kind(text: str) -> Kind:
    if text == "oapif":
        return "oapif"
    if text == "tiles":
        return "tiles"
    raise InvalidParameterError(
        f"kind={text[:40]!r}: oapif or tiles is offered.",
        f"kind={text[:40]!r}：可用 oapif 或 tiles。",
        where="kind",
    )


def _default(rules: dict[str, StyleRule]) -> StyleRule | None:
    return next(iter(rules.values()), None)


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


async def _extent(request: Request, caller: Caller) -> Extent | None:
    async with open_connection(request) as connection:
        box = await find_extent(connection, select_rows(caller, "projects").selection)
    if box is None:
        return None
    west, south, east, north = box
    to_map = transformer(WGS84_SRID, WEB_MERCATOR_SRID)
    left, bottom = to_map.transform(west, south)
    right, top = to_map.transform(east, north)
    return left, bottom, right, top
