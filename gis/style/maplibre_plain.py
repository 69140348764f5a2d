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
    drawn = rule.in_bands()
    return {
        "version": 8,
        "name": f"{rule.title_zh} {rule.title_en}",
        "metadata": {"legend": legend(rule)},
        "sources": {rule.layer: {"type": "vector", "url": tilejson_url.replace("{layer}", rule.layer)}},
        "layers": [_layer(drawn, item) for item in drawn.all_classes],
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
    return _between(["get", field], item.least, item.below)


def _rest_filter(rule: StyleRule) -> list[Any]:
    """Return what none of the classes holds: no value (tiles leave NULL out), or another one."""
    field, missing = ["get", rule.field], ["!", ["has", rule.field]]
    if not rule.graded:
        others = [["!=", field, item.value] for item in rule.classes]
        return ["any", missing, ["all", ["has", rule.field], *others]]
    gaps = zip(
        [None, *(item.below for item in rule.classes)],
        [*(item.least for item in rule.classes), None],
        strict=True,
    )
    return [
        "any",
        missing,
        *(_between(field, least, below) for least, below in gaps if _is_gap(least, below)),
    ]


def _is_gap(least: float | None, below: float | None) -> bool:
    """Say whether numbers lie between the end of one band and the start of the next."""
    return (least is None) != (below is None) or (least is not None and below is not None and least < below)


def _between(field: list[str], least: float | None, below: float | None) -> list[Any]:
    from_least = [[">=", field, least]] if least is not None else []
    to_below = [["<", field, below]] if below is not None else []
    return ["all", *from_least, *to_below]
