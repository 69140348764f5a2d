"""`/embed/{collection}.geojson`: the feed for other people's dashboards, with its colours in every feature."""

from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify, open_connection
from api.maps.answers import answer_bytes
from api.maps.asked import EVERYWHERE, GEOJSON
from api.maps.finished import answer_finished
from api.maps.selecting import read_selection
from api.maps.styles import load_themes
from api.maps.tile_cache import tiles_of
from api.state import state_of
from gis.errors import InvalidParameterError
from gis.feed import FeedOptions, feed_layer, fetch_feed, parse_feed
from gis.filters import bbox_condition, parse_bbox
from gis.layer import Layer, Selection
from gis.style import StyleRule
from twin.errors import NotFoundError
from twin.layers.themes import themes_of

PARAMETERS: Final = ("style", "bbox", "limit", "fields", "simplify", "precision", "geom", "geometry")


async def answer_feed(request: Request) -> Response:
    """Answer the feed of a collection."""
    caller = await identify(request)
    layer_id = request.path_params["collection"]
    selection = read_selection(request, caller, layer_id, PARAMETERS)
    rule = find_rule(await load_themes(state_of(request)), selection.layer, request.query_params.get("style"))
    shaped, options = _shaped(request, selection, rule)

    async def render() -> bytes:
        async with open_connection(request) as connection:
            return await fetch_feed(connection, shaped, rule, options)

    ancestors = state_of(request).settings.server.frame_ancestors
    headers = {"Content-Security-Policy": f"default-src 'none'; frame-ancestors {ancestors}"}
    if not _is_plain(request):
        return answer_bytes(request, caller, await render(), GEOJSON, headers=headers)
    finished = await tiles_of(request).get_whole(f"feed {rule!r}", caller, layer_id, render)
    return answer_finished(request, caller, finished, GEOJSON, headers)


def _is_plain(request: Request) -> bool:
    """Tell whether this is a feed that others ask for too: every dashboard asks for the whole, again and again."""
    return set(request.query_params) <= {*EVERYWHERE, "style"}


def _shaped(request: Request, selection: Selection, rule: StyleRule) -> tuple[Selection, FeedOptions]:
    asked = request.query_params
    names = [name for name in asked["fields"].split(",") if name] if "fields" in asked else None
    layer = feed_layer(selection.layer, rule, names)
    if "bbox" in asked:
        selection = selection.filtered(bbox_condition(layer, parse_bbox(asked["bbox"])))
    options = parse_feed(
        *(asked.get(name) for name in ("limit", "precision", "simplify", "geom", "geometry"))
    )
    return replace(selection, layer=layer), options


def find_rule(themes: dict[str, StyleRule], layer: Layer, style: str | None) -> StyleRule:
    """Return the colouring rule of a feed: `style=light` is the theme of the layer whose id ends so.

    Raises
    ------
    NotFoundError
        The layer has no colours, so no feed either.
    InvalidParameterError
        The layer has no such style.
    """
    rules = {rule.id.partition("-")[2]: rule for rule in themes_of(layer, themes.values())}
    if not rules:
        raise NotFoundError(
            f"There is no feed of {layer.id}: no style colours it.",
            f"图层 {layer.id} 没有数据推送：没有为其着色的样式。",
        )
    if style is not None and style not in rules:
        raise InvalidParameterError(
            f"Feed {layer.id} has no style {style[:40]!r}; it has {', '.join(rules)}.",
            f"{layer.id} 没有样式 {style[:40]!r}；可用：{'、'.join(rules)}。",
            where="style",
        )
    return rules[style] if style is not None else next(iter(rules.values()))
