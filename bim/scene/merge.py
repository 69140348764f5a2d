"""All tiles of a scene in one GLB, for programs that open a file: a mesh and a node to every tile."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import orjson

from bim.scene.glb import contain

_HEAD_BYTES: Final = 20
_CHUNK_BYTES: Final = 8


def merge_glbs(tiles: Iterable[tuple[str, bytes]]) -> bytes:
    """Join tiles that `render_glb` has made.

    Parameters
    ----------
    tiles : iterable of (str, bytes)
        Name of the node, and the tile; at least one.

    Notes
    -----
    The axes are those of glTF: x, z, -y of the model frame, metres from the scene's local origin.
    """
    merged: dict[str, Any] = {}
    binaries: list[bytes] = []
    offset = 0
    for name, content in tiles:
        document, binary = _parts(content)
        if merged:
            _shift(document, merged, offset)
        document["nodes"][0]["name"] = name
        _join(merged, document)
        binaries.append(binary)
        offset += len(binary)
    merged["scenes"] = [{"nodes": list(range(len(merged["nodes"])))}]
    merged["buffers"] = [{"byteLength": offset}]
    return contain(orjson.dumps(merged), binaries)


def _parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    size = int(np.frombuffer(content, "<u4", 1, 12)[0])
    document: dict[str, Any] = orjson.loads(content[_HEAD_BYTES : _HEAD_BYTES + size])
    return document, content[_HEAD_BYTES + size + _CHUNK_BYTES :]


def _shift(document: dict[str, Any], before: dict[str, Any], offset: int) -> None:
    """Number what a tile refers to behind all that was there before."""
    views, accessors = len(before["bufferViews"]), len(before["accessors"])
    tables = len(before["extensions"]["EXT_structural_metadata"]["propertyTables"])
    for view in document["bufferViews"]:
        view["byteOffset"] += offset
    for accessor in document["accessors"]:
        accessor["bufferView"] += views
    for primitive in _primitives(document):
        primitive["indices"] += accessors
        primitive["attributes"] = {
            name: number + accessors for name, number in primitive["attributes"].items()
        }
        for ids in primitive["extensions"]["EXT_mesh_features"]["featureIds"]:
            if "propertyTable" in ids:
                ids["propertyTable"] += tables
    for table in document["extensions"]["EXT_structural_metadata"]["propertyTables"]:
        for column in table["properties"].values():
            column.update(
                {name: column[name] + views for name in ("values", "stringOffsets") if name in column}
            )
    document["nodes"][0]["mesh"] = len(before["meshes"])


def _primitives(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for mesh in document["meshes"]:
        yield from mesh["primitives"]


def _join(merged: dict[str, Any], document: dict[str, Any]) -> None:
    if not merged:
        merged.update(document)
        return
    for name in ("nodes", "meshes", "accessors", "bufferViews"):
        merged[name] += document[name]
    tables = merged["extensions"]["EXT_structural_metadata"]["propertyTables"]
    tables += document["extensions"]["EXT_structural_metadata"]["propertyTables"]
