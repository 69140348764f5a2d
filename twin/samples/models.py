"""The three sample models: where they stand, how far their elements are, what files come of it."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from bim.authoring import bridge, building, gallery
from bim.authoring.design import Design, MapPlace, Part, Task
from bim.authoring.writer import author, global_id
from twin.samples import cast
from twin.samples.district import AS_OF, SURVEY_CRS
from twin.samples.footprints import BUILDING_TURN, place_of
from twin.samples.plane import Point
from twin.samples.progress import final_percents
from twin.samples.projects import sample_projects
from twin.samples.schedule import ELEMENT_PACKAGES, milestones_of
from twin.samples.write import table_csv

GROUND_HEIGHT_M = 32.5
MEASURES = ("NetVolume", "Area", "Length")  # the first that a part has is its package's unit
PROGRESS_HEADER = ("global_id", "status", "percent", "actual_start", "actual_finish")


@dataclass(frozen=True, eq=False)
class SampleModel:
    """A model of a project and the element facts that go with it."""

    project: int
    design: Design
    discipline: str
    georeference: str

    @property
    def file_name(self) -> str:
        """Name of the IFC file."""
        return f"{self.design.key}.ifc"


@dataclass(frozen=True)
class ElementState:
    """How far one element is at the reporting date."""

    part: Part
    status: str
    percent: int
    actual_start: date | None
    actual_finish: date | None


def building_place() -> MapPlace:
    """Return the school's map conversion: its middle on its project's start point, turned with the plot."""
    t = BUILDING_TURN
    cosine, sine = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    middle = (building.LENGTH_M / 2, building.WIDTH_M / 2)
    east, north = place_of(cast.BUILDING)
    return MapPlace(
        crs=SURVEY_CRS,
        eastings=round(east - cosine * middle[0] + sine * middle[1], 3),
        northings=round(north - sine * middle[0] - cosine * middle[1], 3),
        height=GROUND_HEIGHT_M,
        abscissa=round(cosine, 9),
        ordinate=round(sine, 9),
        vertical_datum="EPSG:5737",
    )


def gallery_origin() -> Point:
    """Return where the gallery's zero truly lies (east, north)."""
    east, north = place_of(cast.GALLERY)
    return east - gallery.LENGTH_M / 2, north - gallery.WIDTH_M / 2


def _gallery_place() -> MapPlace:
    east, north = gallery_origin()
    # X = north, Y = east, as survey papers have it: the error the reader must find.
    return MapPlace(
        SURVEY_CRS, eastings=north, northings=east, height=GROUND_HEIGHT_M, abscissa=1.0, ordinate=0.0
    )


def tasks_of(index: int) -> tuple[Task, ...]:
    """Return a project's milestones as tasks of a schedule."""
    return tuple(Task(m.code, m.name, m.start, m.finish) for m in milestones_of(index))


@cache
def sample_models() -> tuple[SampleModel, ...]:
    """Return the building, the bridge and the gallery."""
    school = building.design_building(building_place(), tasks_of(cast.BUILDING))
    overpass = bridge.design_bridge(tasks_of(cast.BRIDGE))
    tunnel = gallery.design_gallery(_gallery_place(), tasks_of(cast.GALLERY))
    return (
        SampleModel(cast.BUILDING, school, "architecture", "map_conversion"),
        SampleModel(cast.BRIDGE, overpass, "bridge", "none"),
        SampleModel(cast.GALLERY, tunnel, "utilities", "swapped_axes"),
    )


def measure_of(part: Part) -> tuple[str, float]:
    """Return the name and value of the quantity by which a part counts in its package."""
    name = next(m for m in MEASURES if m in part.quantities)
    return name, part.quantities[name]


def package_parts(model: SampleModel, package: str) -> list[Part]:
    """Return the parts that count in a package, in the order in which they are built."""
    parts = [p for p in model.design.every_part() if p.package == package and p.status != "EXISTING"]
    return [p for _, p in sorted(enumerate(parts), key=lambda item: (item[1].storey or "", item[0]))]


