"""One tile as a binary glTF 2.0: one primitive, a feature id to every vertex, a table of GlobalIds.

Attribute and property names are those of EXT_mesh_features and EXT_structural_metadata. The bytes depend on
nothing but what is given, so that equal tiles of two revisions are one object.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from bim.scene.results import Vector

_FLOAT, _BYTE, _UINT = 5126, 5120, 5125
_ARRAY, _ELEMENT_ARRAY = 34962, 34963
_ALIGNED: Final = 8  # property tables ask for it
_MAGIC, _VERSION, _JSON, _BIN = 0x46546C67, 2, 0x4E4F534A, 0x004E4942


@dataclass(frozen=True)
class TileMesh:
    """What a tile draws; axes of a y-up renderer, metres from the tile's own origin.

    Attributes
    ----------
    points : ndarray of float32, (n, 3)
        Vertices.
    normals : ndarray of int8, (n, 4)
        127 is one; the fourth byte is padding.
    rows : ndarray of int64, (n,)
        To which of the tile's elements each vertex belongs.
    faces : ndarray of uint32, (m, 3)
        Vertex numbers.
    fids : ndarray of int64
        Feature id of each element within the revision.
    global_ids : list of str
        Of each element.
    origin : tuple of float
        The tile's origin, metres from the scene's.
    """

    points: NDArray[np.float32]
    normals: NDArray[np.int8]
    rows: NDArray[np.int64]
    faces: NDArray[np.uint32]
    fids: NDArray[np.int64]
    global_ids: list[str]
    origin: Vector


@dataclass
class _Binary:
    """The binary part while it grows, with the views into it."""

    parts: list[bytes] = field(default_factory=list)
    views: list[dict[str, int]] = field(default_factory=list)
    size: int = 0

    def add(self, values: bytes, **given: int) -> int:
        """Add bytes and return the number of their view."""
        self.views.append({"buffer": 0, "byteOffset": self.size, "byteLength": len(values), **given})
        padding = -len(values) % _ALIGNED
        self.parts += [values, bytes(padding)]
        self.size += len(values) + padding
        return len(self.views) - 1


def render_glb(mesh: TileMesh) -> bytes:
    """Render a tile that has at least one triangle.

    Notes
    -----
    glTF 2.0 with KHR_mesh_quantization (normals in bytes), EXT_mesh_features and EXT_structural_metadata.
    ``_FEATURE_ID_0`` is the fid, ``_FEATURE_ID_1`` the row of the property table.
    """
    binary = _Binary()
    accessors = _accessors(mesh, binary)
    count = len(mesh.fids)
    features = [
        {"label": "fid", "featureCount": count, "attribute": 0},
        {"label": "row", "featureCount": count, "attribute": 1, "propertyTable": 0},
    ]
    primitive = {
        "attributes": {"POSITION": 1, "NORMAL": 2, "_FEATURE_ID_0": 3, "_FEATURE_ID_1": 4},
        "indices": 0,
        "material": 0,
        "mode": 4,
        "extensions": {"EXT_mesh_features": {"featureIds": features}},
    }
    document = {
        "asset": {"version": "2.0", "generator": "worktwin"},
        "extensionsUsed": ["EXT_mesh_features", "EXT_structural_metadata", "KHR_mesh_quantization"],
        "extensionsRequired": ["KHR_mesh_quantization"],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "translation": list(mesh.origin)}],
        "meshes": [{"primitives": [primitive]}],
        "materials": [
            # Exported faces look either way, so both sides are drawn.
            {"pbrMetallicRoughness": {"metallicFactor": 0, "roughnessFactor": 1}, "doubleSided": True}
        ],
        "accessors": accessors,
        "extensions": {"EXT_structural_metadata": _property_table(mesh, binary)},
        "bufferViews": binary.views,
        "buffers": [{"byteLength": binary.size}],
    }
    return contain(orjson.dumps(document), binary.parts)


def _accessors(mesh: TileMesh, binary: _Binary) -> list[dict[str, Any]]:
    count = len(mesh.points)
    faces = binary.add(mesh.faces.tobytes(), target=_ELEMENT_ARRAY)
    points = binary.add(mesh.points.tobytes(), target=_ARRAY)
    normals = binary.add(mesh.normals.tobytes(), byteStride=4, target=_ARRAY)
    fids = binary.add(mesh.fids[mesh.rows].astype(np.float32).tobytes(), target=_ARRAY)
    rows = binary.add(mesh.rows.astype(np.float32).tobytes(), target=_ARRAY)
    scalar = {"componentType": _FLOAT, "count": count, "type": "SCALAR"}
    return [
        {"bufferView": faces, "componentType": _UINT, "count": mesh.faces.size, "type": "SCALAR"},
        {
            "bufferView": points,
            "componentType": _FLOAT,
            "count": count,
            "type": "VEC3",
            "min": mesh.points.min(axis=0).tolist(),
            "max": mesh.points.max(axis=0).tolist(),
        },
        {"bufferView": normals, "componentType": _BYTE, "normalized": True, "count": count, "type": "VEC3"},
        {"bufferView": fids, **scalar},
        {"bufferView": rows, **scalar},
    ]


def _property_table(mesh: TileMesh, binary: _Binary) -> dict[str, Any]:
    texts = [text.encode() for text in mesh.global_ids]
    ends = [0, *itertools.accumulate(len(text) for text in texts)]
    values = binary.add(b"".join(texts))
    offsets = binary.add(np.array(ends, np.uint32).tobytes())
    fids = binary.add(mesh.fids.astype(np.uint32).tobytes())
    element = {
        "name": "IFC element",
        "properties": {
            "globalId": {"type": "STRING", "required": True},
            "fid": {"type": "SCALAR", "componentType": "UINT32", "required": True},
        },
    }
    table = {
        "class": "element",
        "count": len(texts),
        "properties": {
            "globalId": {"values": values, "stringOffsets": offsets, "stringOffsetType": "UINT32"},
            "fid": {"values": fids},
        },
    }
    return {"schema": {"id": "worktwin", "classes": {"element": element}}, "propertyTables": [table]}


def contain(document: bytes, parts: Sequence[bytes]) -> bytes:
    """Put a document and the parts of its one buffer into a container; the parts end on a multiple of four."""
    # The header and both chunk heads take 28 bytes; the binary part is to begin on a multiple of 8.
    document += b" " * (-(len(document) + 28) % _ALIGNED)
    size = sum(len(part) for part in parts)
    total = 28 + len(document) + size
    head = np.array([_MAGIC, _VERSION, total, len(document), _JSON], "<u4").tobytes()
    return b"".join([head, document, np.array([size, _BIN], "<u4").tobytes(), *parts])
