"""Whole conversions in the model process, from file to rows."""

import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import shapely

from bim.job import ConversionJob, ProjectPlace, write_job
from bim.results import ElementRow, ModelResult, Progress, iter_elements, read_model
from bim.runner import Outcome, run_conversion_blocking
from tests.bim.ifc_text import Sheet, escaped, guid, write

ZONE_39 = [
    "#90=IFCPROJECTEDCRS('EPSG:4527',$,$,$,$,$,#91);",
    "#91=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
    "#92=IFCMAPCONVERSION(#10,#90,39371200.,3671300.,20.,0.866025403784439,0.5,$);",
]


def _convert(source: Path, spool: Path, project: ProjectPlace | None = None) -> Outcome:
    return run_conversion_blocking(ConversionJob(source, spool, project or ProjectPlace("EPSG:4527")))


def _taken_in(source: Path, spool: Path) -> tuple[ModelResult, list[ElementRow]]:
    outcome = _convert(source, spool)
    assert outcome.verdict.state == "succeeded", outcome.verdict
    return read_model(spool), list(iter_elements(spool))


def test_one_wall_is_placed_measured_and_named(tmp_path: Path) -> None:
    """Wall of 3 m x 0.2 m x 2.8 m around the local zero, turned by 30 degrees."""
    sheet = Sheet(millimetres=True, names=["外墙一"], project_extra=ZONE_39)
    model, rows = _taken_in(write(tmp_path / "a.ifc", sheet.text()), tmp_path / "spool")
    wall = next(row for row in rows if row.ifc_class == "IfcWall")
    assert (wall.name, wall.tag, wall.storey_name, wall.fid) == ("外墙一", "T0", "首层", 0)
    assert wall.area_m2 == pytest.approx(0.6, abs=1e-6)
    assert (wall.z_min_m, wall.z_max_m) == pytest.approx((20.0, 22.8), abs=1e-6)
    assert (wall.quantity, wall.quantity_unit, wall.quantity_source) == (pytest.approx(1.68), "m3", "mesh")
    assert "quantity_derived" in wall.flags
    survey = shapely.from_wkb(wall.footprint_survey_wkb)
    corners = {(round(x, 3), round(y, 3)) for x, y in survey.exterior.coords}
    # (1.5, 0.1) turned: 1.5 cos30 - 0.1 sin30 = 1.2490, 1.5 sin30 + 0.1 cos30 = 0.8366.
    assert (39371201.249, 3671300.837) in corners
    assert survey.area == pytest.approx(0.6, abs=1e-4)
    assert wall.survey_epsg == 4527
    assert (wall.centroid_lon, wall.centroid_lat) == pytest.approx((115.619332779, 33.159622123), abs=1e-8)
    assert model.georeference.rotation_deg == pytest.approx(30.0)
    assert model.counts_by_class == {"IfcBuilding": 1, "IfcBuildingStorey": 1, "IfcSite": 1, "IfcWall": 1}
    assert model.bbox is not None
    assert model.bbox[0] < 115.619332779 < model.bbox[2]


