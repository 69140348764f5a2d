"""A run over many subjects as a workbook: sums, subjects, pairs; pairs are written as they come."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from gis.crs import MU_PER_M2
from gis.errors import TooComplexError
from gis.report.pairs import PAIRS, iter_pairs
from gis.report.run import (
    RunHead,
    RunSubject,
    RunSums,
    class_sums,
    conclusion,
    layer_sums,
    run_notes,
    run_pairs,
    run_versions_table,
)
from gis.report.sheet_rows import EXCEL_ROWS, SheetRows, put_together
from gis.report.tables import Column, Kind, Table
from gis.report.xlsx_cells import (
    LIGHT,
    LINE_PT,
    TEXT,
    Known,
    add_sheet,
    bold,
    fit_columns,
    lines_of,
    put,
    save_book,
    write_headings,
    write_rows,
)

_WIDTHS: Final[dict[str, float]] = {
    "text": 20.0,
    "count": 10.0,
    "percent": 11.0,
    "m2": 17.0,
    "ha": 13.0,
    "mu": 14.0,
}
_NAMES_WIDTH: Final = 34.0
_NOTES_WIDTH: Final = 110.0
_EXAMPLES: Final[dict[str, Any]] = {"text": "x"}


@dataclass
class _Sheets:
    book: Workbook
    known: Known
    form: Worksheet
    layers: Worksheet
    classes: Worksheet
    subjects: Worksheet
    pairs: Worksheet
    versions: Worksheet


def check_rows(count: int, what_en: str, what_zh: str) -> None:
    """Refuse what a sheet of Excel cannot hold.

    Raises
    ------
    TooComplexError
        More rows than Excel has; the message names the formats that hold them.
    """
    if count < EXCEL_ROWS:
        return
    raise TooComplexError(
        f"{count:,} {what_en} do not fit into a sheet of Excel, which has {EXCEL_ROWS:,} rows: "
        "take f=csv, f=parquet (GeoParquet) or f=gpkg (GeoPackage).",
        f"共 {count:,} {what_zh}，超出 Excel 单表 {EXCEL_ROWS:,} 行的上限；请改用 f=csv、f=parquet（GeoParquet）"
        "或 f=gpkg（GeoPackage）。",
        where="f",
    )


def write_run_xlsx(head: RunHead, subjects: Iterator[RunSubject], path: Path) -> RunSums:
    """Write a run as a workbook in one pass over its subjects and return its sums.

    Parameters
    ----------
    path : Path
        In a folder of its own: the rows lie beside it while they come.
    """
    sheets, sums = _make_sheets(head), RunSums()
    with ExitStack() as stack:
        lines = stack.enter_context(SheetRows(sheets.subjects, path.with_suffix(".subjects")))
        pairs = stack.enter_context(SheetRows(sheets.pairs, path.with_suffix(".pairs")))
        for subject in subjects:
            sums.add(subject)
            lines.add(_subject_cells(head, subject))
            for pair in iter_pairs(iter([subject])):
                pairs.add(_pair_cells(head, pair))
    for sheet, rows in ((sheets.subjects, lines), (sheets.pairs, pairs)):
        check_rows(rows.count, "rows", "行")
        sheet.auto_filter.ref = rows.box
    _fill(head, sums, sheets)
    book = save_book(sheets.book, sheets.known)
    put_together(book, sheets.book.sheetnames, {each.title: each for each in (lines, pairs)}, path)
    return sums


def _make_sheets(head: RunHead) -> _Sheets:
    book = Workbook()
    book.remove(book.worksheets[0])
    titles = (
        ("汇总", "Summary 汇总"), ("分图层", "By layer 分图层"), ("分类统计", "By class 分类统计"),
        ("分对象", "By subject 分对象"), ("明细", "Pairs 明细"), ("数据版本", "Data versions 数据版本"),
    )  # fmt: skip
    made = [add_sheet(book, head.say(*title)) for title in titles]
    sheets = _Sheets(book, Known(), *made)
    _prepare(sheets.subjects, _subject_columns(head), pages=3)
    _prepare(sheets.pairs, _pair_columns(head), pages=2)
    sheets.subjects.print_title_cols = "A:B"
    book.properties.title = head.say("整层压占分析", "Overlap of many subjects")
    book.properties.creator = head.operator or "worktwin"
    return sheets


def _prepare(sheet: Worksheet, columns: tuple[Column, ...], pages: int) -> None:
    """Write the headings and a row of examples that has the styles; it prints over some pages side by side."""
    sheet.page_setup.fitToWidth = pages
    for place, column in enumerate(columns, 1):
        named = column.kind == "text" and column.share > 1
        width = _NAMES_WIDTH if named else _WIDTHS[column.kind]
        sheet.column_dimensions[get_column_letter(place)].width = width
    write_headings(sheet, 1, columns)
    example = tuple(_EXAMPLES.get(column.kind, 0) for column in columns)
    write_rows(sheet, 2, Table("", columns, (example,), ("",)), Known())
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"


# --- subjects and pairs


def _subject_columns(head: RunHead) -> tuple[Column, ...]:
    say = head.say
    fixed = (
        Column(say("对象编号", "Subject 对象编号")),
        Column(say("对象名称", "Name 对象名称"), share=2),
        Column(say("面积\n（平方米）", "Area 面积\n(m²)"), "m2"),
        Column(say("面积\n（公顷）", "Area 面积\n(ha)"), "ha"),
        Column(say("面积\n（亩）", "Area 面积\n(mu 亩)"), "mu"),
        Column(say("涉及图层数", "Layers hit\n涉及图层"), "count"),
        Column(say("图斑数", "Features\n图斑数"), "count"),
        Column(say("结论", "Conclusion 结论")),
    )
    units: tuple[tuple[Kind, str, str], ...] = (
        ("m2", "平方米", "m²"),
        ("mu", "亩", "mu 亩"),
        ("percent", "%", "%"),
    )
    layers = [
        Column(say(zh, en), kind, head.title_of(name)) for name in head.ordered() for kind, zh, en in units
    ]
    return (*fixed, *layers)


def _subject_cells(head: RunHead, subject: RunSubject) -> list[Any]:
    answer = subject.answer
    area = None if answer is None else answer.area_m2
    hits = {layer.target.layer: layer for layer in subject.hits}
    cells: list[Any] = [
        subject.code, subject.name, area, None if area is None else area / 10_000,
        None if area is None else area * MU_PER_M2, len(hits), sum(len(each.items) for each in hits.values()),
        conclusion(head, subject),
    ]  # fmt: skip
    for name in head.ordered():
        found = hits.get(name)
        size = found.area_m2 if found else 0.0
        cells += [size, size * MU_PER_M2, found.share_of_subject if found else 0.0]
    return cells


def _pair_columns(head: RunHead) -> tuple[Column, ...]:
    return tuple(
        Column(
            head.say(each.zh, each.en),
            "text" if each.kind == "flag" else each.kind,
            share=2 if each.name.endswith("_name") or each.name == "layer_title" else 1,
        )
        for each in PAIRS
    )


def _pair_cells(head: RunHead, pair: tuple[Any, ...]) -> list[Any]:
    cells = list(pair[:-1])
    for place, each in enumerate(PAIRS):
        if each.kind == "flag":
            cells[place] = head.say("是", "yes 是") if cells[place] else None
        elif each.name == "layer_title":
            cells[place] = head.title_of(pair[0])
    return cells


# --- sums


def _fill(head: RunHead, sums: RunSums, sheets: _Sheets) -> None:
    _form(sheets.form, head, sums)
    for sheet, table in (
        (sheets.layers, layer_sums(head, sums)),
        (sheets.classes, class_sums(head, sums)),
        (sheets.versions, run_versions_table(head)),
    ):
        plain = replace(table, title="")
        fit_columns(sheet, [plain])
        write_headings(sheet, 1, plain.columns)
        write_rows(sheet, 2, plain, sheets.known)
        sheet.freeze_panes = "A2"
        sheet.print_title_rows = "1:1"


def _form(sheet: Worksheet, head: RunHead, sums: RunSums) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 36, _NOTES_WIDTH
    bold(
        put(sheet, 1, 1, head.say("整层压占（合规性）分析汇总表", "Overlap of many subjects 整层压占分析")),
        16,
    )
    row = 3
    for name, value in run_pairs(head, sums):
        put(sheet, row, 1, name).fill = LIGHT
        put(sheet, row, 2, value).alignment = TEXT
        row += 1
    bold(put(sheet, row + 1, 1, head.say("说明", "Notes 说明")), 12)
    for number, text in enumerate(run_notes(head, sums, sums.hits), 1):
        at = row + 1 + number
        put(sheet, at, 1, number).alignment = TEXT
        put(sheet, at, 2, text).alignment = TEXT
        sheet.row_dimensions[at].height = lines_of(text, _NOTES_WIDTH) * LINE_PT
