"""Progress of a work package 工作包 from its elements: quantity-weighted, never m³ added to m²."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class UnitSum:
    """Elements of one package measured in one unit: Σ q and Σ q·p (p in percent)."""

    unit: str
    quantity: Fraction
    earned: Fraction
    elements: int


@dataclass(frozen=True)
class PackageProgress:
    """Percent 0–100 of a package and how it came about."""

    percent: Fraction
    elements: int
    units: tuple[str, ...]
    mixed_units: bool


def package_progress(sums: Sequence[UnitSum]) -> PackageProgress | None:
    """Return the percent of a package, or None when it has no element with a quantity.

    Inside one unit p = Σ q·p / Σ q. A package with several units is split by unit and its parts are
    weighed equally, because no contract value per unit is known; that is marked `mixed_units`.

    Examples
    --------
    >>> half = UnitSum("m³", Fraction(10), Fraction(500), 2)
    >>> package_progress([half]).percent
    Fraction(50, 1)
    """
    measured = [each for each in sums if each.quantity > 0]
    if not measured:
        return None
    percents = [each.earned / each.quantity for each in measured]
    return PackageProgress(
        percent=sum(percents, Fraction(0)) / len(percents),
        elements=sum(each.elements for each in measured),
        units=tuple(each.unit for each in measured),
        mixed_units=len(measured) > 1,
    )
