"""Boundary-point TXT 勘测定界 files with the quirks that real ones have."""

from collections.abc import Sequence
from dataclasses import dataclass

from twin.samples.cases import VECTOR_ORIGIN
from twin.samples.plane import Ring, ellipsoidal_area_m2
from twin.samples.shapes import box

# Keys of the attribute block in the order of the format.
_KEYS = (
    ("格式版本号", "1.01版本"),
    ("数据产生单位", "示例单位"),
    ("数据产生日期", "2025-10-31"),
    ("坐标系", "2000国家大地坐标系"),
    ("几度分带", "3"),
    ("投影类型", "高斯克吕格"),
    ("计量单位", "米"),
)


@dataclass(frozen=True)
class TextParcel:
    """One parcel: shell and holes, (east, north)."""

    number: str
    name: str
    rings: tuple[Ring, ...]
    use: str = "工业用地"
    land_class: str = "0601"


def vector_parcel() -> TextParcel:
    """Return the parcel of the overlap test vector, rings clockwise from the north-west as surveyors have them."""
    x, y = VECTOR_ORIGIN
    shell, hole = box(x, y, 200, 150), box(x + 50, y + 50, 50, 40)
    return TextParcel("DK01", "地块一", (_from_north_west(shell), _from_north_west(hole)))


def second_parcel() -> TextParcel:
    """Return a plain rectangle 400 m east of the first."""
    x, y = VECTOR_ORIGIN
    return TextParcel("DK02", "地块二", (_from_north_west(box(x + 400, y, 120, 90)),), "物流仓储用地", "0604")


def western_parcel() -> TextParcel:
    """Return a parcel west of 115.5°E, in zone 38."""
    return TextParcel("DK38", "西部地块", (_from_north_west(box(38630100.0, 3660200.0, 160, 110)),))


def _from_north_west(ring: Ring) -> Ring:
    lower_left, lower_right, upper_right, upper_left = ring
    return [upper_left, upper_right, lower_right, lower_left]


def boundary_text(
    parcels: Sequence[TextParcel],
    *,
    zone: str = "39",
    swapped: bool = False,
    restart: bool = False,
) -> str:
    """Return the text of a file, CRLF line ends.

    Parameters
    ----------
    swapped : bool
        Write east before north, as some tools do by mistake.
    restart : bool
        Number every ring from J1 again.
    """
    keys = (*_KEYS, ("带号", zone), ("精度", "0.001"), ("转换参数", "0,0,0,0,0,0,0"))
    lines = [
        "[项目信息]",
        "说明=虚构样例",
        "synthetic=true",
        "[属性描述]",
        *(f"{k}={v}" for k, v in keys),
        "[地块坐标]",
    ]
    for parcel in parcels:
        lines += _parcel_lines(parcel, swapped=swapped, restart=restart)
    return "\r\n".join(lines) + "\r\n"


def _parcel_lines(parcel: TextParcel, *, swapped: bool, restart: bool) -> list[str]:
    hectares = ellipsoidal_area_m2([list(parcel.rings)]) / 10_000
    count = sum(len(ring) + 1 for ring in parcel.rings)
    head = f"{count},{hectares:.4f},{parcel.number},{parcel.name},面,,{parcel.use},{parcel.land_class},@"
    lines, first = [head], 1
    for number, ring in enumerate(parcel.rings, start=1):
        names = [f"J{first + k}" for k in range(len(ring))]
        for name, (east, north) in zip([*names, names[0]], [*ring, ring[0]], strict=True):
            pair = (east, north) if swapped else (north, east)
            lines.append(f"{name},{number},{pair[0]:.3f},{pair[1]:.3f}")
        first = 1 if restart else first + len(ring)
    return lines


def boundary_files() -> dict[str, bytes]:
    """Return the TXT files by path."""
    one = boundary_text([vector_parcel()])
    western = boundary_text([western_parcel()], zone="38")
    mixed = boundary_text([vector_parcel(), western_parcel()])
    texts = {
        "boundary-gbk.txt": one.encode("gbk"),
        "boundary-utf8-bom.txt": b"\xef\xbb\xbf" + one.encode(),
        "boundary-zone38.txt": western.encode("gbk"),
        "boundary-swapped.txt": boundary_text([vector_parcel()], swapped=True).encode("gbk"),
        "boundary-hole-restart.txt": boundary_text([vector_parcel()], restart=True).encode("gbk"),
        "boundary-two-parcels.txt": boundary_text([vector_parcel(), second_parcel()]).encode("gbk"),
        "boundary-mixed-zones.txt": mixed.encode("gbk"),
    }
    return {f"exchange/{name}": content for name, content in texts.items()}
