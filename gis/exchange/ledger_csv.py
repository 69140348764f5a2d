"""A CSV as a table: encoding, delimiter and quotes found out, with the reasons."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any, Final

from gis.exchange.encoding import decode
from gis.exchange.errors import ExchangeError
from gis.exchange.ledger_grid import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, Grid
from gis.exchange.ledger_scan import too_large
from gis.exchange.model import Evidence, Question, refuse

MOST_BYTES: Final = 100_000_000
DELIMITERS: Final = {
    ",": ("comma", "逗号"),
    ";": ("semicolon", "分号"),
    "\t": ("tab", "制表符"),
    "|": ("bar", "竖线"),
}
_HEAD_ROWS: Final = 60


def read_csv(
    path: Path, name: str, encoding: str | None, delimiter: str | None
) -> tuple[Grid, str, list[Evidence], list[Question]]:
    """Return the table of a CSV, its encoding, the reasons, and the question of the delimiter where it is open.

    Raises
    ------
    ExchangeError
        No text, a quote that is not closed, zero bytes, too many rows.
    """
    if path.stat().st_size > MOST_BYTES:
        raise refuse(
            f"A CSV may have {MOST_BYTES // 1_000_000} MB; split it.",
            f"CSV 上限为 {MOST_BYTES // 1_000_000} MB，请拆分。",
            name,
        )
    text, found = decode(path.read_bytes(), encoding)
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise refuse(
            "The text holds zero bytes; export it again as CSV.",
            "文本含空字节，请重新导出 CSV。",
            f"line {line}",
        )
    text, stated = _stated(text)
    if delimiter is not None and delimiter not in DELIMITERS:
        raise refuse(
            f"Delimiter {delimiter[:5]!r} is none of comma, semicolon, tab, bar.",
            f"分隔符 {delimiter[:5]!r} 不可用；可选逗号、分号、制表符、竖线。",
            "delimiter",
        )
    ranked = _ranked(text)
    chosen = delimiter or stated or (ranked[0] if ranked else ",")
    evidence = [found, _reason(chosen, delimiter, stated)]
    questions = [] if delimiter or stated or len(ranked) < 2 else [_question(ranked)]
    rows = _rows(text, chosen, name)
    width = max((len(row) for row in rows.values()), default=0)
    padded = {number: row + [None] * (width - len(row)) for number, row in rows.items()}
    return Grid("", padded, width), found.value, evidence, questions


def _stated(text: str) -> tuple[str, str | None]:
    """Take the line `sep=;` that Excel writes and honours; an empty row keeps the numbers of the others."""
    first, mark, rest = text.partition("\n")
    sign = first.strip("\r").lower().removeprefix("sep=")
    if len(sign) == 1 and first.lower().startswith("sep=") and sign in DELIMITERS:
        return mark + rest, sign
    return text, None


def _ranked(text: str) -> list[str]:
    """Return the delimiters that split the first rows most alike; several where nothing decides between them."""
    scores: dict[str, tuple[float, int]] = {}
    head = "\n".join(text.split("\n", 4 * _HEAD_ROWS)[: 4 * _HEAD_ROWS])
    for sign in DELIMITERS:
        try:
            rows = [
                row
                for row, _ in zip(
                    csv.reader(io.StringIO(head), delimiter=sign), range(_HEAD_ROWS), strict=False
                )
            ]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if widths:
            width, count = widths.most_common(1)[0]
            scores[sign] = (count / max(1, sum(any(row) for row in rows)), width)
    best = max(scores.values(), default=(0.0, 0))
    return [sign for sign, score in scores.items() if score == best]


def _rows(text: str, delimiter: str, name: str) -> dict[int, list[Any]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: dict[int, list[Any]] = {}
    cells = 0
    try:
        for number, row in enumerate(reader, start=1):
            values = [cell if cell.strip() else None for cell in row]
            while values and values[-1] is None:
                values.pop()
            if not values:
                continue
            rows[number] = values
            cells += len(values)
            if len(rows) > MOST_ROWS or cells > MOST_CELLS:
                raise too_large(name)
            if len(values) > MOST_COLUMNS:
                raise refuse(
                    f"Row {number} has {len(values)} cells; {MOST_COLUMNS} columns are read.",
                    f"第 {number} 行有 {len(values)} 个单元格，最多读取 {MOST_COLUMNS} 列。",
                    name,
                )
    except csv.Error as error:
        raise _quotes(reader.line_num, error) from error
    return rows


def _quotes(line: int, error: Exception) -> ExchangeError:
    return refuse(
        f"The quotes do not match ({error}); write a quote inside of a text twice.",
        f"引号不匹配（{error}），文本内的引号应写两次。",
        f"line {line}",
    )


def _reason(sign: str, choice: str | None, stated: str | None) -> Evidence:
    en, zh = DELIMITERS[sign]
    by, by_zh = ("chosen", "按选择") if choice else ("stated by the line sep=", "由 sep= 行注明") if stated else (
        "it splits the first rows alike", "前若干行按此分列一致")  # fmt: skip
    return Evidence("delimiter", sign, f"Delimiter {en}: {by}.", f"分隔符为{zh}：{by_zh}。")


def _question(ranked: list[str]) -> Question:
    names = ", ".join(DELIMITERS[sign][0] for sign in ranked)
    names_zh = "、".join(DELIMITERS[sign][1] for sign in ranked)
    return Question(
        "delimiter",
        f"The rows split alike at {names}: which is the delimiter?",
        f"按{names_zh}分列结果相同：请指定分隔符。",
        ranked,
    )
