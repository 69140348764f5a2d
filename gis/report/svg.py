"""A drawing as SVG for pages: presentation attributes alone, so that no style sheet and no script is needed."""

from collections.abc import Iterable
from html import escape
from typing import Final

from gis.report.picture import Area, Dot, Drawing, Label, Mark, Stroke
from gis.style.rule import FONTS

_FAMILY: Final = ", ".join(f"'{name}'" if " " in name else name for name in FONTS)


def render_svg(drawing: Drawing) -> str:
    """Return the drawing as an `svg` element in its true size; every text is escaped."""
    wide, high = _number(drawing.width), _number(drawing.height)
    body = "".join(_mark(mark) for mark in drawing.marks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}mm" height="{high}mm" viewBox="0 0 {wide} {high}" '
        f'role="img" aria-label="{escape(drawing.title)}" font-family="{escape(_FAMILY)}">{body}</svg>'
    )


def _mark(mark: Mark) -> str:
    match mark:
        case Area():
            return _area(mark)
        case Stroke():
            dashes = ' stroke-dasharray="1.2 0.8"' if mark.dashed else ""
            return (
                f'<polyline points="{_points(mark.points)}" fill="none" stroke="{mark.colour}" '
                f'stroke-width="{_number(mark.width)}"{dashes}/>'
            )
        case Dot():
            x, y = mark.centre
            return f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(mark.radius)}" fill="{mark.colour}"/>'
        case Label():
            return _label(mark)


def _area(area: Area) -> str:
    path = "".join(f"M{_points(ring[:-1])}Z" for ring in area.rings)
    fill = "none" if area.fill is None else area.fill
    opacity = f' fill-opacity="{_number(area.opacity)}"' if area.opacity < 1 else ""
    stroke = (
        ""
        if area.stroke is None
        else f' stroke="{area.stroke}" stroke-width="{_number(area.width)}" stroke-linejoin="round"'
    )
    return f'<path d="{path}" fill="{fill}" fill-rule="evenodd"{opacity}{stroke}/>'


def _label(label: Label) -> str:
    x, y = label.at
    box = ""
    if label.boxed:
        box = (
            f'<rect x="{_number(label.left - 0.4)}" y="{_number(y - label.size * 0.95)}" '
            f'width="{_number(label.length + 0.8)}" height="{_number(label.size * 1.25)}" rx="0.5" '
            'fill="#ffffff" fill-opacity="0.82"/>'
        )
    return (
        f'{box}<text x="{_number(x)}" y="{_number(y)}" font-size="{_number(label.size)}" '
        f'text-anchor="{label.anchor}" fill="{label.colour}">{escape(label.text)}</text>'
    )


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
