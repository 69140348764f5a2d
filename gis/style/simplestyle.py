"""A rule as SQL: the colours of a feed are chosen where its bytes are made.

Source: mapbox/simplestyle-spec 1.1.
"""

from gis.layer import GeometryType
from gis.statement import ROW, Statement
from gis.style.rule import StyleClass, StyleRule


def colour_sql(rule: StyleRule) -> Statement:
    """Return the expression of a row's colour, every value and colour bound.

    The text depends on the number of classes alone, so a changed palette keeps its prepared
    statement.
    """
    return _by_class(rule, "colour", [item.colour for item in rule.all_classes])


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


def simplestyle_members(geometry: GeometryType) -> tuple[str, ...]:
    """Return the simplestyle members that take the class colour, by kind of geometry."""
    if geometry == "point":
        return ("marker-color",)
    return ("stroke",) if geometry == "line" else ("fill", "stroke")
