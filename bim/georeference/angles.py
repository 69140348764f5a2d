"""Latitude and longitude as IFC writes them: degrees, minutes, seconds, millionths of a second."""

import math
from collections.abc import Sequence


def compound_to_degrees(parts: Sequence[int]) -> float:
    """Convert an IfcCompoundPlaneAngleMeasure to degrees.

    All parts should carry the same sign; files mix them, and "-0" degrees cannot be written. The angle is negative
    if any part is.

    Examples
    --------
    >>> round(compound_to_degrees((49, 5, 43, 983700)), 9)
    49.095551028
    >>> compound_to_degrees((0, -30))
    -0.5
    """
    weights = (1.0, 1 / 60, 1 / 3600, 1 / 3_600_000_000)
    size = sum(abs(part) * weight for part, weight in zip(parts, weights, strict=False))
    return -size if any(part < 0 for part in parts) else size


def has_mixed_signs(parts: Sequence[int]) -> bool:
    """Say whether some parts are negative and others positive."""
    return any(part < 0 for part in parts) and any(part > 0 for part in parts)


def accuracy_m(parts: int) -> float:
    """Accuracy of a latitude with so many parts given, in metres: whole seconds are 31 m.

    >>> accuracy_m(3)
    31.0
    """
    return {1: 111_000.0, 2: 1_850.0, 3: 31.0}.get(parts, 1.0)


def plane_angles_to_degrees(first: float, second: float, angle_rad: float) -> tuple[float, float]:
    """Convert a pair of plane angles in project units; where radians make no place on earth, degrees were meant.

    >>> plane_angles_to_degrees(1.5, 47.2, 1.0)
    (1.5, 47.2)
    >>> [round(value, 3) for value in plane_angles_to_degrees(0.5787, 2.0179, 1.0)]
    [33.157, 115.617]
    """
    one, two = math.degrees(first * angle_rad), math.degrees(second * angle_rad)
    small, large = sorted((abs(one), abs(two)))
    return (one, two) if small <= 90.0 and large <= 180.0 else (first, second)
