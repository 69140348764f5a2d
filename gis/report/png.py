"""A drawing as a picture of pixels, for workbooks."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from gis.report.picture import Area, Dot, Drawing, Label, Mark, Stroke
from gis.style.fonts import FOLDERS, find_font, holds, latin_font
from gis.style.fonts import Font as Face
from gis.style.rule import rgb

PIXELS_PER_MM: Final = 8.0
_SMOOTH: Final = 2
"""Drawn twice as large and brought down, so that slanting lines are smooth."""


def render_png(
    drawing: Drawing, pixels_per_mm: float = PIXELS_PER_MM, folders: Iterable[str] = FOLDERS
) -> bytes:
    """Return the drawing as PNG.

    On a machine without a font for its words they are left out and told by `can_write`; numbers always stand.

    Parameters
    ----------
    folders : iterable of str
        Where fonts are looked for.
    """
    scale = pixels_per_mm * _SMOOTH
    image = Image.new("RGB", (round(drawing.width * scale), round(drawing.height * scale)), "#ffffff")
    canvas = _Canvas(image, scale, tuple(folders))
    for mark in drawing.marks:
        canvas.paint(mark)
    size = (round(drawing.width * pixels_per_mm), round(drawing.height * pixels_per_mm))
    out = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def can_write(drawing: Drawing, folders: Iterable[str] = FOLDERS) -> bool:
    """Tell whether the machine has a font for every word of a drawing."""
    words = "".join(mark.text for mark in drawing.marks if isinstance(mark, Label))
    return find_font(words, 12, folders) is not None


@dataclass(frozen=True)
class _Canvas:
    image: Image.Image
    scale: float
    folders: tuple[str, ...]

    def paint(self, mark: Mark) -> None:
        draw = ImageDraw.Draw(self.image)
        match mark:
            case Area():
                self._area(mark)
            case Stroke():
                draw.line(self._pixels(mark.points), mark.colour, self._pen(mark.width), "curve")
            case Dot():
                (x, y), radius = mark.centre, mark.radius
                box = self._pixels(((x - radius, y - radius), (x + radius, y + radius)))
                draw.ellipse(box, mark.colour)
            case Label():
                self._label(draw, mark)

    def _area(self, area: Area) -> None:
        rings = [self._pixels(ring) for ring in area.rings]
        if area.fill is not None:
            self._fill(rings, area.fill, area.opacity)
        if area.stroke is not None:
            draw = ImageDraw.Draw(self.image)
            for ring in rings:
                draw.line([*ring, ring[1]], area.stroke, self._pen(area.width), "curve")

    def _fill(self, rings: list[list[tuple[float, float]]], colour: str, opacity: float) -> None:
        xs, ys = [x for x, _ in rings[0]], [y for _, y in rings[0]]
        left, top = max(0, int(min(xs))), max(0, int(min(ys)))
        width = min(self.image.width, int(max(xs)) + 2) - left
        height = min(self.image.height, int(max(ys)) + 2) - top
        if width <= 0 or height <= 0:
            return
        mask = Image.new("L", (width, height), 0)
        draw = ImageDraw.Draw(mask)
        for number, ring in enumerate(rings):
            draw.polygon([(x - left, y - top) for x, y in ring], 0 if number else round(255 * opacity))
        self.image.paste(rgb(colour), (left, top), mask)

    def _label(self, draw: ImageDraw.ImageDraw, label: Label) -> None:
        font = self._font(label)
        if font is None:
            return
        x, y = label.at[0] * self.scale, label.at[1] * self.scale
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[label.anchor]
        if label.boxed:
            left, top, right, bottom = draw.textbbox((x, y), label.text, font, anchor)
            rim = 0.4 * self.scale
            draw.rectangle((left - rim, top - rim, right + rim, bottom + rim), "#ffffff")
        draw.text((x, y), label.text, label.colour, font, anchor)

    def _font(self, label: Label) -> Face | None:
        size = max(6, round(label.size * self.scale))
        if label.text.isascii():
            return find_font(label.text, size, self.folders) or latin_font(size)
        font = find_font(label.text, size, self.folders)
        return font if font is not None and holds(font, label.text) else None

    def _pixels(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def _pen(self, width: float) -> int:
        return max(1, round(width * self.scale))
