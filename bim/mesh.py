"""What a triangle mesh tells besides its footprint: volume of closed ones, extent, hash."""

import hashlib

import numpy as np

from bim.footprint import Floats, Ints


def compute_volume_m3(points: Floats, faces: Ints) -> float | None:
    """Compute the volume of a closed, consistently oriented mesh; None for any other.

    Parameters
    ----------
    points : ndarray, shape (n, 3)
        Vertices in metres.
    faces : ndarray, shape (m, 3)
        Triangles.

    Examples
    --------
    >>> corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float)
    >>> sides = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], dtype=np.int32)
    >>> round(compute_volume_m3(corners, sides), 6)
    0.166667
    """
    if len(faces) < 4 or not _is_closed(faces, len(points)):
        return None
    corners = (points - points[faces[0, 0]])[faces]
    volume = float(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum()) / 6.0
    return abs(volume)


def compute_geometry_hash(points: Floats) -> str:
    """Compute a hash of vertices rounded to 1 mm and sorted, in the element's own frame.

    A moved element keeps it; a reshaped one does not.

    >>> one = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    >>> compute_geometry_hash(one) == compute_geometry_hash(one[::-1])
    True
    """
    cells = np.round(points * 1000.0).astype(np.int64) + 0
    order = np.lexsort((cells[:, 2], cells[:, 1], cells[:, 0]))
    return hashlib.blake2b(cells[order].tobytes(), digest_size=16).hexdigest()


def _is_closed(faces: Ints, count: int) -> bool:
    """Say whether every edge is used exactly twice, once in each direction."""
    start = faces.ravel().astype(np.int64)
    end = faces[:, [1, 2, 0]].ravel().astype(np.int64)
    forward = np.sort(start * count + end)
    if np.any(forward[1:] == forward[:-1]):
        return False
    return bool(np.array_equal(forward, np.sort(end * count + start)))
