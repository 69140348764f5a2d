"""One reading of a position: where it puts the model, and what it assumes to do so."""

from dataclasses import dataclass, field

from bim.georeference.facts import GeoFacts, Matrix
from bim.georeference.transforms import representative_point

# Local coordinates beyond this are map coordinates; the largest works measure less.
MAP_SIZE_M = 20_000.0
# Higher than any ground: a number of millimetres.
HIGHEST_GROUND_M = 9_000.0


@dataclass(frozen=True)
class Reading:
    """One way to read the position.

    Attributes
    ----------
    penalty : float
        0 for the plain reading of the standard; the more is assumed, the higher.
    needs_project : bool
        May only be taken where the project confirms it.
    geographic : str or None
        Geographic system whose area of use must hold the point, beside the projected one.
    offered : bool
        Shown among the candidates for a person to choose, never taken.
    """

    level: int
    method: str
    crs: str | None
    matrix: Matrix
    penalty: float
    notes: tuple[str, ...] = ()
    vertical: str | None = None
    evidence: str = ""
    accuracy_m: float | None = None
    needs_project: bool = False
    understood: bool = True
    problems: tuple[str, ...] = ()
    geographic: str | None = field(default=None)
    offered: bool = False


def has_map_coordinates(facts: GeoFacts) -> bool:
    """Say whether the model's own coordinates are map-sized."""
    return is_map_size(*representative_point(facts)[:2])


def is_map_size(x: float, y: float) -> bool:
    """Say whether coordinates are too large for a model's own.

    >>> is_map_size(39371200.0, 3671300.0), is_map_size(0.0, 9000.0)
    (True, False)
    """
    return max(abs(x), abs(y)) > MAP_SIZE_M


def plausible_height(value_m: float) -> tuple[float, str | None]:
    """Read a height: one above every ground was written in millimetres.

    >>> plausible_height(144000.0)
    (144.0, 'the elevation is read in millimetres')
    """
    if abs(value_m) <= HIGHEST_GROUND_M:
        return value_m, None
    return value_m / 1000.0, "the elevation is read in millimetres"
