"""Boundary-point TXT files with every quirk and fault; the vector parcel measures 200 × 150 m less 50 × 40 m."""

from gis.exchange.model import ReadChoices
from tests.gis.exchange.cases import Case

VECTOR_M2 = 28_000.0
SHELL = [(3671450.0, 39371200.0), (3671450.0, 39371400.0), (3671300.0, 39371400.0), (3671300.0, 39371200.0)]
HOLE = [(3671390.0, 39371250.0), (3671390.0, 39371300.0), (3671350.0, 39371300.0), (3671350.0, 39371250.0)]
AWAY = [(3671450.0, 39371500.0), (3671450.0, 39371600.0), (3671350.0, 39371600.0), (3671350.0, 39371500.0)]
HEADER = {
    "格式版本号": "1.01版本", "数据产生单位": "示例单位", "数据产生日期": "2025-10-31", "坐标系": "2000国家大地坐标系",
    "几度分带": "3", "投影类型": "高斯克吕格", "计量单位": "米", "带号": "39", "精度": "0.001", "转换参数": "0,0,0,0,0,0,0",
}  # fmt: skip
TITLE = "10,2.7989,DK01,地块一,面,,工业用地,0601,@"
BLOCK = "[地块坐标]"
ONE = (("DK01", VECTOR_M2),)

Ring = list[tuple[float, float]]


def head(**changes: str | None) -> list[str]:
    values = {**HEADER, **changes}
    return ["[属性描述]", *(f"{key}={value}" for key, value in values.items() if value is not None)]


def points(
    ring: Ring, ring_no: int | str = 1, first: int = 1, *, closed: bool = True, style: str = "J{}"
) -> list[str]:
    rows = [f"{style.format(first + n)},{ring_no},{x:.3f},{y:.3f}" for n, (x, y) in enumerate(ring)]
    return [*rows, f"{style.format(first)},{ring_no},{ring[0][0]:.3f},{ring[0][1]:.3f}"] if closed else rows


def moved(ring: Ring, first: float = 0.0, second: float = 0.0) -> Ring:
    return [(x + first, y + second) for x, y in ring]


def swapped(ring: Ring) -> Ring:
    return [(y, x) for x, y in ring]


VECTOR = [TITLE, *points(SHELL), *points(HOLE, 2, 5)]


def file(*lines: str, encoding: str = "gb18030", eol: str = "\r\n") -> bytes:
    return (eol.join(lines) + eol).encode(encoding)


def whole(
    body: list[str] | None = None, *, encoding: str = "gb18030", eol: str = "\r\n", **changes: str | None
) -> bytes:
    return file(*head(**changes), BLOCK, *(VECTOR if body is None else body), encoding=encoding, eol=eol)


def titled(title: str) -> bytes:
    return whole([title, *VECTOR[1:]])


def read(name: str, data: bytes, **expected: object) -> Case:
    values: dict[str, object] = {"parts": ONE, "encoding": "GB18030", **expected}
    return Case(name, "地块.txt", data, **values)  # type: ignore[arg-type]


def refused(name: str, data: bytes, *words: str, choices: ReadChoices | None = None) -> Case:
    return Case(name, "地块.txt", data, choices or ReadChoices(), refused=words)


def encoding_cases() -> list[Case]:
    return [
        read("gbk with crlf", whole(encoding="gbk"), quiet=True),
        read("gb18030 with a character outside gbk", whole([TITLE.replace("地块一", "㙍湖𠀋"), *VECTOR[1:]]), quiet=True),
        read("utf-8 without mark", whole(encoding="utf-8"), encoding="UTF-8", quiet=True),
        read("utf-8 with mark", whole(encoding="utf-8-sig"), encoding="UTF-8", quiet=True),
        read("utf-16 with mark", whole(encoding="utf-16"), encoding="UTF-16", quiet=True),
        read("line feeds only", whole(eol="\n"), quiet=True),
        read("carriage returns only", whole(eol="\r"), quiet=True),
        read("gbk chosen by a person", whole(encoding="gbk"), choices=ReadChoices(encoding="GBK"), quiet=True),
        refused("utf-8 chosen for gbk", whole(), "line 1", "GB18030", choices=ReadChoices(encoding="utf-8")),
        refused("an encoding that is not read", whole(), "encoding", "UTF-8 or GB18030", choices=ReadChoices(encoding="latin-1")),
        refused("bytes of no encoding", b"[\xb5\xd8\xff\xff\n1,2\xff\xff\xff", "boundary-point TXT"),
        refused("an empty file", b"", "empty"),
    ]  # fmt: skip


