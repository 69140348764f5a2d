"""Drawings: the closed polylines of a DXF as polygons, layer by layer.

A drawing names no coordinate system, so the digits and the sender decide. A polyline inside another of its layer is
read as its hole, with a warning. Blocks are not opened, open polylines are counted and told.
"""

import io
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.filemanagement import read, readfile
from ezdxf.path import make_path
from shapely.geometry import Polygon

from gis.exchange.coordinates import Claim
from gis.exchange.encoding import decode
from gis.exchange.errors import ExchangeError
from gis.exchange.model import Evidence, Finding, ReadChoices, ReadResult, refuse
from gis.exchange.vector import Layer, Row, build, chosen_layer

FLATTENING_M: Final = 0.001
"""Arcs become chords no farther than this from the arc."""

MOST_POLYLINES: Final = 100_000
_BINARY: Final = b"AutoCAD Binary DXF"
_POLYLINES: Final = ("LWPOLYLINE", "POLYLINE")
_FLOAT32_STEP: Final = 4.0


def read_dxf(data: bytes, choices: ReadChoices, name: str) -> ReadResult:
    """Read the closed polylines of the model space.

    Parameters
    ----------
    data : bytes
        A DXF in text or binary form.

    Raises
    ------
    ExchangeError
        No sound drawing, or no closed polyline in it.
    """
    drawing, encoding = _drawing(data, choices, name)
    said: list[Finding] = []
    outlines = _outlines(drawing, said, name)
    layers = sorted({layer for layer, _, _ in outlines})
    if choices.layer is not None:
        wanted = chosen_layer(layers, choices.layer, name)
        outlines = [each for each in outlines if each[0] == wanted]
    rows = [row for layer in sorted({each[0] for each in outlines}) for row in _nested(layer, outlines, said)]
    _check_single(rows, said, name)
    layer = Layer(rows, None, [], said)
    return build("dxf", layer, Claim(where=name), choices, encoding, layers)


def _drawing(data: bytes, choices: ReadChoices, name: str) -> tuple[Drawing, Evidence]:
    if data.startswith(_BINARY):
        return _binary(data, name), Evidence(
            "encoding", "DXF", "A binary DXF states its code page.", "二进制 DXF 自带代码页。"
        )
    text, encoding = decode(data, choices.encoding)
    try:
        return read(io.StringIO(text.replace("\r\n", "\n"))), encoding
    except Exception as error:
        # A foreign parser on a broken file raises whatever it stumbles over.
        raise _damaged(name, error) from error


def _binary(data: bytes, name: str) -> Drawing:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawing.dxf"
        path.write_bytes(data)
        try:
            return readfile(path)
        except Exception as error:
            raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> ExchangeError:
    said = (str(error).splitlines() or [""])[0][:120] or type(error).__name__
    return refuse(
        f"The drawing cannot be read ({said}); save it again as DXF (AutoCAD 2000 or later).",
        f"图纸无法读取（{said}），请另存为 DXF（AutoCAD 2000 及以上版本）。",
        name,
    )


Outline = tuple[str, Polygon, str]


def _outlines(drawing: Drawing, said: list[Finding], name: str) -> list[Outline]:
    found: list[Outline] = []
    skipped: Counter[tuple[str, str]] = Counter()
    for entity in drawing.modelspace():
        layer = str(entity.dxf.get("layer", "0"))
        if entity.dxftype() not in _POLYLINES:
            skipped[entity.dxftype(), layer] += entity.dxftype() == "INSERT"
            continue
        ring = _ring(entity)
        if ring is None:
            skipped["open", layer] += 1
        else:
            found.append((layer, Polygon(ring), f"{layer} #{entity.dxf.get('handle', len(found) + 1)}"))
        if len(found) > MOST_POLYLINES:
            raise refuse(
                f"More than {MOST_POLYLINES} polylines; split the drawing.",
                f"多段线超过 {MOST_POLYLINES} 条，请拆分图纸。",
                name,
            )
    said.extend(_skipped(kind, layer, count) for (kind, layer), count in sorted(skipped.items()) if count)
    if not found:
        raise refuse(
            "The model space has no closed polyline; close the boundary (PEDIT, Close) and explode blocks.",
            "模型空间没有闭合多段线，请闭合边界（PEDIT，闭合）并分解图块。",
            name,
        )
    return found


def _skipped(kind: str, layer: str, count: int) -> Finding:
    if kind == "open":
        return Finding(
            layer, f"{count} polylines are open and were left out.", f"{count} 条多段线未闭合，未读取。"
        )
    return Finding(
        layer, f"{count} block references were not opened; explode them.", f"{count} 个图块未展开，请先分解。"
    )


def _ring(entity: DXFEntity) -> np.ndarray[Any, Any] | None:
    """Return the corners of a closed polyline in world coordinates, arcs as chords; None if it is open."""
    try:
        path = make_path(entity)
        points = np.array([(point.x, point.y) for point in path.flattening(FLATTENING_M)], float)
    except Exception:  # noqa: BLE001 (an entity that cannot be drawn is told as open)
        return None
    if len(points) < 4 or not np.isfinite(points).all() or not np.array_equal(points[0], points[-1]):
        return None
    return points if len(np.unique(points, axis=0)) >= 3 else None


def _nested(layer: str, outlines: list[Outline], said: list[Finding]) -> list[Row]:
    """Return the polygons of a layer; what lies in an odd number of others is a hole of the smallest of them."""
    own = sorted((each for each in outlines if each[0] == layer), key=lambda each: -each[1].area)
    discs = [polygon if polygon.is_valid else Polygon() for _, polygon, _ in own]
    inside: dict[int, list[int]] = {number: [] for number in range(len(own))}
    inner, outer = shapely.STRtree(discs).query(discs, predicate="covered_by")
    for one, other in zip(inner.tolist(), outer.tolist(), strict=True):
        if other < one:
            inside[one].append(other)
    holes: dict[int, list[int]] = {number: [] for number, outers in inside.items() if len(outers) % 2 == 0}
    for number, outers in inside.items():
        if len(outers) % 2:
            holes[max(outers)].append(number)
            en = f"It lies inside {own[max(outers)][2]} of the same layer and was read as its hole."
            said.append(
                Finding(own[number][2], en, f"位于同图层 {own[max(outers)][2]} 之内，已作为内环读取。")
            )
    return [_row(own, number, holes[number]) for number in sorted(holes)]


def _row(own: list[Outline], number: int, holes: list[int]) -> Row:
    layer, polygon, where = own[number]
    whole = Polygon(polygon.exterior, [own[hole][1].exterior for hole in holes])
    return Row(whole, {"layer": layer}, where)


def _check_single(rows: list[Row], said: list[Finding], name: str) -> None:
    """Tell of eastings that look as if a program had kept them in single precision (steps of 4 m)."""
    eastings = np.unique(np.concatenate([shapely.get_coordinates(row.geometry)[:, 0] for row in rows]))
    if len(eastings) >= 8 and eastings.min() > 2**25 and not np.any(eastings % _FLOAT32_STEP):
        said.append(
            Finding(
                name,
                "All eastings are multiples of 4 m: a program has kept them in single precision. Ask for the original, or "
                "for eastings without the zone number.",
                "全部横坐标均为 4 米的倍数：疑似被以单精度保存。请索取原图，或不含带号的坐标。",
            )
        )
