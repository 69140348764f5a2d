"""Map pictures of a report, drawn from its geometries alone: red line, pieces by number, scale, north, legend."""

from collections.abc import Iterator, Sequence
from typing import Final

import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis.report.hatching import hatch
from gis.report.map_frame import INK, Frame, border, grid, nice_denominator, north_arrow, points, scale
from gis.report.model import OverlapReport, Piece, ReportLayer, polygons
from gis.report.picture import Area, Dot, Drawing, Label, Mark, Stroke

RED_LINE: Final = "#d6001c"
_SUBJECT_FILL: Final = "#fdf3f2"
_MARGIN: Final = 4.0
_LINE: Final = 4.6
_LETTER: Final = 2.5
_SWATCH: Final = (6.0, 3.2)
_ROOM: Final = 1.12
"""The frame is wider than the subject by an eighth, so that its neighbourhood can be told."""

_LEAST_SCALE: Final = 10.0
LegendRow = list[tuple[float, str, ReportLayer | None]]


def overview(report: OverlapReport, size: tuple[float, float]) -> Drawing:
    """Draw the subject over everything that is hit; `size` in millimetres."""
    return _draw(report, report.hits, size, f"{report.head.title} 压占总图")


def layer_map(report: OverlapReport, layer: ReportLayer, size: tuple[float, float]) -> Drawing:
    """Draw the subject over one layer; `size` in millimetres."""
    return _draw(report, (layer,), size, f"{layer.title} 压占图")


def _draw(
    report: OverlapReport, layers: Sequence[ReportLayer], size: tuple[float, float], title: str
) -> Drawing:
    legend = list(_legend_rows(report, layers, size[0]))
    frame = _frame(report, layers, size, len(legend))
    pieces = [(layer, piece) for layer in layers for piece in _pieces(layer)]
    marks: list[Mark] = [
        *_ground(report, frame),
        *_surroundings(report, layers, frame),
        *(mark for layer, piece in pieces for mark in _piece(layer, piece, frame)),
        *_red_line(report, frame),
        *grid(frame),
        *_numbers([piece for _, piece in pieces], frame),
        *border(frame),
        *north_arrow(frame),
        *scale(frame, f"EPSG:{report.srid}"),
        *_legend(legend, frame),
    ]
    return Drawing(*size, tuple(marks), title)


def _frame(
    report: OverlapReport, layers: Sequence[ReportLayer], size: tuple[float, float], legend_rows: int
) -> Frame:
    """Choose the largest round scale at which everything fits into the room above the legend."""
    width, height = size[0] - 0.4, size[1] - _LINE * (2 + legend_rows) - 1.2
    west, south, east, north = _bounds(report, layers)
    least = max(
        (east - west) * _ROOM * 1000 / (width - 2 * _MARGIN),
        (north - south) * _ROOM * 1000 / (height - 2 * _MARGIN),
        _LEAST_SCALE,
    )
    middle = ((west + east) / 2, (south + north) / 2)
    return Frame(0.2, 0.2, width, height, middle, nice_denominator(least))


def _bounds(report: OverlapReport, layers: Sequence[ReportLayer]) -> tuple[float, float, float, float]:
    shapes: list[BaseGeometry] = [piece.shape for layer in layers for piece in _pieces(layer)]
    if report.head.outline is not None:
        shapes.append(report.head.outline)
    west, south, east, north = (float(side) for side in shapely.total_bounds(shapes))
    return west, south, east, north


def _pieces(layer: ReportLayer) -> Iterator[Piece]:
    return (piece for item in layer.items for piece in item.pieces)


# --- what lies on the ground


def _ground(report: OverlapReport, frame: Frame) -> Iterator[Mark]:
    if report.head.outline is not None:
        yield from _areas(frame.page(report.head.outline), fill=_SUBJECT_FILL)