def layout_cases() -> list[Case]:
    indented = (
        [f" \t{line}" for line in head()]
        + ["  " + BLOCK]
        + [f"\t {line.replace(',', ' , ')} " for line in VECTOR]
    )
    tabs = [line.replace(",", "\t") for line in VECTOR[1:]]
    return [
        read("blanks and tabs around everything", file(*indented), quiet=True),
        read("blank lines and a dos end of file", file(*head(), "", BLOCK, "", *VECTOR, "", "\x1a"), quiet=True),
        read("a project block before", file("[项目信息]", "项目名称=虚构项目", "备注", *head(), BLOCK, *VECTOR), quiet=True),
        read("no attribute block", file(BLOCK, *VECTOR), says=("names no coordinate system",)),
        read("no section at all", file(*VECTOR), says=("names no coordinate system",)),
        read("point numbers J01", whole([TITLE, *points(SHELL, style="J{:02d}"), *points(HOLE, 2, 5, style="J{:02d}")]), quiet=True),
        read("point numbers 1", whole([TITLE, *points(SHELL, style="{}"), *points(HOLE, 2, 5, style="{}")]), quiet=True),
        read("points parted by tabs", whole([TITLE, *tabs]), quiet=True),
        read("full-width digits and a blank in a number", whole([TITLE, "J1,1,３671450.000,39371 200.000", *VECTOR[2:]]), quiet=True),
        read("a trailing comma and a height", whole([TITLE, "J1,1,3671450.000,39371200.000,31.5", "J2,1,3671450.000,39371400.000,,", *VECTOR[3:]]), quiet=True),
        read("full-width brackets", file("【属性描述】", *head()[1:], "【地块坐标】", *VECTOR), quiet=True),
        read("old format version and empty values", whole(格式版本号="1.00版本", 数据产生单位="", 数据产生日期="2026-11-1", 带号="", 精度="", 转换参数=""), quiet=True),
        read("key 分带 with 3度带 and bare commas", whole(几度分带=None, 分带="3度带", 转换参数=",,,,,,"), quiet=True),
    ]  # fmt: skip


def header_cases() -> list[Case]:
    return [
        read("nine fields and the mark", titled("10,2.7989,DK01,地块一,面,,工业用地,0601,备注,@"), quiet=True),
        read("eight fields with the mark", titled("10,2.7989,DK01,地块一,面,工业用地,0601,@"), quiet=True),
        read("seven fields", titled("10,2.7989,DK01,地块一,面,,工业用地@"), quiet=True),
        read("no mark", titled("10,2.7989,DK01,地块一,面,,工业用地,0601"), quiet=True),
        read("all fields empty but the kind", titled(",,,,面,,,,@"), parts=((None, VECTOR_M2),), quiet=True),  # type: ignore[arg-type]
        read("a blank in the name and a sheet", titled("10,2.7989,DK01,地块 一,面,I50G001001,工业 用地,0601,@"), quiet=True),
        read("a name with a full-width comma", titled("10,2.7989,DK01,地块一，东区,面,,工业用地,0601,@"), quiet=True),
        read("area in 公顷", titled("10,2.7989公顷,DK01,地块一,面,,工业用地,0601,@"), quiet=True),
        read("area in 亩", titled("10,41.98亩,DK01,地块一,面,,工业用地,0601,@"), quiet=True),
        read("area in ㎡", titled("10,27988.57㎡,DK01,地块一,面,,工业用地,0601,@"), quiet=True),
        read("area in m2 by mistake", titled("10,27988.57,DK01,地块一,面,,工业用地,0601,@"), says=("taken as m²",)),
        read("area in mu by mistake", titled("10,41.98,DK01,地块一,面,,工业用地,0601,@"), says=("taken as 亩",)),
        read("area one per cent too large", titled("10,2.8269,DK01,地块一,面,,工业用地,0601,@"), says=("+1.00 %",)),
        read("area 0.4 per cent too large", titled("10,2.8101,DK01,地块一,面,,工业用地,0601,@"), quiet=True),
        read("area that is no number", titled("10,约三公顷,DK01,地块一,面,,工业用地,0601,@"), says=("no number with a known unit",)),
        read("count without the closing points", titled("8,2.7989,DK01,地块一,面,,工业用地,0601,@"), quiet=True),
        read("count that is wrong", titled("7,2.7989,DK01,地块一,面,,工业用地,0601,@"), says=("says 7 points, 10 were found",)),
        read("count that is no number", titled("十,2.7989,DK01,地块一,面,,工业用地,0601,@"), says=("no whole number",)),
        read("a kind that is unknown", titled("10,2.7989,DK01,地块一,体,,工业用地,0601,@"), says=("none of 点, 线, 面",)),
        read("the same parcel number twice", whole([*VECTOR, *("5,1.0,DK01,地块二,面,,,,@", *points(AWAY))]), parts=(*ONE, ("DK01", 10_000.0)), says=("stands at line 13 too",)),
        read("two parcels, the second without name and number", whole([*VECTOR, "5,1.0,,,面,,,,@", *points(AWAY)]), parts=(*ONE, (None, 10_000.0)), quiet=True),  # type: ignore[arg-type]
        read("a parcel without points", whole([*VECTOR, "5,1.0,DK02,空,面,,,,@"]), says=("has no points",)),
    ]  # fmt: skip


