"""The documents of the Esri doors: information, catalogue, service, layer."""

from typing import Any, Final

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.arcgis.doors import Call, answer_document, answer_problem
from api.arcgis.kept import Reach, reach_key, shelves_of
from api.deps import open_connection
from api.errors import Problem, lang_of, problem_of
from api.maps.addresses import root
from api.state import AppState, state_of
from gis.esri.documents import (
    CURRENT_VERSION,
    Facts,
    Powers,
    TimeFields,
    catalogue_document,
    layer_document,
    service_document,
)
from gis.esri.figures import find_times
from gis.features import find_extent
from gis.layer import Choice, Field, Layer, Selection
from gis.style import StyleRule, drawing_info
from twin.alerts.palette import list_themes
from twin.db import open_session
from twin.editing import abilities, writable_fields
from twin.editing.rules import EDITABLE
from twin.errors import NotFoundError
from twin.identity import Caller
from twin.layers import LAYERS, select_rows
from twin.layers.themes import themes_of

REST: Final = "/arcgis/rest"
TITLE: Final = "Esri 要素服务 Feature services"
# What a client's time slider looks at; the answers are the state as known at the end of its span.
TIME_FIELDS: Final = {
    "projects": ("plan_start", "plan_finish"),
    "bim_elements": ("plan_start", "plan_finish"),
    "control_areas": ("valid_from", "valid_to"),
    "bim_models": ("published_at", None),
}
# QGIS before 3.26 draws classes of single values alone, no bands of numbers: the lights, not the progress.
DEFAULT_STYLES: Final = {"projects": "projects-light", "project_points": "projects-light"}


async def answer_info(call: Call) -> Response:
    """Answer what ArcGIS asks first: the version, and where a login is exchanged for a token."""
    token = {
        "isTokenBasedSecurity": True,
        "tokenServicesUrl": f"{root(call.request)}{REST}/generateToken",
        "shortLivedTokenValidity": 720,
    }
    document = {"currentVersion": CURRENT_VERSION, "fullVersion": "11.1.0", "authInfo": token}
    return answer_document(call, TITLE, document)


async def answer_catalogue(call: Call) -> Response:
    """Answer the list of services."""
    document = catalogue_document(LAYERS.values())
    for service in document["services"]:
        service["url"] = f"{root(call.request)}{REST}/services/{service['name']}/FeatureServer"
    return answer_document(call, TITLE, document)


async def answer_service(call: Call) -> Response:
    """Answer the service of a collection."""
    selection = _selection(call)
    reach = await _find_reach(call, selection)
    facts = Facts(reach.extent, powers_of(call.caller, selection.layer))
    return answer_document(call, selection.layer.title_zh, service_document(selection.layer, facts))


async def answer_layers(call: Call) -> Response:
    """Answer all layers of a service in full: its one layer, and no tables."""
    document = {"layers": [await _layer(call)], "tables": []}
    return answer_document(call, call.path("collection"), document)


async def answer_layer(call: Call) -> Response:
    """Answer the layer, as this caller may see and edit it."""
    document = await _layer(call)
    return answer_document(call, str(document["name"]), document)


async def answer_no_admin(call: Call) -> Response:
    """Answer that there is no administration: QGIS asks for it as soon as a layer may be edited."""
    return answer_problem(call.request, problem_of(HTTPException(404)), status=404)


async def answer_no_layer(call: Call) -> Response:
    """Answer that a service has the layer 0 alone."""
    number = call.path("layer")[:20]
    found = Problem(
        404,
        f"Service {call.path('collection')} has no layer {number}; its only layer is 0.",
        f"服务 {call.path('collection')} 没有图层 {number}；仅有图层 0。",
    )
    return answer_problem(call.request, found)


def _selection(call: Call) -> Selection:
    return select_rows(call.caller, call.path("collection")).selection


async def _layer(call: Call) -> dict[str, Any]:
    selection = _selection(call)
    layer = selection.layer
    reach = await _find_reach(call, selection)
    fields = _time_fields(layer)
    times = TimeFields(*fields, reach.times) if fields and reach.times else None
    rules = await anyio.to_thread.run_sync(_load_rules, state_of(call.request), layer)
    rule = _choose_rule(rules, call.parameters.get("style") or DEFAULT_STYLES.get(layer.id))
    info = drawing_info(rule, lang_of(call.request)) if rule else None
    facts = Facts(reach.extent, powers_of(call.caller, layer), info, times, _choices(rules))
    return layer_document(layer, facts)


def _choices(rules: list[StyleRule]) -> dict[str, tuple[Choice, ...]]:
    """Return the named values of fields that a rule colours by: states of parcels, kinds of areas, lights."""
    return {
        rule.field: tuple(
            Choice(item.value, item.title_zh, item.title_en)
            for item in rule.classes
            if item.value is not None
        )
        for rule in rules
        if not rule.graded
    }


def powers_of(caller: Caller, layer: Layer) -> Powers:
    """Return what the caller may do, in Esri's words: an update may leave any field out."""
    held = abilities(caller, layer.id)
    if not (held.create or held.update or held.delete):
        return Powers()
    names = frozenset(rule.name for rule in writable_fields(layer.id) if layer.has_field(rule.name))
    shapes = EDITABLE[layer.id].geometry != "fixed"
    return Powers(held.create, held.update, held.delete, shapes, names)


def _load_rules(state: AppState, layer: Layer) -> list[StyleRule]:
    with open_session(state.engine) as session:
        return themes_of(layer, list_themes(session).values())


def _choose_rule(rules: list[StyleRule], style: str | None) -> StyleRule | None:
    if not style:
        return rules[0] if rules else None
    for rule in rules:
        if rule.id == style:
            return rule
    known = ", ".join(rule.id for rule in rules)
    raise NotFoundError(
        f"This layer has no style {style[:60]}; it has {known}.",
        f"该图层没有样式 {style[:60]}；可用样式：{known}。",
    )


def _time_fields(layer: Layer) -> tuple[Field, Field | None] | None:
    start, end = TIME_FIELDS.get(layer.id, ("updated_at", None))
    if not layer.temporal or not layer.has_field(start):
        return None
    return layer.field(start), layer.field(end) if end else None


async def _find_reach(call: Call, selection: Selection) -> Reach:
    """Return how far the rows reach; it is found anew when something of the layer has changed."""
    key = reach_key(call, selection)
    shelf = shelves_of(call.request).reaches
    kept = shelf.find(key) if key else None
    if kept is not None:
        return kept
    fields = _time_fields(selection.layer)
    async with open_connection(call.request) as connection:
        extent = await find_extent(connection, selection)
        times = await find_times(connection, selection, fields[0], fields[1] or fields[0]) if fields else None
    reach = Reach(extent, times)
    if key:
        shelf.keep(key, reach)
    return reach
