"""Footprints against the exact union of all projected triangles, drawn by the other kernel: 500 sampled elements."""

import random
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import numpy as np
import shapely

from bim.job import ConversionJob
from bim.limits import FileLimits
from bim.prepare import prepare
from bim.results import ElementRow, iter_elements
from bim.runner import run_conversion_blocking
from tests.bim.conftest import PUBLIC_FILES

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "models"
OWN = ("bridge.ifc", "building.ifc", "gallery.ifc")
PUBLIC = (
    "duplex.ifc",
    "fzk-haus.ifc",
    "office-a.ifc",
    "tall-building.ifc",
    "large-building.ifc",
    "schependomlaan-kalkzandsteen.ifczip",
    "schependomlaan-staal.ifczip",
)
WANTED = 500
RELATIVE = 0.005
SMALLEST_M2 = 1e-6  # a plate on edge: its footprint is a sliver in either kernel


def test_sampled_footprints_equal_the_exact_union(tmp_path: Path) -> None:
    paths = [SAMPLES / name for name in OWN]
    if PUBLIC_FILES.is_dir():
        paths += [PUBLIC_FILES / name for name in PUBLIC]
    share = -(-WANTED // len(paths))
    compared, capped, wrong = 0, 0, []
    for path in paths:
        rows = _rows(path, tmp_path / path.name)
        known = [row for row in rows if row.footprint_local_wkb and "footprint_capped" not in row.flags]
        capped += sum("footprint_capped" in row.flags for row in rows)
        chosen = random.Random(5).sample(known, min(2 * share, len(known)))
        exact = _exact_areas(path, tmp_path / f"{path.name}-again", {row.step_id for row in chosen})
        for row in chosen:
            ours: Any = shapely.from_wkb(row.footprint_local_wkb)
            if ours.geom_type.endswith("LineString") or exact.get(row.step_id, 0.0) < SMALLEST_M2:
                continue
            compared += 1
            if abs(ours.area / exact[row.step_id] - 1) > RELATIVE:
                wrong.append((path.name, row.step_id, row.ifc_class, ours.area, exact[row.step_id]))
    assert wrong == []
    assert compared >= (WANTED if len(paths) > len(OWN) else 150)
    assert capped <= compared / 20


def _rows(path: Path, spool: Path) -> list[ElementRow]:
    outcome = run_conversion_blocking(ConversionJob(path, spool))
    assert outcome.verdict.state == "succeeded", outcome.verdict
    return list(iter_elements(spool))


def _exact_areas(path: Path, spool: Path, numbers: set[int]) -> dict[int, float]:
    """Area of the union of all projected triangles by instance number, with the default kernel."""
    spool.mkdir()
    file = ifcopenshell.open(str(prepare(path, spool, FileLimits()).path))
    settings = ifcopenshell.geom.settings()
    settings.set("use-world-coords", True)
    include = [file.by_id(number) for number in sorted(numbers)]
    iterator = ifcopenshell.geom.iterator(settings, file, 1, include=include)
    areas: dict[int, float] = {}
    if not include or not iterator.initialize():
        return areas
    while True:
        shape: Any = iterator.get()
        areas[shape.id] = _union_area(shape.geometry)
        if not iterator.next():
            return areas


def _union_area(geometry: Any) -> float:
    points = np.asarray(geometry.verts, dtype=float).reshape(-1, 3)[:, :2]
    corners = points[np.asarray(geometry.faces, dtype=int).reshape(-1, 3)]
    if len(corners) == 0:
        return 0.0
    # Coordinates from the first corner: far from zero a union loses digits.
    triangles = shapely.polygons(corners - points[0])
    return float(shapely.union_all(triangles[shapely.area(triangles) > 1e-12]).area)
