"""An overlap answer made ready to be printed: in the office's order, numbered, with its shapes in the plane."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import shapely
from shapely.geometry import Polygon, shape
from shapely.geometry.base import BaseGeometry

from gis.crs import STORED_SRID, parse_crs, transformer
from gis.exchange.outlines import area_m2
from gis.overlap import OverlapOptions

OFFICE_ORDER: Final = (
    "dltb", "farmland", "ecology", "urban_boundary", "land_parcels", "projects", "heritage", "river",
)  # fmt: skip
"""The order in which planning offices list what a site may occupy; other layers follow as they came."""

KEPT_WHOLE: Final = ("farmland", "ecology")
"""Layers whose slivers are kept and marked 临界."""


Measure = Literal["area_m2", "length_m", "points"]
Lang = Literal["zh", "en"]


@dataclass(frozen=True)
class Look:
    """How a layer is drawn: ``#rrggbb`` and the second cue beside the colour (`gis.style.rule.Pattern`)."""

    colour: str = "#9aa3ad"
    pattern: str = "diagonal"


@dataclass(frozen=True)
class ReportHead:
    """What the answer itself does not say.

    Parameters
    ----------
    title : str
        Name of the subject, as people know it.
    code : str or None
        Its archive number.
    outline : shapely geometry or None
        The subject in the plane of the overlay, x = east; None draws no red line.
    operator : str
        Who asked.
    options : OverlapOptions
        The rules in force.
    looks : mapping of str to Look
        By layer.
    surroundings : mapping of str to geometry
        By layer: the hit features beyond the subject, in the plane of the overlay, for the pictures alone.
    synthetic : bool
        Whether the data are the made-up sample set.
    lang : {'zh', 'en'}
        Language of pages and workbooks; in English the field's Chinese terms stand beside the English ones.
    review_number : str
        Map review number 审图号 of the service; empty leaves room to write it.
    """

    title: str
    code: str | None = None
    outline: BaseGeometry | None = None
    operator: str = ""
    options: OverlapOptions = field(default_factory=OverlapOptions)
    looks: Mapping[str, Look] = field(default_factory=dict)
    surroundings: Mapping[str, BaseGeometry] = field(default_factory=dict)
    synthetic: bool = False
    lang: Lang = "zh"
    review_number: str = ""


@dataclass(frozen=True)
class Piece:
    """One connected part of an overlap, in the plane of the overlay; `number` stands on the map.

    Parameters
    ----------
    shape : shapely geometry
        A polygon; of a subject of lines or points a line or a point, and the area is 0.
    """

    number: str
    shape: BaseGeometry
    area_m2: float
    critical: bool = False


@dataclass(frozen=True)
class ReportItem:
    """One feature that is hit; `row` is its member of the answer."""

    number: int
    row: Mapping[str, Any]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class ReportLayer:
    """One layer; `row` is its member of the answer, `remainder` the part of the subject that lies outside."""

    row: Mapping[str, Any]
    look: Look
    items: tuple[ReportItem, ...]
    remainder: BaseGeometry | None
    lang: Lang = "zh"

    @property
    def key(self) -> str:
        """Name of the layer."""
        return str(self.row["layer"])

    @property
    def title(self) -> str:
        """Title of the layer in the language of the report."""
        return self.title_zh if self.lang == "zh" else f"{self.row['title']['en']} {self.title_zh}"

    @property
    def title_zh(self) -> str:
        """Chinese title of the layer, as data files have it in either language."""
        return str(self.row["title"]["zh"])

    @property
    def hit(self) -> bool:
        """Whether the subject lies on it."""
        return bool(self.row["hit"])

    @property
    def withheld(self) -> bool:
        """Whether the caller may know no more than that it is hit."""
        return bool(self.row.get("internal"))


