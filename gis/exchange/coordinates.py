"""Where coordinates of a file lie: CRS, zone, axis order and unit, each with its evidence.

A person's choice goes first, then the digits of the coordinates, then what the header says. Where the digits contradict
a header the digits win with a warning; where they contradict a person the file is refused; where nothing tells, the
sender is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gis.crs import STORED_SRID, WEB_MERCATOR_SRID, WGS84_SRID, parse_crs
from gis.crs.names import DEGREES
from gis.errors import GisError
from gis.exchange.datums import (
    easting_range,
    find_fault,
    is_known,
    is_numbered,
    numbered_srid,
    zone_of,
)
from gis.exchange.digits import ZONES_3, ZONES_6, Sign, Spread, find_sign
from gis.exchange.errors import ExchangeError
from gis.exchange.model import Evidence, Finding, Question, ReadChoices, refuse

DMS: Final = "ddd.mmss"
UNITS: Final = {
    "m": "m",
    "米": "m",
    "degree": "degree",
    "degrees": "degree",
    "度": "degree",
    DMS: DMS,
    "dms": DMS,
}
_MILLION: Final = 1_000_000


@dataclass(frozen=True)
class Claim:
    """What a file says of its coordinates.

    Parameters
    ----------
    system : str
        Name of the coordinate system; empty where the file names none.
    srid : int, optional
        EPSG code, where the format carries one.
    zone : int, optional
        Zone number of the header.
    north_first : bool
        Whether the format writes the northing or latitude first.
    where : str
        The place of the claim in the file.
    """

    system: str = ""
    srid: int | None = None
    zone: int | None = None
    north_first: bool = False
    where: str = ""


@dataclass
class Placement:
    """How to read the columns: `x = second if north_first else first`, plus `shift_m`; `kept` tells the parts to take."""

    srid: int | None
    north_first: bool
    kept: list[bool]
    shift_m: float = 0.0
    dms: bool = False
    evidence: list[Evidence] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def note(self, subject: str, value: str, en: str, zh: str) -> None:
        """Keep a reason."""
        self.evidence.append(Evidence(subject, value, en, zh))

    def warn(self, where: str, en: str, zh: str) -> None:
        """Keep a warning."""
        self.warnings.append(Finding(where, en, zh))


def place(spreads: Sequence[Spread], claim: Claim, choices: ReadChoices) -> Placement:
    """Decide where the coordinates of a file lie.

    Parameters
    ----------
    spreads : sequence of Spread
        One per parcel or feature, in the order of the file; not empty.

    Raises
    ------
    ExchangeError
        An old datum, digits that fit no system, several zones in one file, a choice that contradicts the digits.

    Examples
    --------
    >>> one = Spread("DK01", (3671300.0, 3671450.0), (39371200.0, 39371400.0))
    >>> place([one], Claim("2000国家大地坐标系", north_first=True), ReadChoices()).srid
    4527
    """
    chosen = chosen_srid(choices)
    _check_datum(claim, chosen)
    other = chosen if chosen is not None else claim.srid
    if other is not None and other not in DEGREES and zone_of(other) is None:
        return _foreign(spreads, other, claim, chosen=chosen is not None)
    signs = _signs(spreads)
    placement = Placement(None, not signs[0].east_first, [True] * len(signs))
    _note_axis(placement, signs[0], claim)
    if signs[0].east == "longitude":
        _place_degrees(placement, claim, choices, chosen)
    elif signs[0].east == "zoned":
        _place_zoned(placement, signs, claim, choices, chosen)
    else:
        _place_unnumbered(placement, claim, choices, chosen)
    _check_eastings(placement, spreads)
    _ask_datum(placement, claim, chosen)
    return placement


def chosen_srid(choices: ReadChoices) -> int | None:
    """Return the EPSG code that a person chose, 3857 and the 6-degree zones of CGCS2000 among them.

    Raises
    ------
    ExchangeError
        No name of a system that is served, or an old datum.
    """
    if choices.unit is not None and choices.unit not in UNITS:
        raise refuse(
            f"Unit {choices.unit[:20]!r} is none of m, degree, {DMS}.",
            f"单位 {choices.unit[:20]!r} 不可用；可选 m、degree、{DMS}。",
            "unit",
        )
    if choices.zone is not None and choices.zone not in ZONES_3 and choices.zone not in ZONES_6:
        raise refuse(
            f"Zone {choices.zone} does not exist: 25 to 45 are 3-degree zones, 13 to 23 6-degree zones.",
            f"带号 {choices.zone} 不存在：三度带为 25 至 45，六度带为 13 至 23。",
            "zone",
        )
    if choices.crs is None:
        return None
    code = choices.crs.strip().upper().removeprefix("EPSG:")
    if code.isascii() and code.isdigit() and zone_of(int(code[:9])) in ZONES_6:
        return int(code)
    try:
        return parse_crs(choices.crs).srid
    except GisError as error:
        raise ExchangeError([Finding("crs", error.en, error.zh, "error")]) from error


def _check_datum(claim: Claim, chosen: int | None) -> None:
    fault = find_fault(claim.system, claim.where)
    if fault is not None and chosen is None:
        raise ExchangeError([fault])


def _ask_datum(placement: Placement, claim: Claim, chosen: int | None) -> None:
    """Ask, or say, on which datum the coordinates are, which digits cannot tell."""
    if chosen is not None:
        placement.note(
            "crs", f"EPSG:{chosen}", f"EPSG:{chosen} was chosen.", f"坐标系 EPSG:{chosen} 由使用者指定。"
        )
        if claim.system and not is_known(claim.system):
            placement.warn(
                claim.where,
                f"The file names {claim.system[:40]!r}; EPSG:{chosen} was chosen instead.",
                f"文件注明坐标系 {claim.system[:40]!r}，已按使用者指定的 EPSG:{chosen} 读取。",
            )
        return
    if claim.srid is not None or is_known(claim.system):
        placement.note(
            "crs",
            claim.system,
            f"The file names {claim.system[:60]!r}.",
            f"文件注明坐标系 {claim.system[:60]!r}。",
        )
        return
    if claim.system:
        placement.questions.append(_datum_question(claim.system, placement.srid))
        placement.srid = None
        return
    placement.warn(
        claim.where,
        "The file names no coordinate system; it is read as CGCS2000. Check this if the survey is older than 2018.",
        "文件未注明坐标系，按 2000 国家大地坐标系读取；若为 2018 年以前的成果请核实。",
    )


def _datum_question(system: str, srid: int | None) -> Question:
    return Question(
        "crs",
        f"The file names the coordinate system {system[:40]!r}, which is not known. Which is it?",
        f"文件注明的坐标系 {system[:40]!r} 无法识别，请指定坐标系。",
        [f"EPSG:{srid}"] if srid else ["EPSG:4490"],
    )


def _foreign(spreads: Sequence[Spread], srid: int, claim: Claim, *, chosen: bool) -> Placement:
    """Take a plane CRS that is none of CGCS2000 (UTM, Web Mercator) as declared: its digits say nothing."""
    placement = Placement(srid, claim.north_first and srid != WEB_MERCATOR_SRID, [True] * len(spreads))
    how, zh = ("was chosen", "由使用者指定") if chosen else ("is stated by the file", "由文件注明")
    placement.note("crs", f"EPSG:{srid}", f"EPSG:{srid} {how}.", f"坐标系 EPSG:{srid} {zh}。")
    return placement


def _signs(spreads: Sequence[Spread]) -> list[Sign]:
    signs = [find_sign(each) for each in spreads]
    faults = [_unclear(each) for each, sign in zip(spreads, signs, strict=True) if sign is None]
    known = [sign for sign in signs if sign is not None]
    if faults:
        raise ExchangeError(faults)
    odd = [
        _differs(sign, known[0])
        for sign in known
        if (sign.east, sign.east_first) != (known[0].east, known[0].east_first)
    ]
    if odd:
        raise ExchangeError(odd)
    return known


def _unclear(columns: Spread) -> Finding:
    first, second = (f"{low:.10g}…{high:.10g}" for low, high in (columns.first, columns.second))
    return Finding(
        columns.where,
        f"Coordinates {first} and {second} are no northing (7 digits) with easting (8 digits with zone, or 6) and no "
        "latitude with longitude. Check the columns; local coordinates must be converted to CGCS2000.",
        f"坐标 {first} 与 {second} 既不是纵坐标（7 位）与横坐标（含带号 8 位，或 6 位），也不是经纬度。"
        "请检查坐标列；地方坐标须先转换为 2000 国家大地坐标系。",
        "error",
    )


def _differs(sign: Sign, first: Sign) -> Finding:
    return Finding(
        sign.where,
        f"The coordinates here are of another sort or axis order than those of {first.where}; write both alike.",
        f"此处坐标的类型或坐标轴顺序与 {first.where} 不一致，请统一后重新上传。",
        "error",
    )


def _note_axis(placement: Placement, sign: Sign, claim: Claim) -> None:
    orders = {
        True: ("north or latitude first", "北（纬度）在前"),
        False: ("east or longitude first", "东（经度）在前"),
    }
    en, zh = orders[placement.north_first]
    placement.note(
        "axis",
        "north,east" if placement.north_first else "east,north",
        f"By the digits: {en}.",
        f"按位数判断：{zh}。",
    )
    if placement.north_first == claim.north_first:
        return
    usual_en, usual_zh = orders[claim.north_first]
    placement.warn(
        sign.where,
        f"Axis order corrected: the columns stand {en}, the format has {usual_en}.",
        f"坐标轴顺序已更正：文件中{zh}，该格式应为{usual_zh}。",
    )


def _place_degrees(placement: Placement, claim: Claim, choices: ReadChoices, chosen: int | None) -> None:
    if chosen is not None and chosen not in DEGREES:
        raise _contradiction(f"EPSG:{chosen}", "degrees", "经纬度（度）", "EPSG:4490")
    if choices.unit is not None and UNITS[choices.unit] == "m":
        raise _contradiction("m", "degrees", "经纬度（度）", "degree", "unit")
    placement.dms = choices.unit is not None and UNITS[choices.unit] == DMS
    if claim.srid is not None and claim.srid not in DEGREES:
        placement.warn(
            claim.where,
            f"The file states EPSG:{claim.srid}, the coordinates are degrees; they are read as EPSG:4490.",
            f"文件注明 EPSG:{claim.srid}，但坐标为经纬度，按 EPSG:4490 读取。",
        )
    stated = chosen if chosen is not None else claim.srid
    placement.srid = WGS84_SRID if stated == WGS84_SRID else STORED_SRID
    unit = DMS if placement.dms else "degree"
    placement.note(
        "unit", unit, "Values of 2 and 3 integer digits: degrees.", "整数部分为 2、3 位：单位为度。"
    )


def _place_zoned(
    placement: Placement, signs: Sequence[Sign], claim: Claim, choices: ReadChoices, chosen: int | None
) -> None:
    zone = _one_zone(placement, signs, choices.zone if chosen is None else zone_of(chosen), chosen)
    placement.srid = numbered_srid(zone)
    if chosen is not None and chosen != placement.srid:
        raise _contradiction(
            f"EPSG:{chosen}", f"eastings of zone {zone}", f"{zone} 带横坐标", f"EPSG:{placement.srid}"
        )
    if choices.unit is not None and UNITS[choices.unit] != "m":
        raise _contradiction(choices.unit, "metres", "米", "m", "unit")
    placement.note("unit", "m", "Eight and seven digits: metres.", "8 位与 7 位数值：单位为米。")
    placement.note(
        "zone", str(zone), f"Eastings of 8 digits begin with {zone}.", f"横坐标为 8 位，带号为 {zone}。"
    )
    stated = claim.zone if claim.zone is not None else zone_of(claim.srid) if claim.srid else None
    if (stated is not None and stated != zone) or (claim.srid in DEGREES):
        said = f"zone {stated}" if stated is not None else f"EPSG:{claim.srid}"
        placement.warn(
            claim.where,
            f"The header says {said}, the coordinates zone {zone}; the coordinates count.",
            f"文件头为 {said.replace('zone', '带号')}，坐标为 {zone} 带，以坐标为准。",
        )


def _one_zone(placement: Placement, signs: Sequence[Sign], wanted: int | None, chosen: int | None) -> int:
    zones = sorted({sign.zone for sign in signs if sign.zone is not None})
    if len(zones) == 1 and (wanted is None or wanted == zones[0]):
        return zones[0]
    if wanted in zones:
        placement.kept = [sign.zone == wanted for sign in signs]
        left = [sign.where for sign in signs if sign.zone != wanted]
        placement.warn(
            left[0],
            f"{len(left)} parts of other zones were left out, as zone {wanted} was chosen; import them apart.",
            f"已选 {wanted} 带，其余带的 {len(left)} 个地块未读取，请另行导入。",
        )
        return wanted
    if len(zones) == 1:
        eastings = (f"eastings of zone {zones[0]}", f"{zones[0]} 带横坐标")
        if chosen is not None:
            raise _contradiction(f"EPSG:{chosen}", *eastings, f"EPSG:{numbered_srid(zones[0])}")
        raise _contradiction(f"zone {wanted}", *eastings, str(zones[0]), "zone")
    raise ExchangeError(
        [_mixed(zone, zones, [sign.where for sign in signs if sign.zone == zone]) for zone in zones]
    )


def _mixed(zone: int, zones: Sequence[int], places: Sequence[str]) -> Finding:
    listed, shown = ", ".join(map(str, zones)), ", ".join(places[:5])
    return Finding(
        places[0],
        f"The file mixes zones {listed}; {len(places)} of zone {zone}: {shown}. Split the file by zone, or choose one zone "
        "to read and then the other.",
        f"文件混有 {listed} 带；其中 {zone} 带 {len(places)} 个：{shown}。请按带拆分文件，或先后选择带号读取。",
        "error",
    )


def _place_unnumbered(placement: Placement, claim: Claim, choices: ReadChoices, chosen: int | None) -> None:
    if chosen in DEGREES:
        raise _contradiction(f"EPSG:{chosen}", "metres", "米", "EPSG:4527")
    if choices.unit is not None and UNITS[choices.unit] != "m":
        raise _contradiction(choices.unit, "metres", "米", "m", "unit")
    placement.note("unit", "m", "Six and seven digits: metres.", "6 位与 7 位数值：单位为米。")
    srid = chosen if chosen is not None else _header_srid(claim, choices.zone)
    if srid is None:
        placement.questions.append(_zone_question(claim))
        return
    zone = zone_of(srid) or 0
    placement.srid = srid
    placement.shift_m = float(zone * _MILLION) if is_numbered(srid) else 0.0
    by, zh = (
        ("the choice", "使用者的选择")
        if chosen is not None or choices.zone is not None
        else ("the header", "文件头")
    )
    placement.note(
        "zone",
        str(zone),
        f"Eastings of 6 digits carry no zone; zone {zone} by {by}.",
        f"横坐标为 6 位、不含带号；{zone} 带来自{zh}。",
    )


def _header_srid(claim: Claim, chosen_zone: int | None) -> int | None:
    if chosen_zone is not None:
        return numbered_srid(chosen_zone)
    if claim.srid is not None and zone_of(claim.srid) is not None:
        return claim.srid
    known = claim.zone is not None and (claim.zone in ZONES_3 or claim.zone in ZONES_6)
    return numbered_srid(claim.zone) if known and claim.zone is not None else None


def _zone_question(claim: Claim) -> Question:
    said = f" (the header says {claim.zone})" if claim.zone is not None else ""
    said_zh = f"（文件头为 {claim.zone}）" if claim.zone is not None else ""
    return Question(
        "zone",
        f"Eastings have 6 digits and no zone number{said}: which 3-degree zone (central meridian = 3 × zone)?",
        f"横坐标为 6 位、不含带号{said_zh}：属于哪个三度带（中央经线 = 3 × 带号）？",
        [str(zone) for zone in ZONES_3],
    )


def _check_eastings(placement: Placement, spreads: Sequence[Spread]) -> None:
    srid = placement.srid
    if srid is None or srid in DEGREES:
        return
    low, high = easting_range(srid)
    faults = []
    for each, kept in zip(spreads, placement.kept, strict=True):
        east = each.second if placement.north_first else each.first
        west_m, east_m = east[0] + placement.shift_m, east[1] + placement.shift_m
        if kept and not (low <= west_m and east_m <= high):
            faults.append(_outside(each.where, (west_m, east_m), srid))
    if faults:
        raise ExchangeError(faults)


def _outside(where: str, eastings: tuple[float, float], srid: int) -> Finding:
    low, high = easting_range(srid)
    return Finding(
        where,
        f"Eastings {eastings[0]:.3f} to {eastings[1]:.3f} lie outside of EPSG:{srid} ({low:.0f} to {high:.0f}): "
        "a digit or the zone number is wrong.",
        f"横坐标 {eastings[0]:.3f} 至 {eastings[1]:.3f} 超出 EPSG:{srid} 的范围（{low:.0f} 至 {high:.0f}）：数字或带号有误。",
        "error",
    )


def _contradiction(chosen: str, en: str, zh: str, remedy: str, member: str = "crs") -> ExchangeError:
    return refuse(
        f"{chosen} was chosen, but the coordinates are {en}; choose {remedy}, or leave the choice out.",
        f"已选 {chosen}，但坐标为{zh}；请改选 {remedy}，或不作选择。",
        member,
    )
