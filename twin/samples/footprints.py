"""One red line 红线 per project."""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from twin.samples import cast
from twin.samples.cases import planted_cases
from twin.samples.draw import between, choose, stream, whole
from twin.samples.layout import LONG_ROADS, centre, free_cells, jittered, patchwork_cells
from twin.samples.plane import MultiPolygon, Point, Ring, ellipsoidal_area_m2, plane_area_m2
from twin.samples.projects import Project, sample_projects
from twin.samples.shapes import box, corridor, l_shape, settled, steps, turned
from twin.samples.write import polygon_feature

OVER_PATCHWORK = 20  # ordinary projects that stand on land-use patches

# The sample building and gallery stand inside these (see `models.py`).
BUILDING_TURN = 1 / 7  # tangent of half the angle: cosine 0.96, sine 0.28
GALLERY_TURN = 0.0


@cache
def sample_footprints() -> dict[int, MultiPolygon]:
    """Return the footprint of every project by its index, in EPSG:4527."""
    shapes = _planted()
    for index, place in _places().items():
        shapes[index] = [settled(p) for p in _outline(sample_projects()[index], place)]
    return dict(sorted(shapes.items()))


def _planted() -> dict[int, MultiPolygon]:
    shapes = {cast.CASE_PROJECT[c.number]: c.project for c in planted_cases()}
    partner = next(c.partner for c in planted_cases() if c.partner)
    return {**shapes, cast.CASE_12_PARTNER: partner}


def _ordinary() -> list[int]:
    planted = {*cast.CASE_PROJECT.values(), cast.CASE_12_PARTNER}
    return [n for n in range(60) if n not in planted]


def long_roads() -> list[int]:
    """Return the road projects that run over three cells."""
    roads = [p.index for p in sample_projects() if p.category == "01" and p.index != cast.BRIDGE]
    return roads[: len(LONG_ROADS)]


@cache
def _places() -> dict[int, Point]:
    compact = [n for n in _ordinary() if n not in long_roads()]
    over = dict(zip(compact[:OVER_PATCHWORK], patchwork_cells(), strict=False))
    free = dict(zip(compact[OVER_PATCHWORK:], free_cells(), strict=False))
    roads = {n: centre(cell) for n, cell in zip(long_roads(), LONG_ROADS, strict=True)}
    return {**{n: jittered(cell, "footprint") for n, cell in {**over, **free}.items()}, **roads}


def cells_used() -> int:
    """Return how many free cells the projects take, so that the next layer starts behind them."""
    return len(_ordinary()) - len(long_roads()) - OVER_PATCHWORK


def _outline(project: Project, place: Point) -> MultiPolygon:
    rng = stream(f"footprint:{project.index}")
    special = _SPECIAL.get(project.index)
    if special:
        return special(place)
    return [[_BY_CATEGORY[project.category](rng, place, project.index)]]


def _road(rng: Random, place: Point, index: int) -> Ring:
    long = index in long_roads()
    count = whole(rng, 7, 9) if long else whole(rng, 3, 4)
    points = [place]
    rise = between(rng, -0.1, 0.1)
    for _ in range(count - 1):
        run = between(rng, 380, 450)
        rise = max(-0.35, min(0.35, rise + between(rng, -0.2, 0.2)))
        points.append((points[-1][0] + run, points[-1][1] + run * rise))
    shift = 0.0 if long else (points[-1][0] - place[0]) / 2
    return corridor([(x - shift, y) for x, y in points], between(rng, 15, 30))


def _park(rng: Random, place: Point, index: int) -> Ring:  # noqa: ARG001
    # Heights alternate by 100 m, so neighbours differ as `steps` asks.
    spans = [
        (round(between(rng, 90, 200)), round(between(rng, 120, 199)) + 100 * (n % 2))
        for n in range(whole(rng, 2, 4))
    ]
    width = sum(w for w, _ in spans)
    return turned(steps(place[0] - width / 2, place[1] - 150, spans), place, between(rng, -0.15, 0.15))


def _site(rng: Random, place: Point, index: int) -> Ring:  # noqa: ARG001
    width, height = round(between(rng, 90, 320)), round(between(rng, 80, 260))
    left, bottom = place[0] - width / 2, place[1] - height / 2
    ring = choose(rng, (box(left, bottom, width, height), l_shape(left, bottom, width, height, 0.4)))
    return turned(ring, place, between(rng, -0.2, 0.2))


def _bank(rng: Random, place: Point, index: int) -> Ring:  # noqa: ARG001
    points = [place]
    for _ in range(whole(rng, 2, 4)):
        points.append((points[-1][0] + between(rng, 150, 260), points[-1][1] + between(rng, -90, 90)))
    shift = (points[-1][0] - place[0]) / 2
    return corridor([(x - shift, y) for x, y in points], between(rng, 30, 70))


_BY_CATEGORY: dict[str, Callable[[Random, Point, int], Ring]] = {
    "01": _road,
    "02": _park,
    "03": _site,
    "04": _site,
    "05": _bank,
    "06": _site,
}


def _flagship(place: Point) -> MultiPolygon:
    x, y = place
    blocks = [steps(x - 420, y - 200, [(180, 260), (140, 180)]), box(x - 60, y - 180, 240, 300)]
    return [[ring] for ring in (*blocks, l_shape(x + 240, y - 160, 220, 240, 0.45))]


def _parking(place: Point) -> MultiPolygon:
    offsets = ((-500, -300), (-180, 260), (120, -220), (430, 310), (480, -380))
    return [[box(place[0] + dx, place[1] + dy, 70, 50)] for dx, dy in offsets]


def _school(place: Point) -> MultiPolygon:
    return [[turned(box(place[0] - 90, place[1] - 70, 180, 140), place, BUILDING_TURN)]]


def _gallery(place: Point) -> MultiPolygon:
    return [[box(place[0] - 200, place[1] - 20, 400, 40)]]


def _bridge(place: Point) -> MultiPolygon:
    return [[turned(box(place[0] - 180, place[1] - 25, 360, 50), place, 0.25)]]


_SPECIAL: dict[int, Callable[[Point], MultiPolygon]] = {
    cast.FLAGSHIP: _flagship,
    cast.PARKING: _parking,
    cast.BUILDING: _school,
    cast.GALLERY: _gallery,
    cast.BRIDGE: _bridge,
}


def place_of(index: int) -> Point:
    """Return the start point (east, north) of an ordinary project."""
    return _places()[index]


def footprint_features() -> list[dict[str, Any]]:
    """Return the features of `footprints.geojson`."""
    projects = sample_projects()
    return [_feature(projects[n], polygons) for n, polygons in sample_footprints().items()]


def _feature(project: Project, polygons: MultiPolygon) -> dict[str, Any]:
    properties = {
        "project": project.code,
        "name": project.name,
        "version": 1,
        "kind": "red_line",
        "source_file": f"{project.code}-红线.txt",
        "stated_area_m2": round(ellipsoidal_area_m2(polygons), 2),
        "stated_plane_area_m2": round(plane_area_m2(polygons), 2),
        "valid_from": project.plan_start.isoformat(),
        "public_visible": project.public,
    }
    return polygon_feature(project.code, polygons, properties)
