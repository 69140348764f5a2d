"""How elements are dealt out to the processes that draw them, and what a process that dies takes with it."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bim.batch_child import Batch, Groups
from bim.dealing import plan_batches
from bim.geometry import FALLBACK
from bim.groups import weigh_openings
from bim.job import ConversionJob, ProjectPlace, write_job
from bim.limits import ProcessLimits
from bim.model import open_model
from bim.results import ElementRow, iter_elements
from tests.bim.ifc_text import Sheet, guid, write

# A door cut out of a wall by a rectangle, and by an arch of 120 points.
_RECTANGLE = [
    "#7004=IFCPRODUCTDEFINITIONSHAPE($,$,(#7005));",
    "#7005=IFCSHAPEREPRESENTATION(#10,'Body','SweptSolid',(#7006));",
    "#7006=IFCEXTRUDEDAREASOLID(#7007,#8,#1008,1.);",
    "#7007=IFCRECTANGLEPROFILEDEF(.AREA.,$,$,1.,0.6);",
]
_ARCH = [
    "#7014=IFCPRODUCTDEFINITIONSHAPE($,$,(#7015));",
    "#7015=IFCSHAPEREPRESENTATION(#10,'Body','SweptSolid',(#7016));",
    "#7016=IFCEXTRUDEDAREASOLID(#7017,#8,#1008,1.);",
    "#7017=IFCARBITRARYCLOSEDPROFILEDEF(.AREA.,$,#7018);",
    f"#7018=IFCPOLYLINE(({','.join(f'#{8000 + index}' for index in range(120))},#8000));",
    *(f"#{8000 + index}=IFCCARTESIANPOINT(({0.4 + index / 1000},{index / 500}));" for index in range(120)),
]


class Stand:
    """An element of which only the number counts."""

    def __init__(self, number: int) -> None:
        self._number = number

    def id(self) -> int:
        return self._number


def _groups(*sizes: int) -> Groups:
    """Make groups of so many elements, numbered through."""
    numbers = iter(range(1, 1 + sum(sizes)))
    return [tuple(Stand(next(numbers)) for _ in range(size)) for size in sizes]


def _never() -> Mapping[int, int]:
    raise AssertionError("the openings of this model need not be looked at")


def _numbers(batches: list[Batch]) -> list[int]:
    return sorted(each.id() for batch in batches for group in batch.groups for each in group)


def _of(batches: list[Batch], number: int) -> int:
    """Find the batch an element is in."""
    (found,) = (
        index
        for index, batch in enumerate(batches)
        if any(each.id() == number for group in batch.groups for each in group)
    )
    return found


def test_one_process_draws_in_large_batches() -> None:
    batches = plan_batches(_groups(*[1] * 500), ProcessLimits(batch_elements=200), 1, _never)
    assert [batch.size for batch in batches] == [200, 200, 100]


def test_a_model_of_a_few_elements_is_not_shared() -> None:
    assert len(plan_batches(_groups(*[1] * 119), ProcessLimits(), 2, _never)) == 1


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_what_is_costly_to_cut_comes_first_and_in_different_batches(processes: int) -> None:
    groups = _groups(*[1] * 300, 40, *[1] * 60)
    weights = {17: 300, 18: 290, 33: 280, 250: 270, **dict.fromkeys(range(301, 341), 1)}
    batches = plan_batches(groups, ProcessLimits(), processes, lambda: weights)
    assert _numbers(batches) == list(range(1, 401))
    assert _of(batches, 17) == 0
    assert len({_of(batches, number) for number in (17, 18, 33, 250)}) == 4
    assert len({_of(batches, number) for number in range(301, 341)}) == 1  # they share a representation
    cut = [batch.cut for batch in batches]
    assert cut == sorted(cut, reverse=True)
    assert sum(cut) == 2 * processes if 2 * processes <= 5 else 5
    whole = [batch for batch in batches if not batch.cut]
    assert all(number not in weights for number in _numbers(whole))
    # The batches begun while attributes are read have work for a while.
    assert all(batch.size >= 30 for batch in batches[: processes - 1])


def test_without_anything_cut_the_batches_get_smaller() -> None:
    batches = plan_batches(_groups(*[1] * 400), ProcessLimits(), 2, dict)
    assert _numbers(batches) == list(range(1, 401))
    assert [batch.size for batch in batches] == [100, 50, 50, 50, 50, 50, 50]


def test_of_a_large_model_each_process_gets_a_large_batch() -> None:
    batches = plan_batches(_groups(*[1] * 10_000), ProcessLimits(), 2, _never)
    assert [batch.size for batch in batches] == [4000, 4000, 1000, 1000]


def _holes(representation: str, *walls: int) -> list[str]:
    lines = []
    for wall in walls:
        number = 20_000 + 5 * wall
        lines += [
            f"#{number}=IFCOPENINGELEMENT('{guid(number)}',$,'洞口',$,$,#{number + 1},{representation},$,$);",
            f"#{number + 1}=IFCLOCALPLACEMENT(#{wall + 1},#8);",
            f"#{number + 2}=IFCRELVOIDSELEMENT('{guid(number + 2)}',$,$,$,#{wall},#{number});",
        ]
    return lines


def test_openings_weigh_what_they_are_made_of(tmp_path: Path) -> None:
    """A rectangle: product shape, representation, context, its placement and point (counted once), solid, …"""
    extra = [*_RECTANGLE, *_ARCH, *_holes("#7004", 1000), *_holes("#7014", 1040), *_holes("$", 1060)]
    model = open_model(write(tmp_path / "a.ifc", Sheet(walls=4, project_extra=extra).text()))
    weights = weigh_openings(model)
    assert set(weights) == {1000, 1040}
    # The arch has a polyline and 120 points more, and a profile in place of the rectangle.
    assert weights[1040] - weights[1000] == 121


def test_a_batch_is_the_same_after_it_was_sent(tmp_path: Path) -> None:
    model = open_model(write(tmp_path / "a.ifc", Sheet(walls=3).text()))
    walls = sorted(model.by_type("IfcWall"), key=lambda each: int(each.id()))
    batch = Batch(((walls[0], walls[1]), (walls[2],)), FALLBACK, alike=True)
    assert batch.order().count(b"\n") == 1
    assert Batch.ordered(model.file, batch.order()) == batch


_FAULTY = """
import os, signal, sys
import bim.batch_child, bim.convert
def draw(file, batch, *rest, real=bim.batch_child._draw_batch):
    numbers = {each.id() for group in batch.groups for each in group}
    with open(sys.argv[2], "a") as log:
        log.write(f"{os.getpid()} {batch.kernel} {len(numbers)}\\n")
    if batch.kernel != "opencascade" and int(sys.argv[3]) in numbers:
        os.kill(os.getpid(), signal.SIGSEGV)
    return real(file, batch, *rest)
