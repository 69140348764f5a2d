"""Parts of a filter that are values: properties, literals, calculations, folded texts, functions."""

from typing import Any

from gis.cql2.arithmetic import ARITHMETIC, calculated
from gis.cql2.faults import fault
from gis.cql2.functions import called
from gis.cql2.literals import boolean_term, date_term, number_term, text_term, timestamp_term
from gis.cql2.terms import Scope, Term
from gis.cql2.wording import FOLDINGS, folded


def compile_scalar(scope: Scope, node: Any) -> Term:
    """Return one value.

    Raises
    ------
    InvalidFilterError
        No value, or a calculation or function on the wrong kind of values.
    UnknownPropertyError
        A name that is none of the layer's, as this caller may see it.
    """
    if isinstance(node, bool):
        return boolean_term(scope, node)
    if isinstance(node, int | float):
        return number_term(scope, node)
    if isinstance(node, str):
        return text_term(scope, node)
    if isinstance(node, dict):
        return _compile_object(scope, node)
    if node is None:
        raise fault("nothing equals NULL; write IS NULL", "NULL 不等于任何值；请写 IS NULL")
    raise fault("a list stands where one value is needed", "此处应为单个值，而不是列表")


def _compile_object(scope: Scope, node: dict[str, Any]) -> Term:
    if "property" in node:
        return scope.property(node["property"])
    if "date" in node:
        return date_term(scope, node["date"])
    if "timestamp" in node:
        return timestamp_term(scope, node["timestamp"])
    if "op" in node:
        return _compile_operation(scope, *operation(node))
    raise fault("a geometry or interval stands where a value is needed", "此处应为值，而不是几何或时间区间")


def operation(node: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return operator and arguments of a node.

    Raises
    ------
    InvalidFilterError
        The node has no `op` that is a text, or no list `args`.
    """
    op, arguments = node.get("op"), node.get("args")
    if isinstance(op, str) and isinstance(arguments, list):
        return op, arguments
    raise fault("an operation needs op, a text, and args, a list", "运算需要文本 op 与列表 args")


def _compile_operation(scope: Scope, op: str, arguments: list[Any]) -> Term:
    terms = [compile_scalar(scope, argument) for argument in arguments]
    if op in ARITHMETIC:
        left, right = exactly(op, terms, 2)
        return calculated(scope, op, left, right)
    if op.lower() in FOLDINGS:
        return folded(op.lower(), exactly(op, terms, 1)[0])
    return called(op, terms)


def exactly(op: str, arguments: list[Any], number: int) -> list[Any]:
    """Return the arguments if there are as many as the operator takes.

    Raises
    ------
    InvalidFilterError
        More or fewer.
    """
    if len(arguments) == number:
        return arguments
    raise fault(
        f"{op[:40]} takes {number} arguments, not {len(arguments)}",
        f"{op[:40]} 需要 {number} 个参数，而不是 {len(arguments)} 个",
    )
