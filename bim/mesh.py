"""What triangle meshes tell besides their footprint: volume of closed ones, hash."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from bim.footprint import Floats, Ints, Mesh

# Half a millimetre is a common measure: noise on either side of it must round the same way.
_HALF = 0.501


def compute_volumes_m3(meshes: list[Mesh]) -> list[float | None]:
    """Compute the volume of each closed, consistently oriented mesh; None for any other.

    Parameters
    ----------
    meshes : list of Mesh
        In metres; of any orientation, as the sign is dropped.

    Examples
    --------
    >>> corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float)
    >>> sides = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], dtype=np.int32)
    >>> [round(volume, 6) for volume in compute_volumes_m3([Mesh(corners, sides)])]
    [0.166667]
    """
    whole = [mesh for mesh in meshes if len(mesh.faces) >= 4]
    if not whole:
        return [None] * len(meshes)
    corners = np.concatenate([(mesh.points - mesh.points[0])[mesh.faces] for mesh in whole])
    owners = np.repeat(np.arange(len(whole)), [len(mesh.faces) for mesh in whole])
    volumes = np.abs(np.bincount(owners, _six_volumes(corners), len(whole))) / 6.0
    closed = _closed(whole)
    found = iter(float(volume) if shut else None for volume, shut in zip(volumes, closed, strict=True))
    return [next(found) if len(mesh.faces) >= 4 else None for mesh in meshes]


def compute_geometry_hashes(meshes: list[Mesh]) -> list[str]:
    """Compute a hash of each mesh's vertices, counted from its lowest corner, rounded to 1 mm and sorted.

    A moved element keeps it, also one whose frame was moved against its shape or whose coordinates hold the
    place themselves; a reshaped one does not. Vertices less than a millimetre apart count once.

    >>> one = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    >>> first, second = compute_geometry_hashes([Mesh(one, one), Mesh(one[::-1], one)])
    >>> first == second
    True
    """
    if not meshes:
        return []
    sizes = [len(mesh.points) for mesh in meshes]
    points, owners = (
        np.concatenate([mesh.points for mesh in meshes]),
        np.repeat(np.arange(len(meshes)), sizes),
    )
    corners = np.minimum.reduceat(points, np.cumsum([0, *sizes[:-1]]))
    cells = np.floor((points - corners[owners]) * 1000.0 + _HALF).astype(np.int64)
    order = np.lexsort((cells[:, 2], cells[:, 1], cells[:, 0], owners))
    ordered, owners = cells[order], owners[order]
    new = np.r_[True, (ordered[1:] != ordered[:-1]).any(axis=1) | (owners[1:] != owners[:-1])]
    data = ordered[new].tobytes()
    ends = np.cumsum(np.bincount(owners[new], minlength=len(meshes))) * ordered.strides[0]
    starts = [0, *ends[:-1]]
    return [
        hashlib.blake2b(data[start:end], digest_size=16).hexdigest()
        for start, end in zip(starts, ends, strict=True)
    ]


def _six_volumes(corners: Floats) -> Floats:
    """Six times the signed volume between each triangle and its mesh's first vertex."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = corners.transpose(1, 2, 0)
    return np.asarray(ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx))


def _closed(meshes: list[Mesh]) -> NDArray[np.bool_]:
    """Say of each mesh whether every edge is used exactly twice, once in each direction."""
    sizes = np.array([len(mesh.points) for mesh in meshes], dtype=np.int64)
    counts = [len(mesh.faces) for mesh in meshes]
    starts = np.repeat(np.concatenate([[0], np.cumsum(sizes)[:-1]]), counts)
    faces: Ints = np.concatenate([mesh.faces for mesh in meshes])
    corners = faces.astype(np.int64) + starts[:, np.newaxis]
    tail, head = corners.ravel(), corners[:, [1, 2, 0]].ravel()
    total = int(sizes.sum())
    owners = np.repeat(np.arange(len(meshes)), [3 * count for count in counts])
    forward, backward = tail * total + head, head * total + tail
    order = np.argsort(forward, kind="stable")
    ordered, reverse = forward[order], np.sort(backward)
    wrong = np.zeros(len(meshes), dtype=bool)
    repeated = np.flatnonzero(ordered[1:] == ordered[:-1])
    wrong[owners[order][repeated]] = True
    # Numbers of one mesh are contiguous in both orders, so a missing partner shows in its own range.
    wrong[owners[order][ordered != reverse]] = True
    return ~wrong
