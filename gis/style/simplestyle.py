"""A rule as SQL: the colours of a feed are chosen where its bytes are made.

Source: mapbox/simplestyle-spec 1.1.
"""

from typing import Any

from gis.layer import GeometryType
from gis.statement import ROW, Statement
from gis.style.rule import StyleClass, StyleRule, rgb


def colour_sql(rule: StyleRule) -> Statement:
    """Return the expression of a row's colour, every value and colour bound.

    The text depends on the number of classes alone, so a changed palette keeps its prepared
    statement.
    """
    if rule.ramp:
        return _ramp_sql(rule)
    return _by_class(rule, "colour", [item.colour for item in rule.all_classes])


def class_sql(rule: StyleRule) -> Statement:
    """Return the expression of the number of a row's class, as text; of a ramp, of its narrow band."""
    drawn = rule.in_bands()
    return _by_class(drawn, "place", [str(number) for number in range(len(drawn.all_classes))])


def title_sql(rule: StyleRule) -> Statement:
    """Return the expression of the Chinese name of a row's class."""
    return _by_class(rule, "title", [item.title_zh for item in rule.all_classes])


def _by_class(rule: StyleRule, name: str, outputs: list[str]) -> Statement:
    *results, otherwise = outputs
    params: dict[str, object] = {f"{name}_other": otherwise}
    cases = []
    for number, (item, result) in enumerate(zip(rule.classes, results, strict=True)):
        test = _test(rule, item, number)
        params |= {**test.params, f"{name}_{number}": result}
        cases.append(f"WHEN {test.sql} THEN %({name}_{number})s::text")
    return Statement(f"CASE {' '.join(cases)} ELSE %({name}_other)s::text END", params)


def _test(rule: StyleRule, item: StyleClass, number: int) -> Statement:
    column = f"{ROW}.{rule.field}"
    if not item.is_band:
        cast = "text" if isinstance(item.value, str) else "int8"
        return Statement(f"{column} = %(class_{number})s::{cast}", {f"class_{number}": item.value})
    tests, params = [], {}
    if item.least is not None:
        tests.append(f"{column} >= %(least_{number})s::float8")
        params[f"least_{number}"] = float(item.least)
    if item.below is not None:
        tests.append(f"{column} < %(below_{number})s::float8")
        params[f"below_{number}"] = float(item.below)
    return Statement(" AND ".join(tests), params)


def _ramp_sql(rule: StyleRule) -> Statement:
    """Return the colour on the ramp, blended channel by channel as `StyleRule.colour_of` does."""
    column = f"{ROW}.{rule.field}::float8"
    params: dict[str, object] = {"colour_other": rule.other.colour}
    cases = [f"WHEN {column} <= %(stop_0)s::float8 THEN {_hex(0, '0::float8')}"]
    for number, stop in enumerate(rule.ramp):
        params |= {f"stop_{number}": float(stop.value)}
        params |= {f"part_{number}_{k}": float(part) for k, part in enumerate(rgb(stop.colour))}
        if number:
            low, high = f"%(stop_{number - 1})s::float8", f"%(stop_{number})s::float8"
            share = f"({column} - {low}) / ({high} - {low})"
            cases.append(f"WHEN {column} < {high} THEN {_hex(number - 1, share)}")
    last = len(rule.ramp) - 1
    cases.append(f"WHEN {column} >= %(stop_{last})s::float8 THEN {_hex(last - 1, '1::float8')}")
    return Statement(f"CASE {' '.join(cases)} ELSE %(colour_other)s::text END", params)


def _hex(number: int, share: str) -> str:
    low, high = f"%(part_{number}_{{k}})s::float8", f"%(part_{number + 1}_{{k}})s::float8"
    parts = [
        f"round({low} + ({high} - {low}) * ({share}))::int * {weight}".replace("{k}", str(k))
        for k, weight in enumerate((65_536, 256, 1))
    ]
    return f"'#' || lpad(to_hex({' + '.join(parts)}), 6, '0')"


def simplestyle_members(geometry: GeometryType) -> tuple[str, ...]:
    """Return the simplestyle members that take the class colour, by kind of geometry."""
    if geometry == "point":
        return ("marker-color",)
    return ("stroke",) if geometry == "line" else ("fill", "stroke")


def simplestyle_document(rule: StyleRule) -> dict[str, Any]:
    """Return which simplestyle members a feature of each class takes: for whoever colours GeoJSON himself.

    A ramp is given as narrow bands.
    """
    drawn = rule.in_bands()
    return {
        "specification": "simplestyle-spec 1.1.0",
        "layer": rule.layer,
        "property": rule.field,
        "classes": [{**_place(item), "properties": _members(rule, item)} for item in drawn.classes],
        "other": {"properties": _members(rule, rule.other)},
    }


def _place(item: StyleClass) -> dict[str, Any]:
    return {"least": item.least, "below": item.below} if item.is_band else {"value": item.value}


def _members(rule: StyleRule, item: StyleClass) -> dict[str, Any]:
    fixed: dict[str, dict[str, Any]] = {
        "point": {"marker-size": "medium"},
        "line": {"stroke-opacity": 1, "stroke-width": 3},
        "polygon": {"fill-opacity": rule.opacity, "stroke-opacity": 1, "stroke-width": 1.5},
    }
    colours = dict.fromkeys(simplestyle_members(rule.geometry), item.colour)
    return {**colours, **fixed[rule.geometry], "description": item.title_zh}
