"""Drawing that gives the same answer on every machine: one stream per table, exact totals."""

import math
from collections.abc import Sequence
from random import Random
from typing import TypeVar

from twin.samples.district import SEED

T = TypeVar("T")


def stream(table: str) -> Random:
    """Return the table's own generator, so that a change in one table leaves the others as they are.

    Examples
    --------
    >>> stream("a").random() == stream("a").random()
    True
    """
    return Random(f"{SEED}:{table}")  # noqa: S311 - samples, not secrets


def between(rng: Random, low: float, high: float) -> float:
    """Draw evenly from [low, high)."""
    return low + (high - low) * rng.random()


def whole(rng: Random, low: int, high: int) -> int:
    """Draw a whole number from low to high, both included."""
    return low + int(rng.random() * (high - low + 1))


def choose(rng: Random, items: Sequence[T]) -> T:
    """Draw one of the items."""
    return items[int(rng.random() * len(items))]


def shuffled(rng: Random, items: Sequence[T]) -> list[T]:
    """Return the items in a drawn order."""
    keyed = [(rng.random(), n) for n in range(len(items))]
    return [items[n] for _, n in sorted(keyed)]


def normal(rng: Random) -> float:
    """Draw from the standard normal distribution (Box–Muller, two draws each time)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - rng.random()))
    return radius * math.cos(2.0 * math.pi * rng.random())


def lognormal(rng: Random, median: float, sigma: float) -> float:
    """Draw from the log-normal distribution with this median."""
    return median * math.exp(sigma * normal(rng))


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Share a whole total by weights so that the shares sum to it exactly (largest remainder).

    Examples
    --------
    >>> apportion(10, [1, 1, 1])
    [4, 3, 3]
    """
    scale = total / sum(weights)
    exact = [w * scale for w in weights]
    shares = [int(e) for e in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: (shares[n] - exact[n], n))
    for n in by_remainder[: total - sum(shares)]:
        shares[n] += 1
    return shares
