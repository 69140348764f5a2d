"""Which elements go into which tile: by level, storey and discipline, then split in space."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bim.footprint import Floats

TILE_TRIANGLES: Final = 50_000
TILE_BYTES: Final = 2_000_000
VERTEX_BYTES, TRIANGLE_BYTES = 24, 12
# What a screen takes at once: the cap of a page, and so the size of the first level.
LEVEL_ELEMENTS: Final = 20_000
LEVEL_TRIANGLES: Final = 1_000_000

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class SceneElements:
    """The elements of a scene, as columns.

    Attributes
    ----------
    boxes : ndarray of float64, (n, 6)
        Metres in the model frame.
    vertices, triangles : ndarray of int64
        Of each mesh.
    groups : ndarray of int64
        Number of the storey and discipline of each, in the order in which they are to be listed.
    """

    boxes: Floats
    vertices: Numbers
    triangles: Numbers
    groups: Numbers

    @property
    def diagonals(self) -> Floats:
        """Length of the diagonal of each box, metres."""
        return np.asarray(np.linalg.norm(self.boxes[:, 3:] - self.boxes[:, :3], axis=1))

    @property
    def weights(self) -> Numbers:
        """Bytes that each adds to a tile."""
        return self.vertices * VERTEX_BYTES + self.triangles * TRIANGLE_BYTES


@dataclass(frozen=True)
class TilePlan:
    """One tile to be: level, group, and which elements.

    Attributes
    ----------
    faces : tuple of int, optional
        First triangle and the one behind the last, where one element is too large for a tile.
    """

    level: int
    group: int
    elements: Numbers
    faces: tuple[int, int] | None = None


def compute_levels(elements: SceneElements) -> Numbers:
    """Give each element its level: the largest fill the first up to what a screen takes, each next holds twice as much.

    >>> boxes = np.array([[0, 0, 0, 1, 1, 1], [0, 0, 0, 9, 9, 9], [0, 0, 0, 5, 5, 5]], dtype=float)
    >>> many = np.array([700_000, 700_000, 700_000])
    >>> compute_levels(SceneElements(boxes, many, many, many * 0)).tolist()
    [1, 0, 0]
    """
    order = np.argsort(-elements.diagonals, kind="stable")
    triangles = elements.triangles[order]
    before = np.cumsum(triangles) - triangles
    shares = np.maximum(before / LEVEL_TRIANGLES, np.arange(len(order)) / LEVEL_ELEMENTS)
    levels = np.empty(len(order), dtype=np.int64)
    levels[order] = np.floor(np.log2(shares + 1.0)).astype(np.int64)
    return levels


def plan_tiles(elements: SceneElements) -> list[TilePlan]:
    """Plan the tiles, by level and group.

    Notes
    -----
    An element lies in one tile, unless it alone is too large for one.
    """
    levels, weights = compute_levels(elements), elements.weights
    middles = (elements.boxes[:, :3] + elements.boxes[:, 3:]) / 2.0
    parts: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, key in enumerate(zip(levels.tolist(), elements.groups.tolist(), strict=True)):
        parts[key].append(number)
    plans = []
    for (level, group), numbers in sorted(parts.items()):
        for chosen in _split(np.array(numbers, dtype=np.int64), middles, weights, elements.triangles):
            plans += [TilePlan(level, group, chosen, faces) for faces in _slices(elements, chosen)]
    return plans


def _split(numbers: Numbers, middles: Floats, weights: Numbers, triangles: Numbers) -> Iterator[Numbers]:
    """Halve a set along the longer side of its middles until each part fits a tile."""
    waiting = [numbers]
    while waiting:
        part = waiting.pop()
        fits = triangles[part].sum() <= TILE_TRIANGLES and weights[part].sum() <= TILE_BYTES
        if fits or len(part) == 1:
            yield np.sort(part)
            continue
        axis = int(np.argmax(np.ptp(middles[part], axis=0)))
        ordered = part[np.argsort(middles[part, axis], kind="stable")]
        heavy = np.cumsum(weights[ordered])
        cut = min(max(1, int(np.searchsorted(heavy, heavy[-1] / 2.0))), len(ordered) - 1)
        waiting += [ordered[cut:], ordered[:cut]]


def _slices(elements: SceneElements, chosen: Numbers) -> list[tuple[int, int] | None]:
    count = int(elements.triangles[chosen[0]])
    if len(chosen) > 1 or count <= TILE_TRIANGLES:
        return [None]
    parts = -(-count // TILE_TRIANGLES)
    ends = [count * part // parts for part in range(parts + 1)]
    return list(itertools.pairwise(ends))
