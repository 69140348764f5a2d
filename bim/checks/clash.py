"""Clashes 碰撞 between two selections, of one model or of two.

The collision tree of the geometry library is used directly. The package ifcclash wraps the same tree, but as a
library it cannot place one model against another, ends in an assertion where a selection is empty, names its
results by GlobalId alone (which two models of a project may share, and one may repeat), starts as many threads as
the machine has, keeps no cap and tells no progress.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import ifcopenshell.geom
import numpy as np
from numpy.typing import NDArray

from bim.checks.selection import list_related_pairs, select_elements
from bim.checks.values import Group, ResultRow
from bim.errors import SelectionError
from bim.geometry import FALLBACK, HYBRID
from bim.model import GLOBAL_ID, NAME, Instance, Model
from bim.progress import ProgressTeller

Matrix = NDArray[np.float64]
PAIR_CAP = 10_000
TOLERANCE_M = 0.01


@dataclass(frozen=True)
class Side:
    """One side of a clash: its model, the elements chosen, and where they stand in the first model's frame."""

    letter: str
    model: Model
    elements: list[Instance]
    to_first: Matrix


@dataclass(frozen=True)
class Pair:
    """One clash found: instances, kind, metres, and two points in the first model's frame."""

    one: tuple[str, Instance]
    two: tuple[str, Instance]
    kind: str
    distance_m: float
    points: tuple[list[float], list[float]]


def find_clashes(sides: tuple[Side, Side], options: dict[str, Any], progress: ProgressTeller) -> list[Pair]:
    """Find the pairs that clash, the worst first.

    Parameters
    ----------
    options : dict
        ``mode``: ``intersection`` (bodies that enter each other deeper than ``tolerance_m``), ``collision``
        (any contact of surfaces; ``allow_touching`` also counts mere touching) or ``clearance`` (bodies closer
        than ``clearance_m``, those that intersect included). ``related``: also pairs that touch by design.

    Raises
    ------
    SelectionError
        No element of a side has a shape.
    """
    table = _label(sides)
    tree = ifcopenshell.geom.tree(backend="opencascade.trianglebvh")
    progress.enter("geometry", sum(len(side.elements) for side in _distinct(sides)))
    drawn: set[str] = set()
    for side in _distinct(sides):
        drawn |= _draw(tree, side, progress)
    chosen = [[each for each in side.elements if _label_of(each) in drawn] for side in sides]
    for side, elements in zip(sides, chosen, strict=True):
        if not elements:
            raise SelectionError(
                f"None of the {len(side.elements)} elements chosen has a shape that can be drawn.",
                f"所选 {len(side.elements)} 个构件均无法生成几何。",
            )
    progress.enter("clash")
    found = _ask(tree, chosen[0], chosen[1], options)
    related = set() if options.get("related") else _related(sides)
    return _tidy(found, table, related, sides)


def rows_and_groups(
    pairs: list[Pair], cap: int, to_second: Matrix
) -> tuple[list[Group], list[ResultRow], bool]:
    """Make rows of pairs, grouped by the classes that clash; the worst `cap` pairs are kept."""
    counts = Counter(_classes(pair) for pair in pairs)
    groups = [
        Group(number, f"clash:{key}", key, "fail", applicable=count, failed=count)
        for number, (key, count) in enumerate(sorted(counts.items()), 1)
    ]
    numbers = {group.title: group.number for group in groups}
    rows = [_row(numbers[_classes(pair)], pair, to_second) for pair in pairs[:cap]]
    return groups or [Group(1, "clash:none", "No clash 无碰撞", "pass")], rows, len(pairs) > cap


def _label(sides: tuple[Side, Side]) -> dict[str, tuple[str, Instance, str]]:
    """Give every element a name of its own in memory: GlobalIds repeat within and between models."""
    table: dict[str, tuple[str, Instance, str]] = {}
    for side in _distinct(sides):
        for element in side.elements:
            label = f"{side.letter}{element.id()}"
            table[label] = (side.letter, element, str(element.get_argument(GLOBAL_ID)))
            element.GlobalId = label
    return table


def _distinct(sides: tuple[Side, Side]) -> list[Side]:
    """The sides as they are drawn: two selections of one model are drawn once."""
    one, two = sides
    if one.model is not two.model:
        return [one, two]
    extra = {each.id(): each for each in [*one.elements, *two.elements]}
    return [Side(one.letter, one.model, list(extra.values()), one.to_first)]


def _label_of(element: Instance) -> str:
    return str(element.get_argument(GLOBAL_ID))


def _draw(tree: Any, side: Side, progress: ProgressTeller) -> set[str]:
    """Draw a side into the tree; a list that the kernel refuses as a whole is halved, and drawn by the other."""
    drawn: set[str] = set()
    waiting = [(side.elements, HYBRID)]
    while waiting:
        elements, kernel = waiting.pop()
        got = _draw_list(tree, side, elements, kernel, progress)
        drawn |= got
        if not got and len(elements) > 1:
            middle = len(elements) // 2
            waiting += [(elements[:middle], kernel), (elements[middle:], kernel)]
        elif not got and kernel == HYBRID:
            waiting.append((elements, FALLBACK))
    return drawn


def _draw_list(
    tree: Any, side: Side, elements: list[Instance], kernel: str, progress: ProgressTeller
) -> set[str]:
    settings = ifcopenshell.geom.settings()
    _place(settings, side.to_first)
    iterator = ifcopenshell.geom.iterator(
        settings, side.model.file, 1, include=elements, geometry_library=kernel
    )
    drawn: set[str] = set()
    if not iterator.initialize():
        return drawn
    while True:
        shape = iterator.get()
        tree.add_element(shape)
        drawn.add(str(shape.guid))
        progress.advance(1)
        if not iterator.next():
            return drawn


