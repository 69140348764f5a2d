"""Which cell of the 0.02° grid holds what, so that nothing meets unless it is planted to."""

from twin.samples.district import CELL_DEGREES, COLUMNS, ROWS, SOUTH, WEST
from twin.samples.draw import between, shuffled, stream
from twin.samples.plane import Point, to_plane

Cell = tuple[int, int]

RIVER_COLUMN = 13
CANAL_ROW = 7
CANAL_COLUMNS = range(12)
PATCHWORK_COLUMNS = range(4, 11)  # the land-use patches lie under these cells
PATCHWORK_ROWS = range(10, 13)
URBAN_CELLS: tuple[Cell, ...] = ((6, 15), (2, 3), (15, 19))  # lower left cell of 2 × 2 each
ECOLOGY_CELLS: tuple[Cell, ...] = ((15, 1), (17, 2), (15, 4), (18, 5), (16, 7), (18, 23))
HERITAGE_CELL: Cell = (2, 14)
# Anchors of the planted cases, by case number (6 stands where `domain.md` §10.5 puts it).
CASE_CELLS: dict[int, Cell] = {
    1: (2, 22),
    2: (5, 22),
    3: (8, 22),
    4: (11, 22),
    5: (2, 20),
    7: (5, 20),
    8: (17, 20),
    9: (8, 20),
    10: (11, 20),
    11: (5, 18),
    12: (8, 18),
}
VECTOR_CELLS: tuple[Cell, ...] = ((0, 17), (1, 17), (0, 18), (1, 18))
LONG_ROADS: tuple[Cell, ...] = (
    (14, 9),
    (15, 11),
    (14, 13),
    (15, 15),
    (14, 17),
    (0, 1),
    (4, 1),
    (9, 5),
    (0, 9),
)
LONG_ROAD_CELLS = 3


def centre(cell: Cell) -> Point:
    """Return the cell's middle in the plane, to 10 m."""
    lon = WEST + (cell[0] + 0.5) * CELL_DEGREES
    lat = SOUTH + (cell[1] + 0.5) * CELL_DEGREES
    east, north = to_plane(lon, lat)
    return round(east, -1), round(north, -1)


def jittered(cell: Cell, table: str) -> Point:
    """Return the cell's start point, up to 120 m off its middle, to 1 m."""
    rng = stream(f"{table}:{cell[0]}:{cell[1]}")
    east, north = centre(cell)
    return east + round(between(rng, -120, 120)), north + round(between(rng, -120, 120))


def reserved_cells() -> set[Cell]:
    """Return every cell that has a use of its own."""
    cells: set[Cell] = {(RIVER_COLUMN, row) for row in range(ROWS)}
    cells |= {(RIVER_COLUMN - 1, row) for row in range(ROWS)} | {(RIVER_COLUMN + 1, row) for row in (0, 24)}
    cells |= {(column, CANAL_ROW) for column in CANAL_COLUMNS}
    cells |= {(c, r) for c in range(3, 12) for r in range(9, 14)}
    cells |= {(c + x, r + y) for c, r in URBAN_CELLS for x in (0, 1) for y in (0, 1)}
    cells |= {*ECOLOGY_CELLS, HERITAGE_CELL, *CASE_CELLS.values(), *VECTOR_CELLS}
    cells |= {(c + x, r) for c, r in LONG_ROADS for x in range(LONG_ROAD_CELLS)}
    return cells


def free_cells() -> list[Cell]:
    """Return the other cells in a drawn order; callers take them from the front, each in its own part."""
    taken = reserved_cells()
    every = [(c, r) for c in range(COLUMNS) for r in range(ROWS)]
    return shuffled(stream("layout"), [cell for cell in every if cell not in taken])


def patchwork_cells() -> list[Cell]:
    """Return the cells over the land-use patches in a drawn order."""
    cells = [(c, r) for c in PATCHWORK_COLUMNS for r in PATCHWORK_ROWS]
    return shuffled(stream("layout:patchwork"), cells)
