"""What an upload is, told from its first and last bytes."""

from pathlib import Path

import pytest

from bim.errors import BimError, NotIfcError, ParseError, SchemaUnsupportedError, TruncatedError
from bim.sniff import sniff
from tests.bim.ifc_text import Sheet, write


def test_plain_file_is_recognised_with_its_schema(one_wall: Path) -> None:
    found = sniff(one_wall)
    assert (found.container, found.header.schema, found.header.open_as) == ("ifc", "IFC4", "IFC4")


@pytest.mark.parametrize(
    ("written", "opened"),
    [
        ("IFC2X3", "IFC2X3"),
        ("ifc2x3", "IFC2X3"),
        ("IFC2X_FINAL", "IFC2X3"),
        ("IFC4_ADD2", "IFC4"),
        ("IFC4X1", "IFC4X3_ADD2"),
        ("IFC4X3_RC4", "IFC4X3_ADD2"),
        ("IFC4X3", "IFC4X3_ADD2"),
    ],
)
def test_schema_names_the_kernel_refuses_are_mapped(tmp_path: Path, written: str, opened: str) -> None:
    assert sniff(write(tmp_path / "a.ifc", Sheet(schema=written).text())).header.open_as == opened


def test_unknown_schema_is_refused_with_both_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ifc", Sheet(schema="AUTOMOTIVE_DESIGN").text())
    with pytest.raises(SchemaUnsupportedError, match=r"line 5.*AUTOMOTIVE_DESIGN.*IFC4X3_ADD2"):
        sniff(path)


def test_schema_name_inside_a_description_is_not_taken(tmp_path: Path) -> None:
    text = Sheet(schema="IFC2X3").text().replace("ReferenceView", "FILE_SCHEMA((IFC9))")
    assert sniff(write(tmp_path / "a.ifc", text)).header.schema == "IFC2X3"


def test_second_schema_line_is_refused(tmp_path: Path) -> None:
    text = (
        Sheet().text().replace("FILE_SCHEMA(('IFC4'));", "FILE_SCHEMA(('IFC4'));\nFILE_SCHEMA(('IFC2X3'));")
    )
    with pytest.raises(ParseError, match=r"line 6.*second FILE_SCHEMA"):
        sniff(write(tmp_path / "a.ifc", text))


def test_instance_in_the_header_is_refused_since_readers_would_take_it_in(tmp_path: Path) -> None:
    text = (
        Sheet()
        .text()
        .replace("FILE_SCHEMA(('IFC4'));", "FILE_SCHEMA(('IFC4'));\n/* #7=no */\n#40 = IFCWALL();")
    )
    with pytest.raises(ParseError, match=r"line 7.*#40 stands in the header"):
        sniff(write(tmp_path / "a.ifc", text))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
def test_cut_file_is_called_truncated(tmp_path: Path, share: float) -> None:
    text = Sheet(walls=5).text().encode()
    path = tmp_path / "cut.ifc"
    path.write_bytes(text[: int(len(text) * share)])
    with pytest.raises(TruncatedError, match=f"{path.stat().st_size} bytes.*upload it again|Upload it again"):
        sniff(path)


def test_truncation_names_the_last_complete_entity(tmp_path: Path) -> None:
    text = Sheet().text()
    path = write(tmp_path / "cut.ifc", text[: text.index("#41=") + 9])
    with pytest.raises(TruncatedError, match="last complete entity is #40"):
        sniff(path)


def test_missing_bytes_are_noticed_by_the_announced_length(one_wall: Path) -> None:
    size = one_wall.stat().st_size
    with pytest.raises(TruncatedError, match=f"{size} of {size + 1} announced"):
        sniff(one_wall, expected_bytes=size + 1)


def test_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.ifc"
    path.touch()
    with pytest.raises(NotIfcError, match="empty"):
        sniff(path)


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Revit"),
        (b"AC1032\x00", "AutoCAD"),
        (b'{"header": {"ifcxVersion": "ifcx_alpha"}}', "IFC5"),
        (b'<?xml version="1.0"?><ifcXML/>', "ifcXML"),
        (b"\xef\xbb\xbf<?xml?>", "ifcXML"),
        (b"\xff\xfeI\x00S\x00O\x00", "UTF-16"),
        (b"%PDF-1.7", "PDF"),
        (b"hello", "ISO-10303-21"),
    ],
)
def test_foreign_formats_are_refused_with_advice(tmp_path: Path, start: bytes, word: str) -> None:
    path = tmp_path / "foreign.bin"
    path.write_bytes(start + bytes(200))
    with pytest.raises(NotIfcError, match=word) as refused:
        sniff(path)
    assert refused.value.code == "not_ifc"
    assert any("一" <= char <= "鿿" for char in refused.value.message_zh)


def test_header_without_schema_is_refused(tmp_path: Path) -> None:
    text = Sheet().text().replace("FILE_SCHEMA(('IFC4'));\n", "")
    with pytest.raises(BimError, match="FILE_SCHEMA"):
        sniff(write(tmp_path / "a.ifc", text))


def test_byte_order_mark_blanks_and_comments_before_the_end_are_accepted(tmp_path: Path) -> None:
    text = "﻿ \n" + Sheet().text().replace("END-ISO", "/* 完 */\nEND-ISO") + "\n\n"
    assert sniff(write(tmp_path / "a.ifc", text, "utf-8")).container == "ifc"
