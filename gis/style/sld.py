"""A rule as SLD 1.0 and as SLD 1.1 with Symbology Encoding, for GeoServer, SuperMap, ArcGIS and QGIS.

Sources: OGC 02-070 (SLD 1.0), OGC 05-077r4 and 05-078r4 (SE 1.1).
"""

from dataclasses import dataclass
from typing import Final, Literal
from xml.etree import ElementTree as ET

from gis.style.rule import FONTS, Pattern, StyleClass, StyleRule

Version = Literal["1.0.0", "1.1.0"]

_SLD = "http://www.opengis.net/sld"
_SE = "http://www.opengis.net/se"
_OGC = "http://www.opengis.net/ogc"
# The standard has no hatches; of its six marks these two draw as one, in every reader.
_MARKS: Final[dict[Pattern, str]] = {
    "horizontal": "cross",
    "vertical": "cross",
    "cross": "cross",
    "diagonal": "x",
    "back_diagonal": "x",
    "diagonal_cross": "x",
}

for _prefix, _uri in (("sld", _SLD), ("se", _SE), ("ogc", _OGC)):
    ET.register_namespace(_prefix, _uri)


@dataclass(frozen=True)
class _Dialect:
    """What differs between the two versions."""

    version: Version
    namespace: str
    parameter: str


_DIALECTS: Final = {
    "1.0.0": _Dialect("1.0.0", _SLD, "CssParameter"),
    "1.1.0": _Dialect("1.1.0", _SE, "SvgParameter"),
}


def sld_document(rule: StyleRule, version: Version = "1.0.0") -> bytes:
    """Return the SLD document of one rule: a Rule per class, and one for the rest.

    The rest is written as a filter of its own: QGIS up to 3.22 reads ElseFilter as "always" and
    paints that rule over all others. A ramp becomes narrow bands: the standard's `Interpolate` is read by
    GeoServer alone.
    """
    dialect = _DIALECTS[version]
    root = ET.Element(f"{{{_SLD}}}StyledLayerDescriptor", {"version": version})
    named = ET.SubElement(root, f"{{{_SLD}}}NamedLayer")
    _text(named, dialect.namespace, "Name", rule.layer)
    style = ET.SubElement(named, f"{{{_SLD}}}UserStyle")
    _text(style, dialect.namespace, "Name", rule.id)
    if version == "1.0.0":
        _text(style, _SLD, "Title", f"{rule.title_zh} {rule.title_en}")
    else:
        description = _add(style, _SE, "Description")
        _text(description, _SE, "Title", f"{rule.title_zh} {rule.title_en}")
    features = _add(style, dialect.namespace, "FeatureTypeStyle")
    drawn = rule.in_bands()
    for item in drawn.all_classes:
        _rule(features, dialect, drawn, item)
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _add(parent: ET.Element, namespace: str, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{namespace}}}{tag}", attributes)


def _text(parent: ET.Element, namespace: str, tag: str, text: str, **attributes: str) -> None:
    _add(parent, namespace, tag, **attributes).text = text


def _rule(features: ET.Element, dialect: _Dialect, rule: StyleRule, item: StyleClass) -> None:
    element = _add(features, dialect.namespace, "Rule")
    title = f"{item.title_zh} {item.title_en}"
    _text(element, dialect.namespace, "Name", item.key)
    if dialect.version == "1.0.0":
        _text(element, _SLD, "Title", title)
    else:
        _text(_add(element, _SE, "Description"), _SE, "Title", title)
    condition = _add(element, _OGC, "Filter")
    if item is rule.other:
        _rest(condition, rule)
    else:
        _filter(condition, rule, item)
    _symbolizers(element, dialect, rule, item)
    if rule.label_field is not None and rule.label_layer is None:
        _label(element, dialect, rule.label_field)


