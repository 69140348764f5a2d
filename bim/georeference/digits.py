"""What the digits of coordinates suggest: zones of CGCS2000, exchanged axes, the project's own system."""

from collections.abc import Iterator
from dataclasses import replace

from bim.georeference.crs_names import (
    NamedCrs,
    has_zone_in_easting,
    is_eight_digit_easting,
    is_northing,
    is_six_digit_easting,
    twin_crs,
    zone_crs,
)
from bim.georeference.facts import Matrix, Point
from bim.georeference.reading import Reading, is_map_size
from bim.georeference.transforms import map_point, swap_matrix
from bim.job import ProjectPlace

SWAPPED = "x and y are swapped: x holds the northing"


def digit_readings(
    plain: Reading, named: NamedCrs, project: ProjectPlace, middle: Point
) -> Iterator[Reading]:
    """Yield the plain reading, then what its digits suggest instead.

    Nothing is suggested for an old datum or a local grid: their numbers look alike and lie elsewhere.
    """
    yield plain
    if named.refused or named.local_grid:
        return
    base, east, north, swapped = _upright(plain, middle)
    code = _code(east, north, base.crs or project.crs)
    # A name nobody understands may mean anything: only the project can confirm a guess.
    doubtful = named.unknown or plain.needs_project
    if code is not None and code != base.crs:
        note = f"{named.code or 'no system'} is named, the digits fit {code}"
        yield replace(
            base, crs=code, penalty=base.penalty + 1.0, notes=(*base.notes, note), needs_project=doubtful
        )
    elif swapped:
        yield base
    elif base.crs is None and project.crs is not None and is_map_size(east, north):
        yield replace(
            base,
            crs=project.crs,
            penalty=base.penalty + 1.5,
            notes=(*base.notes, f"no system is named, that of the project, {project.crs}, is tried"),
            needs_project=True,
        )


def without_zone(code: str | None) -> str | None:
    """The same zone without its number before the easting."""
    return twin_crs(code) if has_zone_in_easting(code) else code


def _upright(plain: Reading, middle: Point) -> tuple[Reading, float, float, bool]:
    """The reading with its axes the right way round, and the numbers whose digits count."""
    east, north = float(plain.matrix[0, 3]), float(plain.matrix[1, 3])
    inside = not is_map_size(east, north)
    if inside:  # the map coordinates stand in the model itself
        east, north, _ = map_point(plain.matrix, middle)
    if not (is_northing(east) and (is_eight_digit_easting(north) or is_six_digit_easting(north))):
        return plain, east, north, False
    turned = replace(
        plain,
        matrix=swap_matrix() @ plain.matrix if inside else _shift_swapped(plain.matrix),
        penalty=plain.penalty + 1.0,
        notes=(*plain.notes, SWAPPED),
    )
    return turned, north, east, True


def _shift_swapped(matrix: Matrix) -> Matrix:
    """Exchange only the shift where a conversion turns the model; the turn itself is meant on the map."""
    swapped = matrix.copy()
    swapped[0, 3], swapped[1, 3] = matrix[1, 3], matrix[0, 3]
    return swapped


def _code(east: float, north: float, named: str | None) -> str | None:
    if is_eight_digit_easting(east) and is_northing(north):
        return zone_crs(east)
    if is_six_digit_easting(east) and is_northing(north):
        return without_zone(named)
    return None
