"""A filter's tree into one condition on the rows of a layer."""

from typing import Any

from gis.cql2.comparing import COMPARISONS, between, compared, is_one_of
from gis.cql2.documents import Document
from gis.cql2.faults import fault
from gis.cql2.reading import CqlTree
from gis.cql2.scalars import compile_scalar, exactly, operation
from gis.cql2.spatial import RELATIONS, related
from gis.cql2.temporal import TEMPORAL, timed
from gis.cql2.terms import Scope, wrong_kind
from gis.cql2.wording import like
from gis.crs import CRS84, Crs
from gis.layer import Layer
from gis.statement import Condition


def compile_filter(
    layer: Layer, tree: CqlTree, crs: Crs = CRS84, documents: tuple[Document, ...] = ()
) -> Condition:
    """Return the condition of a filter.

    Parameters
    ----------
    layer : Layer
        As the caller may see it; only its queryable fields and its geometry can be named.
    tree : CqlTree
        From `parse_filter`; other trees are checked as well.
    crs : Crs
        Coordinate system of the filter's geometries (`filter-crs`), with the axis order of its name.
    documents : tuple of Document
        Columns of JSON, as the caller may see them, whose inner values may be named by path.

    Raises
    ------
    InvalidFilterError
        An operator that is none, a function that is not on the list, values of the wrong kind.
    UnknownPropertyError
        A name that the layer, as this caller may see it, does not have.

    Examples
    --------
    >>> from gis.layer import Field
    >>> layer = Layer("p", "", "", "", "p", "point", (Field("name", "string", "名称", "Name"),))
    >>> compile_filter(layer, {"op": "=", "args": [{"property": "name"}, "桥"]})
    Condition(sql='(f.name = %(cql_0)s::text)', params={'cql_0': '桥'})
    """
    scope = Scope(layer, crs, documents)
    return Condition(_condition(scope, tree), scope.params)


def _condition(scope: Scope, node: Any) -> str:
    if isinstance(node, dict) and "op" in node:
        return _operation(scope, *operation(node))
    return _predicate(scope, node)


def _operation(scope: Scope, op: str, arguments: list[Any]) -> str:
    name = op.lower()
    if name in ("and", "or"):
        return _joined(scope, name, arguments)
    if name == "not":
        return f"(NOT {_condition(scope, exactly(op, arguments, 1)[0])})"
    if name == "isnull":
        return f"({compile_scalar(scope, exactly(op, arguments, 1)[0]).sql} IS NULL)"
    if name in RELATIONS:
        return related(scope, name, arguments)
    if name in TEMPORAL:
        return timed(scope, name, arguments)
    return _comparison(scope, name, {"op": op, "args": arguments})


def _joined(scope: Scope, name: str, arguments: list[Any]) -> str:
    if len(arguments) < 2:
        raise fault(f"{name} joins two conditions or more", f"{name} 至少连接两个条件")
    return f"({f' {name.upper()} '.join(_condition(scope, argument) for argument in arguments)})"


def _comparison(scope: Scope, name: str, node: dict[str, Any]) -> str:
    arguments = node["args"]
    if name in COMPARISONS:
        left, right = (compile_scalar(scope, argument) for argument in exactly(name, arguments, 2))
        return compared(name, left, right)
    if name == "between":
        return between(*(compile_scalar(scope, argument) for argument in exactly(name, arguments, 3)))
    if name == "like":
        value, pattern = exactly(name, arguments, 2)
        return like(scope, compile_scalar(scope, value), pattern)
    if name == "in":
        value, items = exactly(name, arguments, 2)
        return is_one_of(scope, compile_scalar(scope, value), items)
    return _predicate(scope, node)


def _predicate(scope: Scope, node: Any) -> str:
    """Return a value that is true or false by itself."""
    term = compile_scalar(scope, node).read_as("boolean")
    if term.kind != "boolean":
        raise wrong_kind(term, "boolean", "a filter")
    return term.sql
