"""An overlap report as PDF on A4, letters embedded: opens and prints the same on every machine."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from fpdf import FPDF
from fpdf.enums import Align, TableCellFillMode, VAlign
from fpdf.fonts import FontFace
from fpdf.table import Table as PdfTable

from gis.report.faces import Letters, choose_letters
from gis.report.form import Form, form_of
from gis.report.lines import wrap
from gis.report.maps import layer_map, overview
from gis.report.model import OverlapReport
from gis.report.pdf_drawing import paint
from gis.report.picture import Drawing, Label
from gis.report.subset import subset_font
from gis.report.tables import Cell, Column, Table, cell_text
from gis.report.times import local_text
from gis.report.words import signatures
from gis.style.fonts import FOLDERS

MOST_ROWS: Final = 2_000
"""Rows of a table that are printed; the workbook has them all."""

_MARGIN: Final = 14.0
_LINE: Final = 4.4
_PADDING: Final = 0.9
_BODY_PT: Final = 8.0
_NUMBERS: Final = tuple(f"{number}、" for number in "一二三四五六七八九")
_FIGURES: Final = tuple(f"{number}. " for number in range(1, 10))
_VERSIONS: Final = 150.0
_HEADING: Final = 9.0
_SIGNING: Final = 17.0
_FEW_ROWS: Final = 40.0
_KEPT_TOGETHER: Final = 62.0
_GREY: Final = 235
_LIGHT: Final = 246
_FAMILY: Final = "report"
_FIXED: Final = "第页共压占总图研判要点说明附图其余行见版示例数据继续一二三四五六七八九〔〕×：、（）　—…²°"
_LATIN: Final = "".join(map(chr, range(0x20, 0x7F)))

Chapter = tuple[Form, OverlapReport | None]


def render_pdf(reports: Sequence[OverlapReport], folders: Iterable[str] = FOLDERS) -> bytes:
    """Return the reports as one PDF, a chapter each.

    A sign that no font of the machine holds is printed as its number, 〔U+364D〕. Tables beyond `MOST_ROWS` rows
    are cut, and say so.

    Parameters
    ----------
    folders : iterable of str
        Where fonts are looked for.

    Raises
    ------
    FontMissingError
        The machine has no font with Chinese.
    """
    return _bound([(form_of(report), report) for report in reports], folders)


def render_form(form: Form, folders: Iterable[str] = FOLDERS) -> bytes:
    """Return a form without maps as PDF; letters and cut tables as `render_pdf` has them.

    Raises
    ------
    FontMissingError
        The machine has no font with Chinese.
    """
    return _bound([(form, None)], folders)


def _bound(chapters: Sequence[Chapter], folders: Iterable[str]) -> bytes:
    text = "".join(_texts(chapters))
    letters = choose_letters(text, folders)
    with TemporaryDirectory() as folder:
        fonts = [Path(folder, f"{number}.ttf") for number in range(len(letters.faces))]
        for face, path in zip(letters.faces, fonts, strict=True):
            path.write_bytes(subset_font(face, letters.written(text)))
        book = _Book(letters, fonts, chapters[0][0])
        for form, report in chapters:
            book.chapter(form, report)
        return bytes(book.output())


def _texts(chapters: Sequence[Chapter]) -> Iterator[str]:
    """Yield every text that may be printed."""
    yield _FIXED + _LATIN
    for form, report in chapters:
        yield form.title + form.subject + form.code + form.operator + "".join(signatures(form.lang))
        yield from (word for pair in (*form.pairs, *form.answers) for word in pair)
        yield from form.notes
        for table in (*form.tables, form.versions):
            yield table.title
            yield from (column.title + column.group for column in table.columns)
            yield from (str(cell) for row in table.rows for cell in row)
        if report is not None:
            yield from (mark.text for mark in overview(report, (260, 160)).marks if isinstance(mark, Label))


class _Book(FPDF):
    """A document on A4 across, with page numbers below."""

    def __init__(self, letters: Letters, fonts: Sequence[Path], first: Form) -> None:
        super().__init__("landscape", "mm", "A4")
        self.letters = letters
        self.form = first
        self.running = ""
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN)
        names = [f"{_FAMILY}{number or ''}" for number in range(len(fonts))]
        for name, font in zip(names, fonts, strict=True):
            self.add_font(name, fname=font)
        self.set_fallback_fonts(names[1:], exact_match=False)
        self.set_title(letters.written(f"{first.subject} {first.title}"))
        self.set_author(first.operator)
        self.set_line_width(0.15)
        self.set_lang("zh-Hans" if first.lang == "zh" else "en")
        self.set_creator("worktwin")
        self.set_creation_date(first.made_at)

    def header(self) -> None:
        """Nothing above: the title stands on the first page, the running title below."""

    def footer(self) -> None:
        """Write the running title and the page number."""
        self.set_y(-_MARGIN + 2)
        self.set_font(_FAMILY, size=7)
        say, page = self.form.say, self.page_no()
        sample = say("示例数据", "Sample data 示例数据") if self.form.synthetic else ""
        self.cell(self.epw * 0.45, 4, self.running, align=Align.L)
        self.cell(self.epw * 0.1, 4, sample, align=Align.C)
        self.cell(
            self.epw * 0.45, 4, say(f"第 {page} 页 共 {{nb}} 页", f"Page {page} of {{nb}}"), align=Align.R
        )

    # --- a chapter

    def chapter(self, form: Form, report: OverlapReport | None) -> None:
        """Write one form from its title to the maps of its report, beginning on a new page."""
        self.form, say = form, form.say
        code = f"（{form.code}）" if form.code else ""
        self.running = self.letters.written(f"{form.subject}{code}　{local_text(form.made_at)}")
        self.add_page()
        self.set_font(_FAMILY, size=16)
        self.cell(self.epw, 9, form.title, align=Align.C, new_x="LMARGIN", new_y="NEXT")
        self.ln(1.5)
        self._pairs(form.pairs)
        numbers = iter(_NUMBERS if form.lang == "zh" else _FIGURES)
        if form.answers:
            self._heading(next(numbers) + say("研判要点", "Questions of the review 研判要点"))
            self._answers(form.answers)
        for table in form.tables:
            self._heading(next(numbers) + table.title, room=self._room(table))
            self._table(table)
        self._heading(say("说明", "Notes 说明"), room=30)
        self._paragraphs(form.notes)
        self.ln(2)
        self._heading(form.versions.title, room=self._room(form.versions, _VERSIONS) + _SIGNING)
        self._table(form.versions, width=_VERSIONS)
        self._signatures()
        if report is not None:
            self._maps(report)

    def _room(self, table: Table, width: float | None = None) -> float:
        """Return how high a small table stands under its heading; a larger one may break, not at once."""
        self.set_font(_FAMILY, size=_BODY_PT)
        widths = self._widths(table.columns, width or self.epw)
        high = _HEADING + 2 * (2 * _LINE + _PADDING)
        for row in table.rows[:MOST_ROWS]:
            cells = zip(table.columns, row, widths, strict=True)
            lines = (1 + self._fitted(cell_text(c, k.kind), w).count("\n") for k, c, w in cells)
            high += max(lines) * _LINE + _PADDING
            if high > _KEPT_TOGETHER:
                return _FEW_ROWS
        return high

    def _heading(self, text: str, room: float = 16) -> None:
        """Write a heading, on a new page if less than `room` is left below it."""
        self.ln(2.5)
        if self.will_page_break(min(room, self.eph - 1)):
            self.add_page()
        self.set_font(_FAMILY, size=10.5)
        self.cell(self.epw, 6, self.letters.written(text), new_x="LMARGIN", new_y="NEXT")
        self.set_font(_FAMILY, size=_BODY_PT)

    def _pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Write names and values, two pairs a line."""
        self.set_font(_FAMILY, size=_BODY_PT)
        widths = [0.13 * self.epw, 0.37 * self.epw] * 2
        cells = [text for pair in pairs for text in pair]
        cells += [""] * (-len(cells) % 4)
        with self._ruled(widths) as table:
            for at in range(0, len(cells), 4):
                self._row(table, cells[at : at + 4], widths, shaded=(0, 2))

    def _answers(self, answers: Sequence[tuple[str, str]]) -> None:
        widths = [0.2 * self.epw, 0.8 * self.epw]
        with self._ruled(widths) as table:
            for pair in answers:
                self._row(table, pair, widths, shaded=(0,))

    def _ruled(self, widths: Sequence[float]) -> AbstractContextManager[PdfTable]:
        return self.table(
            width=self.epw,
            col_widths=widths,
            v_align=VAlign.M,
            line_height=_LINE,
            padding=(_PADDING / 2, _PADDING),
            first_row_as_headings=False,
        )

    def _row(
        self, table: PdfTable, cells: Sequence[str], widths: Sequence[float], shaded: Sequence[int]
    ) -> None:
        row = table.row()
        for place, (text, width) in enumerate(zip(cells, widths, strict=True)):
            style = FontFace(fill_color=_LIGHT) if place in shaded else None
            row.cell(self._fitted(text, width), style=style, align=Align.L)

    # --- tables of figures

    def _table(self, table: Table, width: float | None = None) -> None:
        whole = width or self.epw
        widths = self._widths(table.columns, whole)
        grouped = any(column.group for column in table.columns)
        self.set_font(_FAMILY, size=_BODY_PT)
        with self.table(
            width=whole,
            col_widths=widths,
            align=Align.L,
            text_align=[Align.L if column.kind == "text" else Align.R for column in table.columns],
            v_align=VAlign.M,
            line_height=_LINE,
            padding=(_PADDING / 2, _PADDING),
            num_heading_rows=2 if grouped else 1,
            headings_style=FontFace(fill_color=_GREY),
            cell_fill_mode=TableCellFillMode.NONE,
        ) as printed:
            self._headings(printed, table.columns, widths, grouped=grouped)
            for row, emphasis in zip(table.rows[:MOST_ROWS], table.emphasis, strict=False):
                self._figures(printed, table.columns, row, widths, shaded=emphasis == "total")
        if left := max(len(table.rows) - MOST_ROWS, 0):
            self.cell(
                self.epw,
                5,
                self.form.say(f"其余 {left} 行见 Excel 版。", f"{left} more rows: see the workbook (Excel)."),
                new_x="LMARGIN",
                new_y="NEXT",
            )

    @staticmethod
    def _widths(columns: Sequence[Column], whole: float) -> list[float]:
        shares = sum(column.share for column in columns)
        return [whole * column.share / shares for column in columns]

    def _headings(
        self, printed: PdfTable, columns: Sequence[Column], widths: Sequence[float], *, grouped: bool
    ) -> None:
        first = printed.row()
        for place, column in enumerate(columns):
            group = column.group
            if not group:
                first.cell(
                    self._fitted(column.title, widths[place]), rowspan=2 if grouped else 1, align=Align.C
                )
            elif place == 0 or columns[place - 1].group != group:
                span = sum(1 for other in columns if other.group == group)
                first.cell(group, colspan=span, align=Align.C)
        if grouped:
            second = printed.row()
            for column in columns:
                if column.group:
                    second.cell(column.title, align=Align.C)

    def _figures(
        self,
        printed: PdfTable,
        columns: Sequence[Column],
        cells: Sequence[Cell],
        widths: Sequence[float],
        *,
        shaded: bool,
    ) -> None:
        row = printed.row()
        style = FontFace(fill_color=_LIGHT) if shaded else None
        for column, cell, width in zip(columns, cells, widths, strict=True):
            row.cell(self._fitted(cell_text(cell, column.kind), width), style=style)

    def _fitted(self, text: str, width: float) -> str:
        return wrap(self.letters.written(text), width - 2 * _PADDING - 0.4, self.get_string_width)

    # --- the rest

    def _paragraphs(self, texts: Sequence[str]) -> None:
        self.set_font(_FAMILY, size=_BODY_PT)
        for number, text in enumerate(texts, 1):
            fitted = wrap(f"{number}. {self.letters.written(text)}", self.epw - 3, self.get_string_width)
            self.multi_cell(self.epw, _LINE, fitted, align=Align.L, new_x="LMARGIN", new_y="NEXT")

    def _signatures(self) -> None:
        self.ln(7)
        if self.will_page_break(10):
            self.add_page()
        self.set_font(_FAMILY, size=9)
        names = signatures(self.form.lang)
        width = self.epw / len(names)
        for name in names:
            self.cell(width, 8, self.form.say(f"{name}：", f"{name}:"))
        self.ln(8)

    def _maps(self, report: OverlapReport) -> None:
        if report.head.outline is None and not report.hits:
            return
        self.add_page()
        room = self.eph - 8
        self._drawing(overview(report, (self.epw, room)), self.l_margin, self.t_margin)
        if len(report.hits) < 2:
            return
        size = ((self.epw - 6) / 2, (self.eph - 18) / 2)
        for number, layer in enumerate(report.hits):
            if number % 4 == 0:
                self.add_page()
            x = self.l_margin + (number % 2) * (size[0] + 6)
            y = self.t_margin + (number % 4 // 2) * (size[1] + 9)
            self._drawing(layer_map(report, layer, size), x, y)

    def _drawing(self, drawing: Drawing, x: float, y: float) -> None:
        """Paint a drawing under its title."""
        self.set_font(_FAMILY, size=9.5)
        self.set_xy(x, y)
        self.cell(
            drawing.width,
            5.5,
            self.letters.written(f"{self.form.say('附图', 'Map 附图')}　{drawing.title}"),
        )
        paint(self, drawing, (x, y + 6), _FAMILY, self.letters)