def _filter(parent: ET.Element, rule: StyleRule, item: StyleClass) -> None:
    tests = [("PropertyIsEqualTo", str(item.value))] if not item.is_band else []
    if item.least is not None:
        tests.append(("PropertyIsGreaterThanOrEqualTo", f"{item.least:.15g}"))
    if item.below is not None:
        tests.append(("PropertyIsLessThan", f"{item.below:.15g}"))
    if len(tests) > 1:
        parent = _add(parent, _OGC, "And")
    for tag, value in tests:
        test = _add(parent, _OGC, tag)
        _text(test, _OGC, "PropertyName", rule.field)
        _text(test, _OGC, "Literal", value)


def _rest(parent: ET.Element, rule: StyleRule) -> None:
    either = _add(parent, _OGC, "Or")
    _text(_add(either, _OGC, "PropertyIsNull"), _OGC, "PropertyName", rule.field)
    none_of = _add(either, _OGC, "Not")
    if len(rule.classes) > 1:
        none_of = _add(none_of, _OGC, "Or")
    for item in rule.classes:
        _filter(none_of, rule, item)


def _symbolizers(parent: ET.Element, dialect: _Dialect, rule: StyleRule, item: StyleClass) -> None:
    if rule.geometry == "point":
        mark = _mark(_add(parent, dialect.namespace, "PointSymbolizer"), dialect, "circle", "10")
        _fill(mark, dialect, item.colour, 1.0)
        _stroke(mark, dialect, "#ffffff", "1")
        return
    if rule.geometry == "line":
        _stroke(_add(parent, dialect.namespace, "LineSymbolizer"), dialect, item.colour, "3")
        return
    polygon = _add(parent, dialect.namespace, "PolygonSymbolizer")
    _fill(polygon, dialect, item.colour, rule.opacity)
    _stroke(polygon, dialect, item.colour, "1")
    if item.pattern != "solid":
        hatch = _add(_add(parent, dialect.namespace, "PolygonSymbolizer"), dialect.namespace, "Fill")
        graphic = _add(hatch, dialect.namespace, "GraphicFill")
        _stroke(_mark(graphic, dialect, _MARKS[item.pattern], "8"), dialect, item.colour, "1")


def _mark(parent: ET.Element, dialect: _Dialect, name: str, size: str) -> ET.Element:
    graphic = _add(parent, dialect.namespace, "Graphic")
    mark = _add(graphic, dialect.namespace, "Mark")
    _text(mark, dialect.namespace, "WellKnownName", name)
    _text(graphic, dialect.namespace, "Size", size)
    return mark


def _fill(parent: ET.Element, dialect: _Dialect, colour: str, opacity: float) -> None:
    fill = _add(parent, dialect.namespace, "Fill")
    _parameters(fill, dialect, {"fill": colour, "fill-opacity": f"{opacity:g}"})


def _stroke(parent: ET.Element, dialect: _Dialect, colour: str, width: str) -> None:
    stroke = _add(parent, dialect.namespace, "Stroke")
    _parameters(stroke, dialect, {"stroke": colour, "stroke-width": width})


def _parameters(parent: ET.Element, dialect: _Dialect, values: dict[str, str]) -> None:
    for name, value in values.items():
        _text(parent, dialect.namespace, dialect.parameter, value, name=name)


def _label(parent: ET.Element, dialect: _Dialect, field: str) -> None:
    symbolizer = _add(parent, dialect.namespace, "TextSymbolizer")
    _text(_add(symbolizer, dialect.namespace, "Label"), _OGC, "PropertyName", field)
    font = _add(symbolizer, dialect.namespace, "Font")
    _parameters(font, dialect, {"font-family": FONTS[0], "font-size": "10"})
    halo = _add(symbolizer, dialect.namespace, "Halo")
    _text(halo, dialect.namespace, "Radius", "1")
    _parameters(_add(halo, dialect.namespace, "Fill"), dialect, {"fill": "#ffffff"})
    _parameters(_add(symbolizer, dialect.namespace, "Fill"), dialect, {"fill": "#212121"})
