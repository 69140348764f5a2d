"""Public files whole, against the table of test vectors: the hand formula and PROJ, never our own output."""

from pathlib import Path

import numpy as np
import pyproj
import pytest

from bim.job import ConversionJob, ProjectPlace
from bim.results import Georeference, ModelResult, Verdict, iter_elements, read_model
from bim.runner import run_conversion_blocking

GEOD = pyproj.Geod(ellps="GRS80")


def _taken_in(path: Path, spool: Path, project: ProjectPlace | None = None) -> tuple[Verdict, ModelResult]:
    outcome = run_conversion_blocking(ConversionJob(path, spool, project or ProjectPlace()))
    assert outcome.verdict.state == "succeeded", outcome.verdict
    return outcome.verdict, read_model(spool)


def _on_map(place: Georeference, point: tuple[float, float, float]) -> tuple[float, float, float]:
    east, north, height = (np.array(place.matrix).reshape(4, 4) @ [*point, 1.0])[:3]
    return float(east), float(north), float(height)


def _degrees(place: Georeference, point: tuple[float, float, float]) -> tuple[float, float]:
    to_degrees = pyproj.Transformer.from_crs(place.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(*_on_map(place, point)[:2])
    return lon, lat


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((0, 0, 0), (458657.300, 5438232.250, 113.700)),
        ((1, 0, 0), (458657.5706, 5438233.2127, 113.700)),
        ((0, 1, 0), (458656.3373, 5438232.5206, 113.700)),
        ((100, 50, 3), (458636.2255, 5438342.0492, 116.700)),
    ],
)
def test_conversion_without_a_scale_in_a_millimetre_file(
    tmp_path: Path,
    public_files: Path,
    point: tuple[float, float, float],
    expected: tuple[float, float, float],
) -> None:
    _, model = _taken_in(public_files / "georef-utm-25832.ifc", tmp_path)
    assert (model.georeference.crs, model.georeference.confidence) == ("EPSG:25832", "high")
    assert _on_map(model.georeference, point) == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize(
    ("name", "point", "lon", "lat"),
    [
        ("georef-utm-25832.ifc", (0, 0, 0), 8.433679798, 49.095551021),
        ("georef-rigid-4258.ifc", (100, 0, 0), 14.091521045, 46.362329693),
        ("georef-rigid-4258.ifc", (0, 100, 0), 14.090221700, 46.363229250),
        ("fzk-haus.ifc", (10, 0, 0), 8.436627022, 49.100503880),
        ("fzk-haus.ifc", (0, 10, 0), 8.436434099, 49.100492798),
    ],
)
def test_degrees_of_the_test_vectors(
    tmp_path: Path, public_files: Path, name: str, point: tuple[float, float, float], lon: float, lat: float
) -> None:
    _, model = _taken_in(public_files / name, tmp_path)
    assert GEOD.inv(*_degrees(model.georeference, point), lon, lat)[2] < 0.01


def test_null_conversion_keeps_the_railway_where_its_coordinates_are(
    tmp_path: Path, public_files: Path
) -> None:
    _, model = _taken_in(public_files / "linear-placement-3065.ifc", tmp_path)
    assert (model.georeference.crs, model.georeference.confidence) == ("EPSG:3065", "high")
    to_plane = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3065", always_xy=True)
    drawn = [row for row in iter_elements(tmp_path) if row.footprint_survey_wkb]
    assert drawn
    for row in drawn:
        east, north = to_plane.transform(row.centroid_lon, row.centroid_lat)
        assert 452_269 <= east <= 453_204, row.name  # the range of the file, in whole metres
        assert 4_539_403 <= north <= 4_539_833, row.name


@pytest.mark.parametrize(
    ("name", "level", "point", "expected", "says"),
    [
        ("geo-mapconversion-angle.ifc", 50, (10, 0, 0), (23.6603, -5.0), "no coordinate system is named"),
        ("geo-offset-site.ifc", 50, (0, 10, 0), (15.0, 10.0), "no coordinate system is named"),
        ("huge-coordinates.ifc", 30, (0, 0, 0), (0.0, 0.0), "map-sized and no system is named"),
        ("office-a.ifc", 20, None, None, "default of the exporting program"),
        ("tall-building.ifc", 40, None, None, "default of the exporting program"),
        ("large-building.ifc", 40, None, None, "default of the exporting program"),
    ],
)
def test_files_without_a_usable_place_stay_off_the_map_and_say_why(
    tmp_path: Path,
    public_files: Path,
    name: str,
    level: int,
    point: tuple[float, float, float] | None,
    expected: tuple[float, float] | None,
    says: str,
) -> None:
    verdict, model = _taken_in(public_files / name, tmp_path)
    assert verdict.code in ("no_position", "partial")
    place = model.georeference
    assert (place.placed, place.level) == (False, level)
    assert says in "\n".join(verdict.detail["warnings"])
    if point is not None and expected is not None:
        assert _on_map(place, point)[:2] == pytest.approx(expected, abs=1e-4)


def test_coordinates_in_the_geometry_find_their_place_by_the_project(
    tmp_path: Path, public_files: Path
) -> None:
    """304,958…305,484 east, 6,269,630…6,269,884 north: six and seven digits, read in the plane of the project."""
    to_degrees = pyproj.Transformer.from_crs("EPSG:25832", "EPSG:4326", always_xy=True)
    west, south = to_degrees.transform(304_900.0, 6_269_600.0)
    east, north = to_degrees.transform(305_500.0, 6_269_900.0)
    project = ProjectPlace("EPSG:25832", (west, south, east, north))
    verdict, model = _taken_in(public_files / "huge-coordinates.ifc", tmp_path, project)
    assert (model.georeference.crs, model.georeference.level) == ("EPSG:25832", 30)
    assert model.georeference.confidence == "medium"
    assert "that of the project" in "\n".join(verdict.detail["warnings"])
    assert model.bbox is not None
    middle = to_degrees.transform(305_221.0, 6_269_757.0)
    assert GEOD.inv((model.bbox[0] + model.bbox[2]) / 2, (model.bbox[1] + model.bbox[3]) / 2, *middle)[2] < 30