def ring_cases() -> list[Case]:
    open_rings = [TITLE, *points(SHELL, closed=False), *points(HOLE, 2, 5, closed=False)]
    no_ring = [",".join(line.split(",")[:1] + line.split(",")[2:]) for line in VECTOR[1:]]
    two = (("DK01", 40_000.0),)
    two_title = "10,4.0,DK01,地块一,面,,工业用地,0601,@"
    bow_tie = [SHELL[0], SHELL[2], SHELL[1], SHELL[3]]
    return [
        read("rings that are not closed", whole(open_rings), quiet=True),
        read("ring number restarts at the hole", whole([TITLE, *points(SHELL), *points(HOLE, 1, 1)]), quiet=True),
        read("ring number is missing", whole([TITLE, *no_ring]), quiet=True),
        read("ring number is empty", whole([TITLE, *points(SHELL, ""), *points(HOLE, "", 5)]), quiet=True),
        read("hole numbered from J1", whole([TITLE, *points(SHELL), *points(HOLE, 2, 1)]), quiet=True),
        read("the hole stands before the shell", whole([TITLE, *points(HOLE), *points(SHELL, 2, 5)]), quiet=True),
        read("ring two outside of ring one", whole([two_title, *points(SHELL), *points(AWAY, 2, 5)]), parts=two, quiet=True),
        read("an island in the hole", whole(["15,2.8099,DK01,地块一,面,,,,@", *points(SHELL), *points(HOLE, 2, 5), *points([(3671380.0, 39371270.0), (3671380.0, 39371280.0), (3671369.0, 39371280.0), (3671369.0, 39371270.0)], 3, 9)]), parts=(("DK01", 28_110.0),), quiet=True),
        read("closing point twice", whole([TITLE, *points(SHELL), VECTOR[5], *points(HOLE, 2, 5)]), says=()),
        read("rings clockwise and anticlockwise", whole([TITLE, *points(SHELL[::-1]), *points(HOLE, 2, 5)]), quiet=True),
        read("a bow-tie", whole(["5,1.5,DK01,地块一,面,,,,@", *points(bow_tie)]), parts=(("DK01", 15_000.0),), says=("Self-intersection",)),
        read("a line", whole(["3,,XL1,管线,线,,,,@", *points(SHELL[:3], closed=False)]), parts=(("XL1", 0.0),), quiet=True),
        read("points", whole(["2,,D1,钻孔,点,,,,@", *points(SHELL[:2], closed=False)]), parts=(("D1", 0.0),), quiet=True),
        refused("a ring of two points", whole([TITLE, *points(SHELL), *points(HOLE[:2], 2, 5, closed=False)]), "line 19", "3 different points"),
        refused("a header and nothing else", whole([TITLE]), "地块坐标", "J1,1,X,Y"),
        refused("letters in a coordinate", whole([TITLE, "J1,1,3671450.O00,39371200.000", *VECTOR[2:]]), "line 14", "decimal numbers"),
        refused("two bad lines", whole([*VECTOR, "J1,1,3671450.000", "zzz"]), "line 24", "1 more"),
        refused("infinite coordinate", whole([TITLE, "J1,1,inf,39371200.000", *VECTOR[2:]]), "line 14", "decimal numbers"),
    ]  # fmt: skip


