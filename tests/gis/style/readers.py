"""Independent readers of the style formats: what colour does a document give to a value?"""

import re
from typing import Any

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
    if operator == "case":
        *cases, otherwise = rest
        for test, result in zip(cases[::2], cases[1::2], strict=True):
            if maplibre_value(test, properties):
                return result
        return otherwise
    values = [maplibre_value(item, properties) for item in rest]
    if operator == "typeof":
        return "number" if isinstance(values[0], int | float) else "null"
    if operator == "all":
        return all(values)
    return {"!=": lambda a, b: a != b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b}[operator](*values)


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
    colour = renderer.find(f"symbols/symbol[@name='{symbol}']/layer/Option/Option[@name='color']")
    assert colour is not None
    return "#" + "".join(f"{int(part):02x}" for part in str(colour.get("value")).split(",")[:3])


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
    if renderer["type"] == "uniqueValue":
        found = [item for item in renderer["uniqueValueInfos"] if item["value"] == str(value)]
    else:
        found = [
            item
            for item in renderer["classBreakInfos"]
            if value is not None and item["classMinValue"] <= value <= item["classMaxValue"]
        ]
    symbol = found[0]["symbol"] if found else renderer["defaultSymbol"]
    return "#" + "".join(f"{part:02x}" for part in symbol["color"][:3])
