"""Numbers, areas, money and shares as ledgers write them: with units, full-width digits, separators.

Numbers are exact decimals; an area comes back in m² (1亩 = 2000/3 m²), money in yuan, a share as a fraction. A unit in
the cell must be that of the header: where the two disagree nothing is converted.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import isfinite
from typing import Final

from gis.errors import GisError

MONEY_YUAN: Final[Mapping[str, Fraction]] = {
    "元": Fraction(1), "人民币": Fraction(1), "rmb": Fraction(1), "cny": Fraction(1), "yuan": Fraction(1),
    "千元": Fraction(1_000), "万元": Fraction(10_000), "万": Fraction(10_000), "万元人民币": Fraction(10_000),
    "百万元": Fraction(1_000_000), "千万元": Fraction(10_000_000), "亿元": Fraction(100_000_000),
    "亿": Fraction(100_000_000), "亿元人民币": Fraction(100_000_000),
}  # fmt: skip
"""Yuan per unit of money."""

AREA_M2: Final[Mapping[str, Fraction]] = {
    "平方米": Fraction(1), "平米": Fraction(1), "m2": Fraction(1), "m^2": Fraction(1), "sqm": Fraction(1),
    "亩": Fraction(2000, 3), "mu": Fraction(2000, 3), "万亩": Fraction(20_000_000, 3),
    "公顷": Fraction(10_000), "ha": Fraction(10_000), "hm2": Fraction(10_000), "hm^2": Fraction(10_000),
    "万平方米": Fraction(10_000), "万平米": Fraction(10_000), "万m2": Fraction(10_000),
    "平方公里": Fraction(1_000_000), "平方千米": Fraction(1_000_000), "km2": Fraction(1_000_000),
    "km^2": Fraction(1_000_000),
}  # fmt: skip
"""Square metres per unit of area."""

SHARE: Final[Mapping[str, Fraction]] = {"%": Fraction(1, 100), "‰": Fraction(1, 1000)}
"""The fraction that one unit of a share is."""

_BLANK: Final = re.compile(
    r"[-—–―─_]*|/+|\\+|\*+|\.{3,}|\(空\)|空|无|暂无|暂缺|待定|未定|n/?a|null|none|nil", re.IGNORECASE
)
_ERRORS: Final = re.compile(
    r"#(?:REF!|N/A|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|GETTING_DATA|#+)|#{3,}", re.I
)
_SPACE: Final = re.compile(r"[\s\u200b\ufeff]+")
_NUMBER: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"
_QUANTITY: Final = re.compile(rf"({_NUMBER})\s*([^\s0-9.][^0-9.]*|[^\s0-9.]*m\^?2)?", re.IGNORECASE)
_GROUPS: Final = re.compile(r"(?<![0-9,])([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,4}(?:,[0-9]{4})+)(?![0-9,])")
_SPACES: Final = re.compile(r"(?<=[0-9]) (?=[0-9]{3}(?![0-9]))")
_ABOUT: Final = re.compile(r"^(?:约|大约|近|≈|~)|(?:左右|余)$")
_MIXED: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)亿元?([0-9]+(?:\.[0-9]+)?)万元?")
_MOST: Final = Decimal(10) ** 15
_CENT: Final = Decimal("0.01")
_LONGEST: Final = 120
_LONGEST_PLAIN: Final = 4_000


class CellError(GisError):
    """A cell does not hold what its column needs; the message says what to write instead."""


@dataclass(frozen=True)
class Amount:
    """A quantity in the base unit of its kind (m², yuan, fraction), the unit it was in, and whether it said "about"."""

    value: Decimal
    unit: str
    is_about: bool = False


def plain(value: object) -> str:
    """Return a cell's text in half-width characters without surrounding blanks.

    Examples
    --------
    >>> plain("　１２，３４５．６ 万元"), plain(8278.0), plain(None)
    ('12,345.6 万元', '8278', '')
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = str(value)
    if len(text) > _LONGEST_PLAIN:
        # No number, date or name is so long; the sign keeps what is left from being read as one.
        text = text[:_LONGEST_PLAIN] + "…"
    text = unicodedata.normalize("NFKC", text)
    return _SPACE.sub(" ", text).strip().removeprefix("'").strip()


def is_blank(value: object) -> bool:
    """Say whether a cell means "no value".

    Examples
    --------
    >>> is_blank("—"), is_blank("／"), is_blank("0"), is_blank(None)
    (True, True, False, True)
    """
    return _BLANK.fullmatch(plain(value)) is not None


def find_fault(value: object) -> CellError | None:
    """Return the fault of a cell that holds an error of Excel, or a formula instead of a value.

    Examples
    --------
    >>> find_fault("#REF!").en
    'The cell holds the error #REF!; mend its formula and save again.'
    >>> find_fault("道路") is None, find_fault("=cmd|' /C calc'!A0").en[:24]
    (True, 'The cell holds a formula')
    """
    text = plain(value)
    if _ERRORS.fullmatch(text):
        return CellError(
            f"The cell holds the error {text}; mend its formula and save again.",
            f"单元格为错误值 {text}，请修正公式后重新保存。",
        )
    if isinstance(value, str) and re.match(r"[=@]|[+-]\s*[A-Za-z_]\w*\s*[(|!]", text):
        return CellError(
            f"The cell holds a formula as text ({text[:30]!r}); write its value.",
            f"单元格内容为公式文本（{text[:30]!r}），请填写数值或文字。",
        )
    return None


