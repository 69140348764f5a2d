"""The functions a filter may call: this list and no other; each gives NULL where it has no result."""

from dataclasses import dataclass, replace
from typing import Final

from gis.cql2.arithmetic import decimal
from gis.cql2.faults import fault, shown
from gis.cql2.terms import Kind, Term, as_day, wrong_kind


@dataclass(frozen=True)
class Function:
    """One function of one argument."""

    name: str
    title_zh: str
    title_en: str
    argument: Kind
    returns: Kind
    sql: str


FUNCTIONS: Final = (
    Function("lower", "转小写", "Lower case", "text", "text", "lower({})"),
    Function("upper", "转大写", "Upper case", "text", "text", "upper({})"),
    Function("trim", "去除首尾空格", "Without blanks at its ends", "text", "text", "btrim({})"),
    Function("length", "字符数", "Number of characters", "text", "number", "char_length({})::numeric"),
    Function("abs", "绝对值", "Absolute value", "number", "number", "abs({})"),
    Function("ceil", "向上取整", "Next whole number above", "number", "number", "ceil({})"),
    Function("floor", "向下取整", "Next whole number below", "number", "number", "floor({})"),
    Function("round", "四舍五入取整", "Nearest whole number", "number", "number", "round({})"),
    Function("year", "年份", "Year", "date", "number", "extract(year FROM {})"),
    Function("month", "月份", "Month", "date", "number", "extract(month FROM {})"),
)
_BY_NAME: Final = {function.name: function for function in FUNCTIONS}


def called(name: str, arguments: list[Term]) -> Term:
    """Return the result of a function.

    Raises
    ------
    InvalidFilterError
        No function of the list, or other arguments than it takes.
    """
    function = _BY_NAME.get(name.lower())
    if function is None:
        raise fault(
            f"there is no operator or function {shown(name)}; there are {', '.join(_BY_NAME)}",
            f"没有运算符或函数 {shown(name)}；可用函数：{'、'.join(_BY_NAME)}",
        )
    if len(arguments) != 1:
        raise fault(f"{function.name} takes one argument", f"{function.name} 需要一个参数")
    argument = arguments[0].read_as(function.argument)
    if (function.argument, argument.kind) == ("date", "date-time"):
        argument = replace(argument, kind="date", sql=as_day(argument))
    if argument.kind != function.argument:
        raise wrong_kind(argument, function.argument, function.name)
    sql = decimal(argument) if argument.kind == "number" else argument.sql
    name = function.name
    return Term(
        function.returns, function.sql.format(sql), f"the result of {name}", f"{name} 的结果", computed=True
    )
