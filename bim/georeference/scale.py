"""What ``Scale`` of a map conversion means: files follow three readings of the standard."""

from dataclasses import dataclass

# Grid and height factors stay well below this.
_EPS = 0.002


@dataclass(frozen=True)
class ScaleReading:
    """Ground-to-grid factor, whether the number made sense, and a remark where it was not the plain case."""

    factor: float
    understood: bool
    note: str | None = None


def read_scale(scale: float | None, map_unit_m: float, project_unit_m: float) -> ScaleReading:
    """Read ``Scale`` as unit bridge, grid factor or upside-down bridge, in this order.

    Parameters
    ----------
    scale : float or None
        As written.
    map_unit_m, project_unit_m : float
        Metres per unit.

    Examples
    --------
    >>> read_scale(0.001, 1.0, 0.001).factor
    1.0
    >>> read_scale(1.000155, 1.0, 0.001)
    ScaleReading(factor=1.000155, understood=True, note=None)
    """
    if scale is None:
        differs = abs(map_unit_m - project_unit_m) > 1e-12
        return ScaleReading(
            1.0, True, "Scale is missing, the change of units is implied" if differs else None
        )
    bridge = scale * map_unit_m / project_unit_m
    if abs(bridge - 1.0) <= _EPS:
        return ScaleReading(bridge, True)
    if abs(scale - 1.0) <= _EPS:
        return ScaleReading(scale, True)
    upside_down = scale * project_unit_m / map_unit_m
    if abs(upside_down - 1.0) <= _EPS:
        return ScaleReading(upside_down, True, f"Scale {scale:g} is written upside down")
    return ScaleReading(1.0, False, f"Scale {scale:g} is not understood and left out")
