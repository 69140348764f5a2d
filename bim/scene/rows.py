"""From the rows of a conversion to its scene."""

from collections.abc import Collection
from pathlib import Path

from bim.assemble import Row
from bim.batches import BatchResults
from bim.scene.build import SceneElement, build_scene
from bim.scene.results import Scene


def write_scene(spool: Path, rows: list[Row], drawn: BatchResults, outliers: Collection[int]) -> Scene:
    """Write the scene of a conversion; fids are those that `write_elements` gives the rows with geometry.

    Parameters
    ----------
    outliers : collection of int
        Instance numbers of elements far from the rest.
    """
    shown = [row for row in rows if row.step_id in drawn.records]
    far = frozenset(outliers)
    left_out = {fid for fid, row in enumerate(shown) if row.step_id in far or "not_map_geometry" in row.flags}
    elements = [
        SceneElement(
            fid,
            row.global_id,
            row.ifc_class,
            row.storey,
            drawn.records[row.step_id].box,
            drawn.meshes.get(row.step_id),
        )
        for fid, row in enumerate(shown)
    ]
    return build_scene(spool, elements, left_out)
