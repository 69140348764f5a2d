"""Files that pose as ledgers: other formats under a wrong name, bombs, broken and poisoned workbooks."""

from functools import cache

from gis.exchange import LedgerChoices
from tests.gis.exchange.ledger_cases import CODE, HEAD
from tests.gis.exchange.ledger_files import (
    LedgerCase,
    archive,
    csv,
    ole,
    sheet_xml,
    text_cell,
    with_part,
    xlsx,
)

SHEET = "xl/worksheets/sheet1.xml"


@cache
def hostile_cases() -> tuple[LedgerCase, ...]:
    """Return them."""
    good = xlsx([HEAD, (1, "甲", CODE, 5, None)])
    return (*_formats(good), *_workbooks(good), *_choices(good))


def _formats(good: bytes) -> list[LedgerCase]:
    return [
        LedgerCase("an .xls renamed .xlsx", "台账.xlsx", ole(), refused=("save it as .xlsx",)),
        LedgerCase("an .xls under its own name", "台账.xls", ole(), refused=("Excel .xls", ".xlsx")),
        LedgerCase("an encrypted workbook", "台账.xlsx", ole("EncryptedPackage"), refused=("encrypted", "password")),
        LedgerCase("an empty file", "台账.xlsx", b"", refused=("empty",)),
        LedgerCase("a workbook without content", "台账.xlsx", xlsx([]), refused=("empty",)),
        LedgerCase("a binary workbook", "台账.xlsx", archive({"xl/workbook.bin": b"x"}), refused=(".xlsb", "save it as .xlsx")),
        LedgerCase("an OpenDocument table", "台账.xlsx", archive({"mimetype": b"x", "content.xml": b"<x/>"}), refused=("OpenDocument",)),
        LedgerCase("a web page named .xls", "台账.xls", "<html><table><tr><td>项目名称</td></tr></table></html>".encode(), refused=("web page", ".xlsx")),
        LedgerCase("a file of geometry", "a.csv", b'{"type":"FeatureCollection","features":[]}', refused=("file of geometry",)),
        LedgerCase("a workbook cut short", "台账.xlsx", good[: len(good) // 2], refused=("archive is damaged",)),
        LedgerCase("a picture", "台账.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(50), refused=("picture",)),
    ]  # fmt: skip


def _workbooks(good: bytes) -> list[LedgerCase]:
    blank = "".join(f'<row r="{n}" ht="14.25"><c r="A{n}" s="0"/></row>' for n in range(3, 1_000_003))
    table = (
        f'<row r="1">{text_cell("A1", "项目名称")}{text_cell("B1", "总投资（万元）")}{text_cell("C1", "项目代码")}</row>'
        f'<row r="2">{text_cell("A2", "甲")}<c r="B2"><v>5</v></c></row>'
    )
    row = f'<row r="2">{text_cell("A2", "甲")}</row>'
    entity = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    return [
        LedgerCase("a million empty rows", "台账.xlsx", with_part(good, SHEET, sheet_xml(table + blank)), rows=(2,), values=({"name": "甲"},)),
        LedgerCase(
            "a record after a million rows", "台账.xlsx",
            with_part(good, SHEET, sheet_xml(f'{table}<row r="1048576">{text_cell("A1048576", "乙")}</row>')), rows=(2, 1_048_576),
        ),
        LedgerCase("a bomb of texts", "台账.xlsx", with_part(good, "xl/sharedStrings.xml", b" " * 30_000_000), refused=("500 times",)),
        LedgerCase("entities in a sheet", "台账.xlsx", with_part(good, SHEET, sheet_xml(row, before=entity)), refused=("entities",)),
        LedgerCase("entities in the workbook", "台账.xlsx", with_part(good, "xl/workbook.xml", {"<workbook ": f"{entity}<workbook "}), refused=("entities", "xl/workbook.xml")),
        LedgerCase("rows out of order", "台账.xlsx", with_part(good, SHEET, sheet_xml(row + row)), refused=("out of order near row 2", "save it again")),
        LedgerCase("a cell in the last column", "台账.xlsx", with_part(good, SHEET, sheet_xml(f'<row r="1">{text_cell("XFD1", "x")}</row>')), refused=("XFD1", "Delete it")),
        LedgerCase(
            "merges over everything", "台账.xlsx",
            with_part(good, SHEET, sheet_xml(
                f'{table}<row r="90000">{text_cell("A90000", "乙")}{text_cell("T90000", "x")}</row>',
                '<mergeCells>' + '<mergeCell ref="A3:XFD1048576"/>' * 2 + "</mergeCells>")),
            refused=("cells are merged",),
        ),
        LedgerCase("XML that breaks off", "台账.xlsx", with_part(good, SHEET, sheet_xml(row)[:-20]), refused=("cannot be read", "save the workbook again")),
        LedgerCase("no workbook inside", "台账.xlsx", archive({"xl/x.txt": b"x"}), refused=("damaged", "save it as .xlsx")),
        LedgerCase("a member that leads out", "台账.xlsx", archive({"xl/workbook.xml": b"x", "../evil": b"x"}), refused=("leads out",)),
        LedgerCase("a number of a thousand digits", "a.csv", csv("项目名称,总投资（万元）,项目代码", f"甲,{'9' * 1000},"), cells={"B2": "error"}),
        LedgerCase("many more columns than any ledger has", "a.csv", csv(",".join(f"c{n}" for n in range(900))), refused=("900 cells",)),
    ]  # fmt: skip


def _choices(good: bytes) -> list[LedgerCase]:
    return [
        LedgerCase("a sheet that is not there", "a.xlsx", good, LedgerChoices(sheet="三期"), refused=("三期", "台账")),
        LedgerCase("a target that is none", "a.xlsx", good, LedgerChoices(target="houses"), refused=("houses", "land_parcel")),
        LedgerCase("a field that is none", "a.xlsx", good, LedgerChoices(mapping={"B": "colour"}), refused=("colour",)),
        LedgerCase("a column that is none", "a.xlsx", good, LedgerChoices(mapping={"Z": "name"}), refused=("letter or its header",)),
        LedgerCase("a unit that is none", "a.xlsx", good, LedgerChoices(units={"D": "斤"}), refused=("no unit of this column",)),
        LedgerCase("two columns chosen for one field", "a.xlsx", good, LedgerChoices(mapping={"B": "name", "C": "name"}), refused=("choose one",)),
        LedgerCase("a delimiter that is none", "a.csv", csv("a,b"), LedgerChoices(delimiter="x"), refused=("Delimiter",)),
    ]  # fmt: skip
