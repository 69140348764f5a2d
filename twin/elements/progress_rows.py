"""Rows of an element progress table 构件进度表: read from JSON, and checked one by one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from twin.elements.models import ELEMENT_STATUSES
from twin.errors import InvalidInputError

COLUMNS = ("global_id", "status", "percent", "actual_start", "actual_finish", "step", "evidence")
MAX_ROWS = 200_000
NO_STEP = "none"
_NO_STEP_WORDS = ("none", "无", "未开始")
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
    step: str | None = None  # the last accepted step 工序; NO_STEP takes the acceptance back
    evidence: str | None = None


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


def check_rows(
    raw: Sequence[Mapping[str, Any]], latest: date, places: Sequence[str] | None = None
) -> tuple[list[ProgressRow], list[Refused]]:
    """Check every row by itself, and that none contradicts another.

    Parameters
    ----------
    places : sequence of str, optional
        How the sender finds each row; ``row 1`` and so on by default.
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
        where = places[number - 1] if places is not None else f"row {number}"
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
    step, evidence = _text(fields, "step"), _text(fields, "evidence")
    if status is None and percent is None and step is None:
        raise _RowError("Neither status nor percent is given.", "status 与 percent 均未填写。")
    if status is None and percent is None:
        status = "not_started" if step == NO_STEP else "in_progress"
    status = status or _implied_status(percent)
    _check_agreement(status, percent)
    start = _day("actual_start", fields.get("actual_start"), latest)
    finish = _day("actual_finish", fields.get("actual_finish"), latest)
    _check_dates(status, start, finish)
    return ProgressRow(where, global_id, status, percent, start, finish, step, evidence)


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    text = str(value if value is not None else "").strip()
    if len(text) > 500 or "\0" in text:
        raise _RowError(f"{name} is longer than 500 letters.", f"{name} 超过 500 字。")
    if name == "step" and text.lower() in _NO_STEP_WORDS:
        return NO_STEP
    return text or None


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
        if len({replace(row, where="") for row in group}) == 1:
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
