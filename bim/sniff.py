"""Say what an uploaded file is from its first and last bytes, without the geometry kernel."""

import re
from dataclasses import dataclass
from pathlib import Path

from bim.archive import read_member_head
from bim.errors import NotIfcError, ParseError, Place, TruncatedError
from bim.limits import FileLimits
from bim.schema_names import get_open_as

WINDOW_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_START = b"ISO-10303-21;"
_END = re.compile(rb"ENDSEC\s*;\s*(?:/\*(?:[^*]|\*(?!/))*\*/\s*)*END-ISO-10303-21\s*;\s*\x00*\s*\Z")
_TOKEN = re.compile(
    rb"'(?:[^']|'')*'|/\*(?:[^*]|\*(?!/))*\*/|FILE_SCHEMA\s*\(([^;]*?)\)\s*;|DATA\s*;|#(\d+)\s*="
)
_NAME = re.compile(rb"'([^']*)'")
_LAST_INSTANCE = re.compile(rb"#(\d+)\s*=[^;]*;")


@dataclass(frozen=True)
class Header:
    """What the header says.

    Attributes
    ----------
    schema : str
        Schema name as written in FILE_SCHEMA.
    open_as : str
        Name under which the kernel opens the file.
    schema_span : tuple of int
        Byte range between the parentheses of FILE_SCHEMA.
    data_start : int
        Offset of the first byte after ``DATA;``.
    """

    schema: str
    open_as: str
    schema_span: tuple[int, int]
    data_start: int


@dataclass(frozen=True)
class Sniffed:
    """Kind and header of an upload: container ``ifc`` or ``ifczip``, size in bytes, member name in a zip."""

    container: str
    size_bytes: int
    header: Header
    member: str | None = None


_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (
        b"\xd0\xcf\x11\xe0",
        "a Revit (.rvt) or other OLE file. Export it from Revit as IFC4 (File > Export > IFC)",
        "Revit(.rvt)或其他 OLE 文件。请在 Revit 中导出为 IFC4(文件 > 导出 > IFC)",
    ),
    (
        b"AC10",
        "an AutoCAD drawing (.dwg). Export IFC from the authoring tool, or send plans as DXF",
        "AutoCAD 图形(.dwg)。请从建模软件导出 IFC,平面图请用 DXF",
    ),
    (
        b"{",
        "JSON, perhaps IFC5 (.ifcx), which is still in development. Export IFC4 or IFC4X3 as STEP (.ifc)",
        "JSON 文件,可能是仍在制定中的 IFC5(.ifcx)。请导出 STEP 格式的 IFC4 或 IFC4X3(.ifc)",
    ),
    (
        b"<",
        "XML, perhaps ifcXML. Export the model in STEP format (.ifc)",
        "XML 文件,可能是 ifcXML。请导出 STEP 格式(.ifc)",
    ),
    (
        b"\xff\xfeS\x00k\x00e\x00t\x00c\x00h\x00U\x00p",
        "a SketchUp model (.skp). Export it as IFC4 from SketchUp",
        "SketchUp 模型(.skp)。请在 SketchUp 中导出为 IFC4",
    ),
    (
        b"\xff\xff\xfe\xff\x0eS\x00k\x00e\x00t\x00c\x00h",
        "a SketchUp model (.skp). Export it as IFC4 from SketchUp",
        "SketchUp 模型(.skp)。请在 SketchUp 中导出为 IFC4",
    ),
    (
        b"LcOaBiNdTrAnSfEr",
        "a Navisworks file (.nwd). Export IFC from the authoring tool",
        "Navisworks 文件(.nwd)。请从建模软件导出 IFC",
    ),
    (
        b"\xff\xfe",
        "text in UTF-16. Save it as plain ASCII STEP",
        "UTF-16 编码的文本。请另存为 ASCII 的 STEP 文件",
    ),
    (
        b"\xfe\xff",
        "text in UTF-16. Save it as plain ASCII STEP",
        "UTF-16 编码的文本。请另存为 ASCII 的 STEP 文件",
    ),
    (b"Rar!", "a RAR archive. Send .ifc or .ifczip", "RAR 压缩包。请上传 .ifc 或 .ifczip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive. Send .ifc or .ifczip", "7-Zip 压缩包。请上传 .ifc 或 .ifczip"),
    (b"\x1f\x8b", "a gzip file. Send .ifc or .ifczip", "gzip 压缩文件。请上传 .ifc 或 .ifczip"),
    (b"%PDF", "a PDF. Export IFC from the authoring tool", "PDF 文件。请从建模软件导出 IFC"),
)


