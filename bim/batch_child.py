"""The child side of a geometry batch: draw, measure, tell, leave."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import ifcopenshell
import numpy as np
import orjson
import shapely

from bim.alike import iter_alike
from bim.footprint import Floats
from bim.geometry import HYBRID, NothingDrawnError, Shape, ShapeRecord, iter_shapes
from bim.measure import ShapeMeasurer
from bim.model import File, Instance
from bim.scene.spool import MeshPlace, MeshWriter

DONE, REFUSED, MEMORY, FAILED = "done", "refused", "memory", "failed"
# What is lost and drawn again when the kernel dies; large lots are measured faster than small ones.
_LOT_SHAPES, _LOT_TRIANGLES, _LOT_S = 128, 50_000, 1.0
_FAR_M = 1e8
_FLUSH_S = 0.1
_FLUSH_BYTES = 1 << 16


class Teller:
    """Writes messages as JSON lines to a pipe; little is held back, so little is lost when the kernel dies."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._held = bytearray()
        self._told = time.monotonic()

    def record(self, record: ShapeRecord, mesh: MeshPlace | None) -> None:
        """Tell a finished element, and where its mesh was written."""
        self._hold({"record": record, "mesh": None if mesh is None else tuple(mesh)})

    def fault(self, step_id: int, reason: str) -> None:
        """Tell an element that was drawn but cannot be measured."""
        self._hold({"fault": step_id, "reason": reason[:300]})

    def end(self, ending: str, log: str) -> None:
        """Tell how the batch ended, with the library's log; `log` was read from it before."""
        self._hold({"end": ending, "log": (log + ifcopenshell.get_log())[:200_000]})
        self.flush()

    def flush(self) -> None:
        """Write out what is held."""
        view = memoryview(bytes(self._held))
        while view:
            view = view[os.write(self._pipe, view) :]
        self._held.clear()
        self._told = time.monotonic()

    def _hold(self, message: dict[str, object]) -> None:
        self._held += orjson.dumps(message, default=_hex) + b"\n"
        if len(self._held) > _FLUSH_BYTES or time.monotonic() - self._told > _FLUSH_S:
            self.flush()


Groups = list[tuple[Instance, ...]]


@dataclass(frozen=True)
class Batch:
    """Groups of elements that share a representation, drawn by one child.

    Attributes
    ----------
    alike : bool
        Draw one of those elements that must come out alike.
    cut : bool
        Elements with openings may be in it.
    """

    groups: tuple[tuple[Instance, ...], ...]
    kernel: str = HYBRID
    alike: bool = False
    cut: bool = True

    @property
    def size(self) -> int:
        """Number of elements."""
        return sum(len(group) for group in self.groups)

    def order(self) -> bytes:
        """Write the batch as the line that sends it to a child that has drawn another."""
        numbers = [[each.id() for each in group] for group in self.groups]
        return orjson.dumps([numbers, self.kernel, self.alike]) + b"\n"

    @classmethod
    def ordered(cls, file: File, line: bytes) -> "Batch":
        """Read what `order` wrote, in a process that has the same file open."""
        numbers, kernel, alike = orjson.loads(line)
        groups = tuple(tuple(file.by_id(number) for number in group) for group in numbers)
        return cls(groups, kernel, alike)


def draw(file: File, batch: Batch, cap: int, pipe: int, orders: int, spool: Path, files: int) -> NoReturn:
    """Draw a batch and those ordered after it, telling each element; leave the process without any exit handler.

    It ends by itself after a batch that went wrong, and where the orders do.

    Parameters
    ----------
    cap : int
        Triangles above which a footprint is simplified.
    pipe : int
        Where to tell.
    orders : int
        Where further batches are ordered, a line each.
    spool, files
        Folder of the conversion and number of the mesh files that are this child's alone.
    """
    code = 1
    try:
        teller, meshes = Teller(pipe), MeshWriter(spool, files)
        with os.fdopen(orders, "rb") as lines:
            # Measured anew in each batch, so that no figure depends on which child it was given to.
            while _draw_batch(file, batch, ShapeMeasurer(cap), meshes, teller) and (line := lines.readline()):
                batch = Batch.ordered(file, line)
        code = 0
    finally:
        os._exit(code)


def _draw_batch(
    file: File, batch: Batch, measurer: ShapeMeasurer, meshes: MeshWriter, teller: Teller
) -> bool:
    """Draw one batch and tell how it ended; return whether all went well."""
    ending, log = FAILED, ""
    try:
        _draw_all(file, batch, measurer, meshes, teller)
        ending = DONE
    except NothingDrawnError as error:
        ending, log = REFUSED if error.refused else DONE, error.log
    except MemoryError:
        ending = MEMORY
    except RuntimeError as error:
        ending = MEMORY if "alloc" in str(error) else FAILED
    finally:
        teller.end(ending, log)
    return ending == DONE


def _draw_all(
    file: File,
    batch: Batch,
    measurer: ShapeMeasurer,
    meshes: MeshWriter,
    teller: Teller,
) -> None:
    told: set[int] = set()
    lot: list[Shape] = []
    weight, began = 0, time.monotonic()
    for shape in _iter_shapes(file, batch):
        # An alignment is drawn once per representation; the first one is the curve in space.
        if shape.step_id in told or len(shape.points) == 0:
            continue
        told.add(shape.step_id)
        if not _is_near(shape.points) or not _is_near(shape.matrix):
            teller.fault(shape.step_id, "coordinates are not finite, or beyond 100,000 km")
            continue
        lot.append(shape)
        weight += len(shape.faces)
        if len(lot) >= _LOT_SHAPES or weight > _LOT_TRIANGLES or time.monotonic() - began > _LOT_S:
            _measure(lot, batch.kernel, measurer, meshes, teller)
            lot, weight, began = [], 0, time.monotonic()
    _measure(lot, batch.kernel, measurer, meshes, teller)


def _is_near(values: Floats) -> bool:
    """Say whether coordinates are numbers that squares, millimetres and single precision can hold."""
    return bool(np.abs(values).max() < _FAR_M)  # false for NaN


def _iter_shapes(file: File, batch: Batch) -> Iterator[Shape]:
    elements = [each for group in batch.groups for each in group]
    return (iter_alike if batch.alike else iter_shapes)(file, elements, batch.kernel)


def _measure(
    lot: list[Shape], kernel: str, measurer: ShapeMeasurer, meshes: MeshWriter, teller: Teller
) -> None:
    """Measure a lot and tell it; if it fails as a whole, one by one."""
    if not lot:
        return
    try:
        records = measurer.measure(lot, kernel)
    except (shapely.errors.ShapelyError, ValueError, ArithmeticError) as error:
        if len(lot) == 1:
            teller.fault(lot[0].step_id, str(error))
            return
        for shape in lot:
            _measure([shape], kernel, measurer, meshes, teller)
        return
    for record, mesh in zip(records, meshes.add(lot, records), strict=True):
        teller.record(record, mesh)


def _hex(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)
