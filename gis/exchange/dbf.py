"""Attribute tables of Shapefiles, decoded from their raw bytes.

GDAL returns Latin-1 garbage for a GBK table without `.cpg` and fails on names cut inside a character, so the text is
decoded here: the `.cpg` first, then strict UTF-8 over all bytes of text, then GB18030.
Source: dBASE III table format.
"""

import struct
from dataclasses import dataclass
from typing import Any, Final

from gis.exchange.encoding import GB18030, UTF_8, canonical, find_canonical
from gis.exchange.model import Evidence, Finding, refuse

_DELETED: Final = 0x2A
_NO_DAY: Final = "00000000"  # as GDAL writes an empty date
_GBK_MARK: Final = 0x4D
_CODECS: Final = {UTF_8: "utf-8", GB18030: "gb18030"}
_LONGEST_CHARACTER: Final = 4


@dataclass(frozen=True)
class Column:
    """A field of a table: its raw name, type letter, place in the record and decimals."""

    name: bytes
    kind: str
    start: int
    width: int
    decimals: int


@dataclass(frozen=True)
class Table:
    """A table in raw bytes."""

    columns: list[Column]
    records: list[bytes]
    language: int


def parse_table(data: bytes, where: str) -> Table:
    """Take a DBF apart; records that the file breaks off in are not there.

    Raises
    ------
    ExchangeError
        The header is damaged.
    """
    if len(data) < 33:
        raise _damaged(where)
    count, head, width = struct.unpack_from("<IHH", data, 4)
    columns, start, at = [], 1, 32
    while at + 32 <= min(head, len(data)) and data[at] != 0x0D:
        name, kind, size, decimals = data[at : at + 11], chr(data[at + 11]), data[at + 16], data[at + 17]
        columns.append(Column(name.split(b"\x00")[0], kind, start, size, decimals))
        start, at = start + size, at + 32
    if not columns or width < start or head < 33:
        raise _damaged(where)
    found = min(count, max(0, (len(data) - head) // width))
    records = [data[head + n * width : head + (n + 1) * width] for n in range(found)]
    return Table(columns, records, data[29])


def _damaged(where: str) -> Exception:
    return refuse(
        "The attribute table is damaged; export the Shapefile again.",
        "属性表（.dbf）已损坏，请重新导出。",
        where,
    )


def find_encoding(
    table: Table, cpg: str | None, choice: str | None, where: str
) -> tuple[str, Evidence, list[Finding]]:
    """Say how the texts of a table are encoded.

    Parameters
    ----------
    cpg : str, optional
        Content of the `.cpg`.
    choice : str, optional
        What a person chose.
    """
    if choice is not None:
        name = canonical(choice)
        return name, _reason(name, "chosen", "按选择"), []
    pieces = [column.name for column in table.columns] + [
        _cell(record, column).rstrip(b" \x00")
        for record in table.records
        for column in table.columns
        if column.kind == "C"
    ]
    stated = find_canonical(cpg) if cpg else None
    warnings = []
    if cpg and (stated is None or not _decodes(pieces, stated)):
        warnings.append(
            Finding(
                where,
                f"The .cpg says {cpg.strip()[:20]!r}, which the table is not in; the bytes decide.",
                f".cpg 为 {cpg.strip()[:20]!r}，与属性表内容不符，以实际字节为准。",
            )
        )
    elif stated is not None:
        return stated, _reason(stated, f"the .cpg says {cpg}", f".cpg 为 {cpg}"), []
    if _decodes(pieces, UTF_8):
        return UTF_8, _reason(UTF_8, "every byte of text is valid UTF-8", "全部文本字节符合 UTF-8"), warnings
    mark, mark_zh = (", language byte 0x4D", "，语言字节 0x4D") if table.language == _GBK_MARK else ("", "")
    return GB18030, _reason(GB18030, f"no UTF-8{mark}", f"不是 UTF-8{mark_zh}"), warnings


def _reason(name: str, en: str, zh: str) -> Evidence:
    return Evidence("encoding", name, f"Encoding {name}: {en}.", f"编码 {name}：{zh}。")


def _decodes(pieces: list[bytes], name: str) -> bool:
    return all(find_text(piece, name) is not None for piece in pieces)


def find_text(raw: bytes, name: str) -> str | None:
    """Decode a cell, whose last character the width may have cut; None where it is no such text.

    Examples
    --------
    >>> find_text("地块".encode()[:5], "UTF-8"), find_text("地块".encode("gbk"), "UTF-8") is None
    ('地', True)
    """
    codec = _CODECS[name]
    for cut in range(min(_LONGEST_CHARACTER, len(raw) + 1)):
        try:
            text = raw[: len(raw) - cut].decode(codec)
        except UnicodeDecodeError as error:
            if error.end < len(raw) - cut or not _is_cut(error):
                return None
            continue
        return text
    return None


def _is_cut(error: UnicodeDecodeError) -> bool:
    return "end of data" in error.reason or "incomplete" in error.reason


def row(table: Table, number: int, encoding: str, where: str) -> tuple[dict[str, Any], list[Finding]]:
    """Return the values of a record by column name; empty ones are None.

    Raises
    ------
    ExchangeError
        A text that the encoding does not read.
    """
    record = table.records[number]
    values: dict[str, Any] = {}
    cut: list[Finding] = []
    for place, column in enumerate(table.columns):
        name = find_text(column.name, encoding) or f"field{place + 1}"
        raw = _cell(record, column).rstrip(b" \x00")
        text = find_text(raw, encoding)
        if text is None:
            raise refuse(
                f"Field {name} is no {encoding} text; choose the encoding.",
                f"字段 {name} 不是 {encoding} 文本，请指定编码。",
                where,
            )
        if column.kind == "C" and len(text.encode(_CODECS[encoding])) < len(raw):
            cut.append(
                Finding(where, f"Field {name} is cut inside a character.", f"字段 {name} 在字符中间被截断。")
            )
        values[name if name not in values else f"{name}_{place + 1}"] = _value(column, text.strip())
    return values, cut


def _cell(record: bytes, column: Column) -> bytes:
    return record[column.start : column.start + column.width]


def _value(column: Column, text: str) -> Any:
    if not text or column.kind == "C":
        return text or None
    if column.kind in "NF":
        return _number(text, whole=column.decimals == 0 and column.kind == "N")
    if column.kind == "D" and len(text) == 8 and text.isdigit() and text != _NO_DAY:
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if column.kind == "L":
        return {"T": True, "Y": True, "F": False, "N": False}.get(text.upper())
    return None


def _number(text: str, *, whole: bool) -> float | int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not abs(value) < 1e300:
        return None
    return int(value) if whole and value == int(value) else value


def is_deleted(record: bytes) -> bool:
    """Say whether a record is marked as deleted."""
    return record[:1] == bytes([_DELETED])
