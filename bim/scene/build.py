"""Make the tiles of a conversion from its spooled meshes, one after the other, so that only one is held."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bim.footprint import Floats
from bim.scene.drawn import discipline_of, is_drawn
from bim.scene.glb import TileMesh, render_glb
from bim.scene.results import (
    TILES_FOLDER,
    Scene,
    SceneBox,
    SceneTile,
    Vector,
    tile_path,
    write_scene_file,
)
from bim.scene.spool import DrawnMeshes, MeshPlace, MeshReader, middle_of, open_meshes
from bim.scene.tiling import Numbers, SceneElements, TilePlan, plan_tiles

_GRID_M: Final = 100.0
# Points move by an eighth of a millimetre at most, nothing to see, and pack far better.
_STEPS_PER_M: Final = 4096.0
_DISCIPLINES: Final = ("structure", "architecture", "mep", "civil", "other")


@dataclass(frozen=True)
class SceneElement:
    """One element with geometry.

    Attributes
    ----------
    fid : int
        0 ... n-1 in the revision.
    global_id, ifc_class : str
        As in the element table.
    storey : str or None
        Name of the storey, as in the element table.
    box : tuple of float
        Metres in the model frame.
    mesh : MeshPlace or None
        Where its mesh lies.
    """

    fid: int
    global_id: str
    ifc_class: str
    storey: str | None
    box: SceneBox
    mesh: MeshPlace | None


def build_scene(spool: Path, elements: list[SceneElement], left_out: Collection[int] = ()) -> Scene:
    """Write the tiles of a model and ``scene.json``.

    Parameters
    ----------
    elements : list of SceneElement
        All with geometry, in order of their fids.
    left_out : collection of int
        Fids of plots and of elements far from the rest, which would shrink the scene to a point.

    Returns
    -------
    Scene
        Without tiles where nothing is to be shown.
    """
    wanted = [each for each in elements if is_drawn(each.ifc_class) and each.fid not in left_out]
    shown = [each for each in wanted if each.mesh is not None]
    (spool / TILES_FOLDER).mkdir(exist_ok=True)
    origin = _local_origin(shown)
    tiles = []
    if shown:
        with open_meshes(spool) as meshes:
            tiles = _Tiler(spool, shown, np.array(origin), meshes).write()
    scene = Scene(len(elements), origin, tiles)
    write_scene_file(spool, scene)
    return scene


def _local_origin(shown: list[SceneElement]) -> Vector:
    """Return the point of a coarse grid nearest to the middle of most elements.

    A grid, so that the next revision of the model most likely has the same and shares the tiles that did not change.
    """
    if not shown:
        return (0.0, 0.0, 0.0)
    middle = np.median(middle_of([each.box for each in shown]), axis=0)
    x, y, z = (np.rint(middle / _GRID_M) * _GRID_M + 0.0).tolist()
    return (x, y, z)


class _Tiler:
    """Writes tile after tile of one scene."""

    def __init__(self, spool: Path, shown: list[SceneElement], origin: Floats, meshes: MeshReader) -> None:
        self._spool, self._shown, self._origin, self._meshes = spool, shown, origin, meshes
        keys = [(each.storey, discipline_of(each.ifc_class)) for each in shown]
        ranks = {
            key: rank
            for rank, key in enumerate(
                sorted(dict.fromkeys(keys), key=lambda key: (key[0] or "", _DISCIPLINES.index(key[1])))
            )
        }
        self._groups = list(ranks)
        self._places = [each.mesh for each in shown if each.mesh is not None]
        counts = np.array(self._places, dtype=np.int64)
        self._columns = SceneElements(
            boxes=np.array([each.box for each in shown], dtype=np.float64),
            vertices=counts[:, 2],
            triangles=counts[:, 4],
            groups=np.array([ranks[key] for key in keys], dtype=np.int64),
        )

    def write(self) -> list[SceneTile]:
        """Write every tile of the plan."""
        return [self._tile(plan) for plan in plan_tiles(self._columns)]

    def _tile(self, plan: TilePlan) -> SceneTile:
        # The reader wants the elements by their files.
        chosen = sorted(plan.elements.tolist(), key=lambda number: self._places[number].files)
        mesh, box = self._mesh(np.array(chosen, dtype=np.int64), plan.faces)
        content = render_glb(mesh)
        name = hashlib.sha256(content).hexdigest()
        tile_path(self._spool, name).write_bytes(content)
        storey, discipline = self._groups[plan.group]
        return SceneTile(
            sha256=name,
            storey=storey,
            discipline=discipline,
            level=plan.level,
            features=len(chosen),
            triangles=len(mesh.faces),
            size_bytes=len(content),
            box=box,
            largest_m=float(self._columns.diagonals[plan.elements].max()),
        )

    def _mesh(self, chosen: Numbers, faces: tuple[int, int] | None) -> tuple[TileMesh, SceneBox]:
        places = [self._places[number] for number in chosen.tolist()]
        drawn = self._meshes.read(places)
        if faces is not None:
            drawn, places = _part(drawn, places[0], *faces)
        middles = middle_of(self._columns.boxes[chosen]) - self._origin
        origin = np.rint((middles.min(axis=0) + middles.max(axis=0)) / 2.0)
        vertices = np.array([place.vertices for place in places])
        rows = np.repeat(np.arange(len(places)), vertices)
        points = _y_up(middles - origin)[rows] + drawn.points
        points = np.rint(points * _STEPS_PER_M) / _STEPS_PER_M + 0.0
        starts = np.repeat(np.cumsum(vertices) - vertices, [place.triangles for place in places])
        x, y, z = (_y_up(origin[np.newaxis])[0] + 0.0).tolist()
        mesh = TileMesh(
            points=points.astype(np.float32),
            normals=drawn.normals,
            rows=rows,
            faces=drawn.faces + starts[:, np.newaxis].astype(np.uint32),
            fids=np.array([self._shown[number].fid for number in chosen.tolist()]),
            global_ids=[self._shown[number].global_id for number in chosen.tolist()],
            origin=(x, y, z),
        )
        return mesh, _box(mesh.points, origin + self._origin)


def _part(
    drawn: DrawnMeshes, place: MeshPlace, first: int, behind: int
) -> tuple[DrawnMeshes, list[MeshPlace]]:
    """Cut some of the triangles out of the mesh of one element, with the vertices they need."""
    used, faces = np.unique(drawn.faces[first:behind], return_inverse=True)
    cut = DrawnMeshes(drawn.points[used], drawn.normals[used], faces.reshape(-1, 3).astype(np.uint32))
    return cut, [place._replace(vertices=len(used), triangles=behind - first)]


def _y_up(points: Floats) -> Floats:
    return np.asarray(points[:, [0, 2, 1]] * np.array([1.0, 1.0, -1.0]))


def _box(points: np.ndarray, origin: Floats) -> SceneBox:
    """Return the box of a tile's vertices in the model frame, z up."""
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    x0, y0, z0 = (np.array([low[0], -high[2], low[1]]) + origin).tolist()
    x1, y1, z1 = (np.array([high[0], -low[2], high[1]]) + origin).tolist()
    return (x0, y0, z0, x1, y1, z1)
