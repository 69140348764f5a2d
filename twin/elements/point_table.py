"""Control points 控制点 as a CSV table: one pair a line, columns told by their heading."""

import csv
import io
from typing import Final

from bim.georeference.control_points import ControlPoint
from twin.errors import InvalidInputError

# Heading → column. X and Y alone are not taken: survey sheets write X = north.
_HEADINGS: Final[dict[str, str]] = {
    "local_x": "x", "model_x": "x", "模型x": "x",
    "local_y": "y", "model_y": "y", "模型y": "y",
    "local_z": "z", "model_z": "z", "模型z": "z",
    "east": "east", "easting": "east", "eastings": "east", "lon": "east", "longitude": "east",
    "东": "east", "东坐标": "east", "经度": "east",
    "north": "north", "northing": "north", "northings": "north", "lat": "north", "latitude": "north",
    "北": "north", "北坐标": "north", "纬度": "north",
    "height": "height", "h": "height", "高": "height", "高程": "height",
}  # fmt: skip
_NEEDED: Final = ("x", "y", "east", "north")


def read_points(data: bytes) -> list[ControlPoint]:
    """Read control points from a table with the headings local_x, local_y, east, north, perhaps local_z and height.

    Parameters
    ----------
    data : bytes
        UTF-8 or GB18030, with commas, semicolons or tabs.

    Raises
    ------
    InvalidInputError
        A heading is missing, or a cell holds no number; the line is named.

    Examples
    --------
    >>> read_points(b"local_x,local_y,east,north\\n0,0,39371200,3671300\\n")[0].map
    (39371200.0, 3671300.0)
    """
    text = _decode(data)
    first = text.split("\n", 1)[0]
    mark = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=mark) if any(cell.strip() for cell in row)]
    columns = _columns(rows[0] if rows else [])
    return [_point(row, columns, number) for number, row in enumerate(rows[1:], start=2)]


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", errors="replace")


def _columns(headings: list[str]) -> dict[str, int]:
    found = {
        _HEADINGS[name.strip().lower()]: place
        for place, name in enumerate(headings)
        if name.strip().lower() in _HEADINGS
    }
    if all(name in found for name in _NEEDED):
        return found
    raise InvalidInputError(
        "The table of control points needs the headings local_x, local_y, east, north (perhaps local_z, height).",
        "控制点表需有表头：local_x, local_y, east, north（可加 local_z, height），或 模型X, 模型Y, 东坐标, 北坐标。",
        where="line 1",
    )


def _point(row: list[str], columns: dict[str, int], line: int) -> ControlPoint:
    def number(name: str) -> float | None:
        place = columns.get(name)
        cell = row[place].strip() if place is not None and place < len(row) else ""
        if not cell:
            return None
        try:
            return float(cell)
        except ValueError as error:
            raise InvalidInputError(
                f"{cell!r} is no number.", f"{cell!r} 不是数值。", where=f"line {line}"
            ) from error

    x, y, east, north = (number(name) for name in _NEEDED)
    if x is None or y is None or east is None or north is None:
        raise InvalidInputError(
            "A control point lacks a coordinate.", "控制点缺少坐标。", where=f"line {line}"
        )
    return ControlPoint((x, y), (east, north), number("z"), number("height"))
