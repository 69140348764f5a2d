"""One colouring rule per theme, from which every style format is generated.

Neither the colours nor the number of classes are constants: a rule is filled from data. Colour
never stands alone: every class has a title in both languages and may have a pattern.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gis.errors import InvalidStyleError
from gis.layer import GeometryType
from gis.statement import identifier

Pattern = Literal["solid", "horizontal", "vertical", "diagonal", "back_diagonal", "cross", "diagonal_cross"]
Language = Literal["zh", "en"]
Value = str | int | float | bool | None

FONTS: Final = ("Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "sans-serif")

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

    def __post_init__(self) -> None:
        for name in (self.layer, self.field, self.label_field, self.label_layer):
            if name is not None:
                identifier(name)
        if not self.classes or len({item.is_band for item in self.classes}) > 1:
            raise self._contradiction("classes are all values or all bands", "分级须全为取值或全为区间")
        if self.graded and not self._rising():
            raise self._contradiction("bands must rise and not overlap", "区间须递增且不重叠")
        if not self.graded and not self._distinct():
            raise self._contradiction("values must be distinct and of one type", "取值须互不相同且类型一致")

    def _contradiction(self, en: str, zh: str) -> InvalidStyleError:
        return InvalidStyleError(f"Style {self.id}: {en}.", f"样式 {self.id}：{zh}。")

    def _rising(self) -> bool:
        pairs = zip(self.classes, self.classes[1:], strict=False)
        return all(a.below is not None and b.least is not None and a.below <= b.least for a, b in pairs)

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


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green, blue of ``#rrggbb``, 0 to 255.

    Examples
    --------
    >>> rgb("#2e7d32")
    (46, 125, 50)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
