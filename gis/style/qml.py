"""A rule as a QGIS layer style (QML).

Values become a categorised renderer. Bands become rules: QGIS's own graduated ranges hold both
of their ends and cannot draw what has no value, ours hold the lower end and draw the rest too. A ramp is
bands too, for the legend, whose colours are overridden by an expression of the value.
"""

from typing import Final
from xml.etree import ElementTree as ET

from gis.style.rule import SCALE_AT_ZOOM_0, Pattern, StyleClass, StyleRule, rgb

_BRUSHES: Final[dict[Pattern, str]] = {
    "horizontal": "horizontal",
    "vertical": "vertical",
    "diagonal": "b_diagonal",
    "back_diagonal": "f_diagonal",
    "cross": "cross",
    "diagonal_cross": "diagonal_x",
}
_SYMBOL_TYPES: Final = {"polygon": "fill", "line": "line", "point": "marker"}
_GEOMETRY_CODES: Final = {"point": "0", "line": "1", "polygon": "2"}
_DOCTYPE = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


def qml_document(rule: StyleRule) -> bytes:
    """Return the QML document of one rule, for *Load style* or beside a data file."""
    root = ET.Element("qgis", {"version": "3.22", "styleCategories": "Symbology|Labeling"})
    add_style(root, rule)
    ET.SubElement(root, "layerGeometryType").text = _GEOMETRY_CODES[rule.geometry]
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8")
    return _DOCTYPE + body + b"\n"


def add_style(parent: ET.Element, rule: StyleRule) -> None:
    """Add renderer and labels of the rule to a style or to a layer of a QGIS document."""
    parent.set("labelsEnabled", "1" if rule.label_field else "0")
    if rule.graded:
        _rules(parent, rule)
    else:
        _categories(parent, rule)
    if rule.label_field:
        _labeling(parent, rule, rule.label_field)
    ET.SubElement(parent, "blendMode").text = "0"
    ET.SubElement(parent, "featureBlendMode").text = "0"


def add_tile_style(parent: ET.Element, rule: StyleRule) -> None:
    """Add the renderer of a vector tile layer: one style per class, the rest last; no labels."""
    drawn = rule.in_bands()
    styles = ET.SubElement(ET.SubElement(parent, "renderer", {"type": "basic"}), "styles")
    tests = [class_filter(rule.field, item) for item in drawn.classes]
    rest = f'"{rule.field}" IS NULL OR NOT ({" OR ".join(f"({test})" for test in tests)})'
    for item, test in zip(drawn.all_classes, [*tests, rest], strict=True):
        one = {"name": _title(item), "layer": rule.layer, "geometry": _GEOMETRY_CODES[rule.geometry]}
        shown = {"enabled": "1", "expression": test, "min-zoom": "-1", "max-zoom": "-1"}
        _symbol(ET.SubElement(ET.SubElement(styles, "style", {**one, **shown}), "symbols"), "0", drawn, item)


def _title(item: StyleClass) -> str:
    return f"{item.title_zh} {item.title_en}"


def _categories(root: ET.Element, rule: StyleRule) -> None:
    renderer = ET.SubElement(
        root,
        "renderer-v2",
        {"type": "categorizedSymbol", "attr": rule.field, "enableorderby": "0", "forceraster": "0"},
    )
    categories = ET.SubElement(renderer, "categories")
    for number, item in enumerate(rule.all_classes):
        kind = "NULL" if item is rule.other else "string" if isinstance(item.value, str) else "long"
        category = {"symbol": str(number), "label": _title(item), "render": "true", "type": kind}
        # The category without a value is QGIS's own for everything else, NULL included.
        ET.SubElement(
            categories, "category", {**category, "value": "" if kind == "NULL" else str(item.value)}
        )
    _symbols(renderer, rule)


def _rules(root: ET.Element, rule: StyleRule) -> None:
    renderer = ET.SubElement(
        root, "renderer-v2", {"type": "RuleRenderer", "enableorderby": "0", "forceraster": "0"}
    )
    rules = ET.SubElement(renderer, "rules", {"key": f"{rule.id}-rules"})
    for number, item in enumerate(rule.all_classes):
        test = "ELSE" if item is rule.other else class_filter(rule.field, item)
        key = f"{rule.id}-{item.key}"
        ET.SubElement(
            rules, "rule", {"key": key, "symbol": str(number), "label": _title(item), "filter": test}
        )
    _symbols(renderer, rule)


def class_filter(field: str, item: StyleClass) -> str:
    """Return the QGIS expression of what belongs to a class.

    Examples
    --------
    >>> print(class_filter("state", StyleClass("held", "预留", "Held", "#8f6420", value="held")))
    "state" = 'held'
    """
    if not item.is_band:
        value = str(item.value).replace("'", "''")
        return f"\"{field}\" = '{value}'" if isinstance(item.value, str) else f'"{field}" = {value}'
    least = [f'"{field}" >= {item.least:.15g}'] if item.least is not None else []
    below = [f'"{field}" < {item.below:.15g}'] if item.below is not None else []
    return " AND ".join([*least, *below])


