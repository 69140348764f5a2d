"""A ledger's file opened, and the sheet of it that holds the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gis.exchange.ledger_csv import read_csv
from gis.exchange.ledger_grid import Grid
from gis.exchange.ledger_head import Header, count_known, find_header
from gis.exchange.ledger_model import LEDGER_KINDS, LedgerChoices
from gis.exchange.ledger_xlsx import read_sheets
from gis.exchange.model import Evidence, Question, refuse
from gis.exchange.sniff import sniff

NO_HEADER: Final = Header(0, 0, {})


@dataclass(frozen=True)
class Source:
    """A file as opened: its sheets, how it was decoded, what is open about that."""

    kind: str
    encoding: str
    grids: list[Grid]
    evidence: list[Evidence]
    questions: list[Question]


@dataclass(frozen=True)
class Sheet:
    """The sheet that is read, with its header."""

    grid: Grid
    header: Header
    evidence: list[Evidence]


def open_ledger(path: Path, name: str, choices: LedgerChoices) -> Source:
    """Return the tables of a file.

    Raises
    ------
    ExchangeError
        It is no ledger, damaged or too large.
    """
    kind = sniff(path, name)
    if kind not in LEDGER_KINDS:
        raise refuse(
            f"This is no table but a file of geometry ({kind}); import it as such.",
            f"这不是表格，而是图形文件（{kind}），请按图形文件导入。",
            name,
        )
    if kind == "csv":
        grid, encoding, evidence, questions = read_csv(path, name, choices.encoding, choices.delimiter)
        return Source(kind, encoding, [grid] if grid.rows else [], evidence, questions)
    return Source(kind, "UTF-8", read_sheets(path, name), [], [])


def choose_sheet(source: Source, choices: LedgerChoices, name: str) -> Sheet | Question:
    known = _known_headers(choices)
    if choices.sheet is not None and source.kind == "xlsx":
        grid = next((each for each in source.grids if each.name == choices.sheet), None)
        if grid is None:
            raise refuse(
                f"There is no filled sheet {choices.sheet[:40]!r}; there are {_titles(source.grids)}.",
                f"没有内容的工作表或工作表不存在：{choices.sheet[:40]!r}；现有 {_titles(source.grids)}。",
                name,
            )
        said = Evidence(
            "sheet", grid.name, f"Sheet {grid.name!r} was chosen.", f"工作表“{grid.name}”由使用者指定。"
        )
        return Sheet(grid, find_header(grid, choices.header_rows, known) or NO_HEADER, [said])
    found = [(grid, find_header(grid, choices.header_rows, known)) for grid in source.grids]
    for shown in (False, True):
        ledgers = [
            (grid, head) for grid, head in found if head and grid.hidden is shown and _is_ledger(head, known)
        ]
        if len(ledgers) == 1:
            return Sheet(ledgers[0][0], ledgers[0][1], _sheet_evidence(ledgers[0][0], source.grids))
        if ledgers:
            return _sheet_question([grid for grid, _ in ledgers])
    if len(found) == 1:
        return Sheet(found[0][0], found[0][1] or NO_HEADER, [])
    return _sheet_question(source.grids)


def _is_ledger(header: Header, known: frozenset[str]) -> bool:
    return count_known(header, known) >= min(2, len(header.heads))


def _known_headers(choices: LedgerChoices) -> frozenset[str]:
    """Return the headers that a template or a choice names."""
    named = {each.header for each in choices.template.columns} if choices.template else set()
    return frozenset(named | set(choices.mapping))


def _titles(grids: Sequence[Grid]) -> str:
    return ", ".join(grid.name for grid in grids[:20])


def _sheet_evidence(grid: Grid, grids: Sequence[Grid]) -> list[Evidence]:
    others = [each for each in grids if each is not grid]
    if not others and not grid.hidden:
        return []
    left = _titles(others) or "-"
    return [
        Evidence(
            "sheet",
            grid.name,
            f"Sheet {grid.name!r} alone holds a ledger; not read: {left}.",
            f"仅工作表“{grid.name}”为台账；未读取：{left}。",
        )
    ]


def _sheet_question(grids: Sequence[Grid]) -> Question:
    titles = [grid.name for grid in grids]
    return Question(
        "sheet",
        f"Which of the {len(titles)} sheets is to be read?",
        f"共有 {len(titles)} 个工作表，请指定要读取的工作表。",
        titles,
    )
