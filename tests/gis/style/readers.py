"""Independent readers of the style formats: what colour does a document give to a value?"""

import operator as operators
import re
from collections.abc import Sequence
from typing import Any

import numpy
from lxml import etree

NAMESPACES = {
    "sld": "http://www.opengis.net/sld",
    "se": "http://www.opengis.net/se",
    "ogc": "http://www.opengis.net/ogc",
}
_COMPARE = {
    "PropertyIsEqualTo": lambda value, text: value is not None and str(value) == text,
    "PropertyIsGreaterThanOrEqualTo": lambda value, text: value is not None and value >= float(text),
    "PropertyIsLessThan": lambda value, text: value is not None and value < float(text),
}


def maplibre_value(expression: Any, properties: dict[str, Any]) -> Any:
    """Evaluate the few operators of the MapLibre style specification that a rule needs."""
    if not isinstance(expression, list):
        return expression
    operator, *rest = expression
    if operator == "get":
        return properties.get(rest[0])
    if operator == "match":
        subject, *cases, otherwise = rest
        found = maplibre_value(subject, properties)
        pairs = zip(cases[::2], cases[1::2], strict=True)
        return next((result for labels, result in pairs if found in labels), otherwise)
    if operator == "interpolate":
        kind, subject, *flat = rest
        assert kind == ["linear"]
        stops = list(zip(flat[::2], flat[1::2], strict=True))
        return blended(stops, maplibre_value(subject, properties))
    if operator == "case":
        *cases, otherwise = rest
        for test, result in zip(cases[::2], cases[1::2], strict=True):
            if maplibre_value(test, properties):
                return maplibre_value(result, properties)
        return maplibre_value(otherwise, properties)
    values = [maplibre_value(item, properties) for item in rest]
    if operator == "typeof":
        return "number" if isinstance(values[0], int | float) else "null"
    if operator == "all":
        return all(values)
    return {"!=": lambda a, b: a != b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b}[operator](*values)


def blended(stops: Sequence[tuple[float, str]], value: float) -> str:
    """Return the colour at a place of a ramp, the ends held, channel by channel."""
    places = [place for place, _ in stops]
    channels = [[int(colour[k : k + 2], 16) for _, colour in stops] for k in (1, 3, 5)]
    return "#" + "".join(f"{round(float(numpy.interp(value, places, channel))):02x}" for channel in channels)


def plain_colour(style: dict[str, Any], properties: dict[str, Any]) -> str:
    """Return the colour of the one layer of a plain MapLibre style whose filter holds."""
    drawn = [layer for layer in style["layers"] if filter_holds(layer["filter"], properties)]
    assert len(drawn) == 1
    paint = drawn[0]["paint"]
    return str(paint.get("fill-color") or paint.get("circle-color") or paint["line-color"])


def filter_holds(test: list[Any], properties: dict[str, Any]) -> bool:
    """Evaluate a filter as the style specification says; a comparison with nothing is false."""
    operator, *rest = test
    match operator:
        case "all":
            return all(filter_holds(part, properties) for part in rest)
        case "any":
            return any(filter_holds(part, properties) for part in rest)
        case "!":
            return not filter_holds(rest[0], properties)
        case "has":
            return rest[0] in properties
    value = properties.get(rest[0][1])
    if operator in (">=", "<") and value is None:
        return False
    compare: Any = {"==": operators.eq, "!=": operators.ne, ">=": operators.ge, "<": operators.lt}[operator]
    return bool(compare(value, rest[1]))


def sld_colour(document: bytes, value: Any) -> str:
    """Return the colour of the one rule whose filter holds: two at once would paint over each other."""
    root = etree.fromstring(document)
    prefix = "sld" if root.get("version") == "1.0.0" else "se"
    colours = [
        next(str(item.text) for item in rule.iter() if item.get("name") in ("fill", "stroke"))
        for rule in root.iterfind(f".//{prefix}:Rule", NAMESPACES)
        if _holds(rule.find("ogc:Filter", NAMESPACES)[0], value)  # type: ignore[index]
    ]
    assert len(colours) == 1
    return colours[0]


def _holds(test: Any, value: Any) -> bool:
    name = etree.QName(test).localname
    if name in ("Or", "And", "Not"):
        results = [_holds(item, value) for item in test]
        return {"Or": any(results), "And": all(results), "Not": not results[0]}[name]
    if name == "PropertyIsNull":
        return value is None
    return bool(_COMPARE[name](value, test.find("ogc:Literal", NAMESPACES).text))


def qml_colour(document: bytes, value: Any) -> str:
    """Return the colour of the symbol that the renderer picks."""
    root = etree.fromstring(document)
    renderer = root.find("renderer-v2")
    assert renderer is not None
    if renderer.get("type") == "categorizedSymbol":
        by_value = {
            item.get("value"): item.get("symbol") for item in renderer.iterfind("categories/category")
        }
        symbol = by_value.get(str(value), by_value[""])
    else:
        rules = [(item.get("filter"), item.get("symbol")) for item in renderer.iterfind("rules/rule")]
        symbol = next(
            (number for test, number in rules if test != "ELSE" and _expression(str(test), value)), None
        )
        symbol = symbol or next(number for test, number in rules if test == "ELSE")
    drawn = f"symbols/symbol[@name='{symbol}']/layer"
    override = renderer.find(f"{drawn}//Option[@name='fillColor']/Option[@name='expression']")
    if override is not None:
        return _ramp_colour(str(override.get("value")), value)
    colour = renderer.find(f"{drawn}/Option/Option[@name='color']")
    assert colour is not None
    return "#" + "".join(f"{int(part):02x}" for part in str(colour.get("value")).split(",")[:3])


def _ramp_colour(expression: str, value: float) -> str:
    """Evaluate `ramp_color(create_ramp(map(…)),scale_linear(…))` as QGIS documents it."""
    stops = [(float(a), b) for a, b in re.findall(r"([\d.]+),'(#[0-9a-f]{6})'", expression)]
    found = re.search(r'scale_linear\("\w+",([-\d.]+),([-\d.]+),0,1\)', expression)
    assert found is not None
    low, high = float(found[1]), float(found[2])
    return blended(stops, min(max((value - low) / (high - low), 0.0), 1.0))


def _expression(text: str, value: Any) -> bool:
    if value is None:
        return False
    for operator, number in re.findall(r'"\w+" (>=|<) ([-0-9.]+)', text):
        if not (value >= float(number) if operator == ">=" else value < float(number)):
            return False
    return True


def esri_colour(info: dict[str, Any], value: Any) -> str:
    """Return the colour an Esri client gives: breaks hold both their ends, the first that holds is taken."""
    renderer = info["renderer"]
    for variable in renderer.get("visualVariables", ()):
        assert variable["type"] == "colorInfo"
        stops = [(stop["value"], _hex(stop["color"])) for stop in variable["stops"]]
        return blended(stops, value) if value is not None else _hex(renderer["defaultSymbol"]["color"])
    if renderer["type"] == "uniqueValue":
        found = [item for item in renderer["uniqueValueInfos"] if item["value"] == str(value)]
    else:
        found = [
            item
            for item in renderer["classBreakInfos"]
            if value is not None and item["classMinValue"] <= value <= item["classMaxValue"]
        ]
    symbol = found[0]["symbol"] if found else renderer["defaultSymbol"]
    return _hex(symbol["color"])


def _hex(colour: Sequence[int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour[:3])
