"""Meshes on their way from the batch children to the tiles: flat files, never the pipe.

Every child at work has three files of its own to add to: points, normals, triangles. What it has told of an element
was written before; what a child that was killed left unfinished behind that is never read.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bim.footprint import Floats, Mesh
from bim.geometry import Shape, ShapeRecord
from bim.scene.drawn import is_drawn
from bim.scene.facets import Facets, compute_facets

FOLDER: Final = "meshes"
_POINT, _NORMAL, _FACE = 12, 4, 12  # bytes of one
_KEPT_VERTICES = 500_000


class MeshPlace(NamedTuple):
    """Where a mesh lies: number of the files, first vertex and how many, first triangle and how many."""

    files: int
    vertex: int
    vertices: int
    triangle: int
    triangles: int


@dataclass(frozen=True)
class DrawnMeshes:
    """Meshes read back, end to end.

    Attributes
    ----------
    points : ndarray of float32, (n, 3)
        Metres from the middle of each element's box; axes of a y-up renderer: x, z, -y of the model.
    normals : ndarray of int8, (n, 4)
        Same axes, 127 is one; the fourth byte is padding.
    faces : ndarray of uint32, (m, 3)
        Vertex numbers within each mesh.
    """

    points: NDArray[np.float32]
    normals: NDArray[np.int8]
    faces: NDArray[np.uint32]


def middle_of(box: ArrayLike) -> Floats:
    """Return the middle of a box or of each of several, from which the points of a mesh are counted.

    >>> middle_of((0, 0, 0, 2, 4, 6)).tolist()
    [1.0, 2.0, 3.0]
    """
    low_high = np.asarray(box, dtype=np.float64)
    return np.asarray((low_high[..., :3] + low_high[..., 3:]) / 2.0)


class MeshWriter:
    """Adds meshes to the files of one child, each content split into facets once.

    Parameters
    ----------
    folder : Path
        Spool of the conversion.
    number : int
        Of the files; no other process writes to them now. What lies there stays.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self._number = number
        self._files = [
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600) for path in _paths(folder, number)
        ]
        points, normals, faces = (os.fstat(file).st_size for file in self._files)
        # A killed child may have left part of a write: begin behind it.
        self._vertex = max(-(-points // _POINT), -(-normals // _NORMAL))
        self._triangle = -(-faces // _FACE)
        for file, size, first in zip(
            self._files,
            (_POINT, _NORMAL, _FACE),
            (self._vertex, self._vertex, self._triangle),
            strict=True,
        ):
            os.ftruncate(file, size * first)
            os.lseek(file, 0, os.SEEK_END)
        self._known: dict[str, Facets] = {}
        self._held = 0

    def add(self, shapes: list[Shape], records: list[ShapeRecord]) -> list[MeshPlace | None]:
        """Write the meshes of measured shapes; None for what the scene does not show and what has no triangle.

        Raises
        ------
        OSError
            The disk is full.
        """
        shown = [
            number for number, shape in enumerate(shapes) if is_drawn(shape.ifc_class) and len(shape.faces)
        ]
        if not shown:
            return [None] * len(shapes)
        found = self._facets([shapes[number] for number in shown])
        placed = [
            _place(facets, shapes[number].matrix, middle_of(records[number].box))
            for number, facets in zip(shown, found, strict=True)
        ]
        self._write(0, np.concatenate([points for points, _ in placed]))
        self._write(1, np.concatenate([normals for _, normals in placed]))
        self._write(2, np.concatenate([facets.faces for facets in found]))
        places: list[MeshPlace | None] = [None] * len(shapes)
        for number, facets in zip(shown, found, strict=True):
            if len(facets.faces):
                places[number] = self._next(len(facets.points), len(facets.faces))
        return places

    def _facets(self, shapes: list[Shape]) -> list[Facets]:
        new = {shape.key: shape for shape in shapes if shape.key not in self._known}
        made = compute_facets([Mesh(shape.points, shape.faces) for shape in new.values()])
        fresh = dict(zip(new, made, strict=True))
        found = [fresh.get(shape.key) or self._known[shape.key] for shape in shapes]
        self._held += sum(len(facets.points) for facets in made)
        if self._held > _KEPT_VERTICES:
            self._known.clear()
            self._held = sum(len(facets.points) for facets in made)
        self._known.update(fresh)
        return found

    def _next(self, vertices: int, triangles: int) -> MeshPlace:
        place = MeshPlace(self._number, self._vertex, vertices, self._triangle, triangles)
        self._vertex += vertices
        self._triangle += triangles
        return place

    def _write(self, file: int, values: NDArray[np.generic]) -> None:
        view = memoryview(values.tobytes())
        while view:
            view = view[os.write(self._files[file], view) :]


class MeshReader:
    """Reads meshes of a conversion; pages of the files are given back after each reading."""

    def __init__(self, maps: dict[int, tuple[mmap.mmap, mmap.mmap, mmap.mmap]]) -> None:
        self._maps = maps

    def read(self, places: list[MeshPlace]) -> DrawnMeshes:
        """Read meshes in the order given, which must be that of their files' numbers."""
        table = np.array(places, dtype=np.int64)
        points, normals, faces = [], [], []
        for files in dict.fromkeys(table[:, 0].tolist()):
            own = table[table[:, 0] == files]
            vertices, triangles = _rows(own[:, 1], own[:, 2]), _rows(own[:, 3], own[:, 4])
            maps = self._maps[files]
            points.append(np.frombuffer(maps[0], np.float32).reshape(-1, 3)[vertices])
            normals.append(np.frombuffer(maps[1], np.int8).reshape(-1, 4)[vertices])
            faces.append(np.frombuffer(maps[2], np.uint32).reshape(-1, 3)[triangles])
            for each in maps:
                each.madvise(mmap.MADV_DONTNEED)
        return DrawnMeshes(np.concatenate(points), np.concatenate(normals), np.concatenate(faces))


@contextmanager
def open_meshes(folder: Path) -> Iterator[MeshReader]:
    """Open the meshes that the children of a conversion have left in its spool."""
    maps: dict[int, tuple[mmap.mmap, mmap.mmap, mmap.mmap]] = {}
    with ExitStack() as stack:
        for path in sorted((folder / FOLDER).glob("*.points")):
            number = int(path.stem)
            files = [stack.enter_context(each.open("rb")) for each in _paths(folder, number)]
            if all(os.fstat(file.fileno()).st_size for file in files):
                first, second, third = (
                    mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) for file in files
                )
                maps[number] = (first, second, third)
        yield MeshReader(maps)


def _paths(folder: Path, number: int) -> list[Path]:
    root = folder / FOLDER
    root.mkdir(exist_ok=True)
    return [root / f"{number}.{kind}" for kind in ("points", "normals", "faces")]


def _place(facets: Facets, matrix: Floats, middle: Floats) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Bring facets into the model frame, counted from a point of it, in the axes of a y-up renderer."""
    turn = matrix[[0, 2, 1], :3] * np.array([[1.0], [1.0], [-1.0]])
    shift = (matrix[:3, 3] - middle)[[0, 2, 1]] * np.array([1.0, 1.0, -1.0])
    points = (facets.points @ turn.T + shift).astype(np.float32)
    normals = np.zeros((len(points), 4), np.int8)
    side = np.sign(np.linalg.det(matrix[:3, :3])) or 1.0
    turned = facets.normals.astype(np.float32) @ (side * turn.T).astype(np.float32)
    normals[:, :3] = np.rint(np.clip(turned, -127.0, 127.0))
    return points, normals


def _rows(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """List the numbers of several runs of rows.

    >>> _rows(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(counts)
    return np.asarray(np.repeat(starts - ends + counts, counts) + np.arange(int(ends[-1])))
