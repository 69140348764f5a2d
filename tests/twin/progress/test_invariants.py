"""What holds for every roll-up (`bim.md` §12.4), and vectors worked out by hand."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.progress.test_rollup import DAY
from twin.progress.packages import UnitSum, package_progress
from twin.progress.rollup import Leaf, roll_up

quantities = st.fractions(min_value=Fraction(1, 1000), max_value=10_000, max_denominator=1000)
percents = st.fractions(min_value=0, max_value=100, max_denominator=100)
elements = st.lists(
    st.tuples(st.sampled_from(["m3", "m2", "demolition:m3"]), quantities, percents), min_size=1, max_size=12
)
values = st.dictionaries(
    st.sampled_from(["m3", "m2", "demolition:m3"]), st.integers(0, 10**9).map(Fraction), max_size=3
)
Elements = list[tuple[str, Fraction, Fraction]]


def sums(rows: Elements, orphaned: dict[str, Fraction] | None = None) -> list[UnitSum]:
    """Sum elements by unit as the database does."""
    units = sorted({unit for unit, _, _ in rows})
    return [
        UnitSum(
            unit,
            sum((q for u, q, _ in rows if u == unit), Fraction(0)),
            sum((q * p for u, q, p in rows if u == unit), Fraction(0)),
            sum(u == unit for u, _, _ in rows),
            orphaned_quantity=(orphaned or {}).get(unit, Fraction(0)),
        )
        for unit in units
    ]


@given(elements, values)
def test_a_package_lies_between_its_least_and_its_furthest_element(
    rows: Elements, worth: dict[str, Fraction]
) -> None:
    found = package_progress(sums(rows), worth)
    assert found is not None
    assert min(p for _, _, p in rows) <= found.percent <= max(p for _, _, p in rows)
    assert sum(part.share for part in found.parts) == 100
    assert 0 <= found.coverage <= 100


@given(elements, values, st.integers(0, 11), percents)
def test_progress_that_only_advances_never_falls(
    rows: Elements, worth: dict[str, Fraction], which: int, further: Fraction
) -> None:
    at = which % len(rows)
    unit, quantity, percent = rows[at]
    later = [*rows[:at], (unit, quantity, max(percent, further)), *rows[at + 1 :]]
    before, after = package_progress(sums(rows), worth), package_progress(sums(later), worth)
    assert before is not None
    assert after is not None
    assert after.percent >= before.percent


@given(
    elements,
    values,
    st.fractions(min_value=Fraction(1, 100), max_value=Fraction(99, 100), max_denominator=100),
)
def test_splitting_an_element_leaves_the_percent(
    rows: Elements, worth: dict[str, Fraction], cut: Fraction
) -> None:
    unit, quantity, percent = rows[0]
    split = [(unit, quantity * cut, percent), (unit, quantity * (1 - cut), percent), *rows[1:]]
    whole, parts = package_progress(sums(rows), worth), package_progress(sums(split), worth)
    assert whole is not None
    assert parts is not None
    assert parts.percent == whole.percent


@given(elements, values, st.randoms(use_true_random=False))
def test_the_order_of_elements_does_not_matter(
    rows: Elements, worth: dict[str, Fraction], chance: object
) -> None:
    mixed = list(rows)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert package_progress(sums(mixed), worth) == package_progress(sums(rows), worth)


@given(elements, st.integers(1, 1000))
def test_a_change_of_measure_leaves_a_package_of_one_unit(rows: Elements, factor: int) -> None:
    one = [("m3", quantity, percent) for _, quantity, percent in rows]
    scaled = [(unit, quantity * factor, percent) for unit, quantity, percent in one]
    first, second = package_progress(sums(one)), package_progress(sums(scaled))
    assert first is not None
    assert second is not None
    assert first.percent == second.percent


leaves = st.lists(
    st.tuples(st.integers(1, 1000), st.none() | percents, st.fractions(0, 100, max_denominator=100)),
    min_size=1,
    max_size=8,
)


@given(leaves)
def test_a_project_lies_between_zero_and_a_hundred_and_its_coverage_too(
    rows: list[tuple[int, Fraction | None, Fraction]],
) -> None:
    found = roll_up(
        [
            Leaf(f"M{n}", "节点", Fraction(w), None, None, p, "elements", coverage=c)
            for n, (w, p, c) in enumerate(rows)
        ],
        DAY,
    )
    assert found.progress is not None
    assert 0 <= found.progress <= 100
    assert 0 <= found.coverage <= 100
    assert sum(part.share for part in found.parts) == 100


def test_mixed_units_are_weighed_by_value() -> None:
    # 100 m³ at 50 % worth 900,000 yuan; 400 m² at 25 % worth 100,000: 0.9·50 + 0.1·25 = 47.5.
    rows = [
        UnitSum("m3", Fraction(100), Fraction(5000), 4),
        UnitSum("m2", Fraction(400), Fraction(10_000), 8),
    ]
    found = package_progress(rows, {"m3": Fraction(900_000), "m2": Fraction(100_000)})
    assert found is not None
    assert (found.percent, found.weighing, found.coverage) == (Fraction("47.5"), "value", 100)
    assert [part.share for part in found.parts] == [90, 10]


def test_a_unit_without_value_lowers_the_coverage_and_is_no_zero() -> None:
    rows = [UnitSum("m3", Fraction(100), Fraction(5000), 4), UnitSum("m2", Fraction(400), Fraction(0), 12)]
    found = package_progress(rows, {"m3": Fraction(900_000)})
    assert found is not None
    assert (found.percent, found.coverage) == (50, 25)  # 4 of 16 elements are weighed


def test_pieces_beside_measured_elements_are_not_weighed() -> None:
    rows = [
        UnitSum("count", Fraction(3), Fraction(0), 3, fallback=True),
        UnitSum("m3", Fraction(10), Fraction(1000), 7),
    ]
    found = package_progress(rows)
    assert found is not None
    assert (found.percent, found.coverage, found.weighing) == (100, 70, "equal")


def test_pieces_alone_are_counted() -> None:
    found = package_progress([UnitSum("count", Fraction(4), Fraction(100), 4, fallback=True)])
    assert found is not None
    assert (found.percent, found.coverage, found.weighing) == (25, 100, "single")


def test_a_lost_element_moves_to_orphaned_and_not_to_zero() -> None:
    # 10 m³ done and 30 m³ at 20 %: 40. The first goes: 20 % of what is left, a quarter is orphaned.
    before = package_progress(sums([("m3", Fraction(10), Fraction(100)), ("m3", Fraction(30), Fraction(20))]))
    after = package_progress(sums([("m3", Fraction(30), Fraction(20))], {"m3": Fraction(10)}))
    assert before is not None
    assert after is not None
    assert (before.percent, before.orphaned, before.coverage) == (40, 0, 100)
    assert (after.percent, after.orphaned, after.coverage) == (20, 25, 75)


@pytest.mark.parametrize(
    ("hours", "basis", "progress"),
    [
        ((300.0, 100.0), "labour_hours", 75),
        ((300.0, None), "planned_duration", 50),
        ((None, None), "planned_duration", 50),
    ],
)
def test_labour_hours_weigh_before_durations(
    hours: tuple[float | None, float | None], basis: str, progress: int
) -> None:
    found = roll_up(
        [
            Leaf(
                f"M{n}", "节点", None, DAY.replace(day=1), DAY.replace(day=21), Fraction(100 if n == 0 else 0), "report",
                labour_hours=None if each is None else Fraction(str(each)),
            )
            for n, each in enumerate(hours)
        ],
        DAY,
    )  # fmt: skip
    assert (found.basis, found.progress) == (basis, progress)
