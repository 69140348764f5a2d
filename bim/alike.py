"""Elements that any kernel draws alike: of one form, cut by openings of one form at the same place."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bim.geometry import HYBRID, NothingDrawnError, Shape, compute_content, iter_shapes
from bim.model import File, Instance

# A thousandth of a millimetre: how closely openings must lie at the same place.
_DIGITS = 6
_WRONG = (AttributeError, TypeError, ValueError, IndexError, RuntimeError)

Cut = tuple[bytes, bytes]


def iter_alike(file: File, elements: list[Instance], kernel: str) -> Iterator[Shape]:
    """Iterate over the shapes of elements, drawing one of those that must come out alike; see `iter_shapes`.

    Exporters write the same cabinet again and again without sharing its items. The fast kernel draws elements without
    their openings, and the openings by themselves, in next to no time; where these meshes are the same, so is what is
    left when one is cut from the other.
    """
    groups = _group_alike(file, elements)
    for shape in iter_shapes(file, [group[0][0] for group in groups.values()], kernel):
        yield shape
        for each, uncut in groups[shape.step_id][1:]:
            yield replace(shape, step_id=each.id(), ifc_class=each.is_a(), matrix=uncut.matrix)


def _group_alike(file: File, elements: list[Instance]) -> dict[int, list[tuple[Instance, Any]]]:
    """Group elements with their uncut shapes by the number of the first; what is not known stands alone."""
    openings = {each.id(): _openings(each) for each in elements}
    cut = [each for each in elements if openings[each.id()]]
    shapes = _draw_uncut(file, [*cut, *(one for each in cut for one in openings[each.id()])])
    groups: dict[Any, list[tuple[Instance, Any]]] = defaultdict(list)
    for each in elements:
        number = each.id()
        key = _key(number, [one.id() for one in openings[number]], shapes)
        groups[number if key is None else key].append((each, shapes.get(number)))
    return {group[0][0].id(): group for group in groups.values()}


def _openings(element: Instance) -> list[Instance]:
    try:
        return [each.RelatedOpeningElement for each in getattr(element, "HasOpenings", ())]
    except _WRONG:
        return []


def _draw_uncut(file: File, elements: list[Instance]) -> dict[int, Shape]:
    """Draw elements as they are before openings are cut; nothing where the kernel refuses the list."""
    try:
        return {
            shape.step_id: shape
            for shape in (iter_shapes(file, elements, HYBRID, uncut=True) if elements else ())
            if len(shape.points)
        }
    except NothingDrawnError:
        return {}


def _key(number: int, openings: list[int], shapes: dict[int, Shape]) -> tuple[bytes, tuple[Cut, ...]] | None:
    """Form of an element, and form and place of each of its openings as it sees them."""
    if not openings or number not in shapes or not all(each in shapes for each in openings):
        return None
    try:
        back = np.linalg.inv(shapes[number].matrix)
    except np.linalg.LinAlgError:
        return None
    cuts = sorted(
        (compute_content(shapes[each]), (np.round(back @ shapes[each].matrix, _DIGITS) + 0.0).tobytes())
        for each in openings
    )
    return compute_content(shapes[number]), tuple(cuts)
