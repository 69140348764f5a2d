"""The scene as a 3D Tiles 1.1 tileset with explicit tiling, for clients that read such."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bim.footprint import Floats
from bim.scene.frame import Frame
from bim.scene.results import Scene, SceneBox, SceneTile


def render_tileset(scene: Scene, frame: Frame | None, uri_of: Callable[[SceneTile], str]) -> dict[str, Any]:
    """Render the tileset document.

    Parameters
    ----------
    frame : Frame, optional
        Place on the globe; without one the tileset stands at the zero of its own frame.
    uri_of : callable
        Address of a tile's GLB, relative to the document.

    Notes
    -----
    ``refine`` is ADD throughout. The root holds one node per storey and discipline; in it the largest elements come
    first, those of the next level hang below a node whose geometric error is the size of the largest element not yet
    drawn. Boxes are in the z-up frame of the scene, metres from its local origin.
    """
    groups: dict[tuple[str | None, str], list[SceneTile]] = defaultdict(list)
    for tile in scene.tiles:
        groups[tile.storey, tile.discipline].append(tile)
    origin = np.array(scene.local_origin)
    children = [_node(tiles, 0, origin, uri_of) for tiles in groups.values()]
    error = max((tile.largest_m for tile in scene.tiles), default=0.0)
    root: dict[str, Any] = {
        "boundingVolume": {"box": _volume([tile.box for tile in scene.tiles], origin)},
        "geometricError": error,
        "refine": "ADD",
    }
    if frame is not None:
        root["transform"] = frame.ecef_from_model.T.ravel().tolist()
    if children:
        root["children"] = children
    return {
        "asset": {"version": "1.1", "generator": "worktwin"},
        "geometricError": error,
        "root": root,
    }


def _node(
    tiles: Sequence[SceneTile], level: int, origin: Floats, uri_of: Callable[[SceneTile], str]
) -> dict[str, Any]:
    """Render what a group draws from a level on: its tiles as leaves, the smaller elements below one more node."""
    level = min(tile.level for tile in tiles if tile.level >= level)
    here = [tile for tile in tiles if tile.level == level]
    finer = [tile for tile in tiles if tile.level > level]
    children = [_leaf(tile, origin, uri_of) for tile in here]
    if finer:
        children.append(_node(finer, level + 1, origin, uri_of))
    storey = tiles[0].storey
    return {
        "boundingVolume": {"box": _volume([tile.box for tile in tiles], origin)},
        "geometricError": max(tile.largest_m for tile in tiles),
        "extras": {"storey": storey, "discipline": tiles[0].discipline, "level": level},
        "children": children,
    }


def _leaf(tile: SceneTile, origin: Floats, uri_of: Callable[[SceneTile], str]) -> dict[str, Any]:
    return {
        "boundingVolume": {"box": _volume([tile.box], origin)},
        "geometricError": 0,
        "content": {"uri": uri_of(tile)},
    }


def _volume(boxes: Sequence[SceneBox], origin: Floats) -> list[float]:
    """Return middle and half axes of the box around boxes, which all lie within."""
    if not boxes:
        return [0.0] * 12
    table = np.array(boxes)
    low, high = table[:, :3].min(axis=0) - origin, table[:, 3:].max(axis=0) - origin
    middle = (low + high) / 2.0
    # Half a size that is rounded must not cut anything off.
    half = np.nextafter(np.maximum(high - middle, middle - low), np.inf)
    return [*middle.tolist(), *np.diag(half).ravel().tolist()]
