"""Hints of a filter: which terms an element must carry to have any chance of answering it.

Found in the filter's tree: of an AND every part must hold, so each may give a hint; of an OR one part, so it gives
one only where all of its parts do; nothing is concluded from a NOT. A hint may let too many through, never too few:
texts are compared in lower case, names are hashes that may meet, and a number may have been meant as a text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gis.cql2 import CqlTree, split_path
from gis.errors import GisError
from gis.statement import Condition

_PLACES: Final = frozenset({"name", "tag", "type_name", "storey", "space", "predefined_type"})
_SEPARATOR: Final = "\x1f"
_CARRIERS: Final = """SELECT unnest(t.elements) FROM element_term t
  WHERE t.revision_id = ANY(%(revisions)s::bigint[]) AND ({})"""
_CLAUSES: Final = 8
_LOWERED: Final = "ANY(ARRAY(SELECT lower(x) FROM unnest(%({})s::text[]) x))"
_OPPOSITE: Final = {"=": "=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_LARGEST: Final = 1e300
# What rounding to a float may move a number by, relative to its size.
_SLACK: Final = 1e-12


@dataclass(frozen=True)
class Hint:
    """Terms of one place: any of `texts`, a text like `pattern`, or a number between `low` and `high`."""

    place: str
    texts: tuple[str, ...] | None = None
    pattern: str | None = None
    low: float | None = None
    high: float | None = None


Clause = tuple[Hint, ...]
"""An element carries a term of at least one of these."""


def find_clauses(tree: CqlTree) -> list[Clause]:
    """Return what every element that answers the filter must carry.

    Examples
    --------
    >>> find_clauses({"op": "=", "args": [{"property": "psets.P.FireRating"}, "A"]})
    [(Hint(place='psets\\x1fP\\x1fFireRating', texts=('A',), pattern=None, low=None, high=None),)]
    >>> find_clauses({"op": "not", "args": [{"op": "=", "args": [{"property": "name"}, "A"]}]})
    []
    """
    if not isinstance(tree, dict) or not isinstance(tree.get("args"), list):
        return []
    op, arguments = str(tree.get("op")).lower(), tree["args"]
    if op == "and":
        return [clause for part in arguments for clause in find_clauses(part)]
    if op == "or":
        parts = [find_clauses(part) for part in arguments]
        return [tuple(hint for clauses in parts for hint in clauses[0])] if parts and all(parts) else []
    reader = _READERS.get(op)
    hint = reader(op, arguments) if reader is not None else None
    return [] if hint is None else [(hint,)]


def hint_sql(clauses: Sequence[Clause]) -> Condition:
    """Return the condition that an element carries a term of each clause; ``%(revisions)s`` is bound elsewhere."""
    carriers, params = [], {}
    for number, clause in enumerate(clauses[:_CLAUSES]):
        parts = []
        for place, hint in enumerate(clause):
            part, values = _term_sql(hint, f"hint{number}_{place}")
            parts.append(part)
            params.update(values)
        carriers.append(_CARRIERS.format(" OR ".join(parts)))
    return Condition(f"f.id IN ({' INTERSECT '.join(carriers)})", params)


def _term_sql(hint: Hint, name: str) -> tuple[str, dict[str, object]]:
    params: dict[str, object] = {name: hint.place}
    sql = f"t.field = element_field(%({name})s::text)"
    if hint.texts is not None:
        params[f"{name}_texts"] = list(hint.texts)
        return f"({sql} AND (t.value = {_LOWERED.format(name + '_texts')} OR t.number IS NOT NULL))", params
    if hint.pattern is not None:
        params[f"{name}_like"] = hint.pattern
        return f"({sql} AND (t.value LIKE lower(%({name}_like)s::text) OR t.number IS NOT NULL))", params
    params[f"{name}_low"], params[f"{name}_high"] = hint.low, hint.high
    return (
        f"({sql} AND t.number BETWEEN %({name}_low)s::float8 AND %({name}_high)s::float8)",
        params,
    )


def _compared(op: str, arguments: list[Any]) -> Hint | None:
    if len(arguments) != 2:
        return None
    left, right = arguments
    if _place(left) is None:
        left, right, op = right, left, _OPPOSITE[op]
    place = _place(left)
    if place is None:
        return None
    if isinstance(right, str) and op == "=":
        return Hint(place, texts=(right,))
    if not _is_number(right):
        return None
    low = -float("inf") if op in ("<", "<=") else _lower(right)
    high = float("inf") if op in (">", ">=") else _upper(right)
    return _of_range(place, low, high)


def _listed(_op: str, arguments: list[Any]) -> Hint | None:
    place = _place(arguments[0]) if len(arguments) == 2 else None
    items = arguments[-1]
    if place is None or not isinstance(items, list) or not items:
        return None
    if all(isinstance(item, str) for item in items):
        return Hint(place, texts=tuple(items))
    if all(_is_number(item) for item in items):
        return _of_range(place, _lower(min(items)), _upper(max(items)))
    return None


def _between(_op: str, arguments: list[Any]) -> Hint | None:
    place = _place(arguments[0]) if len(arguments) == 3 else None
    if place is None or not all(_is_number(each) for each in arguments[1:]):
        return None
    return _of_range(place, _lower(arguments[1]), _upper(arguments[2]))


def _like(_op: str, arguments: list[Any]) -> Hint | None:
    place = _place(arguments[0]) if len(arguments) == 2 else None
    pattern = arguments[-1]
    # Lower case may have more characters than the text, so a pattern that counts them tells nothing.
    if place is None or not isinstance(pattern, str) or "_" in pattern:
        return None
    return Hint(place, pattern=pattern)


_READERS: Final[Mapping[str, Callable[[str, list[Any]], Hint | None]]] = {
    **dict.fromkeys(_OPPOSITE, _compared),
    "in": _listed,
    "between": _between,
    "like": _like,
}


def _place(node: Any) -> str | None:
    """Return where the terms of a property stand; None for what has none, such as a path into a group."""
    name = node.get("property") if isinstance(node, dict) else None
    if not isinstance(name, str):
        return None
    if name in _PLACES:
        return name
    if not name.startswith(("psets.", "quantities.")):
        return None
    try:
        parts = split_path(name)
    except GisError:
        return None
    return _SEPARATOR.join(parts) if len(parts) == 3 else None


def _of_range(place: str, low: float, high: float) -> Hint | None:
    return Hint(place, low=low, high=high) if place.startswith(("psets", "quantities")) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _lower(value: float) -> float:
    return float(value) - abs(float(value)) * _SLACK


def _upper(value: float) -> float:
    return float(value) + abs(float(value)) * _SLACK