@cache
def element_states(model: SampleModel) -> tuple[ElementState, ...]:
    """Return the state of every element that counts, package by package."""
    wanted = dict(final_percents(model.project))
    spans = {m.code: (m.start, m.finish) for m in milestones_of(model.project)}
    return tuple(
        state
        for package in ELEMENT_PACKAGES[model.project]
        for state in _package_states(package_parts(model, package), wanted[package], spans[package])
    )


def _package_states(parts: list[Part], tenths: int, span: tuple[date, date]) -> list[ElementState]:
    total = sum(measure_of(p)[1] for p in parts)
    target, done, states = total * tenths / 1000, 0.0, []
    for n, part in enumerate(parts):
        amount = measure_of(part)[1]
        percent = _steps((target - done) / amount)
        states.append(_state(part, percent, n / len(parts), span))
        done += amount * percent / 100
    return states


def _steps(share: float) -> int:
    """Return 0, 50 or 100: without steps an element is not started, in progress or done."""
    if share > 0.75:
        return 100
    return 50 if share > 0.25 else 0


def _state(part: Part, percent: int, order: float, span: tuple[date, date]) -> ElementState:
    latest = min(span[1], AS_OF - timedelta(days=6))
    begun = span[0] + timedelta(days=max(0, int((latest - span[0]).days * order)))
    finish = min(begun + timedelta(days=6), AS_OF)
    if percent == 100:
        return ElementState(part, "done", 100, begun, finish)
    if percent:
        return ElementState(part, "in_progress", percent, begun, None)
    return ElementState(part, "not_started", 0, None, None)


@cache
def package_progress(model: SampleModel) -> dict[str, float]:
    """Return each package's percent: Σ quantity·percent / Σ quantity over its elements."""
    sums: dict[str, tuple[float, float]] = {}
    for state in element_states(model):
        amount = measure_of(state.part)[1]
        package = state.part.package or ""
        whole, done = sums.get(package, (0.0, 0.0))
        sums[package] = (whole + amount, done + amount * state.percent)
    return {package: done / whole for package, (whole, done) in sorted(sums.items())}


def package_tenths(index: int) -> dict[str, int]:
    """Return the reported percent (tenths) of the milestones that a project's model drives."""
    model = next(m for m in sample_models() if m.project == index)
    return {package: math.floor(percent * 10 + 0.5) for package, percent in package_progress(model).items()}


def model_rows() -> list[dict[str, Any]]:
    """Return the rows of `models.json`."""
    projects = sample_projects()
    return [
        {
            "file": f"models/{m.file_name}",
            "progress_file": f"models/{m.design.key}.element_progress.csv",
            "project": projects[m.project].code,
            "name": m.design.name,
            "discipline": m.discipline,
            "schema": "IFC4",
            "georeference": m.georeference,
            "public_visible": projects[m.project].public,
            "as_of": AS_OF.isoformat(),
            "packages": list(ELEMENT_PACKAGES[m.project]),
        }
        for m in sample_models()
    ]


def model_files() -> dict[str, bytes]:
    """Return every model's IFC text and its element progress table."""
    files: dict[str, bytes] = {}
    for model in sample_models():
        files[f"models/{model.file_name}"] = author(model.design)
        rows = [_progress_row(model, s) for s in element_states(model)]
        files[f"models/{model.design.key}.element_progress.csv"] = table_csv(PROGRESS_HEADER, rows)
    return files


def _progress_row(model: SampleModel, state: ElementState) -> tuple[str, str, int, str, str]:
    start, finish = state.actual_start, state.actual_finish
    return (
        global_id(model.design.key, state.part.key),
        state.status,
        state.percent,
        start.isoformat() if start else "",
        finish.isoformat() if finish else "",
    )
