"""Reads GLB and tilesets by the letter of their specifications, apart from the code that writes them."""

import itertools
import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = {5120: "i1", 5121: "u1", 5125: "<u4", 5126: "<f4"}
WIDTH = {"SCALAR": 1, "VEC3": 3}


@dataclass(frozen=True)
class Glb:
    """A parsed file: its document and its binary part."""

    document: dict[str, Any]
    binary: bytes

    def accessor(self, number: int) -> NDArray[Any]:
        """Read an accessor, honouring the stride of its view."""
        accessor = self.document["accessors"][number]
        view = self.document["bufferViews"][accessor["bufferView"]]
        kind, width = np.dtype(KINDS[accessor["componentType"]]), WIDTH[accessor["type"]]
        stride = view.get("byteStride", kind.itemsize * width)
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        rows = [
            np.frombuffer(self.binary, kind, width, start + stride * row) for row in range(accessor["count"])
        ]
        return np.array(rows)

    def attribute(self, name: str) -> NDArray[Any]:
        """Read an attribute of the one primitive."""
        return self.accessor(self.primitive["attributes"][name])

    @property
    def primitive(self) -> dict[str, Any]:
        """The one primitive."""
        (mesh,) = self.document["meshes"]
        (primitive,) = mesh["primitives"]
        return dict(primitive)

    @property
    def triangles(self) -> NDArray[Any]:
        """Vertex numbers, three a row."""
        return self.accessor(self.primitive["indices"]).reshape(-1, 3)

    @property
    def points(self) -> NDArray[Any]:
        """Vertices in the frame of the scene, z up, metres from its local origin."""
        (node,) = self.document["nodes"]
        x, y, z = (self.attribute("POSITION").astype(float) + node["translation"]).T
        return np.column_stack([x, -z, y])

    @property
    def fids(self) -> NDArray[Any]:
        """Feature id of each vertex."""
        return self.attribute("_FEATURE_ID_0")[:, 0].astype(int)

    def table(self) -> tuple[list[str], list[int]]:
        """GlobalIds and fids of the property table."""
        (table,) = self.document["extensions"]["EXT_structural_metadata"]["propertyTables"]
        texts, fids = table["properties"]["globalId"], table["properties"]["fid"]
        offsets = np.frombuffer(self._view(texts["stringOffsets"]), "<u4", table["count"] + 1)
        values = self._view(texts["values"])
        names = [values[start:end].decode() for start, end in itertools.pairwise(offsets)]
        return names, np.frombuffer(self._view(fids["values"]), "<u4", table["count"]).tolist()

    def _view(self, number: int) -> bytes:
        view = self.document["bufferViews"][number]
        return self.binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]


def parse_glb(content: bytes) -> Glb:
    """Parse a GLB of two chunks."""
    total, document = read_document(content)
    assert total == len(content)
    start = 20 + struct.unpack_from("<I", content, 12)[0]
    size, kind = struct.unpack_from("<I4s", content, start)
    assert kind == b"BIN\0"
    assert start + 8 + size == total
    assert document["buffers"] == [{"byteLength": size}]
    return Glb(document, content[start + 8 :])


def read_document(content: bytes) -> tuple[int, dict[str, Any]]:
    """Read the length a GLB says it has, and its document."""
    magic, version, total, size, kind = struct.unpack_from("<4sIII4s", content)
    assert (magic, version, kind) == (b"glTF", 2, b"JSON")
    document: dict[str, Any] = json.loads(content[20 : 20 + size])
    return total, document


def box_of(volume: list[float]) -> NDArray[Any]:
    """Return lowest and highest corner of a box given by its middle and three half axes, which must be upright."""
    middle, axes = np.array(volume[:3]), np.array(volume[3:]).reshape(3, 3)
    assert (axes == np.diag(np.diag(axes))).all()
    return np.array([middle - np.diag(axes), middle + np.diag(axes)])
