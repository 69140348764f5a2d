"""Which elements are drawn together: few large batches, or many small ones dealt out to several processes."""

import math
from collections.abc import Callable, Mapping
from itertools import chain

from bim.batch_child import Batch, Groups
from bim.limits import ProcessLimits

# Large batches cost less: each is a fork that copies what it touches. The small ones at the end even out.
_SMALL, _EVENING = 60, 0.2
# Up to this size a model is drawn in a second or two, of which a single element with an ornate opening may take half.
# What is cut is then dealt out to so many batches a process, the costly ones apart; the rest makes so many more.
_DEALT, _HANDS, _RESTS, _REST = 2_000, 2, 4, 30


def plan_batches(
    groups: Groups, limits: ProcessLimits, processes: int, weigh: Callable[[], Mapping[int, int]]
) -> list[Batch]:
    """Plan batches that keep shared representations together.

    Of a large model several processes get a large one each, then small ones, so that they end at about the same time;
    of a small one those elements first that may take long.

    Parameters
    ----------
    weigh : callable
        Tells which elements are cut, and roughly what each cutting costs, by instance number; asked of small models.
    """
    total = sum(len(group) for group in groups)
    most = limits.batch_elements
    if processes == 1 or total < limits.shared_elements:
        return _filled(groups, most, most)
    if total <= _DEALT:
        return _dealt(groups, processes, weigh())
    large = min(most, max(_SMALL, math.ceil((1 - _EVENING) * total / processes)))
    small = min(large, max(_SMALL, math.ceil(_EVENING * total / processes)))
    return _filled(groups, large, small)


def _dealt(groups: Groups, processes: int, weights: Mapping[int, int]) -> list[Batch]:
    """Deal out what is cut, the costly ones to different batches, and have the rest follow.

    The batches that are begun while this process reads attributes are twofold.
    """
    costs = [sum(weights.get(each.id(), 0) for each in group) for group in groups]
    order = sorted(range(len(groups)), key=lambda index: -costs[index])
    cut = [groups[index] for index in order if costs[index]]
    hands = [tuple(cut[first :: _HANDS * processes]) for first in range(min(_HANDS * processes, len(cut)))]
    whole = [group for group, cost in zip(groups, costs, strict=True) if not cost]
    size = max(_REST, math.ceil(sum(len(group) for group in whole) / (_RESTS * processes)))
    rests = [batch.groups for batch in _filled(whole, size, size)]
    early = []
    for _ in range(processes - 1):
        parts = [each.pop(0) for each in (hands or rests, rests) if each]
        early.append(Batch(tuple(chain.from_iterable(parts))))
    later = [*map(Batch, hands), *(Batch(rest, cut=False) for rest in rests)]
    return [batch for batch in (*early, *later) if batch.groups]


def _filled(groups: Groups, large: int, small: int) -> list[Batch]:
    """Fill batches in order with so many elements at least; when little is left, with fewer."""
    total = sum(len(group) for group in groups)
    batches: list[Batch] = []
    current: Groups = []
    count, left = 0, total
    for group in groups:
        current.append(group)
        count += len(group)
        if count >= (large if left > _EVENING * total else small):
            batches.append(Batch(tuple(current)))
            left -= count
            current, count = [], 0
    if current:
        batches.append(Batch(tuple(current)))
    return batches
