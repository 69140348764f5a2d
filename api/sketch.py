"""The map as a drawing made by the server: what a browser without WebGL or JavaScript shows."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

Box = tuple[float, float, float, float]

WIDTH: Final = 1000.0
MARGIN_SHARE: Final = 0.04
SMALLEST_SIDE_DEG: Final = 0.002

_DEPTH: Final = {"LineString": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}


@dataclass(frozen=True)
class Frame:
    """A window of longitudes and latitudes and the drawing it fills, 1000 units wide.

    Degrees of longitude are shortened by the cosine of the middle latitude, so that shapes look right over
    a district (the error over 0.5° is below 0.5 %).

    Parameters
    ----------
    west, south, east, north : float
        Degrees, EPSG:4490.
    """

    west: float
    south: float
    east: float
    north: float

    @property
    def scale_y(self) -> float:
        """Drawing units per degree of latitude."""
        return WIDTH / ((self.east - self.west) * self._squeeze)

    @property
    def scale_x(self) -> float:
        """Drawing units per degree of longitude."""
        return WIDTH / (self.east - self.west)

    @property
    def height(self) -> float:
        """Height of the drawing in its units."""
        return (self.north - self.south) * self.scale_y

    @property
    def _squeeze(self) -> float:
        return math.cos(math.radians((self.south + self.north) / 2))

    @property
    def transform(self) -> str:
        """SVG transform from (lon, −lat), as ST_AsSVG writes it, to the drawing."""
        return f"scale({self.scale_x:.4f} {self.scale_y:.4f}) translate({-self.west:.6f} {self.north:.6f})"

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        """Return the place of a point in the drawing.

        Examples
        --------
        >>> Frame(0.0, -1.0, 2.0, 1.0).place(1.0, 1.0)
        (500.0, 0.0)
        """
        return (lon - self.west) * self.scale_x, (self.north - lat) * self.scale_y

    def centre(self, box: Box) -> tuple[float, float]:
        """Return the place of the middle of a box.

        Examples
        --------
        >>> Frame(0.0, -1.0, 2.0, 1.0).centre((0.0, 0.0, 2.0, 1.0))
        (500.0, 250.0)
        """
        return self.place((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


@dataclass(frozen=True)
class Stroke:
    """One shape of the base map, ready to be drawn."""

    kind: str
    path: str
    is_area: bool


@dataclass(frozen=True)
class Sketch:
    """The ground of the drawing: its frame, the shapes of the base map, and what that says of itself.

    Attributes
    ----------
    district, district_en : str
        Name of the district in Chinese and English; empty when the base map names none.
    is_synthetic : bool
        Whether the base map shows an invented place.
    """

    frame: Frame
    strokes: tuple[Stroke, ...] = ()
    district: str = ""
    district_en: str = ""
    is_synthetic: bool = False


def draw(basemap: Path | None, boxes: Iterable[Box]) -> Sketch:
    """Draw the ground for the given projects.

    Parameters
    ----------
    basemap : Path or None
        GeoJSON file; its extent is the frame. None: the frame goes around the projects.
    boxes : iterable of (west, south, east, north)
        Degrees, one box per project.
    """
    if basemap is None:
        return Sketch(frame_around(boxes))
    return _draw_file(basemap, basemap.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _draw_file(basemap: Path, _changed_ns: int) -> Sketch:
    collection = json.loads(basemap.read_text(encoding="utf-8"))
    frame = frame_around(_box_of(collection))
    return Sketch(
        frame,
        tuple(strokes_of(collection, frame)),
        district=str(collection.get("district", "")),
        district_en=str(collection.get("district_en") or collection.get("district", "")),
        is_synthetic=collection.get("synthetic") is True,
    )


def _box_of(collection: Mapping[str, Any]) -> list[Box]:
    points = [
        p for f in collection["features"] for p in _points((f.get("geometry") or {}).get("coordinates", []))
    ]
    if not points:
        return []
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    return [(min(lons), min(lats), max(lons), max(lats))]


def _points(coordinates: list[Any]) -> Iterator[list[float]]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates
        return
    for part in coordinates:
        yield from _points(part)


def frame_around(boxes: Iterable[Box]) -> Frame:
    """Return the frame that holds all boxes with a margin; one degree at the origin when there are none.

    Parameters
    ----------
    boxes : iterable of (west, south, east, north)
        Degrees. An empty iterable is fine; a single point gets a frame of about 200 m.

    Examples
    --------
    >>> frame_around([(115.0, 33.0, 116.0, 33.5), (115.5, 32.5, 115.9, 33.0)])
    Frame(west=114.96, south=32.46, east=116.04, north=33.54)
    """
    found = list(boxes)
    if not found:
        return Frame(0.0, 0.0, 1.0, 1.0)
    west, south = min(b[0] for b in found), min(b[1] for b in found)
    east, north = max(b[2] for b in found), max(b[3] for b in found)
    margin = max((east - west), (north - south), SMALLEST_SIDE_DEG) * MARGIN_SHARE
    margin = max(margin, SMALLEST_SIDE_DEG / 2)
    return Frame(west - margin, south - margin, east + margin, north + margin)


def strokes_of(collection: Mapping[str, Any], frame: Frame) -> list[Stroke]:
    """Turn the features of a base map into SVG paths.

    Parameters
    ----------
    collection : mapping
        GeoJSON FeatureCollection, lon/lat. Points and empty geometries are passed over; Z is dropped.
    frame : Frame
        Where the paths lie.
    """
    strokes = []
    for feature in collection.get("features", ()):
        geometry = feature.get("geometry") or {}
        path = path_of(geometry, frame)
        if path:
            kind = str((feature.get("properties") or {}).get("kind", "other"))
            strokes.append(Stroke(kind, path, geometry["type"].endswith("Polygon")))
    return strokes


def path_of(geometry: Mapping[str, Any], frame: Frame) -> str:
    """Write a GeoJSON line or area as SVG path data; anything else gives an empty text.

    Examples
    --------
    >>> path_of({"type": "LineString", "coordinates": [[0, 1], [2, -1]]}, Frame(0.0, -1.0, 2.0, 1.0))
    'M0 0L1000 1000'
    """
    kind = geometry.get("type", "")
    if kind not in _DEPTH:
        return ""
    close = "Z" if kind.endswith("Polygon") else ""
    rings = _lines(geometry.get("coordinates") or [], _DEPTH[kind])
    return "".join(_path_of_line(line, frame) + close for line in rings if len(line) > 1)


def _lines(coordinates: list[Any], depth: int) -> Iterator[list[list[float]]]:
    if depth == 1:
        yield coordinates
        return
    for part in coordinates:
        yield from _lines(part, depth - 1)


def _path_of_line(line: list[list[float]], frame: Frame) -> str:
    points = (frame.place(position[0], position[1]) for position in line)
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
