"""Sums of changes per cell: what a tile's version must and must not notice."""

import random
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.layers import LAYERS
from twin.layers.currency import DATED_LAYERS, CellSums, dated, parse_change


def meets(cell: tuple[int, int], z: int, x: int, y: int) -> bool:
    """Tell whether a cell of zoom 12 shares area with a tile widened by 1/64, in units of one cell, as fractions."""
    side = 2.0 ** (12 - z)
    box = [(place * side - side / 64, (place + 1) * side + side / 64) for place in (x, y)]
    return all(low < place + 1 and place < high for place, (low, high) in zip(cell, box, strict=True))


@pytest.mark.parametrize("z", range(23))
def test_every_cell_under_a_tile_and_its_buffer_counts(z: int) -> None:
    rng = random.Random(z)
    for _ in range(300):
        cell = (rng.randrange(4096), rng.randrange(4096))
        side = 2.0 ** (12 - z)
        x = min(2**z - 1, max(0, int((cell[0] + rng.uniform(-1, 2)) / side)))
        y = min(2**z - 1, max(0, int((cell[1] + rng.uniform(-1, 2)) / side)))
        noticed = CellSums([(cell, 3)]).version(z, x, y)
        if meets(cell, z, x, y):
            assert noticed == 3, (cell, z, x, y)
        elif z > 12:
            assert noticed == 0, (cell, z, x, y)


def test_a_change_far_away_leaves_a_version_as_it_was() -> None:
    sums = CellSums([((3363, 1647), 7)])
    assert [sums.version(12, x, 1647) for x in range(3360, 3367)] == [0, 0, 7, 7, 7, 0, 0]
    assert sums.version(5, 26, 12) == 7
    assert sums.version(5, 24, 12) == 0


def test_a_sum_read_twice_counts_once_and_a_larger_one_counts_its_growth() -> None:
    sums = CellSums()
    for total in (2, 2, 5):
        sums.assign((3363, 1647), total)
    sums.assign((-1, -1), 10)
    sums.assign((-1, -1), 11)
    assert sums.version(0, 0, 0) == sums.version(12, 3363, 1647) == sums.version(15, 3363 * 8, 1647 * 8) == 16
    assert sums.version(12, 0, 0) == 11


def test_the_day_is_part_of_a_version_that_depends_on_it() -> None:
    assert dated(5, date(2025, 10, 31)) != dated(5, date(2025, 11, 1))
    assert dated(5, date(2025, 11, 1)) < dated(6, date(2025, 10, 31))


@pytest.mark.parametrize(
    "payload", ["", "projects", "projects ", "projects x/y", "projects 1/2/3", "projects 5"]
)
def test_a_notification_that_names_no_cells_means_the_whole_layer(payload: str) -> None:
    assert parse_change(payload).cells is None


def test_the_dated_layers_are_those_whose_view_asks_for_the_reporting_date(session: Session) -> None:
    rows = session.execute(text("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'layer\\_%'"))
    sources = {row.proname: row.prosrc for row in rows}
    asking = {layer.id for layer in LAYERS.values() if "reporting_date" in sources[layer.relation]}
    assert asking == DATED_LAYERS
