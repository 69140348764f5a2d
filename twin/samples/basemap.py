"""The neutral base map: roads, water, villages, blocks, graticule, district frame; all invented."""

from typing import Any

from twin.samples.cases import URBAN_HALF_WIDTH_M, urban_centre
from twin.samples.controls import FARMLAND, sample_controls
from twin.samples.district import CELL_DEGREES, COLUMNS, DISTRICT, EAST, NORTH, ROWS, SOUTH, WEST
from twin.samples.draw import between, stream, whole
from twin.samples.footprints import cells_used
from twin.samples.land import PARCELS, PER_CELL
from twin.samples.layout import URBAN_CELLS, centre, free_cells
from twin.samples.names import PLACE_WORDS
from twin.samples.plane import MultiPolygon, Point, Ring
from twin.samples.shapes import box, settled, turned
from twin.samples.write import degrees_ring

VILLAGES = 45
MAIN_COLUMNS, SIDE_COLUMNS = (4, 12, 17), (1, 8, 15, 19)
MAIN_ROWS, SIDE_ROWS = (6, 14, 21), (2, 9, 17, 24)


def basemap_features() -> list[dict[str, Any]]:
    """Return the features of `basemap.geojson`; property `kind` tells them apart."""
    features = [_frame(), *_graticule(), *_water(), *_roads(), *_blocks(), *_villages()]
    return [{**f, "id": n} for n, f in enumerate(features, start=1)]


def _feature(kind: str, geometry_type: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"kind": kind, "public_visible": True, **properties},
        "geometry": {"type": geometry_type, "coordinates": coordinates},
    }


def _area(kind: str, polygons: MultiPolygon, **properties: Any) -> dict[str, Any]:
    rings = [[degrees_ring(ring) for ring in polygon] for polygon in polygons]
    return _feature(kind, "MultiPolygon", rings, **properties)


def _frame() -> dict[str, Any]:
    ring = [(WEST, SOUTH), (EAST, SOUTH), (EAST, NORTH), (WEST, NORTH), (WEST, SOUTH)]
    return _feature("district", "MultiPolygon", [[ring]], name=DISTRICT)


def _graticule() -> list[dict[str, Any]]:
    meridians = [
        _feature("graticule", "LineString", [(d / 10, SOUTH), (d / 10, NORTH)], name=f"{d / 10:.1f}°E")
        for d in range(1156, 1161)
    ]
    parallels = [
        _feature("graticule", "LineString", [(WEST, d / 10), (EAST, d / 10)], name=f"{d / 10:.1f}°N")
        for d in range(328, 334)
    ]
    return [*meridians, *parallels]


def _water() -> list[dict[str, Any]]:
    return [_area("river", c.polygons, name=c.name) for c in sample_controls() if c.layer == "river"]


def _roads() -> list[dict[str, Any]]:
    lines = [(f"{PLACE_WORDS[c]}大道", "main", _meridian(c)) for c in MAIN_COLUMNS]
    lines += [(f"{PLACE_WORDS[c + 20]}路", "side", _meridian(c)) for c in SIDE_COLUMNS]
    lines += [(f"{PLACE_WORDS[r + 20]}大道", "main", _parallel(r)) for r in MAIN_ROWS]
    lines += [(f"{PLACE_WORDS[r + 30]}路", "side", _parallel(r)) for r in SIDE_ROWS]
    return [_feature("road", "LineString", line, name=name, rank=rank) for name, rank, line in lines]


def _meridian(column: int) -> list[Point]:
    """Return a road that follows the seam between two columns of cells."""
    return [_swayed(column, row) for row in range(ROWS + 1)]


def _parallel(row: int) -> list[Point]:
    return [_swayed(column, row) for column in range(COLUMNS + 1)]


def _swayed(column: int, row: int) -> Point:
    rng = stream(f"road:{column}:{row}")
    inside = 0 < column < COLUMNS and 0 < row < ROWS
    sway = (between(rng, -0.0007, 0.0007), between(rng, -0.0007, 0.0007)) if inside else (0.0, 0.0)
    return round(WEST + column * CELL_DEGREES + sway[0], 9), round(SOUTH + row * CELL_DEGREES + sway[1], 9)


def _blocks() -> list[dict[str, Any]]:
    return [
        _area("block", [settled([ring])], name=f"街区{n + 1}-{k + 1}")
        for n, cell in enumerate(URBAN_CELLS)
        for k, ring in enumerate(_blocks_of(urban_centre(cell), n))
    ]


def _blocks_of(place: Point, n: int) -> list[Ring]:
    """Return blocks of 60–400 m in a town, with streets of 30 m between them."""
    rng = stream(f"blocks:{n}")
    left, rings = place[0] - URBAN_HALF_WIDTH_M + 230, []
    while left < place[0] + URBAN_HALF_WIDTH_M - 430:
        width = whole(rng, 120, 400)
        bottom = place[1] - URBAN_HALF_WIDTH_M + 230
        while bottom < place[1] + URBAN_HALF_WIDTH_M - 430:
            height = whole(rng, 60, 300)
            rings.append(box(left, bottom, width, height))
            bottom += height + 30
        left += width + 30
    return rings


def _villages() -> list[dict[str, Any]]:
    start = cells_used() + PARCELS // PER_CELL + FARMLAND // 4
    villages = []
    for n, cell in enumerate(free_cells()[start : start + VILLAGES]):
        rng = stream(f"village:{n}")
        place = centre(cell)
        width, height = between(rng, 140, 380), between(rng, 120, 320)
        ring = turned(
            box(place[0] - width / 2, place[1] - height / 2, width, height), place, between(rng, -0.3, 0.3)
        )
        villages.append(_area("village", [settled([ring])], name=f"{PLACE_WORDS[n]}村（虚构）"))
    return villages
