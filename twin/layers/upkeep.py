"""Keep what the tiles are made from small and whole: add up signed rows, make bands anew."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Compacted:
    """How many rows became fewer: of the versions of cells, of the counts behind far tiles."""

    changes: int
    counts: int


def compact_layers(session: Session) -> Compacted:
    """Add up the rows that edits left behind, and decide anew which layers are drawn from counts.

    Notes
    -----
    The sums stay as they are for every reader. Two that compact at once do not wait for one another.
    """
    row = session.execute(text("SELECT compact_layer_changes(), compact_layer_cells()")).one()
    return Compacted(*row)