def sniff(path: Path, expected_bytes: int | None = None, limits: FileLimits | None = None) -> Sniffed:
    """Recognise a file as IFC or ifcZIP and read its header.

    Parameters
    ----------
    path : Path
        The received file.
    expected_bytes : int, optional
        Length the sender announced.
    limits : FileLimits, optional
        Caps of the zip guard.

    Raises
    ------
    NotIfcError, TruncatedError, SchemaUnsupportedError, ZipRefusedError, ParseError
        With the place in the file and what to do.

    Notes
    -----
    Grammar: ISO 10303-21:2016, clause 5 (structure) and 8 (header section).
    """
    size = path.stat().st_size
    _check_length(size, expected_bytes)
    with path.open("rb") as stream:
        head = stream.read(WINDOW_BYTES)
        if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            member, inner = read_member_head(path, WINDOW_BYTES, limits or FileLimits())
            return Sniffed("ifczip", size, read_header(inner, member), member)
        stream.seek(max(0, size - WINDOW_BYTES))
        tail = stream.read(WINDOW_BYTES)
    header = read_header(head)
    check_trailer(tail, size)
    return Sniffed("ifc", size, header)


def read_header(head: bytes, member: str | None = None) -> Header:
    """Read the header from the first bytes of a STEP file; see :func:`sniff` for what is raised."""
    lead = len(head) - len(head.removeprefix(_BOM).lstrip())
    if not head[lead:].startswith(_START):
        raise _foreign(head, member)
    span, data_start = _find_sections(head, lead)
    if span is None:
        raise NotIfcError(
            "The header has no FILE_SCHEMA. The file is not a complete IFC export.",
            "文件头缺少 FILE_SCHEMA,不是完整的 IFC 导出文件。",
            Place(member=member),
        )
    line = head[: span[0]].count(b"\n") + 1
    names = tuple(name.decode("ascii", "replace") for name in _NAME.findall(head[slice(*span)]))
    open_as = get_open_as(names, line)
    if data_start is None:
        raise TruncatedError(
            "There is no DATA section after the header. Upload the file again.",
            "文件头之后没有 DATA 段,请重新上传。",
            Place(line=line, member=member),
        )
    return Header(names[0], open_as, span, data_start)


def check_trailer(tail: bytes, size: int) -> None:
    """Check that the last bytes close the file; a half file opens without an error otherwise."""
    if _END.search(tail):
        return
    numbers = _LAST_INSTANCE.findall(tail)
    named = f"#{numbers[-1].decode()}" if numbers else "-"
    raise TruncatedError(
        f"The file breaks off after {size} bytes; the last complete entity is {named} "
        "and END-ISO-10303-21 is missing. Upload it again.",
        f"文件在 {size} 字节处中断,最后一个完整实体为 {named},缺少 END-ISO-10303-21。请重新上传。",
    )


def _check_length(size: int, expected_bytes: int | None) -> None:
    if size == 0:
        raise NotIfcError("The file is empty (0 bytes). Upload it again.", "文件为空(0 字节),请重新上传。")
    if expected_bytes is not None and expected_bytes != size:
        raise TruncatedError(
            f"{size} of {expected_bytes} announced bytes arrived. Upload it again.",
            f"应收 {expected_bytes} 字节,实收 {size} 字节。请重新上传。",
        )


def _find_sections(head: bytes, lead: int) -> tuple[tuple[int, int] | None, int | None]:
    span: tuple[int, int] | None = None
    for match in _TOKEN.finditer(head, lead):
        if match.group(0).startswith(b"DATA"):
            return span, match.end()
        if match.group(2) is not None:
            raise _early_instance(head, match)
        if match.group(1) is None:
            continue
        if span is not None:
            line = head[: match.start()].count(b"\n") + 1
            raise ParseError(
                "A second FILE_SCHEMA stands in the header. Export the file again.",
                "文件头中出现第二个 FILE_SCHEMA,请重新导出。",
                Place(line=line),
            )
        span = match.span(1)
    return span, None


def _early_instance(head: bytes, match: re.Match[bytes]) -> ParseError:
    """Say that an instance stands where none may: readers take it in all the same, beside one of its number."""
    named = match.group(2)[:20].decode()
    return ParseError(
        f"The instance #{named} stands in the header, before DATA. The file was put together or repaired. "
        "Export the model again.",
        f"实体 #{named} 位于文件头(DATA 之前),文件经过拼接或修补。请重新导出模型。",
        Place(line=head[: match.start()].count(b"\n") + 1),
    )


def _foreign(head: bytes, member: str | None) -> NotIfcError:
    text = head.removeprefix(_BOM).lstrip()
    for magic, en, zh in _FOREIGN:
        if head.startswith(magic) or text.startswith(magic):
            return NotIfcError(f"This is {en}.", f"这是{zh}。", Place(member=member))
    return NotIfcError(
        "The file does not start with ISO-10303-21; it is no IFC file in STEP format. Export the model as .ifc.",
        "文件不是以 ISO-10303-21; 开头,不是 STEP 格式的 IFC。请将模型导出为 .ifc。",
        Place(member=member),
    )