def _place(settings: Any, matrix: Matrix) -> None:
    """Have a model drawn elsewhere: turned by a quaternion, then moved, in metres."""
    if np.allclose(matrix, np.eye(4), atol=1e-12):
        return
    angle = math.atan2(matrix[1, 0], matrix[0, 0])
    settings.set("model-rotation", [0.0, 0.0, math.sin(angle / 2), math.cos(angle / 2)])
    settings.set("model-offset", [float(value) for value in matrix[:3, 3]])


def _ask(tree: Any, one: list[Instance], two: list[Instance], options: dict[str, Any]) -> list[Any]:
    mode = options.get("mode", "intersection")
    tolerance = float(options.get("tolerance_m", TOLERANCE_M))
    if mode == "collision":
        touching = bool(options.get("allow_touching", False))
        return list(tree.clash_collision_many(one, two, allow_touching=touching))
    found = list(tree.clash_intersection_many(one, two, tolerance=tolerance, check_all=True))
    if mode == "clearance":
        # The library's clearance leaves out bodies that pierce each other: they come from the first question.
        clearance = float(options["clearance_m"])
        found += list(tree.clash_clearance_many(one, two, clearance=clearance, check_all=True))
    return found


def _related(sides: tuple[Side, Side]) -> set[frozenset[str]]:
    pairs: set[frozenset[str]] = set()
    for side in _distinct(sides):
        for pair in list_related_pairs(side.model):
            pairs.add(frozenset(f"{side.letter}{number}" for number in pair))
    return pairs


def _tidy(
    found: list[Any],
    table: dict[str, tuple[str, Instance, str]],
    related: set[frozenset[str]],
    sides: tuple[Side, Side],
) -> list[Pair]:
    """Keep each unordered pair once, first element from the first side; intersections before clearances."""
    first = {_label_of(each) for each in sides[0].elements}
    kept: dict[frozenset[str], Pair] = {}
    for clash in found:
        labels = [str(clash.a.get_argument(GLOBAL_ID)), str(clash.b.get_argument(GLOBAL_ID))]
        points = ([float(v) for v in clash.p1], [float(v) for v in clash.p2])
        if _is_reversed(labels, first, table):
            labels.reverse()
            points = (points[1], points[0])
        key = frozenset(labels)
        if len(key) < 2 or key in related or key in kept:
            continue
        one, two = table[labels[0]], table[labels[1]]
        kind = str(ifcopenshell.geom.tree.get_clash_type(clash.clash_type))
        kept[key] = Pair((one[2], one[1]), (two[2], two[1]), kind, float(clash.distance), points)
    return sorted(kept.values(), key=_badness)


def _is_reversed(labels: list[str], first: set[str], table: dict[str, tuple[str, Instance, str]]) -> bool:
    """Whether the library names the second side first; within one selection the class decides."""
    if labels[0] in first and labels[1] in first:
        one, two = (table[label][1] for label in labels)
        return (str(one.is_a()), int(one.id())) > (str(two.is_a()), int(two.id()))
    return labels[0] not in first


def _badness(pair: Pair) -> tuple[int, float, str, str]:
    near = pair.kind == "clearance"
    return (int(near), pair.distance_m if near else -pair.distance_m, pair.one[0], pair.two[0])


def _classes(pair: Pair) -> str:
    return f"{pair.one[1].is_a()} × {pair.two[1].is_a()}"


def _row(group: int, pair: Pair, to_second: Matrix) -> ResultRow:
    middle = [(a + b) / 2 for a, b in zip(*pair.points, strict=True)]
    other = (to_second @ np.array([*middle, 1.0]))[:3]
    return ResultRow(
        group,
        passed=False,
        message=_words(pair),
        global_id=pair.one[0],
        other_global_id=pair.two[0],
        step_id=pair.one[1].id(),
        ifc_class=pair.one[1].is_a(),
        name=_name(pair.one[1]),
        detail={
            "type": pair.kind,
            "distance_m": round(pair.distance_m, 6),
            "point": [round(value, 6) for value in middle],
            "points": [[round(value, 6) for value in point] for point in pair.points],
            "other_point": [round(float(value), 6) for value in other],
            "other": {
                "step_id": pair.two[1].id(),
                "ifc_class": pair.two[1].is_a(),
                "name": _name(pair.two[1]),
            },
        },
    )


def _words(pair: Pair) -> str:
    distance = f"{pair.distance_m * 1000:.0f} mm"
    words = {
        "pierce": f"goes through, {distance} 贯穿 {distance}",
        "protrusion": f"enters by {distance} 侵入 {distance}",
        "collision": "surfaces meet 表面相交",
        "clearance": f"only {distance} apart 净距仅 {distance}",
    }
    return words.get(pair.kind, pair.kind)


def _name(instance: Instance) -> str | None:
    name = instance.get_argument(NAME)
    return None if name is None else str(name)[:200]


def make_sides(
    first: Model,
    second: Model | None,
    options: dict[str, Any],
    skipped: tuple[set[str], set[str]],
    to_first: Matrix,
) -> tuple[Side, Side]:
    """Choose the elements of both sides; without a second model both come from the first."""
    one = Side("a", first, select_elements(first, options.get("a"), skipped[0]), np.eye(4))
    if second is None:
        return one, Side("a", first, select_elements(first, options.get("b"), skipped[0]), np.eye(4))
    return one, Side("b", second, select_elements(second, options.get("b"), skipped[1]), to_first)
