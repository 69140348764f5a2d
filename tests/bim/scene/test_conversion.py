"""The scene that a conversion leaves behind, from the text of a file to its tiles."""

from pathlib import Path

import numpy as np
import pytest

from bim.job import ConversionJob
from bim.limits import ConversionLimits, ProcessLimits
from bim.results import ElementRow, iter_elements
from bim.runner import run_conversion_blocking
from bim.scene.drawn import is_drawn
from bim.scene.results import Scene, read_scene, tile_path
from tests.bim.ifc_text import Sheet, write
from tests.bim.scene.reading import Glb, parse_glb


def _converted(source: Path, spool: Path, **given: object) -> tuple[Scene, list[Glb], list[ElementRow]]:
    outcome = run_conversion_blocking(ConversionJob(source, spool, **given))  # type: ignore[arg-type]
    assert outcome.verdict.state == "succeeded", outcome.verdict
    scene = read_scene(spool)
    tiles = [parse_glb(tile_path(spool, tile.sha256).read_bytes()) for tile in scene.tiles]
    return scene, tiles, list(iter_elements(spool))


def _points_of(scene: Scene, tiles: list[Glb], fid: int) -> np.ndarray:
    return np.concatenate([tile.points[tile.fids == fid] for tile in tiles]) + scene.local_origin


@pytest.mark.parametrize("millimetres", [False, True])
def test_walls_stand_in_the_scene_where_the_file_puts_them_whatever_its_unit(
    tmp_path: Path, millimetres: bool
) -> None:
    """A wall of 3 m x 0.2 m x 2.8 m every 5 m, the first around zero."""
    source = write(tmp_path / "墙.ifc", Sheet(walls=4, millimetres=millimetres).text())
    scene, tiles, _ = _converted(source, tmp_path / "spool")
    assert [(tile.storey, tile.discipline, tile.features) for tile in scene.tiles] == [
        ("首层", "architecture", 4)
    ]
    for fid in range(4):
        points = _points_of(scene, tiles, fid)
        assert points.min(axis=0) == pytest.approx([5 * fid - 1.5, -0.1, 0.0], abs=1e-3)
        assert points.max(axis=0) == pytest.approx([5 * fid + 1.5, 0.1, 2.8], abs=1e-3)


def test_several_children_and_many_batches_lose_no_mesh_and_mix_none_up(tmp_path: Path) -> None:
    source = write(tmp_path / "a.ifc", Sheet(walls=60).text())
    limits = ConversionLimits(process=ProcessLimits(batch_elements=7))
    scene, tiles, _ = _converted(source, tmp_path / "spool", processes=3, limits=limits)
    assert scene.features == 60
    for fid in range(60):
        assert _points_of(scene, tiles, fid).min(axis=0) == pytest.approx([5 * fid - 1.5, -0.1, 0], abs=1e-3)


@pytest.mark.parametrize(
    "name", ["duplex.ifc", "rev-2.ifc", "huge-coordinates.ifc", "terrain-alignment-4x1.ifc"]
)
def test_public_files_have_every_drawn_element_in_its_box(
    tmp_path: Path, public_files: Path, name: str
) -> None:
    """The box of an element comes from its footprint's measure, the points from the scene: two ways, one place."""
    scene, tiles, rows = _converted(public_files / name, tmp_path / "spool")
    shown = {row.fid: row for row in rows if row.fid is not None}
    assert sorted(shown) == list(range(scene.features))
    drawn = {fid for tile in tiles for fid in tile.fids.tolist()}
    left_out = {fid: row for fid, row in shown.items() if fid not in drawn}
    for row in left_out.values():
        assert (
            not is_drawn(row.ifc_class) or {"outlier", "not_map_geometry"} & set(row.flags) or _is_flat(row)
        )
    for fid in drawn:
        points, box = _points_of(scene, tiles, fid), np.array(shown[fid].box)
        assert (points >= box[:3] - 1e-3).all()
        assert (points <= box[3:] + 1e-3).all()
    names = dict(pair for tile in tiles for pair in zip(*reversed(tile.table()), strict=True))
    assert all(names[fid] == shown[fid].global_id for fid in drawn)


def _is_flat(row: ElementRow) -> bool:
    """Whether an element has no area to draw: a line."""
    return (
        row.box is not None
        and sum(high - low > 1e-6 for low, high in zip(row.box[:3], row.box[3:], strict=True)) < 2
    )
