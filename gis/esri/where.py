"""`where`: Esri's SQL subset, parsed by descent into the same tree as CQL2 JSON.

No text of the client reaches SQL: names are looked up in the layer, operators and functions come from closed
lists, values are bound where the tree is compiled.
Source: Esri REST API, "Use standardized queries"; SQL-92.
"""

from datetime import UTC, datetime
from typing import Final

from gis.cql2 import compile_filter
from gis.esri.fields import with_object_id
from gis.esri.parser import parse_where
from gis.esri.terms import Tree
from gis.layer import Layer
from gis.statement import EVERYTHING, NOTHING, Condition

_ID_SIGNS: Final = ("=", "<>", "<", ">", "<=", ">=")


def where_condition(layer: Layer, text: str, now: datetime | None = None) -> Condition:
    """Return the rows that a `where` clause asks for; an empty one asks for all.

    Parameters
    ----------
    layer : Layer
        As the caller may see it: a field it has not is unknown.
    now : datetime, optional
        What CURRENT_DATE and CURRENT_TIMESTAMP mean; the present time where not given.

    Raises
    ------
    InvalidParameterError
        The clause cannot be read, or compares what cannot be compared.
    UnknownPropertyError
        It names a field that the layer, as this caller may see it, has not.
    """
    if not text.strip():
        return EVERYTHING
    known = with_object_id(layer)
    term = parse_where(known, text, now or datetime.now(UTC))
    if term.is_constant:
        return EVERYTHING if term.constant else NOTHING
    condition = EVERYTHING
    others = []
    for number, tree in enumerate(_joined_trees(term.tree)):
        by_id = _id_condition(layer, tree, f"where_id_{number}")
        if by_id is None:
            others.append(tree)
        else:
            condition = condition & by_id
    if not others:
        return condition
    return condition & compile_filter(known, others[0] if len(others) == 1 else {"op": "and", "args": others})


def _joined_trees(tree: Tree) -> list[Tree]:
    return list(tree["args"]) if tree.get("op") == "and" else [tree]


def _id_condition(layer: Layer, tree: Tree, name: str) -> Condition | None:
    """Return a comparison of the object id with whole numbers as the index can answer it; None for all else.

    The general way compares decimals, and would look at every row for each page that a client asks for by id.
    """
    if tree.get("op") not in (*_ID_SIGNS, "in") or tree["args"][0] != {"property": layer.id_column}:
        return None
    value = tree["args"][1]
    numbers = value if isinstance(value, list) else [value]
    if not all(isinstance(number, int) and abs(number) < 2**63 for number in numbers):
        return None
    if tree["op"] == "in":
        return Condition(f"{layer.id_sql()} = ANY(%({name})s::int8[])", {name: numbers})
    return Condition(f"{layer.id_sql()} {tree['op']} %({name})s::int8", {name: value})