@dataclass(frozen=True)
class OverlapReport:
    """One subject with everything that lies under it; `remainder` is what of it lies in none of the layers."""

    head: ReportHead
    answer: Mapping[str, Any]
    srid: int
    layers: tuple[ReportLayer, ...]
    remainder: BaseGeometry | None = None

    @property
    def subject(self) -> Mapping[str, Any]:
        """The subject's member of the answer."""
        found: Mapping[str, Any] = self.answer["subject"]
        return found

    @property
    def computed_at(self) -> datetime:
        """When the overlap was made."""
        return datetime.fromisoformat(str(self.answer["computed_at"]))

    @property
    def hits(self) -> tuple[ReportLayer, ...]:
        """The layers that are hit and may be shown."""
        return tuple(layer for layer in self.layers if layer.items)

    @property
    def measure(self) -> Measure:
        """What is measured: the area of polygons, the length of lines, the number of points."""
        for name in ("length_m", "points"):
            if name in self.subject:
                return name
        return "area_m2"

    @property
    def whole(self) -> float:
        """Size of the subject in its own measure, of which shares are told."""
        return float(self.subject[self.measure])

    def say(self, zh: str, en: str) -> str:
        """Return a text in the language of the report."""
        return zh if self.head.lang == "zh" else en

    def pieces(self) -> Iterator[tuple[ReportLayer, ReportItem, Piece]]:
        """Yield every piece with where it belongs, in the order of the numbers."""
        for layer in self.layers:
            for item in layer.items:
                for piece in item.pieces:
                    yield layer, item, piece


def make_report(answer: Mapping[str, Any], head: ReportHead) -> OverlapReport:
    """Number and order an answer as `gis.overlap.render_overlap` gives it, and bring its shapes into the plane.

    Items without geometry keep their number and have no pieces to draw.
    """
    srid = parse_crs(str(answer["subject"]["crs_overlay"])).srid
    rows = sorted(answer["layers"], key=_office_rank)
    layers, number = [], 0
    for row in rows:
        items = tuple(_item(row, number + place, srid) for place, row in enumerate(row["items"], 1))
        number += len(items)
        look = head.looks.get(row["layer"], Look())
        layers.append(ReportLayer(row, look, items, _plane(row.get("remainder"), srid), head.lang))
    rest = _plane(answer.get("remainder", {}).get("geometry"), srid)
    return OverlapReport(head, answer, srid, tuple(layers), rest)


def _office_rank(row: Mapping[str, Any]) -> int:
    layer = row["layer"]
    return OFFICE_ORDER.index(layer) if layer in OFFICE_ORDER else len(OFFICE_ORDER)


def _item(row: Mapping[str, Any], number: int, srid: int) -> ReportItem:
    shapes = simple_parts(_plane(row.get("geometry"), srid))
    names = [str(number)] if len(shapes) == 1 else [f"{number}-{part}" for part in range(1, len(shapes) + 1)]
    told = row.get("parts") or []
    if len(told) != len(shapes):
        told = [{"area_m2": area_m2(shape, srid), "critical": row["critical"]} for shape in shapes]
    pieces = tuple(
        Piece(name, shape, part["area_m2"], part["critical"])
        for name, shape, part in zip(names, shapes, told, strict=True)
    )
    return ReportItem(number, row, pieces)


def _plane(geometry: Mapping[str, Any] | None, srid: int) -> BaseGeometry | None:
    if geometry is None:
        return None
    return transformer(STORED_SRID, srid).geometry(shape(dict(geometry)))


def simple_parts(geometry: BaseGeometry | None) -> list[BaseGeometry]:
    """Return the polygons, lines or points of a geometry in its own order."""
    if geometry is None:
        return []
    return [part for part in shapely.get_parts(geometry) if not part.is_empty]


def polygons(geometry: BaseGeometry | None) -> list[Polygon]:
    """Return the polygons of a geometry, the largest first.

    Examples
    --------
    >>> [part.area for part in polygons(shapely.box(0, 0, 1, 1).union(shapely.box(2, 0, 4, 1)))]
    [2.0, 1.0]
    """
    if geometry is None:
        return []
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and not part.is_empty]
    return sorted(parts, key=lambda part: -part.area)


def number_range(items: Sequence[ReportItem]) -> str:
    """Return the first and last number of some items: ``"3–7"``."""
    if not items:
        return ""
    first, last = items[0].number, items[-1].number
    return str(first) if first == last else f"{first}–{last}"
