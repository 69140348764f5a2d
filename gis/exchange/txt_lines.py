"""The lines of a boundary-point TXT (勘测定界界址点坐标交换文件): sections, headers of parcels, points.

Nothing is interpreted here but the grammar; every record keeps the number of its line.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from gis.exchange.errors import ExchangeError
from gis.exchange.model import Finding, refuse

PROJECT_BLOCK: Final = "项目信息"
ATTRIBUTE_BLOCK: Final = "属性描述"
PARCEL_BLOCK: Final = "地块坐标"
PROJECT_PREFIX: Final = f"{PROJECT_BLOCK}/"
"""Keys of the project block stand in the header with this before them."""

MOST_POINTS: Final = 1_000_000
_MOST_FAULTS: Final = 100
_BLANKS: Final = " \t　 \ufeff\x00\x1a"
_SECTION: Final = re.compile(r"[\[【]\s*(.*?)\s*[\]】]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{0,20})?")
_KINDS: Final = {"点": "点", "点状": "点", "线": "线", "线状": "线", "面": "面", "面状": "面", "多边形": "面"}
_LAND_CODE: Final = re.compile(r"[0-9]{2,4}[A-Z]?[0-9]?")
_SHEET: Final = re.compile(r"[A-Z][0-9]{2}[A-Z]?[0-9]{3,}.*|[0-9.]+-[0-9.]+", re.IGNORECASE)


@dataclass(frozen=True)
class Point:
    """A boundary point: its number as written, the ring number if any, the two columns as written."""

    line: int
    name: str
    ring: int | None
    first: float
    second: float


@dataclass
class Parcel:
    """A parcel as written; what its header left out is None."""

    line: int
    count: int | None = None
    area: str | None = None
    number: str | None = None
    name: str | None = None
    kind: str = "面"
    sheet: str | None = None
    use: str | None = None
    land_code: str | None = None
    extra: str | None = None
    points: list[Point] = field(default_factory=list)


@dataclass
class Lines:
    """A file taken apart."""

    header: dict[str, str] = field(default_factory=dict)
    header_lines: dict[str, int] = field(default_factory=dict)
    parcels: list[Parcel] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)


def is_boundary_text(text: str) -> bool:
    """Say whether a text looks like a boundary-point TXT: one of its sections, or the header of a parcel."""
    if re.search(rf"[\[【]\s*(?:{PARCEL_BLOCK}|{ATTRIBUTE_BLOCK})", text):
        return True
    return any(
        line.strip(_BLANKS).endswith("@") and line.count(",") >= 6 for line in text[:20_000].splitlines()
    )


def parse_lines(text: str) -> Lines:
    """Take a decoded file apart.

    Raises
    ------
    ExchangeError
        Lines that are neither header nor point, each with its number and remedy; or no point at all.
    """
    lines = Lines()
    section = ""
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        line = raw.strip(_BLANKS)
        if not line:
            continue
        named = _SECTION.fullmatch(line)
        if named:
            section = re.sub(r"\s", "", named[1])
        elif section in ("", PARCEL_BLOCK) and "=" not in line:
            _parcel_line(lines, number, line)
        elif section != PARCEL_BLOCK:
            _key_line(lines, section, number, line)
        else:
            lines.faults.append(_no_line(number, line))
        if len(lines.faults) >= _MOST_FAULTS:
            break
    _check(lines)
    return lines


def _check(lines: Lines) -> None:
    if lines.faults:
        raise ExchangeError(lines.faults)
    if not any(parcel.points for parcel in lines.parcels):
        raise refuse(
            f"There is no boundary point below [{PARCEL_BLOCK}]; each parcel needs a header ending in @ and lines "
            "J1,1,X,Y.",
            f"[{PARCEL_BLOCK}] 下没有界址点；每个地块应有以 @ 结尾的表头行及 J1,1,X,Y 形式的点行。",
            f"[{PARCEL_BLOCK}]",
        )


def _key_line(lines: Lines, section: str, number: int, line: str) -> None:
    key, sign, value = line.replace("＝", "=", 1).partition("=")
    if not sign:
        where = f"line {number}"
        lines.notes.append(
            Finding(
                where,
                f"Line {line[:40]!r} is no key=value; skipped.",
                f"该行不是“键=值”，已跳过：{line[:40]}",
                "note",
            )
        )
        return
    name = key.strip(_BLANKS)
    name = f"{PROJECT_PREFIX}{name}" if section == PROJECT_BLOCK else name
    lines.header[name] = value.strip(_BLANKS)
    lines.header_lines[name] = number


def _parcel_line(lines: Lines, number: int, line: str) -> None:
    fields = split_fields(line)
    if _is_header(fields):
        lines.parcels.append(_header(number, fields, lines))
        return
    point = _find_point(number, fields)
    if point is None:
        lines.faults.append(_no_line(number, line))
        return
    if not lines.parcels:
        lines.parcels.append(Parcel(number))
        lines.notes.append(
            Finding(
                f"line {number}",
                "Points stand before any parcel header; a parcel was made for them.",
                "界址点之前没有地块表头，已自动建立地块。",
            )
        )
    lines.parcels[-1].points.append(point)
    if number > MOST_POINTS:
        lines.faults.append(
            Finding(
                f"line {number}",
                f"More than {MOST_POINTS} lines; split the file.",
                f"超过 {MOST_POINTS} 行，请拆分文件。",
                "error",
            )
        )


def split_fields(line: str) -> list[str]:
    """Return the fields of a line, without blanks around them.

    Where no comma parts them, full-width commas do, or else blanks and tabs; a name may hold a full-width comma.

    Examples
    --------
    >>> split_fields(" J1, 1 ,3671450.000, 39371200.000"), split_fields("J1 1 3671450 39371200")
    (['J1', '1', '3671450.000', '39371200.000'], ['J1', '1', '3671450', '39371200'])
    """
    comma = next((each for each in (",", "，") if each in line), None)
    parts = line.split(comma)
    return [part.strip(_BLANKS) for part in parts]


def _is_header(fields: list[str]) -> bool:
    if any(field.endswith("@") for field in fields):
        return True
    return len(fields) >= 6 and (len(fields) >= 8 or any(field in _KINDS for field in fields))


def _header(number: int, fields: list[str], lines: Lines) -> Parcel:
    plain = [part.removesuffix("@").strip(_BLANKS) for part in fields]
    if plain[-1] == "" and fields[-1].endswith("@"):
        plain.pop()
    parcel = Parcel(number)
    at = next((place for place, part in enumerate(plain[:6]) if part in _KINDS), None)
    if at is None:
        at = min(4, len(plain))
        given = plain[at] if at < len(plain) else ""
        if given:
            lines.notes.append(
                Finding(
                    f"line {number}",
                    f"Kind {given[:20]!r} is none of 点, 线, 面; read as 面.",
                    f"图形类型 {given[:20]!r} 不是点、线、面，按面读取。",
                )
            )
    else:
        parcel.kind = _KINDS[plain[at]]
    _fill_front(parcel, plain[:at], lines)
    _fill_back(parcel, [part or None for part in plain[at + 1 :]])
    return parcel


def _fill_front(parcel: Parcel, front: list[str], lines: Lines) -> None:
    values = [part or None for part in front] + [None] * 4
    count, parcel.area, parcel.number, parcel.name = values[:4]
    if count is None:
        return
    value = find_number(count)
    if value is not None and value == int(value):
        parcel.count = int(value)
        return
    lines.notes.append(
        Finding(
            f"line {parcel.line}",
            f"Point count {count[:20]!r} is no whole number; the points found count.",
            f"点数 {count[:20]!r} 不是整数，以实际点数为准。",
        )
    )


def _fill_back(parcel: Parcel, back: list[str | None]) -> None:
    """Give the fields behind the kind their meaning: sheet, use and land code, of which any may have been left out."""
    if len(back) >= 3:
        parcel.sheet, parcel.use, parcel.land_code = back[:3]
        parcel.extra = ",".join(part or "" for part in back[3:]).strip(",") or None
        return
    rest = list(back)
    if rest and rest[-1] is not None and _LAND_CODE.fullmatch(rest[-1]):
        parcel.land_code = rest.pop()
    if rest and (len(rest) == 2 or (rest[0] is not None and _SHEET.fullmatch(rest[0]))):
        parcel.sheet = rest.pop(0)
    if rest:
        parcel.use = rest[0]


def _find_point(number: int, fields: list[str]) -> Point | None:
    while fields and fields[-1] == "":
        fields = fields[:-1]
    if not 3 <= len(fields) <= 5:
        return None
    name, *rest = fields
    ring: int | None = None
    if len(rest) >= 3:
        text, *rest = rest
        value = find_number(text) if text else None
        if text and (value is None or value != int(value) or not 0 <= value < 100_000):
            return None
        ring = int(value) if value is not None else None
    elif re.fullmatch(r"[0-9]{1,3}", rest[0]):
        return None  # a ring number: one of the two columns is missing
    first, second = find_number(rest[0]), find_number(rest[1])
    return None if first is None or second is None else Point(number, name, ring, first, second)


def find_number(text: str) -> float | None:
    """Return a plain decimal number, or None; blanks inside and full-width digits are read.

    Examples
    --------
    >>> find_number("3671450. 000"), find_number("３６"), find_number("1e6"), find_number("nan")
    (3671450.0, 36.0, None, None)
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    return float(plain) if plain.isascii() and _NUMBER.fullmatch(plain) else None


def _no_line(number: int, line: str) -> Finding:
    return Finding(
        f"line {number}",
        f"{line[:60]!r} is neither a parcel header (count,area,no,name,面,sheet,use,code,@) nor a point (J1,1,X,Y with "
        "decimal numbers). Mend the line.",
        f"{line[:60]!r} 既不是地块表头（点数,面积,地块编号,地块名称,面,图幅号,用途,地类编码,@），也不是界址点（J1,1,X,Y，X、Y 为十进制数）。请修正该行。",
        "error",
    )
