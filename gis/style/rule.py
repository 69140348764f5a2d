"""One colouring rule per theme, from which every style format is generated.

Neither the colours nor the number of classes are constants: a rule is filled from data. Colour
never stands alone: every class has a title in both languages and may have a pattern.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from gis.errors import InvalidStyleError
from gis.layer import GeometryType
from gis.statement import identifier

Pattern = Literal["solid", "horizontal", "vertical", "diagonal", "back_diagonal", "cross", "diagonal_cross"]
Language = Literal["zh", "en"]
Value = str | int | float | bool | None

FONTS: Final = ("Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "sans-serif")

SCALE_AT_ZOOM_0: Final = 295_828_763.795777
"""Scale denominator at zoom 0 as MapLibre counts zooms: tiles of 512 pixels, 96 dpi."""

BANDS_OF_A_RAMP: Final = 100

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class StyleClass:
    """One class of a rule: a value, or a band ``least ≤ x < below`` (None is open).

    Parameters
    ----------
    key : str
        Short English name, stable: ``"green"``.
    title_zh, title_en : str
        What stands in the legend and beside the colour.
    colour : str
        ``#rrggbb``, lower case.
    value : str or int, optional
        The value of the field, in a rule of categories.
    least, below : float, optional
        The ends of the band, in a graded rule.
    pattern : Pattern
        Second cue beside the colour, where a format can draw it.
    """

    key: str
    title_zh: str
    title_en: str
    colour: str
    value: str | int | None = None
    least: float | None = None
    below: float | None = None
    pattern: Pattern = "solid"

    def __post_init__(self) -> None:
        if not _COLOUR.fullmatch(self.colour):
            raise InvalidStyleError(
                f"Class {self.key}: {self.colour!r} is no colour like #2e7d32.",
                f"分级 {self.key}：{self.colour!r} 不是 #2e7d32 形式的颜色。",
            )
        if None not in (self.least, self.below) and self.least >= self.below:  # type: ignore[operator]
            raise InvalidStyleError(
                f"Class {self.key}: the band from {self.least} to below {self.below} is empty.",
                f"分级 {self.key}：区间 [{self.least}, {self.below}) 为空。",
            )

    @property
    def is_band(self) -> bool:
        """Whether the class is a band of numbers."""
        return self.least is not None or self.below is not None

    def title(self, language: Language) -> str:
        """Return the title in one language."""
        return self.title_zh if language == "zh" else self.title_en

    def holds(self, value: Value) -> bool:
        """Say whether a feature with this value belongs to the class.

        Examples
        --------
        >>> half = StyleClass("half", "过半", "half", "#fdd835", least=50, below=100)
        >>> half.holds(50), half.holds(100), half.holds(None)
        (True, False, False)
        """
        if not self.is_band:
            return value is not None and value == self.value
        if not isinstance(value, int | float):
            return False
        return (self.least is None or self.least <= value) and (self.below is None or value < self.below)


@dataclass(frozen=True)
class Stop:
    """One point of a ramp: the colour, ``#rrggbb``, that a number has."""

    value: float
    colour: str


