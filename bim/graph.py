"""References that must not run in circles: placements, decomposition, geometry. Plain numbers, no kernel."""

from collections import defaultdict
from collections.abc import Iterable

Edges = dict[int, list[int]]


def compute_depth(edges: Edges) -> tuple[int, int]:
    """Compute the longest chain of references and the instance it starts from.

    Parameters
    ----------
    edges : dict
        From an instance to those it refers to; targets outside the keys are ignored. Free of cycles.

    Examples
    --------
    >>> compute_depth({1: [2], 2: [3], 3: []})
    (3, 1)
    """
    order = _sorted_nodes(edges)
    depth: dict[int, int] = {}
    for node in reversed(order):
        depth[node] = 1 + max((depth.get(target, 0) for target in edges[node]), default=0)
    if not depth:
        return 0, 0
    start = max(depth, key=lambda node: depth[node])
    return depth[start], start


def find_cycle(edges: Edges) -> list[int]:
    """Find one cycle, or an empty list.

    >>> find_cycle({1: [2], 2: [3], 3: [2]})
    [2, 3]
    """
    rest = edges.keys() - set(_sorted_nodes(edges))
    if not rest:
        return []
    node = min(rest)
    seen: dict[int, int] = {}
    while node not in seen:
        seen[node] = len(seen)
        # Kahn leaves nodes on a cycle or behind one; each has a predecessor on the way, so walk backwards.
        node = _predecessor(edges, rest, node)
    path = list(seen)[seen[node] :]
    path.reverse()
    return _rotated(path)


def _predecessor(edges: Edges, rest: Iterable[int], node: int) -> int:
    return next(source for source in rest if node in edges[source])


def _rotated(path: list[int]) -> list[int]:
    at = path.index(min(path))
    return path[at:] + path[:at]


def _sorted_nodes(edges: Edges) -> list[int]:
    """Order nodes before their targets (Kahn); nodes on cycles and behind them are missing."""
    incoming: dict[int, int] = defaultdict(int)
    for targets in edges.values():
        for target in targets:
            if target in edges:
                incoming[target] += 1
    ready = [node for node in edges if incoming[node] == 0]
    order = []
    while ready:
        node = ready.pop()
        order.append(node)
        for target in edges[node]:
            if target not in edges:
                continue
            incoming[target] -= 1
            if incoming[target] == 0:
                ready.append(target)
    return order