def test_preview_holds_the_same_elements_without_geometry(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    _, rows = _taken_in(write(tmp_path / "a.ifc", Sheet(walls=3).text()), spool)
    preview = list(iter_elements(spool, preview=True))
    assert [row.global_id for row in preview] == [row.global_id for row in rows]
    assert all(row.fid is None and row.footprint_local_wkb is None for row in preview)


def test_feature_ids_run_from_zero_without_gaps(tmp_path: Path) -> None:
    _, rows = _taken_in(write(tmp_path / "a.ifc", Sheet(walls=12).text()), tmp_path / "spool")
    assert [row.fid for row in rows if row.fid is not None] == list(range(12))
    assert all((row.fid is None) == (row.ifc_class != "IfcWall") for row in rows)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_raw_chinese_is_read_and_reported(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.ifc", Sheet(names=["墙体—甲"]).text(), encoding)
    model, rows = _taken_in(path, tmp_path / "spool")
    assert "墙体—甲" in [row.name for row in rows]
    assert model.encoding == encoding
    assert any(encoding in warning for warning in model.warnings)


def test_plain_and_zipped_model_give_the_same_rows(tmp_path: Path) -> None:
    text = escaped(Sheet(walls=4).text())
    plain = tmp_path / "a.ifc"
    plain.write_text(text, encoding="ascii")
    with zipfile.ZipFile(tmp_path / "a.ifczip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ifc", text)
    _, one = _taken_in(plain, tmp_path / "one")
    _, two = _taken_in(tmp_path / "a.ifczip", tmp_path / "two")
    assert one == two


def test_windows_path_in_the_header_is_no_fault(tmp_path: Path) -> None:
    text = Sheet().text().replace("'test.ifc'", "'C:\\temp\\测试.ifc'")
    assert _convert(write(tmp_path / "a.ifc", text), tmp_path / "spool").verdict.state == "succeeded"


def test_double_global_id_keeps_both_elements(tmp_path: Path) -> None:
    text = Sheet(walls=2).text().replace(f"'0{1020:021d}'", f"'0{1000:021d}'")
    model, rows = _taken_in(write(tmp_path / "a.ifc", text), tmp_path / "spool")
    assert sorted(row.global_id for row in rows if row.ifc_class == "IfcWall") == [
        f"0{1000:021d}",
        f"0{1000:021d}#2",
    ]
    assert [each.step_ids for each in model.duplicates] == [[1000, 1020]]


def test_double_global_id_beside_one_that_is_spelt_like_its_second_keeps_all_three(tmp_path: Path) -> None:
    double = f"0{1000:021d}"
    text = Sheet(walls=3).text().replace(f"'0{1020:021d}'", f"'{double}'")
    text = text.replace(f"'0{1040:021d}'", f"'{double}#2'")
    _, rows = _taken_in(write(tmp_path / "a.ifc", text), tmp_path / "spool")
    walls = [row.global_id for row in rows if row.ifc_class == "IfcWall"]
    assert sorted(walls) == [double, f"{double}#2", f"{double}#3"]


def test_element_left_at_zero_among_map_coordinates_does_not_stretch_the_model(tmp_path: Path) -> None:
    sheet = Sheet(walls=6)
    text = sheet.text()
    for index in range(5):
        text = text.replace(f"(({5.0 * index},0.,0.))", f"(({39371200.0 + 5 * index},3671300.,0.))")
    model, rows = _taken_in(write(tmp_path / "a.ifc", text), tmp_path / "spool")
    assert [row.global_id for row in rows if "outlier" in row.flags] == [f"0{1100:021d}"]
    assert model.bbox is not None
    assert model.bbox[2] - model.bbox[0] < 0.001
    assert (model.georeference.level, model.georeference.crs) == (30, "EPSG:4527")


def test_mapped_schema_is_said_and_its_classes_counted(tmp_path: Path) -> None:
    model, _ = _taken_in(write(tmp_path / "a.ifc", Sheet(schema="IFC4X3_RC2").text()), tmp_path / "spool")
    assert (model.schema, model.opened_as) == ("IFC4X3_RC2", "IFC4X3_ADD2")
    assert any("read as IFC4X3_ADD2" in warning for warning in model.warnings)


def test_classes_lost_by_the_schema_are_named(tmp_path: Path) -> None:
    extra = ["#800=IFCALIGNMENT2DHORIZONTAL($,());", f"#801=IFCFLYINGWALL('{801:022d}',$,'x');"]
    model, _ = _taken_in(write(tmp_path / "a.ifc", Sheet(project_extra=extra).text()), tmp_path / "spool")
    assert any("1 IFCFLYINGWALL are unknown" in warning for warning in model.warnings)


def test_model_without_geometry_is_taken_in(tmp_path: Path) -> None:
    outcome = _convert(
        write(tmp_path / "a.ifc", Sheet(walls=0).text().replace("(),#40", "(#40),#40")), tmp_path / "s"
    )
    assert outcome.verdict.code == "ok"
    assert outcome.verdict.counts == {"IfcBuilding": 1, "IfcBuildingStorey": 1, "IfcSite": 1}


def test_two_processes_give_the_same_rows_as_one(tmp_path: Path) -> None:
    source = write(
        tmp_path / "a.ifc", Sheet(walls=600, project_extra=ZONE_39).text()
    )  # three batches of them
    rows = []
    for processes in (1, 2):
        spool = tmp_path / str(processes)
        job = ConversionJob(source, spool, ProjectPlace("EPSG:4527"), processes=processes)
        assert run_conversion_blocking(job).verdict.code == "ok"
        rows.append((spool / "elements.jsonl").read_bytes())
    assert rows[0] == rows[1]


COUNTING = """
import sys
import bim.batch_child, bim.convert
def draw(file, batch, *rest, real=bim.batch_child._draw_batch):
    with open(sys.argv[2], "a") as log:
        log.write(f"{batch.kernel} {batch.size}\\n")
    return real(file, batch, *rest)
bim.batch_child._draw_batch = draw
sys.exit(bim.convert.main([sys.argv[1]]))
"""


def test_what_has_nothing_to_draw_is_asked_of_each_kernel_once(tmp_path: Path) -> None:
    symbols = []
    for number in range(3000, 3180, 10):
        symbols += [
            f"#{number}=IFCANNOTATION('{guid(number)}',$,'轴线标注',$,$,#41,#{number + 1});",
            f"#{number + 1}=IFCPRODUCTDEFINITIONSHAPE($,$,(#{number + 2}));",
            f"#{number + 2}=IFCSHAPEREPRESENTATION(#10,'Annotation','Annotation2D',(#{number + 3}));",
            f"#{number + 3}=IFCGEOMETRICCURVESET((#{number + 4}));",
            f"#{number + 4}=IFCPOLYLINE((#{number + 5},#7));",
            f"#{number + 5}=IFCCARTESIANPOINT((1.,{number}.,0.));",
        ]
    source = write(tmp_path / "a.ifc", Sheet(walls=2, project_extra=symbols).text())
    write_job(ConversionJob(source, tmp_path / "spool"))
    command = [sys.executable, "-c", COUNTING, str(tmp_path / "spool"), str(tmp_path / "log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.read()  # type: ignore[union-attr]
    assert (tmp_path / "log").read_text().splitlines() == [
        "hybrid-cgal-simple-opencascade 20",
        "opencascade 18",
    ]
    rows = list(iter_elements(tmp_path / "spool"))
    assert sum(row.geometry_error is None for row in rows) == len(rows)


def test_progress_names_every_phase_in_order(tmp_path: Path) -> None:
    told: list[Progress] = []
    job = ConversionJob(write(tmp_path / "a.ifc", Sheet(walls=9).text()), tmp_path / "spool")
    run_conversion_blocking(job, told.append)
    phases = list(dict.fromkeys(each.phase for each in told))
    assert phases == [
        "preflight",
        "open",
        "attributes",
        "geometry",
        "georeference",
        "placing",
        "scene",
        "done",
    ]
    assert max(each.done for each in told if each.phase == "geometry") == 9


@pytest.mark.parametrize(
    ("name", "code"), [("bad-illegal.ifc", "parse_error"), ("bad-multibyte.ifc", "parse_error")]
)
def test_public_bad_files_end_with_their_verdict(
    tmp_path: Path, public_files: Path, name: str, code: str
) -> None:
    outcome = _convert(public_files / name, tmp_path / "spool")
    assert (outcome.verdict.code, outcome.verdict.state) == (code, "failed")
    assert outcome.verdict.detail["line"] is not None


def test_public_file_cut_in_half_is_truncated(tmp_path: Path, public_files: Path) -> None:
    data = (public_files / "office-a.ifc").read_bytes()
    (tmp_path / "half.ifc").write_bytes(data[: len(data) // 2])
    assert _convert(tmp_path / "half.ifc", tmp_path / "spool").verdict.code == "truncated"


GOOD_PUBLIC = [
    "cjk-names.ifc",
    "double-guids.ifc",
    "duplex.ifc",
    "fzk-haus.ifc",
    "geo-mapconversion-angle.ifc",
    "geo-offset-site.ifc",
    "georef-rigid-4258.ifc",
    "georef-utm-25832.ifc",
    "huge-coordinates.ifc",
    "kit-road-4x3rc2.ifc",
    "large-building.ifc",
    "linear-placement-3065.ifc",
    "no-geometry.ifc",
    "office-a.ifc",
    "rev-1.ifc",
    "rev-2.ifc",
    "scheduling-task.ifc",
    "schependomlaan-kalkzandsteen.ifczip",
    "schependomlaan-staal.ifczip",
    "tall-building.ifc",
    "terrain-alignment-4x1.ifc",
]


@pytest.mark.parametrize("name", GOOD_PUBLIC)
def test_public_file_gives_every_product_the_library_counts(
    tmp_path: Path, public_files: Path, name: str
) -> None:
    """Counted by the library alone, in a process of its own, from a text whose schema name is replaced by hand."""
    model, rows = _taken_in(public_files / name, tmp_path / "spool")
    expected = _library_counts(public_files / name, tmp_path)
    assert model.counts_by_class == expected
    assert Counter(row.ifc_class for row in rows) == expected
    assert sum(row.fid is not None for row in rows) == len({row.fid for row in rows} - {None})


def _library_counts(path: Path, folder: Path) -> dict[str, int]:
    data = path.read_bytes()
    if path.suffix == ".ifczip":
        with zipfile.ZipFile(path) as archive:
            data = archive.read(next(each for each in archive.namelist() if each.endswith(".ifc")))
    for name in (b"IFC4X3_RC2", b"IFC4X1"):
        data = re.sub(rb"(FILE_SCHEMA\s*\(\s*\(\s*')" + name + b"'", rb"\1IFC4X3_ADD2'", data)
    copy = folder / "counted.ifc"
    copy.write_bytes(data)
    code = (
        "import ifcopenshell, json, sys, collections;"
        "f = ifcopenshell.open(sys.argv[1]);"
        "print(json.dumps(collections.Counter(p.is_a() for p in f.by_type('IfcProduct'))))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(copy)], capture_output=True, text=True, check=True)
    return dict(sorted(json.loads(done.stdout.splitlines()[-1]).items()))


def test_vertical_alignment_plots_are_kept_off_the_map(tmp_path: Path, public_files: Path) -> None:
    """14 of the 23 segments drawn are plots of height or cant over distance; 9 horizontal ones are lines."""
    model, rows = _taken_in(public_files / "linear-placement-3065.ifc", tmp_path / "spool")
    segments = [row for row in rows if row.ifc_class == "IfcAlignmentSegment" and row.fid is not None]
    plots = [row for row in segments if "not_map_geometry" in row.flags]
    assert (len(segments), len(plots)) == (23, 14)
    assert all(row.footprint_local_wkb is None for row in plots)
    lines = [shapely.from_wkb(row.footprint_local_wkb) for row in segments if row not in plots]
    assert all(line.geom_type == "LineString" and line.length > 30 for line in lines)
    alignment = next(row for row in rows if row.ifc_class == "IfcAlignment")
    # 1,029.372 m is where the file's last horizontal segment ends.
    assert shapely.from_wkb(alignment.footprint_local_wkb).length == pytest.approx(1029.372, abs=0.5)
    assert model.georeference.crs == "EPSG:3065"


def test_tasks_of_the_public_schedule_are_read(tmp_path: Path, public_files: Path) -> None:
    model, rows = _taken_in(public_files / "scheduling-task.ifc", tmp_path / "spool")
    assert len(model.tasks) == 8
    ground = next(task for task in model.tasks if task.code == "Ground Level")
    assert (ground.schedule_start, ground.schedule_finish) == ("2010-09-20T08:00:00", "2010-09-24T16:00:00")
    assert sum(len(task.products) for task in model.tasks) == 6
    assert sum(bool(row.task_codes) for row in rows) == 6


@pytest.mark.parametrize("name", ["fzk-haus.ifc", "duplex.ifc", "office-a.ifc"])
def test_public_footprints_equal_the_exact_union(tmp_path: Path, public_files: Path, name: str) -> None:
    """Union of all projected triangles of every second element, drawn by the other kernel in another process."""
    _, rows = _taken_in(public_files / name, tmp_path / "spool")
    code = (
        "import ifcopenshell, ifcopenshell.geom, json, sys, shapely, numpy as np\n"
        "f = ifcopenshell.open(sys.argv[1])\n"
        "s = ifcopenshell.geom.settings(); s.set('use-world-coords', True)\n"
        "it = ifcopenshell.geom.iterator(s, f, 1, geometry_library='hybrid-cgal-simple-opencascade')\n"
        "out = {}\n"
        "ok = it.initialize()\n"
        "while ok:\n"
        "    g = it.get(); v = np.array(g.geometry.verts).reshape(-1, 3)[:, :2]\n"
        "    t = [shapely.Polygon(v[list(i)]) for i in np.array(g.geometry.faces).reshape(-1, 3)]\n"
        "    if g.id % 2 and t: out[g.id] = shapely.union_all([p for p in t if p.area > 1e-9]).area\n"
        "    ok = it.next()\n"
        "print(json.dumps(out))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(public_files / name)], capture_output=True, text=True, check=True
    )
    exact = {
        int(number): area for number, area in json.loads(done.stdout.splitlines()[-1]).items() if area > 1e-3
    }
    ours = {row.step_id: row.area_m2 for row in rows}
    assert len(exact) > 40
    wrong = {
        number: (ours[number], area)
        for number, area in exact.items()
        if abs((ours[number] or 0) / area - 1) > 0.005
    }
    assert not wrong


def test_an_element_beyond_all_bounds_costs_itself_alone(tmp_path: Path) -> None:
    """A wall 1e200 m long cannot be squared, hashed by the millimetre or written in single precision."""
    text = (
        Sheet(walls=3)
        .text()
        .replace(
            "#1007=IFCRECTANGLEPROFILEDEF(.AREA.,$,$,3.0,", "#1007=IFCRECTANGLEPROFILEDEF(.AREA.,$,$,1.E200,"
        )
    )
    outcome = _convert(write(tmp_path / "a.ifc", text), tmp_path / "s")
    assert outcome.verdict.code == "partial"
    rows = {row.step_id: row for row in iter_elements(tmp_path / "s")}
    assert rows[1000].geometry_error is not None
    assert rows[1000].geometry_error["kind"] in ("failed", "empty")
    assert [rows[number].fid is not None for number in (1020, 1040)] == [True, True]


def test_a_placement_of_another_kind_costs_the_position_not_the_elements(tmp_path: Path) -> None:
    text = Sheet(walls=2).text().replace("#23=IFCAXIS2PLACEMENT3D(#22,$,$);", "#23=IFCPLANE(#8);")
    outcome = _convert(write(tmp_path / "a.ifc", text), tmp_path / "s")
    assert (outcome.verdict.state, sum(outcome.verdict.counts.values())) == ("succeeded", 5)


def test_a_global_id_that_is_no_text_is_replaced_by_the_instance_number(tmp_path: Path) -> None:
    """A line whose class was changed, as a broken exporter or editor leaves it: the GlobalId is a list of numbers."""
    text = Sheet(walls=2).text().replace(f"IFCWALL('{guid(1020)}'", "IFCWALL((1.,2.)")
    _, rows = _taken_in(write(tmp_path / "a.ifc", text), tmp_path / "s")
    assert [row.global_id for row in rows if row.ifc_class == "IfcWall"] == [guid(1000), "#1020"]


def test_a_site_placed_by_something_that_is_no_point_costs_the_position_alone(tmp_path: Path) -> None:
    text = Sheet(walls=2).text().replace("#22=IFCCARTESIANPOINT((0.0,0.0,0.0));", "#22=IFCWALL((0.,0.,0.));")
    assert "IFCWALL((0" in text
    outcome = _convert(write(tmp_path / "a.ifc", text), tmp_path / "s")
    assert outcome.verdict.state == "succeeded", outcome.verdict