bim.batch_child._draw_batch = draw
sys.exit(bim.convert.main([sys.argv[1]]))
"""

Converted = tuple[list[ElementRow], list[tuple[int, str, int]]]


@pytest.fixture
def convert(tmp_path: Path) -> Callable[..., Converted]:
    """Convert in a process in which an element may kill what draws it; give rows and who drew which batch."""

    def run(lines: list[str], walls: int, processes: int, guilty: int = 0) -> Converted:
        source = write(tmp_path / "模型.ifc", Sheet(walls=walls, project_extra=lines).text())
        spool, log = tmp_path / "spool", tmp_path / "log"
        write_job(ConversionJob(source, spool, ProjectPlace("EPSG:4527"), processes=processes))
        command = [sys.executable, "-c", _FAULTY, str(spool), str(log), str(guilty)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.read()  # type: ignore[union-attr]
        assert process.returncode == 0
        drawn = [line.split() for line in log.read_text().splitlines()]
        return list(iter_elements(spool)), [(int(pid), kernel, int(size)) for pid, kernel, size in drawn]

    return run


def _walls(rows: list[ElementRow]) -> list[ElementRow]:
    return [row for row in rows if row.ifc_class == "IfcWall"]


def test_a_process_goes_on_with_the_next_batch(convert: Callable[..., Converted]) -> None:
    rows, drawn = convert([*_RECTANGLE, *_holes("#7004", 1000, 1060)], walls=200, processes=2)
    assert len({pid for pid, _, _ in drawn}) == 2
    assert len(drawn) > 4
    assert sum(size for _, _, size in drawn) == 202  # the openings too
    assert all(row.area_m2 == pytest.approx(0.6, abs=1e-6) for row in _walls(rows))
    # A hole of 1 m x 0.6 m x 1 m, from the middle of the wall's foot upwards: 1 x 0.2 x 1 of 1.68 m³ are gone.
    volumes = {row.step_id: row.volume_m3 for row in _walls(rows)}
    assert {number for number, volume in volumes.items() if volume == pytest.approx(1.48)} == {1000, 1060}


@pytest.mark.faults
def test_an_element_that_kills_a_process_in_a_later_batch_is_found(
    convert: Callable[..., Converted],
) -> None:
    """The last wall stands in the last batch: the child that has drawn others dies over it."""
    guilty = 1000 + 20 * 199
    rows, drawn = convert([], walls=200, processes=2, guilty=guilty)
    assert len(_walls(rows)) == 200
    assert {row.step_id: row.kernel for row in _walls(rows) if row.kernel == FALLBACK} == {guilty: FALLBACK}
    assert all(row.geometry_error is None and row.area_m2 is not None for row in _walls(rows))
    assert [size for _, kernel, size in drawn if kernel == FALLBACK] == [1]
    assert len({pid for pid, _, _ in drawn}) < len(drawn)


def test_a_process_ends_when_it_has_drawn_much(convert: Callable[..., Converted]) -> None:
    rows, drawn = convert([], walls=4500, processes=1)
    assert [size for _, _, size in drawn] == [4000, 500]
    assert len({pid for pid, _, _ in drawn}) == 2
    assert len(_walls(rows)) == 4500
