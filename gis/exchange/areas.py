"""Areas that files state: read with their unit, held against the area of the outline."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from gis.exchange.model import Finding

TOLERANCE: Final = 0.005
"""A stated area that differs by more than 0.5 % is flagged."""

_UNITS_M2: Final = {
    "公顷": 10_000.0, "ha": 10_000.0, "hm2": 10_000.0, "亩": 2000 / 3, "mu": 2000 / 3, "平方米": 1.0, "m2": 1.0,
    "平方公里": 1e6, "平方千米": 1e6, "km2": 1e6,
}  # fmt: skip
_AREA: Final = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([^0-9.].*)?")
_MISTAKES: Final = ((1.0, "m²", "平方米"), (2000 / 3, "亩 (mu)", "亩"), (10_000.0, "hectares", "公顷"))
_FIELDS: Final = frozenset(
    (
        "mj",
        "dkmj",
        "tbmj",
        "ydmj",
        "zmj",
        "area",
        "area_m2",
        "面积",
        "地块面积",
        "用地面积",
        "图斑面积",
        "宗地面积",
    )
)
_FIELD: Final = re.compile(r"(.*?)[ _]?[((]?(公顷|亩|平方米|m2|ha|mu)?[))]?", re.IGNORECASE)
_MISTAKE_TOLERANCE: Final = 0.02


def find_area(text: str, default_m2: float = 10_000.0) -> tuple[float, bool] | None:
    """Return an area in m² and whether the text named its unit, or None for what is no area.

    Parameters
    ----------
    text : str
        A number with or without unit; full-width digits and thousands separators are read.
    default_m2 : float
        Square metres of the unit that a bare number is in: hectares in a boundary-point TXT.

    Examples
    --------
    >>> find_area("0.7655公顷"), find_area("7655"), find_area("12亩"), find_area("约一亩")
    ((7655.0, True), (76550000.0, False), (8000.0, True), None)
    """
    plain = re.sub(r"[\s,]", "", unicodedata.normalize("NFKC", text)).lower()
    found = _AREA.fullmatch(plain)
    if found is None:
        return None
    unit = found[2] or ""
    factor = _UNITS_M2.get(unit) if unit else default_m2
    if factor is None or len(found[1]) > 30:
        return None
    return float(f"{float(found[1]) * factor:.12g}"), bool(unit)


def find_area_field(names: Iterable[str]) -> tuple[str, str] | None:
    """Return the attribute that states the area and the unit in its name, if any of the usual names is there.

    Examples
    --------
    >>> find_area_field(["BH", "MJ"]), find_area_field(["面积（亩）"]), find_area_field(["MJ_HA"]), find_area_field(["DKMC"])
    (('MJ', ''), ('面积（亩）', '亩'), ('MJ_HA', 'ha'), None)
    """
    for name in names:
        found = _FIELD.fullmatch(unicodedata.normalize("NFKC", name).strip())
        if found is not None and found[1].lower() in _FIELDS:
            return name, (found[2] or "").lower()
    return None


def check_area(
    stated_m2: float, computed_m2: float, where: str, *, unit_named: bool, default_m2: float = 10_000.0
) -> tuple[float, Finding | None]:
    """Hold a stated area against the computed one; return the area meant and what to say of it.

    A bare number that fits the outline in another of the usual units was written in that one (m² for hectares is 10,000
    times too much): it is converted, with a warning.

    Parameters
    ----------
    stated_m2, computed_m2 : float
        The stated area, read in units of `default_m2` where it named none, and the area on the ellipsoid.

    Examples
    --------
    >>> check_area(279_885_700.0, 27_988.57, "DK01", unit_named=False)[0]
    27988.57
    """
    if computed_m2 <= 0 or stated_m2 <= 0:
        return stated_m2, _no_area(stated_m2, where)
    ratio = stated_m2 / computed_m2
    if abs(ratio - 1) <= TOLERANCE:
        return stated_m2, None
    for unit_m2, en, zh in () if unit_named else _MISTAKES:
        factor = default_m2 / unit_m2
        if factor != 1 and abs(ratio / factor - 1) <= _MISTAKE_TOLERANCE:
            meant = float(f"{stated_m2 / factor:.12g}")
            return meant, Finding(
                where,
                f"The stated area {stated_m2 / default_m2:g} fits the outline in another unit: it was taken as {en}.",
                f"填报面积 {stated_m2 / default_m2:g} 按其他单位与图形相符，已按{zh}读取。",
            )
    return stated_m2, Finding(
        where,
        f"Stated area {stated_m2:.2f} m² differs from the outline's {computed_m2:.2f} m² by {(ratio - 1) * 100:+.2f} %.",
        f"填报面积 {stated_m2:.2f} 平方米与图形面积 {computed_m2:.2f} 平方米相差 {(ratio - 1) * 100:+.2f}%。",
    )


def _no_area(stated_m2: float, where: str) -> Finding | None:
    if stated_m2 > 0:
        return Finding(where, "The outline has no area, though one is stated.", "图形面积为零，但填有面积。")
    return Finding(where, f"The stated area {stated_m2:g} is no area.", f"填报面积 {stated_m2:g} 无效。")
