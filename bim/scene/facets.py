"""From welded meshes to what a renderer draws: one normal per vertex, corners shared where they agree.

Everything is done for many meshes at once; no Python runs per triangle.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bim.footprint import Floats, Mesh

# Twice the area of a triangle, m², below which it has no direction worth drawing.
_FLAT_M2 = 1e-12
_MIXER = np.uint64(0x9E3779B97F4A7C15)

Bytes = NDArray[np.int8]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Facets:
    """One mesh with a normal to every vertex, in the frame it was given in.

    Attributes
    ----------
    points : ndarray of float64, (n, 3)
        Metres.
    normals : ndarray of int8, (n, 3)
        127 is one.
    faces : ndarray of uint32, (m, 3)
        Vertex numbers.
    """

    points: Floats
    normals: Bytes
    faces: NDArray[np.uint32]


def compute_facets(meshes: list[Mesh]) -> list[Facets]:
    """Give each triangle its flat normal and share the corners that have point and normal in common.

    Parameters
    ----------
    meshes : list of Mesh
        Metres.

    Notes
    -----
    Triangles without area are left out; a mesh without any other stays, with nothing in it.

    Examples
    --------
    >>> square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=float)
    >>> found = compute_facets([Mesh(square, np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32))])
    >>> len(found[0].points), found[0].normals[0].tolist()
    (4, [0, 0, 127])
    """
    if not meshes:
        return []
    counts = np.array([len(mesh.faces) for mesh in meshes], dtype=np.int64)
    starts = np.cumsum([0, *(len(mesh.points) for mesh in meshes[:-1])])
    owners = np.repeat(np.arange(len(meshes)), counts)
    points = np.concatenate([mesh.points for mesh in meshes])
    faces = np.concatenate([mesh.faces for mesh in meshes]).astype(np.int64)
    faces += np.repeat(starts, counts)[:, np.newaxis]
    normals, solid = _normals(points, faces)
    if not solid.all():
        faces, normals, owners = faces[solid], normals[solid], owners[solid]
    leaders = _leaders(faces.ravel(), np.repeat(_packed(normals), 3), len(points))
    kept = np.zeros(len(leaders), dtype=bool)
    kept[leaders] = True
    corners = np.flatnonzero(kept)
    numbers = np.cumsum(kept) - 1
    count = len(meshes)
    ends = np.cumsum(np.bincount(owners[corners // 3], minlength=count)).tolist()
    face_ends = np.cumsum(np.bincount(owners, minlength=count)).tolist()
    return _cut(
        points[faces.ravel()[corners]],
        normals[corners // 3],
        numbers[leaders].reshape(-1, 3),
        ends,
        face_ends,
    )


def _cut(
    points: Floats, normals: Bytes, faces: Numbers, ends: list[int], face_ends: list[int]
) -> list[Facets]:
    found = []
    first = first_face = 0
    for end, face_end in zip(ends, face_ends, strict=True):
        own = (faces[first_face:face_end] - first).astype(np.uint32)
        found.append(Facets(points[first:end], normals[first:end], own))
        first, first_face = end, face_end
    return found


def _normals(points: Floats, faces: Numbers) -> tuple[Bytes, NDArray[np.bool_]]:
    """Compute the normal of each triangle in bytes, and which triangles have one."""
    x, y, z = np.ascontiguousarray(points.T)
    first, second, third = np.ascontiguousarray(faces.T)
    ax, ay, az = x[first], y[first], z[first]
    ux, uy, uz = x[second] - ax, y[second] - ay, z[second] - az
    vx, vy, vz = x[third] - ax, y[third] - ay, z[third] - az
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    solid = length > _FLAT_M2
    factor = 127.0 / np.where(solid, length, 1.0)
    normals = np.empty((len(faces), 3), np.int8)
    for column, part in enumerate((nx, ny, nz)):
        normals[:, column] = np.rint(part * factor)
    return normals, solid


def _packed(normals: Bytes) -> NDArray[np.uint32]:
    """Write the three bytes of each normal into one number."""
    x, y, z = normals.view(np.uint8).T.astype(np.uint32)
    return np.asarray(x | (y << np.uint32(8)) | (z << np.uint32(16)))


def _leaders(vertices: Numbers, normals: NDArray[np.uint32], count: int) -> Numbers:
    """Point each corner to one with the same vertex and normal, nearly always the same one for all of them.

    The first round gives each vertex one normal; corners with another go through a table by hash, which does
    without sorting. The few that fall there on a place taken by others stay their own.
    """
    leaders = np.arange(len(vertices))
    table = np.empty(count, dtype=np.int64)
    table[vertices] = leaders
    found = table[vertices]
    same = normals[found] == normals
    leaders[same] = found[same]
    rest = np.flatnonzero(~same)
    for turn in range(2):
        if len(rest) == 0:
            break
        keys = (vertices[rest].astype(np.uint64) << np.uint64(32)) | normals[rest]
        bits = max(8, len(rest).bit_length() + 1)
        places = (keys * (_MIXER + np.uint64(2 * turn))) >> np.uint64(64 - bits)
        table = np.empty(1 << bits, dtype=np.int64)
        table[places] = np.arange(len(rest))
        found = table[places]
        same = keys[found] == keys
        leaders[rest[same]] = rest[found[same]]
        rest = rest[~same]
    return leaders