def _surroundings(report: OverlapReport, layers: Sequence[ReportLayer], frame: Frame) -> Iterator[Mark]:
    for layer in layers:
        around = report.head.surroundings.get(layer.key)
        if around is not None:
            shown = shapely.intersection(shapely.make_valid(frame.page(around)), frame.window())
            colour = layer.look.colour
            yield from _areas(shown, fill=colour, opacity=0.18, stroke=colour, width=0.12)


def _piece(layer: ReportLayer, piece: Piece, frame: Frame) -> Iterator[Mark]:
    shown = frame.page(piece.shape)
    for part in polygons(shown):
        yield from _filled(part, layer)
    yield from _thin(shown, layer.look.colour, 1.6)


def _filled(part: Polygon, layer: ReportLayer) -> Iterator[Mark]:
    """Yield a polygon in the colour and pattern of its layer."""
    colour = layer.look.colour
    yield from _areas(part, fill=colour, opacity=0.45, stroke=colour, width=0.2)
    for line in hatch(part, layer.look.pattern):
        yield Stroke(points(line.coords), colour, 0.15)


def _red_line(report: OverlapReport, frame: Frame) -> Iterator[Mark]:
    if report.head.outline is None:
        return
    shown = frame.page(report.head.outline)
    yield from _areas(shown, stroke=RED_LINE, width=0.55)
    yield from _thin(shown, RED_LINE, 0.6)


def _thin(shown: BaseGeometry, colour: str, width: float) -> Iterator[Mark]:
    """Yield the lines and points of a geometry on the paper."""
    for part in shapely.get_parts(shown):
        if isinstance(part, LineString):
            yield Stroke(points(part.coords), colour, width)
        if isinstance(part, Point):
            yield Dot((part.x, part.y), width, colour)


def _numbers(pieces: Sequence[Piece], frame: Frame) -> Iterator[Mark]:
    """Yield the numbers of the pieces, the largest pieces first; one that would cover another is left out."""
    taken: list[Polygon] = []
    for piece in sorted(pieces, key=lambda each: (-each.shape.area, -each.shape.length)):
        inside = piece.shape.representative_point()
        x, y = frame.place(inside.x, inside.y)
        label = Label((x, y + 0.9), piece.number, _LETTER, "middle", INK, boxed=True)
        box = shapely.box(label.left, y - 1.6, label.left + label.length, y + 1.6)
        if not any(box.intersects(other) for other in taken):
            taken.append(box)
            yield label


# --- legend


def _legend_rows(report: OverlapReport, layers: Sequence[ReportLayer], width: float) -> Iterator[LegendRow]:
    line = "用地红线（含缓冲）" if report.subject.get("buffer_m") else "用地红线"
    row: LegendRow = []
    x = 1.0
    for text, layer in [(line, None), *((layer.title, layer) for layer in layers)]:
        wide = _SWATCH[0] + 1.5 + Label((0, 0), text, _LETTER).length + 4.0
        if row and x + wide > width:
            yield row
            row, x = [], 1.0
        row.append((x, text, layer))
        x += wide
    yield row


def _legend(rows: Sequence[LegendRow], frame: Frame) -> Iterator[Mark]:
    for number, row in enumerate(rows):
        y = frame.bottom + 2 * _LINE - 2.0 + number * _LINE
        for x, text, layer in row:
            box = shapely.box(x, y, x + _SWATCH[0], y + _SWATCH[1])
            if layer is None:
                yield from _areas(box, fill=_SUBJECT_FILL, stroke=RED_LINE, width=0.55)
            else:
                yield from _filled(box, layer)
            yield Label((x + _SWATCH[0] + 1.5, y + 2.5), text, _LETTER, "start", INK)


def _areas(
    geometry: BaseGeometry,
    fill: str | None = None,
    opacity: float = 1.0,
    stroke: str | None = None,
    width: float = 0.2,
) -> Iterator[Area]:
    for part in polygons(geometry):
        rings = (points(part.exterior.coords), *(points(hole.coords) for hole in part.interiors))
        yield Area(rings, fill, opacity, stroke, width)
