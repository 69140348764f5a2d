"""A spreadsheet writer for ledgers as they come: merged headers, mixed dates, notes below the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from twin.samples.archive import zipped

Cell = str | int | float | None
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
DATE_STYLE = 1


@dataclass(frozen=True)
class Sheet:
    """One sheet: its rows from the top, merged ranges, and cells that hold a serial date."""

    name: str
    rows: Sequence[Sequence[Cell]]
    merged: Sequence[str] = ()
    dates: Sequence[str] = ()


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """Return an XLSX file."""
    numbers = range(1, len(sheets) + 1)
    members = {
        "[Content_Types].xml": _content_types(numbers),
        "_rels/.rels": _relations([("rId1", f"{OFFICE}/officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _book(sheets),
        "xl/_rels/workbook.xml.rels": _relations(
            [(f"rId{n}", f"{OFFICE}/worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
            + [(f"rId{len(sheets) + 1}", f"{OFFICE}/styles", "styles.xml")]
        ),
        "xl/styles.xml": _STYLES,
    }
    members |= {f"xl/worksheets/sheet{n}.xml": _sheet(s) for n, s in zip(numbers, sheets, strict=True)}
    return zipped({name: (HEAD + text).encode() for name, text in members.items()})


def _content_types(numbers: range) -> str:
    base = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = [("/xl/workbook.xml", f"{base}.sheet.main+xml"), ("/xl/styles.xml", f"{base}.styles+xml")]
    parts += [(f"/xl/worksheets/sheet{n}.xml", f"{base}.worksheet+xml") for n in numbers]
    overrides = "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in parts)
    defaults = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
    )
    return f'<Types xmlns="{PACKAGE}/content-types">{defaults}{overrides}</Types>'


def _relations(items: Sequence[tuple[str, str, str]]) -> str:
    inner = "".join(f'<Relationship Id="{i}" Type="{kind}" Target="{target}"/>' for i, kind, target in items)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


def _book(sheets: Sequence[Sheet]) -> str:
    inner = "".join(
        f'<sheet name="{escape(s.name)}" sheetId="{n}" r:id="rId{n}"/>' for n, s in enumerate(sheets, start=1)
    )
    return f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{inner}</sheets></workbook>'


def _sheet(sheet: Sheet) -> str:
    rows = "".join(_row(n, row, sheet.dates) for n, row in enumerate(sheet.rows, start=1))
    merged = "".join(f'<mergeCell ref="{ref}"/>' for ref in sheet.merged)
    merges = f'<mergeCells count="{len(sheet.merged)}">{merged}</mergeCells>' if merged else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{merges}</worksheet>'


def _row(number: int, row: Sequence[Cell], dates: Sequence[str]) -> str:
    cells = "".join(
        _cell(f"{chr(ord('A') + column)}{number}", value, dates)
        for column, value in enumerate(row)
        if value is not None
    )
    return f'<row r="{number}">{cells}</row>'


def _cell(reference: str, value: Cell, dates: Sequence[str]) -> str:
    if isinstance(value, str):
        return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    style = f' s="{DATE_STYLE}"' if reference in dates else ""
    return f'<c r="{reference}"{style}><v>{value}</v></c>'


_STYLES = (
    f'<styleSheet xmlns="{MAIN}">'
    '<fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
