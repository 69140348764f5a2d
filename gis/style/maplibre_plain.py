"""A rule as a MapLibre style without data-driven colours: one layer per class, chosen by its filter.

For readers that know filters and no `case` expressions: QGIS turns this one into the right colours of
vector tiles, graded rules included (seen with 3.22).
Source: MapLibre style specification, version 8.
"""

from typing import Any

from gis.style.legend import legend
from gis.style.rule import StyleClass, StyleRule


def maplibre_plain_style(rule: StyleRule, tilejson_url: str) -> dict[str, Any]:
    """Return the style document of one rule, one layer per class, the rest last; no labels.

    Parameters
    ----------
    tilejson_url : str
        Template with ``{layer}`` for the collection, such as ``/tiles/{layer}.json``.
    """
    return {
        "version": 8,
        "name": f"{rule.title_zh} {rule.title_en}",
        "metadata": {"legend": legend(rule)},
        "sources": {rule.layer: {"type": "vector", "url": tilejson_url.replace("{layer}", rule.layer)}},
        "layers": [_layer(rule, item) for item in rule.all_classes],
    }


def _layer(rule: StyleRule, item: StyleClass) -> dict[str, Any]:
    kind, paint = _paint(rule, item.colour)
    test = _rest_filter(rule) if item is rule.other else _class_filter(rule.field, item)
    return {
        "id": f"{rule.id}-{item.key}",
        "type": kind,
        "source": rule.layer,
        "source-layer": rule.layer,
        "filter": test,
        "paint": paint,
    }


def _paint(rule: StyleRule, colour: str) -> tuple[str, dict[str, Any]]:
    if rule.geometry == "point":
        return "circle", {"circle-color": colour, "circle-radius": 5}
    if rule.geometry == "line":
        return "line", {"line-color": colour, "line-width": 3}
    return "fill", {"fill-color": colour, "fill-opacity": rule.opacity, "fill-outline-color": colour}


def _class_filter(field: str, item: StyleClass) -> list[Any]:
    if not item.is_band:
        return ["==", ["get", field], item.value]
    least = [[">=", ["get", field], item.least]] if item.least is not None else []
    below = [["<", ["get", field], item.below]] if item.below is not None else []
    return ["all", *least, *below]


def _rest_filter(rule: StyleRule) -> list[Any]:
    """Return what none of the classes holds: no value (tiles leave NULL out), or another one."""
    missing = ["!", ["has", rule.field]]
    if rule.graded:
        return missing
    others = [["!=", ["get", rule.field], item.value] for item in rule.classes]
    return ["any", missing, ["all", ["has", rule.field], *others]]
