"""A drawing painted into a PDF as paths and letters, so that it stays sharp and its scale holds on paper."""

from collections.abc import Sequence
from typing import Final

from fpdf import FPDF
from fpdf.drawing import PaintedPath
from fpdf.drawing_primitives import DeviceRGB
from fpdf.enums import IntersectionRule, PathPaintRule, StrokeJoinStyle

from gis.report.faces import Letters
from gis.report.picture import Area, Dot, Drawing, Label, Mark, Point, Stroke
from gis.style.rule import rgb

_PT_PER_MM: Final = 72 / 25.4


def paint(page: FPDF, drawing: Drawing, corner: Point, family: str, letters: Letters) -> None:
    """Paint a drawing in its true size with its top left corner at a place of the page.

    Parameters
    ----------
    corner : tuple of float
        Millimetres from the page's top left corner.
    family : str
        Font added to the document.
    """
    for mark in drawing.marks:
        _paint(page, mark, corner, family, letters)
    page.set_text_color(0)
    page.set_draw_color(0)
    page.set_line_width(0.2)


def _paint(page: FPDF, mark: Mark, corner: Point, family: str, letters: Letters) -> None:
    match mark:
        case Area():
            _area(page, mark, corner)
        case Stroke():
            page.set_draw_color(*rgb(mark.colour))
            page.set_line_width(mark.width)
            page.set_dash_pattern(*((1.2, 0.8) if mark.dashed else (0, 0)))
            page.polyline(_moved(mark.points, corner))
        case Dot():
            page.set_fill_color(*rgb(mark.colour))
            (x, y) = _moved((mark.centre,), corner)[0]
            page.circle(x, y, mark.radius, style="F")
        case Label():
            _label(page, mark, corner, family, letters)


def _area(page: FPDF, area: Area, corner: Point) -> None:
    path = PaintedPath()
    for ring in area.rings:
        first, *rest = _moved(ring[:-1], corner)
        path.move_to(*first)
        for point in rest:
            path.line_to(*point)
        path.close()
    style = path.style
    style.intersection_rule = IntersectionRule.EVENODD
    style.paint_rule = _rule(area)
    style.stroke_join_style = StrokeJoinStyle.ROUND
    if area.fill is not None:
        style.fill_color = _colour(area.fill)
        style.fill_opacity = area.opacity
    if area.stroke is not None:
        style.stroke_color = _colour(area.stroke)
        style.stroke_width = area.width
        style.stroke_opacity = 1
    with page.drawing_context() as context:
        context.add_item(path)


def _rule(area: Area) -> PathPaintRule:
    if area.fill is None:
        return PathPaintRule.STROKE if area.stroke else PathPaintRule.DONT_PAINT
    return PathPaintRule.STROKE_FILL_EVENODD if area.stroke else PathPaintRule.FILL_EVENODD


def _label(page: FPDF, label: Label, corner: Point, family: str, letters: Letters) -> None:
    page.set_font(family, size=label.size * _PT_PER_MM)
    text = letters.written(label.text)
    width = page.get_string_width(text)
    x, y = _moved((label.at,), corner)[0]
    x -= {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    if label.boxed:
        page.set_fill_color(255)
        with page.local_context(fill_opacity=0.82):
            page.rect(x - 0.4, y - label.size * 0.95, width + 0.8, label.size * 1.25, style="F")
    page.set_text_color(*rgb(label.colour))
    page.text(x, y, text)


def _colour(colour: str) -> DeviceRGB:
    red, green, blue = rgb(colour)
    return DeviceRGB(red / 255, green / 255, blue / 255)


def _moved(points: Sequence[Point], corner: Point) -> list[Point]:
    return [(x + corner[0], y + corner[1]) for x, y in points]