def parse_number(value: object) -> Decimal | None:
    """Return a bare number, or None for a blank cell.

    Raises
    ------
    CellError
        Text, a number with a unit, several numbers, one out of range.

    Examples
    --------
    >>> parse_number("１２，３４５．６"), parse_number(8278.0), parse_number("—")
    (Decimal('12345.6'), Decimal('8278'), None)
    """
    found = _quantity(value)
    if found is None:
        return None
    number, unit, _ = found
    if unit:
        raise CellError(
            f"{plain(value)[:40]!r} has a unit; write the number alone.",
            f"{plain(value)[:40]!r} 带有单位，请只填数字。",
        )
    return number


def parse_amount(value: object, units: Mapping[str, Fraction], header_unit: str | None) -> Amount | None:
    """Return a quantity in base units, or None for a blank cell.

    Parameters
    ----------
    value : object
        The cell.
    units : mapping
        `MONEY_YUAN`, `AREA_M2` or `SHARE`.
    header_unit : str, optional
        The unit that the header names; bare numbers are in it.

    Raises
    ------
    CellError
        No number, an unknown unit, a unit that disagrees with the header, or no unit at all.

    Examples
    --------
    >>> parse_amount("12,000万元", MONEY_YUAN, "万元").value, parse_amount("1.2亿", MONEY_YUAN, None).value
    (Decimal('120000000'), Decimal('120000000'))
    >>> parse_amount("60亩", AREA_M2, None).value
    Decimal('40000')
    >>> try:
    ...     parse_amount("1.2亿元", MONEY_YUAN, "万元")
    ... except CellError as error:
    ...     print(error.en)
    The cell says 亿元, the header 万元; write the amount in 万元.
    """
    found = _quantity(value)
    if found is None:
        return None
    number, unit, about = found
    named = find_unit(unit, units) if unit else None
    if unit and named is None:
        raise _unknown_unit(unit, units)
    if named is None:
        if header_unit is None:
            raise CellError(
                f"{plain(value)[:40]!r} has no unit, and neither has the header; write one of {_list(units)}.",
                f"{plain(value)[:40]!r} 未注明单位，表头也没有单位；请注明 {_list(units)}。",
            )
        named = header_unit
    elif header_unit is not None and units[named] != units[header_unit]:
        raise CellError(
            f"The cell says {unit}, the header {header_unit}; write the amount in {header_unit}.",
            f"单元格单位为{unit}，表头单位为{header_unit}，两者不一致；请按{header_unit}填写。",
        )
    return Amount(_times(number, units[named]), named, about)


def find_unit(text: str, units: Mapping[str, Fraction]) -> str | None:
    """Return a unit under the name that `units` knows it by, or None.

    Examples
    --------
    >>> find_unit("㎡", AREA_M2), find_unit("万 元", MONEY_YUAN), find_unit("万美元", MONEY_YUAN)
    ('m2', '万元', None)
    """
    name = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).lower()
    return name if name in units else None


def to_yuan(amount: Amount) -> Decimal:
    """Return money in yuan with two decimals, halves up."""
    return amount.value.quantize(_CENT, ROUND_HALF_UP)


def _quantity(value: object) -> tuple[Decimal, str, bool] | None:
    """Split a cell into number, unit as written and whether it says "about"."""
    if is_blank(value):
        return None
    if isinstance(value, bool):
        raise CellError("The cell says true or false; write a number.", "单元格为逻辑值，请填写数字。")
    if isinstance(value, int | float | Decimal):
        return _checked(value), "", False
    fault = find_fault(value)
    if fault is not None:
        raise fault
    text = plain(value)
    bare = _ABOUT.sub("", text[:_LONGEST]).strip()
    mixed = _MIXED.fullmatch(bare.replace(" ", ""))
    if mixed:
        return _checked(Decimal(mixed[1]) * 10_000 + Decimal(mixed[2])), "万元", bare != text
    bare = _GROUPS.sub(lambda group: group[0].replace(",", ""), _SPACES.sub("", bare)).lstrip("¥￥$ ")
    found = _QUANTITY.fullmatch(bare)
    if found is None or "$" in text or len(text) > _LONGEST:
        raise CellError(
            f"{text[:40]!r} is no number; write digits such as 1234.5.",
            f"{text[:40]!r} 不是数字，请填写如 1234.5 的数字。",
        )
    return _checked(Decimal(found[1])), (found[2] or "").strip(), bare != text and bool(_ABOUT.search(text))


def _checked(number: int | float | Decimal) -> Decimal:
    if isinstance(number, float) and not isfinite(number):
        raise CellError("The number is infinite or none.", "数值无效（无穷或非数）。")
    # The shortest text of a float is what its cell shows.
    exact = Decimal(str(number))
    if exact and not Decimal("1e-12") <= abs(exact) < _MOST:
        raise CellError(
            f"{exact:.3e} is out of range; check the number and its unit.",
            f"{exact:.3e} 超出合理范围，请核对数值与单位。",
        )
    return exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact


def _times(number: Decimal, factor: Fraction) -> Decimal:
    exact = Fraction(number) * factor
    value = Decimal(exact.numerator) / Decimal(exact.denominator)
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _unknown_unit(unit: str, units: Mapping[str, Fraction]) -> CellError:
    return CellError(
        f"Unit {unit[:20]!r} is not known here; write one of {_list(units)}.",
        f"单位 {unit[:20]!r} 无法识别；请使用 {_list(units)}。",
    )


def _list(units: Mapping[str, Fraction]) -> str:
    return "、".join(name for name in units if not name.isascii() or name == "%")
