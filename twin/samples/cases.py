"""The twelve planted overlap cases (`sample-data.md` §6), drawn axis-parallel so that a hand can check them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from twin.samples.layout import CASE_CELLS, URBAN_CELLS, centre
from twin.samples.plane import MultiPolygon, Point
from twin.samples.shapes import box, l_shape, settled

VECTOR_ORIGIN: Point = (39371200.0, 3671300.0)  # `domain.md` §10.5
URBAN_HALF_WIDTH_M = 1_150.0
GAP_TO_URBAN_M = 160.0


@dataclass(frozen=True)
class Planted:
    """One case: the project's own outline and what is laid against it, by layer."""

    number: int
    title: str
    project: MultiPolygon
    parcels: tuple[MultiPolygon, ...] = ()
    controls: dict[str, tuple[MultiPolygon, ...]] = field(default_factory=dict)
    partner: MultiPolygon | None = None


def shape(*rings: list[Point]) -> MultiPolygon:
    """Return one polygon, shell first, as a settled multipolygon."""
    return [settled(list(rings))]


def planted_cases() -> tuple[Planted, ...]:
    """Return the cases in order, each at its own place."""
    return tuple(make(*_anchor(number)) for number, make in sorted(_MAKERS.items()))


def _anchor(number: int) -> Point:
    if number == 6:
        return VECTOR_ORIGIN
    if number == 8:
        east, north = urban_centre(URBAN_CELLS[2])
        return east + URBAN_HALF_WIDTH_M + GAP_TO_URBAN_M, north
    return centre(CASE_CELLS[number])


def urban_centre(lower_left: tuple[int, int]) -> Point:
    """Return the middle of a 2 × 2 block of cells."""
    a, b = centre(lower_left), centre((lower_left[0] + 1, lower_left[1] + 1))
    return round((a[0] + b[0]) / 2, -1), round((a[1] + b[1]) / 2, -1)


def _no_contact(x: float, y: float) -> Planted:
    return Planted(1, "no contact", shape(l_shape(x, y, 260, 180, 0.4)))


def _touch_only(x: float, y: float) -> Planted:
    edge = shape(box(x + 300, y + 40, 180, 120))
    corner = shape(box(x - 150, y + 200, 150, 110))
    return Planted(2, "touch only", shape(box(x, y, 300, 200)), parcels=(edge, corner))


def _sliver(x: float, y: float) -> Planted:
    parcel = shape(box(x + 199.4, y + 149.5, 160, 130))
    field_patch = shape(box(x - 180, y - 140, 180.6, 140.5))
    return Planted(3, "sliver of 0.3 m²", shape(box(x, y, 200, 150)), (parcel,), {"farmland": (field_patch,)})


def _inside_hole(x: float, y: float) -> Planted:
    project = shape(box(x, y, 240, 200), box(x + 80, y + 70, 90, 70))
    return Planted(
        4,
        "control area inside the hole",
        project,
        controls={"farmland": (shape(box(x + 95, y + 85, 60, 40)),)},
    )


def _multipart(x: float, y: float) -> Planted:
    project = [*shape(box(x, y, 100, 100)), *shape(box(x + 160, y, 120, 80)), *shape(box(x, y + 180, 90, 90))]
    return Planted(5, "multipart", project, parcels=(shape(box(x + 50, y + 40, 170, 90)),))


def _vector(x: float, y: float) -> Planted:
    project = shape(box(x, y, 200, 150), box(x + 50, y + 50, 50, 40))
    return Planted(
        6,
        "test vector",
        project,
        parcels=(shape(box(x + 120, y - 30, 200, 130)),),
        controls={"farmland": (shape(box(x - 40, y + 120, 100, 100)),)},
    )


def _full_cover(x: float, y: float) -> Planted:
    return Planted(
        7, "full cover", shape(box(x, y, 180, 140)), parcels=(shape(box(x - 20, y - 20, 220, 180)),)
    )


def _outside_urban(x: float, y: float) -> Planted:
    return Planted(8, "outside the urban boundary", shape(box(x, y, 210, 160)))


def _two_parcels(x: float, y: float) -> Planted:
    west = shape(box(x - 120, y + 20, 180, 100))
    east = shape(l_shape(x + 200, y - 30, 200, 150, 0.5))
    return Planted(9, "two reserve parcels", shape(box(x, y, 240, 160)), parcels=(west, east))


def _farmland(x: float, y: float) -> Planted:
    patch = shape(box(x + 140, y + 60, 260, 210))
    return Planted(10, "farmland", shape(box(x, y, 200, 160)), controls={"farmland": (patch,)})


def _heritage(x: float, y: float) -> Planted:
    zone = shape(box(x - 210, y - 170, 290, 240))
    return Planted(11, "heritage zone", shape(box(x, y, 230, 170)), controls={"heritage": (zone,)})


def _other_project(x: float, y: float) -> Planted:
    partner = shape(box(x + 150, y + 40, 220, 240))
    return Planted(12, "another project's red line", shape(box(x, y, 200, 160)), partner=partner)


_MAKERS: dict[int, Callable[[float, float], Planted]] = dict(
    enumerate(
        (
            _no_contact,
            _touch_only,
            _sliver,
            _inside_hole,
            _multipart,
            _vector,
            _full_cover,
            _outside_urban,
            _two_parcels,
            _farmland,
            _heritage,
            _other_project,
        ),
        start=1,
    )
)
