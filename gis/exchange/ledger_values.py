"""A cell read as its column's field needs it: text, code, money, area, share, date."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from gis.exchange.amounts import (
    AREA_M2,
    MONEY_YUAN,
    SHARE,
    Amount,
    CellError,
    find_fault,
    find_unit,
    is_blank,
    parse_amount,
    parse_number,
    plain,
    to_yuan,
)
from gis.exchange.ledger_codes import parse_archive_number, parse_national_code
from gis.exchange.ledger_dates import Dated, parse_date, parse_period
from gis.exchange.ledger_fields import LedgerField
from gis.exchange.ledger_model import Value

UNITS: Final = {**MONEY_YUAN, **AREA_M2}
MOST_TEXT: Final = 2_000
_EXACT_DIGITS: Final = 10**15
_ROUGH: Final = {"year": ("year", "年份"), "half": ("half-year", "半年"), "quarter": ("quarter", "季度")}


@dataclass(frozen=True)
class Cell:
    """A raw cell with what its sheet knows of it: number format, unit of the column, day 0 of serial dates."""

    value: Any
    number_format: str
    unit: str | None
    epoch: date


@dataclass
class Read:
    """The values of a cell by field, what to warn of, and how exact a date was."""

    values: dict[str, Value] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    is_month: bool = False


def read_value(wanted: LedgerField, cell: Cell) -> Read:
    """Return a cell as its field needs it; a blank one as None.

    Raises
    ------
    CellError
        The cell holds something else; the message says what to write.
    """
    reader = _READERS.get(wanted.kind, _text)
    return reader(wanted, cell)


def raw_value(cell: Any) -> Value:
    """Return a cell that fills no field: text without outer blanks, numbers and dates as they are."""
    if isinstance(cell, datetime):
        return cell.date() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, time | timedelta):
        return str(cell)
    if isinstance(cell, str):
        return re.sub(r"\s+", " ", cell[: 2 * MOST_TEXT]).strip()[:MOST_TEXT] or None
    return cell if cell is None or isinstance(cell, bool | int | float | date) else str(cell)[:MOST_TEXT]


def _one(wanted: LedgerField, value: Value) -> Read:
    return Read({wanted.name: value})


def _text(wanted: LedgerField, cell: Cell) -> Read:
    if is_blank(cell.value):
        return _one(wanted, None)
    fault = find_fault(cell.value)
    if fault is not None:
        raise fault
    text = _number_text(cell) if isinstance(cell.value, int | float) else str(raw_value(cell.value) or "")
    if isinstance(cell.value, str) and len(cell.value) > MOST_TEXT:
        raise CellError(
            f"The text has {len(cell.value)} characters; {MOST_TEXT} are taken.",
            f"文本有 {len(cell.value)} 个字符，上限为 {MOST_TEXT}。",
        )
    return _one(wanted, re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text))


def _number_text(cell: Cell) -> str:
    """Return a number as the sheet shows it where it stands for a text: leading zeros come from its format."""
    value = cell.value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if abs(value) >= _EXACT_DIGITS:
        raise CellError(
            "The code was stored as a number and has lost digits; format the column as text and enter it again.",
            "编码以数值存储，末位数字已丢失；请将该列设为文本格式后重新录入。",
        )
    zeros = re.fullmatch(r"0{2,20}", cell.number_format)
    if zeros and float(value).is_integer():
        return f"{int(value):0{len(zeros[0])}d}"
    return plain(value)


def _national(wanted: LedgerField, cell: Cell) -> Read:
    text = _text(wanted, cell).values[wanted.name]
    if text is None:
        return _one(wanted, None)
    code, warning = parse_national_code(str(text))
    return Read({wanted.name: code}, [warning] if warning else [])


def _archive(wanted: LedgerField, cell: Cell) -> Read:
    text = _text(wanted, cell).values[wanted.name]
    return _one(wanted, None if text is None else parse_archive_number(str(text)))


def _choice(wanted: LedgerField, cell: Cell) -> Read:
    text = _text(wanted, cell).values[wanted.name]
    if text is None:
        return _one(wanted, None)
    word = plain(text).replace(" ", "")
    if word in wanted.choices:
        return _one(wanted, wanted.choices[word])
    if word.lower() in wanted.choices.values():
        return _one(wanted, word.lower())
    raise CellError(
        f"{word[:40]!r} is none of {', '.join(wanted.choices)}.",
        f"{word[:40]!r} 不在可选值内：{'、'.join(wanted.choices)}。",
    )


def _money(wanted: LedgerField, cell: Cell) -> Read:
    amount = parse_amount(_with_unit(cell), MONEY_YUAN, cell.unit)
    if amount is None:
        return _one(wanted, None)
    _positive(amount)
    return Read({wanted.name: to_yuan(amount)}, _about(amount))


def _area(wanted: LedgerField, cell: Cell) -> Read:
    amount = parse_amount(_with_unit(cell), AREA_M2, cell.unit)
    if amount is None:
        return _one(wanted, None)
    _positive(amount)
    return Read({wanted.name: float(amount.value)}, _about(amount))


def _with_unit(cell: Cell) -> Any:
    """Return a number with the unit that its format shows, as 8278 formatted 0"万元" is seen."""
    if isinstance(cell.value, bool) or not isinstance(cell.value, int | float):
        return cell.value
    shown = [
        find_unit(text, UNITS) for text in re.findall(r"[^\x00-\x7f]+", cell.number_format.partition(";")[0])
    ]
    unit = next((each for each in shown if each is not None), None)
    if unit is None:
        return cell.value
    if re.search(r"!\.|[0#],+(?![0#])", cell.number_format):
        raise CellError(
            f"The format of the cell divides the number before it shows {unit}; write the number as it is meant.",
            f"单元格格式在显示“{unit}”前缩放了数值，请直接填写实际数值。",
        )
    return f"{plain(cell.value)}{unit}"


def _positive(amount: Amount) -> None:
    if amount.value < 0:
        raise CellError("The amount is negative; check its sign.", "数值为负，请核对。")


def _about(amount: Amount) -> list[tuple[str, str]]:
    if not amount.is_about:
        return []
    return [("The cell says 'about'; the number was taken.", "单元格注明“约”，已按数值读取。")]


def _share(wanted: LedgerField, cell: Cell) -> Read:
    """Read a share; a cell that Excel formats as percent holds the fraction already."""
    formatted = "%" in cell.number_format and isinstance(cell.value, int | float)
    bare = None if isinstance(cell.value, bool) else _bare_number(cell.value)
    if bare is None and is_blank(cell.value):
        return _one(wanted, None)
    warnings = []
    if bare is not None and (formatted or cell.unit is None):
        if not formatted and bare > 1:
            raise CellError(
                f"{bare} is more than the whole and has no %; write {bare}% or {bare / 100}.",
                f"{bare} 大于 1 且未注明 %；请写成 {bare}% 或 {bare / 100}。",
            )
        value = bare
    else:
        amount = parse_amount(cell.value, SHARE, cell.unit)
        value = amount.value if amount is not None else Decimal(0)
        if bare is not None and 0 < bare < 1:
            warnings = [
                (
                    f"The column is in percent: {bare} was read as {bare} %.",
                    f"该列单位为 %，{bare} 按 {bare}% 读取。",
                )
            ]
    if not 0 <= value <= 1:
        raise CellError(
            f"{plain(cell.value)[:20]!r} is no share between 0 and 100 %.",
            f"{plain(cell.value)[:20]!r} 不在 0 至 100% 之间。",
        )
    return Read({wanted.name: value}, warnings)


def _bare_number(value: Any) -> Decimal | None:
    try:
        return parse_number(value)
    except CellError:
        return None


def _first_day(wanted: LedgerField, cell: Cell) -> Read:
    dated = parse_date(cell.value, cell.number_format, cell.epoch)
    return _one(wanted, None) if dated is None else _of_day(wanted.name, dated, dated.first)


def _last_day(wanted: LedgerField, cell: Cell) -> Read:
    dated = parse_date(cell.value, cell.number_format, cell.epoch)
    return _one(wanted, None) if dated is None else _of_day(wanted.name, dated, dated.last)


def _of_day(name: str, dated: Dated, day: date) -> Read:
    warnings = []
    if dated.precision in _ROUGH:
        en, zh = _ROUGH[dated.precision]
        warnings = [(f"Only the {en} is given; {day} was taken.", f"仅给出{zh}，按 {day} 读取。")]
    return Read({name: day}, warnings, dated.precision == "month")


def _period(_: LedgerField, cell: Cell) -> Read:
    """Read a span of time into the two planned dates."""
    span = parse_period(cell.value)
    if span is None:
        return Read({"plan_start": None, "plan_finish": None})
    begin, end = _of_day("plan_start", span[0], span[0].first), _of_day("plan_finish", span[1], span[1].last)
    return Read(begin.values | end.values, begin.warnings + end.warnings, begin.is_month or end.is_month)


_READERS: Final[dict[str, Callable[[LedgerField, Cell], Read]]] = {
    "text": _text, "nat_code": _national, "archive_code": _archive, "choice": _choice, "money": _money, "area": _area,
    "share": _share, "first_day": _first_day, "last_day": _last_day, "period": _period,
}  # fmt: skip
