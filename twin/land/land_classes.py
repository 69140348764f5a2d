"""Classes of GB/T 21010-2017 rolled up: cultivated land, forest, and the three great classes 三大类.

Source: GB/T 21010-2017, table 1 and appendix A. The dictionary is data: other codes come out as unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gis.overlap import ClassOverlap

CULTIVATED: Final = "01"
FOREST: Final = "03"
GROUPS: Final = {
    "agricultural": ("农用地", "Agricultural land"),
    "construction": ("建设用地", "Construction land"),
    "unused": ("未利用地", "Unused land"),
    "unknown": ("未知地类", "Unknown class"),
}
# Longest code first: a class of four digits may lie in another group than its first two.
_AGRICULTURAL: Final = ("01", "02", "03", "04", "1006", "1103", "1104", "1107", "1202", "1203")
_CONSTRUCTION: Final = ("05", "06", "07", "08", "09", "10", "1109", "1201")
_UNUSED: Final = ("0404", "1101", "1102", "1105", "1106", "1108", "1110", "1204", "1205", "1206", "1207")
_GROUP_OF: Final = {
    **dict.fromkeys(_AGRICULTURAL, "agricultural"),
    **dict.fromkeys(_CONSTRUCTION, "construction"),
    **dict.fromkeys(_UNUSED, "unused"),
}


@dataclass(frozen=True)
class RolledUp:
    """Classes of the land survey summed: m² of each great class, of cultivated land and of forest."""

    groups: dict[str, float]
    cultivated_m2: float
    forest_m2: float


def group_of(class_code: str | None) -> str:
    """Return the great class of a land class, a key of `GROUPS`.

    Examples
    --------
    >>> group_of("0103"), group_of("0404"), group_of("1006"), group_of("1003"), group_of("KCLX")
    ('agricultural', 'unused', 'agricultural', 'construction', 'unknown')
    """
    code = class_code or ""
    return _GROUP_OF.get(code[:4]) or _GROUP_OF.get(code[:2]) or "unknown"


def roll_up(classes: Iterable[ClassOverlap]) -> RolledUp:
    """Sum the classes of the land survey's patches, which tile the ground without overlaps."""
    groups = dict.fromkeys(GROUPS, 0.0)
    cultivated = forest = 0.0
    for row in classes:
        groups[group_of(row.class_code)] += row.area_m2
        code = row.class_code or ""
        cultivated += row.area_m2 if code.startswith(CULTIVATED) else 0.0
        forest += row.area_m2 if code.startswith(FOREST) else 0.0
    return RolledUp(groups, cultivated, forest)
