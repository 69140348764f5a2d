"""A rule as the `drawingInfo` of an Esri feature layer, for ArcGIS and for QGIS's ArcGIS provider.

Values become a unique-value renderer, bands a class-breaks renderer. A hatched class is drawn by its hatch
alone: a simple fill symbol holds one brush.
Source: Esri REST API, "drawingInfo", "Renderer objects", "Symbol objects", "Labeling objects".
"""

import math
from typing import Any, Final

from gis.style.rule import FONTS, SCALE_AT_ZOOM_0, Language, Pattern, StyleClass, StyleRule, rgb

_BRUSHES: Final[dict[Pattern, str]] = {
    "solid": "esriSFSSolid",
    "horizontal": "esriSFSHorizontal",
    "vertical": "esriSFSVertical",
    "diagonal": "esriSFSBackwardDiagonal",
    "back_diagonal": "esriSFSForwardDiagonal",
    "cross": "esriSFSCross",
    "diagonal_cross": "esriSFSDiagonalCross",
}
_PLACEMENTS: Final = {
    "point": "esriServerPointLabelPlacementAboveRight",
    "line": "esriServerLinePlacementAboveAlong",
    "polygon": "esriServerPolygonPlacementAlwaysHorizontal",
}
# What ArcGIS itself writes for an open end: the largest whole number that a double holds exactly.
_OPEN_END: Final = 9_007_199_254_740_991


def drawing_info(rule: StyleRule, language: Language = "zh") -> dict[str, Any]:
    """Return the `drawingInfo` of a layer that is coloured by the rule.

    The rule's opacity of fills becomes the layer's `transparency`, in percent; colours are opaque.

    Parameters
    ----------
    language : {"zh", "en"}
        Of the legend.

    Examples
    --------
    >>> from gis.style.rule import StyleClass, StyleRule
    >>> green = StyleClass("green", "绿灯", "green", "#2e7d32", value=1)
    >>> grey = StyleClass("grey", "未评估", "not assessed", "#9e9e9e")
    >>> rule = StyleRule("p-light", "灯", "Lights", "p", "point", "light_code", (green,), grey)
    >>> drawing_info(rule)["renderer"]["uniqueValueInfos"][0]["label"]
    '绿灯'
    """
    renderer = _class_breaks(rule, language) if rule.graded else _unique_values(rule, language)
    return {
        "renderer": renderer,
        "transparency": round(100 * (1 - rule.opacity)) if rule.geometry == "polygon" else 0,
        "labelingInfo": _labeling(rule),
    }


def _unique_values(rule: StyleRule, language: Language) -> dict[str, Any]:
    return {
        "type": "uniqueValue",
        "field1": rule.field,
        "field2": None,
        "field3": None,
        "fieldDelimiter": ", ",
        **_default(rule, language),
        "uniqueValueInfos": [
            {"value": str(item.value), **_entry(rule, item, language)} for item in rule.classes
        ],
    }


def _class_breaks(rule: StyleRule, language: Language) -> dict[str, Any]:
    least = rule.classes[0].least
    return {
        "type": "classBreaks",
        "field": rule.field,
        "classificationMethod": "esriClassifyManual",
        "minValue": -_OPEN_END if least is None else least,
        **_default(rule, language),
        "classBreakInfos": [{**_ends(item), **_entry(rule, item, language)} for item in rule.classes],
        **_visual_variables(rule),
    }


def _visual_variables(rule: StyleRule) -> dict[str, Any]:
    """Return the ramp; a client that knows no visual variables draws the bands beside it."""
    if not rule.ramp:
        return {}
    stops = [{"value": stop.value, "color": _colour(stop.colour), "label": None} for stop in rule.ramp]
    return {"visualVariables": [{"type": "colorInfo", "field": rule.field, "stops": stops}]}


def _ends(item: StyleClass) -> dict[str, float]:
    """Return the ends of a band. Esri's hold their upper end, ours do not: it is the last number below it."""
    least = -_OPEN_END if item.least is None else item.least
    most = _OPEN_END if item.below is None else math.nextafter(item.below, -math.inf)
    return {"classMinValue": least, "classMaxValue": most}


def _default(rule: StyleRule, language: Language) -> dict[str, Any]:
    return {"defaultSymbol": _symbol(rule, rule.other), "defaultLabel": rule.other.title(language)}


def _entry(rule: StyleRule, item: StyleClass, language: Language) -> dict[str, Any]:
    other: Language = "en" if language == "zh" else "zh"
    return {
        "label": item.title(language),
        "description": item.title(other),
        "symbol": _symbol(rule, item),
    }


def _symbol(rule: StyleRule, item: StyleClass) -> dict[str, Any]:
    colour = _colour(item.colour)
    if rule.geometry == "line":
        return _line(colour, 2.25)
    if rule.geometry == "point":
        marker = {"type": "esriSMS", "style": "esriSMSCircle", "color": colour, "size": 8}
        return {
            **marker,
            "angle": 0,
            "xoffset": 0,
            "yoffset": 0,
            "outline": _line([255, 255, 255, 255], 0.75),
        }
    brush = _BRUSHES[item.pattern]
    return {"type": "esriSFS", "style": brush, "color": colour, "outline": _line(colour, 0.75)}


def _line(colour: list[int], width_pt: float) -> dict[str, Any]:
    return {"type": "esriSLS", "style": "esriSLSSolid", "color": colour, "width": width_pt}


def _colour(colour: str) -> list[int]:
    return [*rgb(colour), 255]


def _labeling(rule: StyleRule) -> list[dict[str, Any]] | None:
    if rule.label_field is None:
        return None
    font = {"family": FONTS[0], "size": 9, "style": "normal", "weight": "normal", "decoration": "none"}
    symbol = {
        "type": "esriTS",
        "color": [33, 33, 33, 255],
        "haloColor": [255, 255, 255, 255],
        "haloSize": 1,
        "font": font,
    }
    label = {
        "labelPlacement": _PLACEMENTS[rule.geometry],
        "labelExpression": f"[{rule.label_field}]",
        "labelExpressionInfo": {"expression": f"$feature.{rule.label_field}"},
        "useCodedValues": True,
        "symbol": symbol,
        "minScale": round(SCALE_AT_ZOOM_0 / 2**rule.label_min_zoom),
        "maxScale": 0,
    }
    return [label]
