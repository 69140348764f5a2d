"""Map pictures of a report, drawn from its geometries alone: red line, pieces by number, scale, north, legend."""

from collections.abc import Iterator, Sequence
from typing import Final

import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis.crs import zone_of_srid
from gis.report.hatching import hatch
from gis.report.map_frame import INK, Frame, border, grid, nice_denominator, north_arrow, points, scale
from gis.report.model import OverlapReport, Piece, ReportLayer, polygons
from gis.report.picture import Area, Dot, Drawing, Label, Mark, Stroke
from gis.report.times import local_text

RED_LINE: Final = "#d6001c"
_SUBJECT_FILL: Final = "#fdf3f2"
_MARGIN: Final = 4.0
_LINE: Final = 4.6
_LETTER: Final = 2.5
_SWATCH: Final = (6.0, 3.2)
_ROOM: Final = 1.12
"""The frame is wider than the subject by an eighth, so that its neighbourhood can be told."""

_LEAST_SCALE: Final = 10.0
_WIDE: Final = 200.0
_HIDDEN_MM: Final = 4.0
_BESIDE: Final = ((5.0, -4.0), (-5.0, -4.0), (5.0, 4.0), (-5.0, 4.0))
LegendRow = list[tuple[float, str, ReportLayer | None]]


def overview(report: OverlapReport, size: tuple[float, float]) -> Drawing:
    """Draw the subject over everything that is hit; `size` in millimetres."""
    return _draw(
        report, report.hits, size, f"{report.head.title} {report.say('压占总图', 'Overview 压占总图')}"
    )


def layer_map(report: OverlapReport, layer: ReportLayer, size: tuple[float, float]) -> Drawing:
    """Draw the subject over one layer; `size` in millimetres."""
    return _draw(report, (layer,), size, f"{layer.title} {report.say('压占图', 'overlap map 压占图')}")


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
        *scale(
            frame, _imprint(report, wide=frame.width >= _WIDE), report.say("（原幅）", " (true size 原幅)")
        ),
        *_legend(report, legend, frame),
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


def _imprint(report: OverlapReport, *, wide: bool) -> str:
    """Return what stands beside the scale: coordinates, map review number 审图号; with room the day, too."""
    number = report.say("审图号：", "Review no. 审图号: ") + (report.head.review_number or "　" * 6)
    if not wide:
        return f"EPSG:{report.srid}　{number}"
    zone = zone_of_srid(report.srid)
    plane = report.say(f"CGCS2000 三度带 {zone} 带 ", f"CGCS2000 3° zone {zone} ") if zone else ""
    drawn = report.say("制图", "Drawn 制图")
    return f"{plane}EPSG:{report.srid}　{drawn} {local_text(report.computed_at)[:10]}　{number}"


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
    """Yield the numbers of the pieces, the largest pieces first; one that would cover another is left out.

    A piece that its number would hide has it beside, at the end of a line.
    """
    taken: list[Polygon] = []
    for piece in sorted(pieces, key=lambda each: (-each.shape.area, -each.shape.length)):
        inside = piece.shape.representative_point()
        at = frame.place(inside.x, inside.y)
        for dx, dy in _BESIDE if _is_hidden(piece, frame) else ((0.0, 0.0),):
            label = Label((at[0] + dx, at[1] + dy + 0.9), piece.number, _LETTER, "middle", INK, boxed=True)
            middle = at[1] + dy
            box = shapely.box(label.left, middle - 1.6, label.left + label.length, middle + 1.6)
            if frame.window().contains(box) and not any(box.intersects(other) for other in taken):
                taken.append(box)
                if dx:
                    yield Stroke(points([at, (at[0] + dx * 0.75, at[1] + dy * 0.75)]), INK, 0.12)
                yield label
                break


def _is_hidden(piece: Piece, frame: Frame) -> bool:
    """Return whether a piece is so small on the paper that its number would cover it; lines and points may be."""
    west, south, east, north = piece.shape.bounds
    high = max(east - west, north - south) * 1000 / frame.denominator
    return piece.shape.area > 0 and high < _HIDDEN_MM


# --- legend


def _legend_rows(report: OverlapReport, layers: Sequence[ReportLayer], width: float) -> Iterator[LegendRow]:
    line = _subject_words(report)
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


def _subject_words(report: OverlapReport) -> str:
    if report.measure == "length_m":
        return report.say("线路", "Line 线路")
    if report.measure == "points":
        return report.say("点位", "Points 点位")
    if report.subject.get("buffer_m"):
        return report.say("用地红线（含缓冲）", "Red line with buffer 用地红线（含缓冲）")
    return report.say("用地红线", "Red line 用地红线")


def _legend(report: OverlapReport, rows: Sequence[LegendRow], frame: Frame) -> Iterator[Mark]:
    for number, row in enumerate(rows):
        y = frame.bottom + 2 * _LINE - 2.0 + number * _LINE
        for x, text, layer in row:
            box = shapely.box(x, y, x + _SWATCH[0], y + _SWATCH[1])
            yield from _filled(box, layer) if layer is not None else _sample(report, box)
            yield Label((x + _SWATCH[0] + 1.5, y + 2.5), text, _LETTER, "start", INK)


def _sample(report: OverlapReport, box: Polygon) -> Iterator[Mark]:
    """Yield how the subject is drawn: an outline, a line or a dot."""
    west, north, east, south = box.bounds
    y = (north + south) / 2
    if report.measure == "length_m":
        yield Stroke(((west, y), (east, y)), RED_LINE, 0.6)
    elif report.measure == "points":
        yield Dot(((west + east) / 2, y), 0.6, RED_LINE)
    else:
        yield from _areas(box, fill=_SUBJECT_FILL, stroke=RED_LINE, width=0.55)


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
