# ruff: noqa: S608 (names come from this module alone, every value is bound)
"""How current a layer's tiles are: sums of the changes that triggers count per layer and cell.

A trigger adds one row to `layer_change` for every statement, layer and cell of zoom 12 that it touched, and tells
so on the channel `layer_change`. The sum over a cell only ever grows, in every order of commits, and so does the
sum over any set of cells: it serves as the version of whatever lies in them. A largest number would not do: a
number drawn earlier may be committed later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from gis.statement import Statement
from gis.tiles import BUFFER, EXTENT

CHANNEL: Final = "layer_change"
CELL_ZOOM: Final = 12
WHOLE_LAYER: Final = (-1, -1)
DATED_LAYERS: Final = frozenset({"bim_elements", "control_areas"})
"""Layers whose rows or values depend on the reporting date, so that midnight changes them."""

_DAY_BITS: Final = 20  # date.toordinal() stays below 2^20 until the year 2870
_SUMS: Final = "SELECT layer, cell_x, cell_y, sum(n)::int8 FROM layer_change"

Cell = tuple[int, int]


def all_sums_statement() -> Statement:
    """Build the statement that reads every sum: layer, column, row, sum."""
    return Statement(f"{_SUMS} GROUP BY layer, cell_x, cell_y")


def layer_sums_statement(layer_ids: Sequence[str]) -> Statement:
    """Build the statement that reads every sum of some layers."""
    sql = f"{_SUMS} WHERE layer = ANY(%(layers)s::text[]) GROUP BY layer, cell_x, cell_y"
    return Statement(sql, {"layers": list(layer_ids)})


def cell_sums_statement(cells: Iterable[tuple[str, Cell]]) -> Statement:
    """Build the statement that reads the sums of single cells."""
    asked = list(cells)
    sql = (
        f"{_SUMS} WHERE (layer, cell_x, cell_y) IN"
        " (SELECT * FROM unnest(%(layers)s::text[], %(columns)s::int4[], %(rows)s::int4[]))"
        " GROUP BY layer, cell_x, cell_y"
    )
    columns, rows = [cell[0] for _, cell in asked], [cell[1] for _, cell in asked]
    return Statement(sql, {"layers": [layer for layer, _ in asked], "columns": columns, "rows": rows})


def reporting_date_statement() -> Statement:
    """Build the statement that reads the day by which plans are judged, by the database's own clock."""
    return Statement("SELECT reporting_date()")


def dataset_statement() -> Statement:
    """Build the statement that tells one dataset from every other (server, history, database, table, views), and
    which backend answers.

    A restored dump makes the table anew (`regclass`), a restored base backup begins a new history
    (`timeline_id`), a migration may change what the views say (`prosrc`).
    """
    return Statement(
        "SELECT concat_ws(':', (SELECT system_identifier FROM pg_control_system()),"
        " (SELECT timeline_id FROM pg_control_checkpoint()),"
        " (SELECT oid FROM pg_database WHERE datname = current_database()), 'layer_change'::regclass::oid,"
        " (SELECT md5(string_agg(oid::regprocedure::text || prosrc, '' ORDER BY oid)) FROM pg_proc"
        r" WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'layer\_%%')), pg_backend_pid()"
    )


@dataclass(frozen=True)
class Change:
    """What one notification tells: a layer, and the cells to read again; None where it is all of them."""

    layer: str
    cells: tuple[Cell, ...] | None


def parse_change(payload: str) -> Change:
    """Read the payload of a notification: the layer, then ``column/row`` for each cell, or nothing for all.

    Examples
    --------
    >>> parse_change("land_parcels 3365/1652 3366/1652").cells
    ((3365, 1652), (3366, 1652))
    >>> parse_change("projects").cells is None
    True
    """
    layer, *words = payload.split(" ")
    try:
        pairs = [word.split("/") for word in words if word]
        cells = tuple((int(column), int(row)) for column, row in pairs)
    except ValueError:
        return Change(layer, None)  # not understood: everything of the layer is read again
    return Change(layer, cells or None)


class CellSums:
    """The sums of one layer, ready to be asked for any tile.

    A coarse tile covers thousands of cells, so every zoom from 0 to 12 keeps sums of its own: a change is added to
    the few tiles whose area, widened by the tile buffer, its cell meets.
    """

    def __init__(self, rows: Iterable[tuple[Cell, int]] = ()) -> None:
        self._whole = 0
        self._cells: dict[Cell, int] = {}
        self._tiles: list[dict[int, int]] = [{} for _ in range(CELL_ZOOM + 1)]
        for cell, total in rows:
            self.assign(cell, total)

    def assign(self, cell: Cell, total: int) -> None:
        """Take the sum of a cell, or of the whole layer, as it was just read."""
        if cell == WHOLE_LAYER:
            self._whole = total
            return
        more = total - self._cells.get(cell, 0)
        if not more:
            return
        self._cells[cell] = total
        for zoom, tiles in enumerate(self._tiles):
            for column in _tiles_met(cell[0], zoom):
                for row in _tiles_met(cell[1], zoom):
                    key = column << CELL_ZOOM | row
                    tiles[key] = tiles.get(key, 0) + more

    def version(self, z: int, x: int, y: int) -> int:
        """Return the sum of the layer and of the cells under a tile and its buffer.

        Examples
        --------
        >>> sums = CellSums([((-1, -1), 5), ((3363, 1647), 2)])
        >>> sums.version(12, 3363, 1647), sums.version(12, 3365, 1647), sums.version(0, 0, 0)
        (7, 5, 7)
        """
        if z <= CELL_ZOOM:
            return self._whole + self._tiles[z].get(x << CELL_ZOOM | y, 0)
        total, cells = self._whole, self._cells
        rows = _cells_met(y, z)
        for column in _cells_met(x, z):
            for row in rows:
                total += cells.get((column, row), 0)
        return total


def _tiles_met(place: int, zoom: int) -> range:
    """Return the columns (or rows) of tiles at a zoom up to 12 that a cell's column meets, buffer included."""
    shift = CELL_ZOOM - zoom
    side = 1 << shift
    edge = side * BUFFER // EXTENT + 1  # one more: what only touches the buffer's edge is drawn too
    tile, inside = place >> shift, place & side - 1
    first = tile - (inside < edge)
    last = tile + (inside >= side - edge)
    return range(max(0, first), min((1 << zoom) - 1, last) + 1)


def _cells_met(place: int, zoom: int) -> tuple[int, ...]:
    """Return the columns (or rows) of cells that a finer tile's column meets, buffer included."""
    shift = zoom - CELL_ZOOM
    cell, inside = place >> shift, place & (1 << shift) - 1
    if inside == 0:
        return (cell - 1, cell)
    if inside == (1 << shift) - 1:
        return (cell, cell + 1)
    return (cell,)


def dated(version: int, day: date) -> int:
    """Return a version that also changes with the reporting date."""
    return version << _DAY_BITS | day.toordinal()
