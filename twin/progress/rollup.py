"""From milestones to the project: physical progress P, planned progress PV, deviation d (`domain.md` §7).

Numbers are exact fractions until the end, because lights turn on thresholds such as −10.0 points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

WeightBasis = Literal["contract_value", "labour_hours", "planned_duration", "equal"]
Evidence = Literal["elements", "report", "finish", "none"]


@dataclass(frozen=True)
class Leaf:
    """A leaf milestone as of a day: its frozen plan and what is known of it (percent 0–100)."""

    code: str
    name: str
    weight: Fraction | None
    start: date | None
    finish: date | None
    percent: Fraction | None
    evidence: Evidence = "none"
    critical: bool = False
    monthly_targets: Mapping[str, float] = field(default_factory=dict)
    labour_hours: Fraction | None = None
    coverage: Fraction = Fraction(100)  # of the leaf's own percent


@dataclass(frozen=True)
class Part:
    """One leaf's share in the result; share and percents 0–100."""

    code: str
    name: str
    share: Fraction
    percent: Fraction
    planned: Fraction | None
    evidence: Evidence
    critical: bool
    finish: date | None
    coverage: Fraction = Fraction(100)


@dataclass(frozen=True)
class RolledUp:
    """Progress of a project as of a day; percents 0–100, deviation in percentage points."""

    as_of: date
    progress: Fraction | None
    planned: Fraction | None
    coverage: Fraction
    basis: WeightBasis
    parts: tuple[Part, ...]

    @property
    def deviation(self) -> Fraction | None:
        """P − PV, or None without a plan."""
        if self.progress is None or self.planned is None:
            return None
        return self.progress - self.planned


def planned_percent(leaf: Leaf, as_of: date) -> Fraction | None:
    """Return what the plan wanted of a leaf by a day, percent.

    A monthly target holds from the end of its month; without targets the plan is linear between the
    baseline dates. None where there is no plan.

    Examples
    --------
    >>> leaf = Leaf("M01", "桩基", None, date(2025, 1, 1), date(2025, 1, 11), None)
    >>> planned_percent(leaf, date(2025, 1, 6))
    Fraction(50, 1)
    """
    reached = [month for month in leaf.monthly_targets if month <= f"{as_of:%Y-%m}"]
    if leaf.monthly_targets:
        return Fraction(str(leaf.monthly_targets[max(reached)])) if reached else Fraction(0)
    if leaf.start is None or leaf.finish is None:
        return None
    if as_of >= leaf.finish:
        return Fraction(100)
    if as_of <= leaf.start:
        return Fraction(0)
    return Fraction(100 * (as_of - leaf.start).days, (leaf.finish - leaf.start).days)


def weigh(leaves: Sequence[Leaf]) -> tuple[WeightBasis, list[Fraction]]:
    """Weigh leaves by contract value if all have one, else labour hours, else planned duration, else equally.

    Never by the number of elements (`bim.md` §12.3); equal weights are the last resort of `domain.md` §7, and said.
    """
    values = [leaf.weight for leaf in leaves if leaf.weight is not None]
    if len(values) == len(leaves) and sum(values) > 0:
        return "contract_value", values
    hours = [leaf.labour_hours for leaf in leaves if leaf.labour_hours is not None]
    if len(hours) == len(leaves) and sum(hours) > 0:
        return "labour_hours", hours
    days = [Fraction((leaf.finish - leaf.start).days) for leaf in leaves if leaf.start and leaf.finish]
    if len(days) == len(leaves) and sum(days) > 0:
        return "planned_duration", days
    return "equal", [Fraction(1)] * len(leaves)


def roll_up(leaves: Sequence[Leaf], as_of: date) -> RolledUp:
    """Roll leaves up to the project: P = Σ w·pct / Σ w, PV over the same weights.

    A leaf without evidence counts as 0 %, and its weight lowers `coverage`, so that the gap is seen; a package that
    could be weighed only in part lowers it by the rest.
    PV is None as soon as one weighted leaf has no plan. Without leaves there is no progress.
    """
    if not leaves:
        return RolledUp(as_of, None, None, Fraction(0), "equal", ())
    basis, weights = weigh(leaves)
    total = sum(weights, Fraction(0))
    parts = tuple(
        Part(
            code=leaf.code,
            name=leaf.name,
            share=100 * weight / total,
            percent=leaf.percent if leaf.percent is not None else Fraction(0),
            planned=planned_percent(leaf, as_of),
            evidence=leaf.evidence if leaf.percent is not None else "none",
            critical=leaf.critical,
            finish=leaf.finish,
            coverage=leaf.coverage if leaf.percent is not None else Fraction(0),
        )
        for leaf, weight in zip(leaves, weights, strict=True)
    )
    return RolledUp(
        as_of=as_of,
        progress=sum((part.share * part.percent for part in parts), Fraction(0)) / 100,
        planned=_planned(parts),
        coverage=sum((part.share * part.coverage for part in parts), Fraction(0)) / 100,
        basis=basis,
        parts=parts,
    )


def _planned(parts: Sequence[Part]) -> Fraction | None:
    total = Fraction(0)
    for part in parts:
        if part.planned is None:
            if part.share:
                return None
            continue
        total += part.share * part.planned
    return total / 100