def place_cases() -> list[Case]:
    title = TITLE
    six = [title, *points(moved(SHELL, 0, -39e6)), *points(moved(HOLE, 0, -39e6), 2, 5)]
    west = [
        title.replace("DK01", "DK38"),
        *points(moved(SHELL, 0, -1e6)),
        *points(moved(HOLE, 0, -1e6), 2, 5),
    ]
    degrees = [(33.16, 115.62), (33.16, 115.621), (33.161, 115.621), (33.161, 115.62)]
    # 0.001° squared at 33.1605°N: 110.908 m × 93.264 m (lengths of a degree on the ellipsoid, from tables).
    degree_m2 = (("DK01", 10_343.0),)
    plain = "5,1.0343,DK01,地块一,面,,,,@"
    rows = [f"J{n},1,{x},{y}" for n, (x, y) in enumerate(degrees, 1)]
    turned = [f"J{n},1,{y},{x}" for n, (x, y) in enumerate(degrees, 1)]
    dms = [
        f"J{n},1,{x},{y}"
        for n, (x, y) in enumerate(
            [
                (33.093600, 115.371200),
                (33.093600, 115.371560),
                (33.093960, 115.371560),
                (33.093960, 115.371200),
            ],
            1,
        )
    ]
    none = {"坐标系": None, "几度分带": None, "带号": None}
    return [
        read("east stands first", whole([title, *points(swapped(SHELL)), *points(swapped(HOLE), 2, 5)]), says=("Axis order corrected",)),
        read("six-digit eastings with zone in the header", whole(six), quiet=True),
        read("six-digit eastings, zone chosen", whole(six, 带号=""), choices=ReadChoices(zone=39), quiet=True),
        read("six-digit eastings, system by meridian chosen", whole(six, 带号=""), choices=ReadChoices(crs="EPSG:4548"), crs="EPSG:4548", quiet=True),
        read("six-digit eastings without any zone", whole(six, 带号=""), crs=None, asks="zone"),
        read("six-digit eastings with a zone that does not exist", whole(six, 带号="99"), crs=None, asks="zone", says=("is no zone",)),
        read("header names another zone", whole(带号="38"), says=("header says zone 38, the coordinates zone 39",)),
        read("header says six degrees", whole(几度分带="6"), says=("6-degree zones",)),
        read("a zone of six degrees", whole([title, *points(moved(SHELL, 0, -19e6)), *points(moved(HOLE, 0, -19e6), 2, 5)], 几度分带="6", 带号="20"), crs="EPSG:4498", quiet=True),
        read("zone 38", whole(west, 带号="38"), crs="EPSG:4526", parts=(("DK38", VECTOR_M2),), quiet=True),
        refused("zones 38 and 39 in one file", whole([*VECTOR, *west]), "zones 38, 39", "Split the file"),
        read("zones 38 and 39, one chosen", whole([*VECTOR, *west]), choices=ReadChoices(zone=39), says=("left out",)),
        read("degrees without attribute block", file(BLOCK, plain, *rows), crs="EPSG:4490", parts=degree_m2, says=("names no coordinate system",)),
        read("degrees with longitude first", whole([plain, *turned], **none), crs="EPSG:4490", parts=degree_m2, says=("Axis order corrected",)),
        read("degrees, minutes, seconds on request", whole([plain, *dms], **{**none, "坐标系": "CGCS2000"}), choices=ReadChoices(unit="ddd.mmss"), crs="EPSG:4490", parts=degree_m2, quiet=True),
        read("WGS 84 named", whole([plain, *rows], **{**none, "坐标系": "WGS84"}), crs="EPSG:4490", parts=degree_m2, quiet=True),
        read("an unknown system", whole(坐标系="三维坐标"), crs=None, asks="crs"),
        read("an outdated header overruled by a person", whole(坐标系="1980西安坐标系"), choices=ReadChoices(crs="EPSG:4527"), says=("was chosen instead",)),
        read("an unknown unit", whole(计量单位="公尺"), says=("not known",)),
        refused("Xian 1980", whole(坐标系="1980西安坐标系"), "line 5", "surveying authority"),
        refused("80国家大地坐标系", whole(坐标系="80国家大地坐标系"), "old datum", "CGCS2000"),
        refused("Beijing 1954", whole(坐标系="北京54坐标系"), "old datum", "CGCS2000"),
        refused("a local system", whole(坐标系="城市独立坐标系"), "local", "CGCS2000"),
        refused("local coordinates", whole([title, *points([(5000.0, 3000.0), (5000.0, 3100.0), (5100.0, 3100.0)])]), "line 13", "local coordinates"),
        refused("a choice against the digits", whole(), "crs", "EPSG:4527", choices=ReadChoices(crs="EPSG:4526")),
        refused("an old datum chosen", whole(), "crs", "surveying authority", choices=ReadChoices(crs="EPSG:2363")),
        refused("a zone chosen against the digits", whole(), "zone", "39", choices=ReadChoices(zone=38)),
        refused("degrees chosen for metres", whole(), "unit", "choose m", choices=ReadChoices(unit="degree")),
        refused("a unit that is unknown", whole(), "unit", "ddd.mmss", choices=ReadChoices(unit="foot")),
        refused("a zone that does not exist chosen", whole(six), "zone", "25 to 45", choices=ReadChoices(zone=99)),
        refused("an easting far off its zone", whole([title, *points(moved(SHELL, 0, 450_000))]), "line 13", "a digit or the zone number is wrong"),
        refused("parcels in two sorts of coordinates", whole([*VECTOR, plain, *rows]), "line 24", "write both alike"),
    ]  # fmt: skip


def boundary_cases() -> list[Case]:
    return [*encoding_cases(), *layout_cases(), *header_cases(), *ring_cases(), *place_cases()]
