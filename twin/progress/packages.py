"""Progress of a work package 工作包 from its elements: quantity-weighted, never m³ added to m²."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Weighing = Literal["single", "value", "equal"]
DEMOLITION = "demolition:"  # before the unit: taking down is work of its own, apart from what is built new


@dataclass(frozen=True)
class UnitSum:
    """Elements of one package measured in one unit: Σ q and Σ q·p (p in percent).

    Attributes
    ----------
    unit : str
        SI unit; ``demolition:`` before it for what is taken down.
    elements, derived : int
        How many elements, and how many of them are measured by the mesh.
    fallback : bool
        No measure is known: each element counts as one piece.
    orphaned_quantity, orphaned_elements
        Elements that bore progress and are in no current revision.
    """

    unit: str
    quantity: Fraction
    earned: Fraction
    elements: int
    derived: int = 0
    fallback: bool = False
    orphaned_quantity: Fraction = Fraction(0)
    orphaned_elements: int = 0


@dataclass(frozen=True)
class PackagePart:
    """The elements of one unit in a package: percent inside, and its share of the package; shares sum to 100."""

    sum: UnitSum
    percent: Fraction | None
    share: Fraction
    value_yuan: Fraction | None


@dataclass(frozen=True)
class PackageProgress:
    """Percent 0–100 of a package and how it came about.

    Attributes
    ----------
    coverage : Fraction
        Percent of the package that could be weighed and is in a current revision.
    weighing : str
        ``single`` unit, by ``value`` per unit, or ``equal`` where no value is known.
    orphaned : Fraction
        Percent of the package whose elements are in no current revision.
    """

    percent: Fraction
    elements: int
    units: tuple[str, ...]
    mixed_units: bool
    coverage: Fraction = Fraction(100)
    weighing: Weighing = "single"
    orphaned: Fraction = Fraction(0)
    parts: tuple[PackagePart, ...] = field(default=())


def package_progress(
    sums: Sequence[UnitSum], values: Mapping[str, Fraction] | None = None
) -> PackageProgress | None:
    """Return the percent of a package, or None when it has no element with a quantity.

    Inside one unit p = Σ q·p / Σ q. A package with several units is split by unit, and its parts are weighed by the
    contract value of each unit. A part without a value, beside others that have one, cannot be weighed: it lowers
    the coverage and is no silent zero. Without any value the measured parts weigh alike, which `weighing` says, and
    elements without a measure beside them cannot be weighed. Source: `bim.md` §12.3.

    Parameters
    ----------
    values : mapping, optional
        Yuan by unit, frozen in the baseline.

    Examples
    --------
    >>> half = UnitSum("m³", Fraction(10), Fraction(500), 2)
    >>> package_progress([half]).percent
    Fraction(50, 1)
    >>> full = UnitSum("m²", Fraction(1000), Fraction(100_000), 5)
    >>> package_progress([half, full], {"m³": Fraction(3), "m²": Fraction(1)}).percent
    Fraction(125, 2)
    """
    measured = [each for each in sums if each.quantity > 0]
    if not measured:
        return None
    weighing, weights = _weigh(measured, values or {})
    total = sum(weights, Fraction(0))
    parts = tuple(
        PackagePart(each, each.earned / each.quantity, 100 * weight / total, (values or {}).get(each.unit))
        for each, weight in zip(measured, weights, strict=True)
    )
    weighed = [part for part in parts if part.share > 0]
    count = sum(each.elements for each in measured)
    known = Fraction(sum(part.sum.elements for part in weighed), count) if count else Fraction(1)
    orphaned = sum((part.share * _orphaned_share(part.sum) for part in weighed), Fraction(0))
    return PackageProgress(
        percent=sum((part.share * (part.percent or 0) for part in weighed), Fraction(0)) / 100,
        elements=count,
        units=tuple(each.unit for each in measured),
        mixed_units=len(measured) > 1,
        coverage=known * (100 - orphaned),
        weighing=weighing,
        orphaned=orphaned,
        parts=parts,
    )


def _weigh(sums: Sequence[UnitSum], values: Mapping[str, Fraction]) -> tuple[Weighing, list[Fraction]]:
    if len(sums) == 1:
        return "single", [Fraction(1)]
    stated = [values.get(each.unit, Fraction(0)) for each in sums]
    if sum(stated) > 0:
        return "value", stated
    plain = [Fraction(not each.fallback) for each in sums]
    return "equal", plain if sum(plain) else [Fraction(1)] * len(sums)


def _orphaned_share(part: UnitSum) -> Fraction:
    whole = part.quantity + part.orphaned_quantity
    return part.orphaned_quantity / whole if whole else Fraction(0)