def _symbols(renderer: ET.Element, rule: StyleRule) -> None:
    symbols = ET.SubElement(renderer, "symbols")
    for number, item in enumerate(rule.all_classes):
        _symbol(symbols, str(number), rule, item)


def _symbol(parent: ET.Element, name: str, rule: StyleRule, item: StyleClass) -> None:
    attributes = {"name": name, "type": _SYMBOL_TYPES[rule.geometry], "alpha": "1", "clip_to_extent": "1"}
    _symbol_layers(ET.SubElement(parent, "symbol", attributes), rule, item)


def _symbol_layers(symbol: ET.Element, rule: StyleRule, item: StyleClass) -> None:
    solid = _colour(item.colour, 1.0)
    ramp = _ramp_expression(rule) if rule.ramp and item is not rule.other else None
    if rule.geometry == "point":
        outline = {"outline_color": "255,255,255,255", "size": "3"}
        _symbol_layer(
            symbol, "SimpleMarker", {"name": "circle", "color": solid, **outline}, {"fillColor": ramp}
        )
        return
    if rule.geometry == "line":
        ends = {"capstyle": "round", "joinstyle": "round"}
        _symbol_layer(
            symbol, "SimpleLine", {"line_color": solid, "line_width": "0.8", **ends}, {"outlineColor": ramp}
        )
        return
    outline = {"outline_color": solid, "outline_style": "solid", "outline_width": "0.3"}
    fill = {"color": _colour(item.colour, rule.opacity), "style": "solid", **outline}
    faint = f"set_color_part({ramp},'alpha',{round(rule.opacity * 255)})" if ramp else None
    _symbol_layer(symbol, "SimpleFill", fill, {"fillColor": faint, "outlineColor": ramp})
    if item.pattern != "solid":
        hatch = {"color": solid, "style": _BRUSHES[item.pattern], "outline_style": "no"}
        _symbol_layer(symbol, "SimpleFill", hatch)


def _ramp_expression(rule: StyleRule) -> str:
    """Return the QGIS expression of a feature's colour on the ramp; beyond its ends it keeps their colours."""
    first, last = rule.ramp[0].value, rule.ramp[-1].value
    stops = ",".join(f"{(stop.value - first) / (last - first):.15g},'{stop.colour}'" for stop in rule.ramp)
    place = f'scale_linear("{rule.field}",{first:.15g},{last:.15g},0,1)'
    return f"ramp_color(create_ramp(map({stops})),{place})"


def _symbol_layer(
    symbol: ET.Element, kind: str, values: dict[str, str], expressions: dict[str, str | None] | None = None
) -> None:
    layer = ET.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    options = ET.SubElement(layer, "Option", {"type": "Map"})
    for name, value in values.items():
        ET.SubElement(options, "Option", {"name": name, "type": "QString", "value": value})
    for name, value in values.items():  # QGIS before 3.18 reads these
        ET.SubElement(layer, "prop", {"k": name, "v": value})
    given = {name: text for name, text in (expressions or {}).items() if text is not None}
    if given:
        _data_defined(layer, given)


def _data_defined(layer: ET.Element, expressions: dict[str, str]) -> None:
    whole = ET.SubElement(ET.SubElement(layer, "data_defined_properties"), "Option", {"type": "Map"})
    ET.SubElement(whole, "Option", {"name": "name", "type": "QString", "value": ""})
    properties = ET.SubElement(whole, "Option", {"name": "properties", "type": "Map"})
    for name, expression in expressions.items():
        one = ET.SubElement(properties, "Option", {"name": name, "type": "Map"})
        ET.SubElement(one, "Option", {"name": "active", "type": "bool", "value": "true"})
        ET.SubElement(one, "Option", {"name": "expression", "type": "QString", "value": expression})
        ET.SubElement(one, "Option", {"name": "type", "type": "int", "value": "3"})
    ET.SubElement(whole, "Option", {"name": "type", "type": "QString", "value": "collection"})


def _colour(colour: str, opacity: float) -> str:
    red, green, blue = rgb(colour)
    return f"{red},{green},{blue},{round(opacity * 255)}"


def _labeling(root: ET.Element, rule: StyleRule, field: str) -> None:
    settings = ET.SubElement(ET.SubElement(root, "labeling", {"type": "simple"}), "settings")
    text = {
        "fieldName": field,
        "isExpression": "0",
        "fontFamily": "Noto Sans CJK SC",
        "fontSize": "9",
        "fontSizeUnit": "Point",
        "textColor": "33,33,33,255",
    }
    style = ET.SubElement(settings, "text-style", text)
    halo = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferColor": "255,255,255,255"}
    ET.SubElement(style, "text-buffer", halo)
    # In QGIS's files "max" is the largest denominator: the scale from which the labels stand.
    coarsest = str(round(SCALE_AT_ZOOM_0 / 2**rule.label_min_zoom))
    ET.SubElement(settings, "rendering", {"scaleVisibility": "1", "scaleMin": "0", "scaleMax": coarsest})
