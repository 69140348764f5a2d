"""A rule's legend as a picture: for reports, for WMS, for clients that draw none."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from gis.errors import InvalidParameterError
from gis.style.fonts import FOLDERS, Font, find_font, holds, latin_font
from gis.style.rule import Language, StyleClass, StyleRule, rgb

SCALES: Final = (0.5, 4.0)
_INK: Final = (33, 33, 33)
_PAPER: Final = (255, 255, 255)
# What a plain Latin font may lack, and how to say it without.
_PLAINER: Final = {"–": "-", "≥": ">=", "±": "+/-", "≤": "<="}


@dataclass(frozen=True)
class LegendImage:
    """A finished picture.

    Parameters
    ----------
    png : bytes
        The picture.
    language : {"zh", "en"}
        Of its words; English where the machine has no font with Chinese.
    """

    png: bytes
    language: Language


def parse_scale(text: str | None) -> float:
    """Read the factor that a legend is enlarged by.

    Raises
    ------
    InvalidParameterError
        It is no number from 0.5 to 4.

    Examples
    --------
    >>> parse_scale("2")
    2.0
    """
    try:
        scale = 1.0 if text is None else float(text)
    except ValueError:
        scale = 0.0
    if SCALES[0] <= scale <= SCALES[1]:
        return scale
    raise InvalidParameterError(
        f"scale={str(text)[:40]!r}: a number from 0.5 to 4 is offered.",
        f"scale={str(text)[:40]!r}：可用 0.5 至 4。",
        where="scale",
    )


def render_legend(
    rule: StyleRule, language: Language = "zh", scale: float = 1.0, folders: Iterable[str] = FOLDERS
) -> LegendImage:
    """Draw the legend: title, one line per class with its colour, pattern and name, the rest last.

    A ramp is drawn as one bar, with the names of its bands beside it.

    Parameters
    ----------
    scale : float
        1 is for screens of 96 dpi.
    folders : iterable of str
        Where fonts are looked for.
    """
    words = _words(rule, language)
    title, text = (find_font("".join(words), round(px * scale), folders) for px in (15, 13))
    if title is None or text is None:
        language = "en"
        title, text = latin_font(round(15 * scale)), latin_font(round(13 * scale))
        words = [_speakable(text, word) for word in _words(rule, "en")]
    return LegendImage(_Sheet(rule, words, title, text, scale).png(), language)


def _words(rule: StyleRule, language: Language) -> list[str]:
    title = rule.title_zh if language == "zh" else rule.title_en
    return [title, *(item.title(language) for item in rule.all_classes)]


def _speakable(font: Font, word: str) -> str:
    return "".join(sign if holds(font, sign) else _PLAINER.get(sign, "?") for sign in word)


@dataclass(frozen=True)
class _Sheet:
    rule: StyleRule
    words: list[str]
    title: Font
    text: Font
    scale: float

    def png(self) -> bytes:
        padding, swatch, row, top = (round(px * self.scale) for px in (12, 30, 24, 38))
        widest = max(self.title.getlength(self.words[0]), *(self._right(word) for word in self.words[1:]))
        size = (round(widest) + 2 * padding, top + row * len(self.rule.all_classes) + padding // 2)
        image = Image.new("RGB", size, _PAPER)
        draw = ImageDraw.Draw(image)
        draw.text((padding, padding), self.words[0], _INK, self.title)
        for number, item in enumerate(self.rule.all_classes):
            high = top + row * number
            box = (padding, high, padding + swatch, high + row - 1)
            self._swatch(image, box, item)
            draw.text(
                (padding + swatch + padding, high + row // 2), self.words[number + 1], _INK, self.text, "lm"
            )
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True)
        return out.getvalue()

    def _right(self, word: str) -> float:
        return self.text.getlength(word) + round(30 * self.scale) + round(12 * self.scale)

    def _swatch(self, image: Image.Image, box: tuple[int, int, int, int], item: StyleClass) -> None:
        if self.rule.ramp and item is not self.rule.other:
            self._ramp(image, box, item)
            return
        left, top, right, bottom = box
        gap = max(1, round(3 * self.scale))
        tile = Image.new("RGB", (right - left, bottom - top - 2 * gap), self._fill(item.colour))
        draw = ImageDraw.Draw(tile)
        if self.rule.geometry == "polygon":
            _hatch(draw, tile.size, item, self.scale)
        draw.rectangle((0, 0, tile.width - 1, tile.height - 1), outline=rgb(item.colour))
        image.paste(tile, (left, top + gap))

    def _ramp(self, image: Image.Image, box: tuple[int, int, int, int], item: StyleClass) -> None:
        """Draw the stretch of the bar that belongs to a band, the band's lower end at its top."""
        left, top, right, bottom = box
        low = self.rule.ramp[0].value if item.least is None else item.least
        high = self.rule.ramp[-1].value if item.below is None else item.below
        draw = ImageDraw.Draw(image)
        for line in range(top, bottom + 1):
            value = low + (high - low) * (line - top + 0.5) / (bottom + 1 - top)
            draw.line((left, line, right - 1, line), self._fill(self.rule.colour_of(value)))

    def _fill(self, colour: str) -> tuple[int, int, int]:
        """Return the colour as it lies on white paper."""
        opacity = self.rule.opacity if self.rule.geometry == "polygon" else 1.0
        red, green, blue = (round(part * opacity + 255 * (1 - opacity)) for part in rgb(colour))
        return red, green, blue


def _hatch(draw: ImageDraw.ImageDraw, size: tuple[int, int], item: StyleClass, scale: float) -> None:
    width, height = size
    step, colour, pen = max(4, round(6 * scale)), rgb(item.colour), max(1, round(scale))
    if item.pattern in ("diagonal", "diagonal_cross"):
        for x in range(0, width + height, step):
            draw.line((x, 0, x - height, height), colour, pen)
    if item.pattern in ("back_diagonal", "diagonal_cross"):
        for x in range(-height, width, step):
            draw.line((x, 0, x + height, height), colour, pen)
    if item.pattern in ("horizontal", "cross"):
        for y in range(step // 2, height, step):
            draw.line((0, y, width, y), colour, pen)
    if item.pattern in ("vertical", "cross"):
        for x in range(step // 2, width, step):
            draw.line((x, 0, x, height), colour, pen)
