"""What a model shall hold, as plain values in metres; nothing here knows IFC files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Vector = tuple[float, float, float]
Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Rectangle:
    """A rectangular section about its middle."""

    width: float
    height: float

    @property
    def area(self) -> float:
        """Area in m²."""
        return self.width * self.height


@dataclass(frozen=True)
class Circle:
    """A full circular section; with a wall thickness, a pipe's."""

    radius: float
    wall: float | None = None

    @property
    def area(self) -> float:
        """Area in m²."""
        inner = 0.0 if self.wall is None else self.radius - self.wall
        return 3.141592653589793 * (self.radius * self.radius - inner * inner)


@dataclass(frozen=True)
class Polygonal:
    """Any closed section; points anti-clockwise, not repeated."""

    points: Outline

    @property
    def area(self) -> float:
        """Area in m²."""
        pairs = zip(self.points, self.points[1:] + self.points[:1], strict=True)
        return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2


Section = Rectangle | Circle | Polygonal


@dataclass(frozen=True)
class Swept:
    """A section swept from `origin`: upwards, or along a level direction with its y axis upwards."""

    section: Section
    length: float
    origin: Vector
    along: tuple[float, float] | None = None  # None: upwards


@dataclass(frozen=True)
class WallBody:
    """A straight wall whose axis runs from `start` to `end` in its middle."""

    start: tuple[float, float]
    end: tuple[float, float]
    base: float
    height: float
    thickness: float

    @property
    def length(self) -> float:
        """Length in metres; sample walls run along x or y, so the sum is exact."""
        return abs(self.end[0] - self.start[0]) + abs(self.end[1] - self.start[1])


@dataclass(frozen=True)
class Plate:
    """A level plate; `base` is the height of its underside."""

    outline: Outline
    base: float
    thickness: float


@dataclass(frozen=True)
class Part:
    """One element of a model.

    Attributes
    ----------
    key : str
        Stable name inside the model; its GlobalId is made from it.
    package : str or None
        Code of the milestone it belongs to; None for what no milestone counts.
    quantities : mapping
        Of the element's Qto set: lengths in m, areas in m², volumes in m³.
    """

    key: str
    ifc_class: str
    name: str
    body: Swept | WallBody | Plate
    storey: str | None = None
    package: str | None = None
    predefined: str | None = None
    object_type: str | None = None
    status: str = "NEW"
    quantity_set: str | None = None
    quantities: Mapping[str, float] = field(default_factory=dict)
    classification: tuple[str, str] | None = None
    material: str | None = None
    system: str | None = None
    properties: Mapping[str, bool | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Opening:
    """A hole in a wall, and the door or window in it; `along` is measured from the wall's start."""

    host: str
    filling: Part
    along: float
    sill: float
    width: float
    height: float


@dataclass(frozen=True)
class Storey:
    """A building storey."""

    key: str
    name: str
    elevation: float


@dataclass(frozen=True)
class MapPlace:
    """What `IfcMapConversion` and `IfcProjectedCRS` say; the direction is the model's x axis on the grid."""

    crs: str
    eastings: float
    northings: float
    height: float
    abscissa: float
    ordinate: float
    vertical_datum: str | None = None


@dataclass(frozen=True)
class Task:
    """One milestone as a task of the work schedule."""

    code: str
    name: str
    start: date
    finish: date


@dataclass(frozen=True)
class Design:
    """A whole model."""

    key: str
    name: str
    building: str
    object_type: str
    description: str
    millimetres: bool
    storeys: tuple[Storey, ...]
    parts: tuple[Part, ...]
    openings: tuple[Opening, ...] = ()
    place: MapPlace | None = None
    tasks: tuple[Task, ...] = ()

    def every_part(self) -> tuple[Part, ...]:
        """Return parts and fillings."""
        return (*self.parts, *(o.filling for o in self.openings))
