"""One door for ledgers: Excel and CSV tables of land parcels, control areas or projects, read cell by cell."""

from pathlib import Path
from typing import Final

from gis.exchange.ledger_asks import ask_columns, ask_header, ask_hidden, ask_units
from gis.exchange.ledger_fields import find_field
from gis.exchange.ledger_geometry import Placed, place_shapes
from gis.exchange.ledger_grid import column_letter, column_number
from gis.exchange.ledger_head import Header
from gis.exchange.ledger_lines import lines_around, sort_rows
from gis.exchange.ledger_match import choose_target, propose
from gis.exchange.ledger_model import CellFinding, LedgerChoices, LedgerColumn, LedgerResult
from gis.exchange.ledger_records import Records, Table, make_table, read_records
from gis.exchange.ledger_sheets import Sheet, Source, choose_sheet, open_ledger
from gis.exchange.ledger_totals import check_totals
from gis.exchange.model import Evidence, Finding, Question, refuse

_MOST_FINDINGS: Final = 5_000


def read_ledger(path: Path, name: str, choices: LedgerChoices | None = None) -> LedgerResult:
    """Read a ledger that came from outside.

    Parameters
    ----------
    path : Path
        Where the bytes lie.
    name : str
        What the sender called the file; only for messages.
    choices : LedgerChoices, optional
        What a person decided, with a mapping template where there is one.

    Returns
    -------
    LedgerResult
        Rows, the mapping with its evidence, findings by cell, open questions. Import it when `is_ready`.

    Raises
    ------
    ExchangeError
        A file that is no ledger or cannot be opened, a choice that is none. Faults of cells are not raised.
    """
    wanted = choices or LedgerChoices()
    source = open_ledger(path, name, wanted)
    if not source.grids:
        raise refuse("The table is empty.", "表格没有内容。", name)
    chosen = choose_sheet(source, wanted, name)
    if isinstance(chosen, Question):
        return _asking(source, None, [*source.questions, chosen])
    if chosen.header.first == 0:
        return _asking(source, chosen, [*source.questions, ask_header(chosen.grid)])
    return _read(source, chosen, wanted)


def _asking(source: Source, chosen: Sheet | None, questions: list[Question]) -> LedgerResult:
    """Return what is known while a question stands that must be answered before the columns can be read."""
    return LedgerResult(
        source.kind,
        source.encoding,
        chosen.grid.name if chosen else None,
        [grid.name for grid in source.grids if grid.name],
        None,
        (chosen.header.first, chosen.header.last) if chosen else (0, 0),
        [],
        [],
        [],
        [],
        questions,
        [*source.evidence, *(chosen.evidence if chosen else [])],
    )


def _read(source: Source, chosen: Sheet, choices: LedgerChoices) -> LedgerResult:
    grid, header = chosen.grid, chosen.header
    target, reason, asked = choose_target(header, choices)
    evidence = [*source.evidence, *chosen.evidence, _header_evidence(header), *([reason] if reason else [])]
    questions = list(source.questions)
    if target is None:
        questions += [asked] if asked else []
        held = _asking(source, chosen, questions)
        columns = [
            LedgerColumn(column_letter(at), head.text, None, head.unit, 0.0)
            for at, head in header.heads.items()
        ]
        return _replaced(held, columns, evidence)
    around = lines_around(grid, header)
    columns, said, unsure = propose(grid, header, target, choices, around)
    questions += unsure
    required = {
        column_number(each.letter) or 0
        for each in columns
        if each.field and (found := find_field(target, each.field)) and found.required
    }
    lines, skipped = sort_rows(
        grid, header, columns, required, leave_hidden=choices.hidden_rows == "leave_out"
    )
    questions += ask_hidden(lines, choices)
    asked_units = ask_units(make_table(grid, target, columns, frozenset()), lines)
    questions += list(asked_units.values())
    table = make_table(grid, target, columns, frozenset(asked_units))
    records = read_records(table, lines)
    findings = [_of_header(each) for each in said] + ask_columns(table, target, columns, unsure, questions)
    findings += _hidden_columns(table) + records.findings + _no_rows(records)
    placed = _geometry(records, around, choices, table)
    findings += placed.findings + check_totals(table, records.rows, skipped, records.findings)
    return LedgerResult(
        source.kind,
        source.encoding,
        grid.name or None,
        [each.name for each in source.grids if each.name],
        target,
        (header.first, header.last),
        columns,
        records.rows,
        skipped,
        _limited(findings),
        questions + placed.questions,
        evidence + placed.evidence,
        placed.features,
        placed.crs,
    )


def _replaced(held: LedgerResult, columns: list[LedgerColumn], evidence: list[Evidence]) -> LedgerResult:
    held.columns.extend(columns)
    held.evidence[:] = evidence
    return held


def _header_evidence(header: Header) -> Evidence:
    rows = f"{header.first}" if header.first == header.last else f"{header.first}-{header.last}"
    return Evidence("header", rows, f"The header stands in row {rows}.", f"表头位于第 {rows} 行。")


def _of_header(said: Finding) -> CellFinding:
    return CellFinding(0, None, said.en, said.zh, said.level)


def _hidden_columns(table: Table) -> list[CellFinding]:
    return [
        CellFinding(
            0,
            column_letter(column),
            "The column is hidden; it is read all the same.",
            "该列已隐藏，仍会读取。",
            "note",
        )
        for column in sorted(table.grid.hidden_columns & table.fields.keys())
    ]


def _no_rows(records: Records) -> list[CellFinding]:
    if records.rows:
        return []
    return [CellFinding(0, None, "There are no rows with records below the header.", "表头下没有数据行。")]


def _geometry(records: Records, around: list[str], choices: LedgerChoices, table: Table) -> Placed:
    if not records.shapes:
        return Placed()
    rows = {row.row: row for row in records.rows}
    return place_shapes(records.shapes, rows, around, choices.read_choices(), table.letters)


def _limited(findings: list[CellFinding]) -> list[CellFinding]:
    """Return the findings, errors first kept, so that a wholly wrong column does not fill the memory of a page."""
    if len(findings) <= _MOST_FINDINGS:
        return findings
    kept = sorted(findings, key=lambda each: each.level != "error")[:_MOST_FINDINGS]
    more = len(findings) - len(kept)
    return [
        *kept,
        CellFinding(0, None, f"{more} more findings are not listed.", f"另有 {more} 条未列出。", "note"),
    ]
