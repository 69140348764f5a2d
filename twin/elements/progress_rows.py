"""Rows of an element progress table 构件进度表: read from JSON or CSV, and checked one by one."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from twin.elements.models import ELEMENT_STATUSES
from twin.errors import InvalidInputError

COLUMNS = ("global_id", "status", "percent", "actual_start", "actual_finish")
MAX_ROWS = 200_000
_STATUS_WORDS = {"未开始": "not_started", "进行中": "in_progress", "在建": "in_progress", "已完成": "done"}


@dataclass(frozen=True)
class ProgressRow:
    """What a row asks for; None means that it does not say. Percent 0–100."""

    where: str
    global_id: str
    status: str
    percent: Decimal | None
    actual_start: date | None
    actual_finish: date | None


@dataclass(frozen=True)
class Refused:
    """A row that was not taken, and why."""

    where: str
    global_id: str
    en: str
    zh: str


class _RowError(ValueError):
    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh


def read_json(body: bytes) -> list[Mapping[str, Any]]:
    """Read a JSON array of objects.

    Raises
    ------
    InvalidInputError
        It is none.
    """
    try:
        rows = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(
            f"The body is no JSON: {error}.", f"请求内容不是有效的 JSON：{error}。", "body"
        ) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidInputError(
            f"Send a JSON array of objects with {', '.join(COLUMNS)}.",
            f"请发送 JSON 数组，元素为含 {'、'.join(COLUMNS)} 的对象。",
            "body",
        )
    return rows


def read_csv(body: bytes) -> list[Mapping[str, Any]]:
    """Read a table with a header line; UTF-8 (with or without BOM), else GB18030.

    Raises
    ------
    InvalidInputError
        The column `global_id` is missing, or a line has more cells than the header.

    Examples
    --------
    >>> read_csv("global_id,percent\\n2O2Fr$t4X7Zf8NOew3FNr2,40\\n".encode())
    [{'global_id': '2O2Fr$t4X7Zf8NOew3FNr2', 'percent': '40'}]
    """
    try:
        content = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        content = body.decode("gb18030", "replace")
    content = content.replace("\0", "")
    reader = csv.DictReader(io.StringIO(content, newline=None), skipinitialspace=True)
    try:
        return list(_records(reader))
    except csv.Error as error:
        place = f"line {reader.line_num}"
        raise InvalidInputError(
            f"The table cannot be read ({error}).", f"无法读取表格（{error}）。", place
        ) from error


def _records(reader: "csv.DictReader[str]") -> Iterator[Mapping[str, Any]]:
    header = [name.strip() for name in reader.fieldnames or []]
    if "global_id" not in header:
        raise InvalidInputError(
            f"The table needs a header line with global_id; found {', '.join(header)[:200] or 'nothing'}.",
            f"表格首行须含 global_id 列；实际为 {'、'.join(header)[:200] or '空'}。",
            "line 1",
        )
    reader.fieldnames = header
    for row in reader:
        if None in row:
            raise InvalidInputError(
                f"Line {reader.line_num} has more cells than the header.",
                f"第 {reader.line_num} 行的列数多于表头。",
                f"line {reader.line_num}",
            )
        yield row


def check_rows(raw: Sequence[Mapping[str, Any]], latest: date) -> tuple[list[ProgressRow], list[Refused]]:
    """Check every row by itself, and that none contradicts another.

    Parameters
    ----------
    latest : date
        No actual date may lie after it.

    Returns
    -------
    rows, refused
        Percent and status agree in every row kept: not started is 0, done is 100, in progress below 100.

    Raises
    ------
    InvalidInputError
        No rows, or too many.
    """
    if not 0 < len(raw) <= MAX_ROWS:
        raise InvalidInputError(
            f"Send 1 to {MAX_ROWS} rows; there are {len(raw)}.",
            f"应为 1 至 {MAX_ROWS} 行，实际 {len(raw)} 行。",
        )
    rows: list[ProgressRow] = []
    refused: list[Refused] = []
    for number, fields in enumerate(raw, 1):
        where = f"row {number}"
        global_id = str(fields.get("global_id") or "").strip()
        try:
            rows.append(_row(where, global_id, fields, latest))
        except _RowError as error:
            refused.append(Refused(where, global_id[:64], error.en, error.zh))
    kept, twice = _without_contradictions(rows)
    return kept, [*refused, *twice]


def _row(where: str, global_id: str, fields: Mapping[str, Any], latest: date) -> ProgressRow:
    if not global_id or len(global_id) > 64 or "\0" in global_id:
        raise _RowError("global_id is missing or no GlobalId.", "缺少 global_id 或格式不正确。")
    status, percent = _status(fields.get("status")), _percent(fields.get("percent"))
    if status is None and percent is None:
        raise _RowError("Neither status nor percent is given.", "status 与 percent 均未填写。")
    status = status or _implied_status(percent)
    _check_agreement(status, percent)
    start = _day("actual_start", fields.get("actual_start"), latest)
    finish = _day("actual_finish", fields.get("actual_finish"), latest)
    _check_dates(status, start, finish)
    return ProgressRow(where, global_id, status, percent, start, finish)


def _status(value: Any) -> str | None:
    text = str(value if value is not None else "").strip()
    if not text:
        return None
    found = _STATUS_WORDS.get(text, text.lower())
    if found not in ELEMENT_STATUSES:
        raise _RowError(
            f"status {text[:40]!r} is none of {', '.join(ELEMENT_STATUSES)}.",
            f"status {text[:40]!r} 不是 {'、'.join(ELEMENT_STATUSES)} 之一。",
        )
    return found


def _percent(value: Any) -> Decimal | None:
    text = str(value if value is not None else "").strip().removesuffix("%").strip()
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or not 0 <= number <= 100:
        raise _RowError(
            f"percent {text[:40]!r} is no number from 0 to 100.",
            f"percent {text[:40]!r} 不是 0 至 100 的数。",
        )
    return number


def _implied_status(percent: Decimal | None) -> str:
    if percent == 100:
        return "done"
    return "in_progress" if percent else "not_started"


def _check_agreement(status: str, percent: Decimal | None) -> None:
    if percent is None:
        return
    if (status == "not_started" and percent != 0) or (status == "done" and percent != 100):
        raise _RowError(
            f"status {status} does not agree with {percent} %.", f"status {status} 与 {percent} % 不一致。"
        )
    if status == "in_progress" and percent == 100:
        raise _RowError("At 100 % an element is done.", "进度 100 % 的构件状态应为 done。")


def _day(name: str, value: Any, latest: date) -> date | None:
    text = str(value if value is not None else "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text.replace("/", "-"))
    except ValueError as error:
        raise _RowError(
            f"{name} {text[:40]!r} is no day like 2025-10-31.",
            f"{name} {text[:40]!r} 不是形如 2025-10-31 的日期。",
        ) from error
    if day > latest:
        raise _RowError(f"{name} {day} lies in the future.", f"{name} {day} 晚于今天。")
    return day


def _check_dates(status: str, start: date | None, finish: date | None) -> None:
    if start and finish and finish < start:
        raise _RowError("actual_finish lies before actual_start.", "actual_finish 早于 actual_start。")
    if finish and status != "done":
        raise _RowError(
            "Only an element that is done has an actual_finish.", "只有 done 的构件才有 actual_finish。"
        )
    if start and status == "not_started":
        raise _RowError(
            "An element not started has no actual_start.", "not_started 的构件不应有 actual_start。"
        )


def _without_contradictions(rows: Iterable[ProgressRow]) -> tuple[list[ProgressRow], list[Refused]]:
    """Keep one row per element; rows that say different things of one element are all refused."""
    by_id: dict[str, list[ProgressRow]] = defaultdict(list)
    for row in rows:
        by_id[row.global_id].append(row)
    kept: list[ProgressRow] = []
    refused: list[Refused] = []
    for group in by_id.values():
        if len({(row.status, row.percent, row.actual_start, row.actual_finish) for row in group}) == 1:
            kept.append(group[0])
            continue
        places = ", ".join(row.where for row in group)
        refused += [
            Refused(
                row.where,
                row.global_id,
                f"Several rows say different things of this element: {places}.",
                f"多行对同一构件的填报不一致：{places}。",
            )
            for row in group
        ]
    return kept, refused
