"""What the slow kernel is spared: drawing the same cut element again and again."""

from pathlib import Path

import numpy as np
import pytest

from bim.alike import iter_alike
from bim.geometry import FALLBACK, Shape, iter_shapes
from bim.model import open_model
from tests.bim.ifc_text import Sheet, guid, write


def _opening(number: int, wall: int, shift: str, representation: str = "#7004") -> list[str]:
    """A window hole 1 m wide, through the wall, its middle shifted along the wall's own x axis."""
    return [
        f"#{number}=IFCOPENINGELEMENT('{guid(number)}',$,'洞口',$,$,#{number + 1},{representation},$,$);",
        f"#{number + 1}=IFCLOCALPLACEMENT(#{wall + 1},#{number + 2});",
        f"#{number + 2}=IFCAXIS2PLACEMENT3D(#{number + 3},$,$);",
        f"#{number + 3}=IFCCARTESIANPOINT(({shift},0.,1.));",
        f"#{number + 4}=IFCRELVOIDSELEMENT('{guid(number + 4)}',$,$,$,#{wall},#{number});",
    ]


_HOLE = [
    "#7004=IFCPRODUCTDEFINITIONSHAPE($,$,(#7005));",
    "#7005=IFCSHAPEREPRESENTATION(#10,'Body','SweptSolid',(#7006));",
    "#7006=IFCEXTRUDEDAREASOLID(#7007,#8,#1008,1.);",
    "#7007=IFCRECTANGLEPROFILEDEF(.AREA.,$,$,1.,0.6);",
]


def _shapes(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Shape], list[Shape], list[int]]:
    """Draw all walls with and without the saving; return both and what the slow kernel was asked for."""
    model = open_model(path)
    walls = sorted(model.by_type("IfcWall"), key=lambda each: int(each.id()))
    asked: list[int] = []

    def spied(file: object, elements: list[object], kernel: str, *, uncut: bool = False) -> object:
        if kernel == FALLBACK:
            asked.extend(each.id() for each in elements)  # type: ignore[attr-defined]
        return iter_shapes(file, elements, kernel, uncut=uncut)

    monkeypatch.setattr("bim.alike.iter_shapes", spied)
    alike = sorted(iter_alike(model.file, walls, FALLBACK), key=lambda shape: shape.step_id)
    each = sorted(iter_shapes(model.file, walls, FALLBACK), key=lambda shape: shape.step_id)
    return alike, each, asked


def test_walls_of_one_form_with_one_hole_are_drawn_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Walls 1000 and 1020 are alike; the hole of 1040 sits 1 mm further, 1060 has two, 1080 none."""
    extra = [
        *_HOLE,
        *_opening(7100, 1000, "0.3"),
        *_opening(7200, 1020, "0.3"),
        *_opening(7300, 1040, "0.301"),
        *_opening(7400, 1060, "0.3"),
        *_opening(7500, 1060, "-0.9"),
    ]
    path = write(tmp_path / "a.ifc", Sheet(walls=5, project_extra=extra).text())
    alike, each, asked = _shapes(path, monkeypatch)
    assert sorted(asked) == [1000, 1040, 1060, 1080]
    assert [shape.step_id for shape in alike] == [1000, 1020, 1040, 1060, 1080]
    for one, other in zip(alike, each, strict=True):
        assert np.allclose(one.points, other.points, atol=1e-9)
        assert np.allclose(one.matrix, other.matrix, atol=1e-9)
        assert np.array_equal(one.faces, other.faces)
    # By hand: the second wall stands 5 m further along x than the first.
    assert alike[1].matrix[0, 3] - alike[0].matrix[0, 3] == pytest.approx(5.0)


def test_a_hole_without_a_shape_leaves_its_wall_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = [*_opening(7100, 1000, "0.3", "$"), *_opening(7200, 1020, "0.3", "$")]
    path = write(tmp_path / "a.ifc", Sheet(walls=2, project_extra=extra).text())
    alike, _, asked = _shapes(path, monkeypatch)
    assert sorted(asked) == [1000, 1020]
    assert len(alike) == 2
