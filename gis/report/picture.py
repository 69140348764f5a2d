"""A drawing as a value: what is where on the paper, in millimetres from the top left corner.

One drawing becomes SVG for pages, PNG for workbooks, and paths in a PDF, so that all show the same.
"""

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Area:
    """A polygon with holes: rings of points; None paints nothing."""

    rings: tuple[tuple[Point, ...], ...]
    fill: str | None = None
    opacity: float = 1.0
    stroke: str | None = None
    width: float = 0.2


@dataclass(frozen=True)
class Stroke:
    """A line through points; `dashed` lines have gaps."""

    points: tuple[Point, ...]
    colour: str = "#222222"
    width: float = 0.2
    dashed: bool = False


@dataclass(frozen=True)
class Dot:
    """A point mark with its radius."""

    centre: Point
    radius: float
    colour: str


@dataclass(frozen=True)
class Label:
    """A line of text on its baseline; `boxed` puts paper behind it. `size` is the height of the letters' body."""

    at: Point
    text: str
    size: float = 2.6
    anchor: Anchor = "start"
    colour: str = "#222222"
    boxed: bool = False

    @property
    def length(self) -> float:
        """Estimated length: a Chinese sign is as wide as the body, others a little over half."""
        return sum(self.size if ord(sign) > 0x2E7F else self.size * 0.56 for sign in self.text)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.at[0] - {"start": 0.0, "middle": self.length / 2, "end": self.length}[self.anchor]


Mark = Area | Stroke | Dot | Label


@dataclass(frozen=True)
class Drawing:
    """A finished drawing.

    Parameters
    ----------
    width, height : float
        Millimetres.
    marks : tuple
        Painted in this order.
    title : str
        For those who cannot see it, and as a caption.
    """

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str