@dataclass(frozen=True)
class StyleRule:
    """How one layer is coloured by one field.

    Parameters
    ----------
    id : str
        Name of the style in every door: ``projects-light``.
    layer : str
        Collection that is coloured.
    field : str
        Field that decides.
    classes : sequence of StyleClass
        In the order of the legend; all values, or all bands in rising order.
    other : StyleClass
        For every other value and for none: not assessed.
    opacity : float
        Of fills, 0 to 1.
    label_field, label_layer : str, optional
        Field written on the map; collection whose points carry the labels, where polygon labels
        would repeat in every tile.
    label_min_zoom : int
        Labels are drawn from this zoom on.
    ramp : sequence of Stop
        Where given, numbers are coloured continuously, straight between the stops in sRGB, and the
        classes, all bands, name them. Below the first stop and above the last their colours hold.
    """

    id: str
    title_zh: str
    title_en: str
    layer: str
    geometry: GeometryType
    field: str
    classes: Sequence[StyleClass]
    other: StyleClass
    opacity: float = 0.65
    label_field: str | None = None
    label_layer: str | None = None
    label_min_zoom: int = 12
    ramp: Sequence[Stop] = ()

    def __post_init__(self) -> None:
        for name in (self.layer, self.field, self.label_field, self.label_layer):
            if name is not None:
                identifier(name)
        if not self.classes or len({item.is_band for item in self.classes}) > 1:
            raise self._contradiction("classes are all values or all bands", "分级须全为取值或全为区间")
        if self.graded and not self._rising():
            raise self._contradiction("bands must rise and not overlap", "区间须递增且不重叠")
        if self.ramp and not self._is_ramp():
            raise self._contradiction(
                "a ramp has two stops or more, rising, and bands beside it",
                "渐变须有两个以上递增节点并配区间",
            )
        if not self.graded and not self._distinct():
            raise self._contradiction("values must be distinct and of one type", "取值须互不相同且类型一致")

    def _contradiction(self, en: str, zh: str) -> InvalidStyleError:
        return InvalidStyleError(f"Style {self.id}: {en}.", f"样式 {self.id}：{zh}。")

    def _rising(self) -> bool:
        pairs = zip(self.classes, self.classes[1:], strict=False)
        return all(a.below is not None and b.least is not None and a.below <= b.least for a, b in pairs)

    def _is_ramp(self) -> bool:
        values = [stop.value for stop in self.ramp]
        colours = all(_COLOUR.fullmatch(stop.colour) for stop in self.ramp)
        return self.graded and colours and len(values) > 1 and values == sorted(set(values))

    def _distinct(self) -> bool:
        values = [item.value for item in self.classes]
        return None not in values and len(set(values)) == len(values) and len({type(v) for v in values}) == 1

    @property
    def graded(self) -> bool:
        """Whether the rule has bands of a number, not single values."""
        return self.classes[0].is_band

    @property
    def all_classes(self) -> tuple[StyleClass, ...]:
        """The classes with the one for everything else behind."""
        return (*self.classes, self.other)

    def class_of(self, value: Value) -> StyleClass:
        """Return the class of a value; the one for everything else where none holds it."""
        return next((item for item in self.classes if item.holds(value)), self.other)

    def colour_of(self, value: Value) -> str:
        """Return the colour of a value: of its class, or of its place on the ramp.

        Examples
        --------
        >>> bands = (StyleClass("low", "低", "low", "#000000", below=50), StyleClass("high", "高", "high", "#c8c8c8", least=50))
        >>> grey = StyleClass("grey", "无", "none", "#9e9e9e")
        >>> stops = (Stop(0, "#000000"), Stop(100, "#c8c8c8"))
        >>> rule = StyleRule("p", "进度", "Progress", "p", "point", "progress", bands, grey, ramp=stops)
        >>> rule.colour_of(25), rule.colour_of(120), rule.colour_of(None)
        ('#323232', '#c8c8c8', '#9e9e9e')
        """
        if not self.ramp or not isinstance(value, int | float):
            return self.class_of(value).colour
        if value <= self.ramp[0].value:
            return self.ramp[0].colour
        for low, high in zip(self.ramp, self.ramp[1:], strict=False):
            if value < high.value:
                return _between(low, high, value)
        return self.ramp[-1].colour

    def in_bands(self) -> "StyleRule":
        """Return the rule for readers that cannot colour continuously: a ramp as narrow bands of one colour.

        Each is a hundredth of the ramp wide and has the colour of its middle. A rule without a ramp is
        returned as it is.
        """
        if not self.ramp:
            return self
        first, last = self.ramp[0].value, self.ramp[-1].value
        ends = [first + (last - first) * number / BANDS_OF_A_RAMP for number in range(BANDS_OF_A_RAMP + 1)]
        bands = [
            self._band(f"b{number}", low, high) for number, (low, high) in enumerate(itertools.pairwise(ends))
        ]
        bands[0] = replace(bands[0], least=None)
        top = replace(self.class_of(last), key="top", colour=self.ramp[-1].colour, least=last, below=None)
        return replace(self, classes=(*bands, top), ramp=())

    def _band(self, key: str, low: float, high: float) -> StyleClass:
        name = f"{low:g}–{high:g}"
        return StyleClass(key, name, name, self.colour_of((low + high) / 2), least=low, below=high)


def _between(low: Stop, high: Stop, value: float) -> str:
    share = (value - low.value) / (high.value - low.value)
    parts = zip(rgb(low.colour), rgb(high.colour), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green, blue of ``#rrggbb``, 0 to 255.

    Examples
    --------
    >>> rgb("#2e7d32")
    (46, 125, 50)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
