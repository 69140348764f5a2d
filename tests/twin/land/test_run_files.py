"""Finished runs as files: the figures of the answers in every format, shapes made anew, limits refused by name."""

import io
import json
import uuid
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.errors import TooComplexError
from gis.overlap import OverlapOptions
from gis.report import run_xlsx
from tests.rows import add_project, square_wkt
from tests.twin.land.test_compliance import add_area, add_parcel
from twin.errors import ConflictError, NotOfferedError
from twin.identity.caller import SYSTEM
from twin.land import run_files
from twin.land.run_files import TableKey, make_run_form, write_run
from twin.land.run_models import OverlapRun
from twin.land.run_order import order_layer
from twin.land.runs import add_run, answer_subjects, begin_run, finish_run, get_run, list_answers

E, N = 39371200.0, 3671300.0
COUNT = 5
# One metre of the plane is 1.000197 m on the ellipsoid less, about: 28,000 m² of the plane are 27,988.57 m².
GROUND = 27_988.57 / 28_000


def code(number: int) -> str:
    return f"341299-2025-03-{number:04d}-4"


@pytest.fixture
def run(session: Session) -> OverlapRun:
    """Five projects of 100 m × 100 m, 200 m apart: a parcel under the half of each of two, farmland under a third.

    The last project lies on nothing.
    """
    for n in range(COUNT):
        west = E + 200 * n
        add_project(session, code(n), f"=项目{n}", box=(west, N, west + 100, N + 100))
    add_parcel(
        session, "CB-001", square_wkt(E + 50, N, E + 250, N + 100)
    )  # 50 m of the first, 50 m of the second
    add_area(session, "farmland", "F-1", square_wkt(E + 400, N, E + 500, N + 25))
    add_area(
        session, "farmland", "F-2", square_wkt(E + 600, N, E + 600.002, N + 100)
    )  # 0.2 m²: kept and critical
    job_id = str(uuid.uuid4())
    add_run(
        session,
        job_id,
        order_layer(SYSTEM, "projects", ["land_parcels", "farmland"], OverlapOptions()),
        "planner",
    )
    todo = begin_run(session, job_id)
    answer_subjects(session, job_id, todo.order, todo.keys)
    finish_run(session, job_id)
    return get_run(session, SYSTEM, job_id)


def written(session: Session, run: OverlapRun, kind: TableKey, folder: Path, **more: Any) -> Path:
    path = folder / f"overlap_pairs.{kind}"
    write_run(session, run, kind, path, **more)
    return path


def test_the_csv_has_a_row_for_every_pair_with_the_figures_of_the_answers(
    session: Session, run: OverlapRun, tmp_path: Path
) -> None:
    path = written(session, run, "csv", tmp_path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # spreadsheets read Chinese by it
    frame = pd.read_csv(path, dtype={"class_code": str})
    assert list(zip(frame["subject_code"], frame["feature_code"], strict=True)) == [
        (code(0), "CB-001"), (code(1), "CB-001"), (code(2), "F-1"), (code(3), "F-2"),
    ]  # fmt: skip
    assert frame["area_m2"].tolist() == pytest.approx(
        [5_000 * GROUND, 5_000 * GROUND, 2_500 * GROUND, 0.2 * GROUND], rel=1e-4
    )
    assert frame["area_mu"].tolist() == pytest.approx((frame["area_m2"] * 3 / 2000).tolist(), rel=1e-15)
    assert frame["share_of_subject"].tolist() == pytest.approx([50, 50, 25, 0.002], rel=1e-4)
    assert frame["critical"].tolist() == [False, False, False, True]
    assert set(frame["subject_name"].str[0]) == {"'"}  # a name that begins like a formula is none
    told = {
        (answer["code"], item["code"]): item["area_m2"]
        for answer in list_answers(session, run, 0, 100)
        for layer in answer["layers"]
        for item in layer["items"]
    }
    for row in frame.itertuples():
        assert row.area_m2 == pytest.approx(told[row.subject_code, row.feature_code], abs=1e-4)


def test_geopackage_and_geoparquet_have_the_shapes_where_they_lie(
    session: Session, run: OverlapRun, tmp_path: Path
) -> None:
    package = pyogrio.read_dataframe(written(session, run, "gpkg", tmp_path)).set_index("subject_code")
    assert package.crs.to_epsg() == 4490
    plane = package.to_crs(4527).geometry
    assert plane[code(1)].bounds == pytest.approx((E + 200, N, E + 250, N + 100), abs=0.001)
    assert plane[code(2)].bounds == pytest.approx((E + 400, N, E + 500, N + 25), abs=0.001)
    assert package.loc[code(0), "subject_name"] == "=项目0"
    path = written(session, run, "parquet", tmp_path, geometry=True)
    table = pq.read_table(path)
    assert shapely.from_wkb(table["geometry"].to_pylist()[1]).equals(package.geometry[code(1)])
    stamp = {key.decode(): value.decode() for key, value in pq.read_metadata(path).metadata.items()}
    assert stamp["worktwin:run"] == run.job_id
    assert json.loads(stamp["geo"])["columns"]["geometry"]["crs"]["id"]["code"] == 4490
    bare = pq.read_table(written(session, run, "parquet", tmp_path))
    assert "geometry" not in bare.column_names
    assert bare["area_m2"].to_pylist() == table["area_m2"].to_pylist()
    wkt = pd.read_csv(written(session, run, "csv", tmp_path, geometry=True))["geometry_wkt"]
    assert shapely.from_wkt(wkt[1]).equals_exact(package.geometry[code(1)], 1e-9)


def test_the_workbook_has_sums_subjects_and_pairs(session: Session, run: OverlapRun, tmp_path: Path) -> None:
    data = written(session, run, "xlsx", tmp_path).read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    assert book.sheetnames == ["汇总", "分图层", "分类统计", "分对象", "明细", "数据版本"]
    pairs = list(book["明细"].iter_rows(min_row=2, values_only=True))
    assert [row[2] for row in pairs] == [code(0), code(1), code(2), code(3)]
    assert pairs[0][3] == "=项目0"
    assert book["明细"]["D2"].data_type == "s"  # no formula
    assert (book["明细"]["K2"].number_format, book["明细"]["M2"].number_format) == ("#,##0.00", "#,##0.0000")
    assert [row[18] for row in pairs] == [None, None, None, "是"]
    subjects = {row[0]: row for row in book["分对象"].iter_rows(min_row=2, values_only=True)}
    assert len(subjects) == COUNT
    assert subjects[code(2)][7] == "需个案审查"
    assert subjects[code(4)][5:8] == (0, 0, "—")
    layers = {row[1]: row for row in book["分图层"].iter_rows(min_row=2, values_only=True)}
    # Of five projects of 10,000 m² two lie half on the parcel: 10,000 of 50,000 m².
    assert layers["储备地块"][2:4] == (2, 2)
    assert layers["储备地块"][4] == pytest.approx(10_000 * GROUND, rel=1e-4)
    assert layers["储备地块"][7] == pytest.approx(20, rel=1e-5)
    assert layers["永久基本农田"][10] == 1
    sheets = (book["明细"], book["分对象"])
    assert [sheet.auto_filter.ref for sheet in sheets] == ["A1:W5", "A1:N6"]
    assert all(not sheet.merged_cells.ranges and sheet.freeze_panes == "A2" for sheet in sheets)
    form = [str(cell.value) for row in book["汇总"].iter_rows() for cell in row if cell.value]
    assert run.job_id in form
    assert any("0.02 米" in text for text in form)


def test_the_workbook_is_the_same_for_a_strict_reader(
    session: Session, run: OverlapRun, tmp_path: Path
) -> None:
    path = written(session, run, "xlsx", tmp_path, lang="en")
    frame = pd.read_excel(path, sheet_name="Pairs 明细")
    assert frame.shape == (4, 23)
    assert frame["Area occupied\n压占面积 (m²)"].sum() == pytest.approx(12_500.2 * GROUND, rel=1e-4)


def test_the_printed_summary_names_who_needs_review_and_who_lies_on_what(
    session: Session, run: OverlapRun
) -> None:
    form = make_run_form(session, run)
    pairs = dict(form.pairs)
    assert (pairs["对象总数"], pairs["有压占的对象"], pairs["需个案审查的对象"]) == ("5", "4", "2")
    subjects = {row[0]: row for row in form.tables[-1].rows}
    assert set(subjects) == {code(n) for n in range(4)}
    assert "永久基本农田 2,49" in str(subjects[code(2)][4])  # 2,500 m² of the plane
    assert [row[5] for row in form.tables[-1].rows] == ["—", "—", "需个案审查", "需个案审查"]
    english = make_run_form(session, run, "en")
    assert english.tables[-1].rows[2][5] == "Needs case review 需个案审查"
    assert "compliant" in " ".join(english.notes)


def test_a_printed_summary_of_many_says_where_the_others_are(
    session: Session, run: OverlapRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_files, "PRINTED_SUBJECTS", 3)
    form = make_run_form(session, run)
    assert len(form.tables[-1].rows) == 3
    assert any("其余 1 个见 Excel" in note for note in form.notes)


def test_more_rows_than_excel_has_are_refused_before_anything_is_written(
    session: Session, run: OverlapRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_xlsx.check_rows(1_048_575, "pairs", "对")  # with the headings exactly what Excel holds
    with pytest.raises(TooComplexError) as refused:
        run_xlsx.check_rows(1_048_576, "pairs", "对")
    for words in ("1,048,576", "csv", "GeoParquet", "GeoPackage"):
        assert words in refused.value.en, words
        assert words in refused.value.zh, words
    monkeypatch.setattr(run_xlsx, "EXCEL_ROWS", 4)
    with pytest.raises(TooComplexError, match="4 pairs"):
        written(session, run, "xlsx", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_workbook_has_no_shapes(session: Session, run: OverlapRun, tmp_path: Path) -> None:
    with pytest.raises(NotOfferedError, match="gpkg"):
        written(session, run, "xlsx", tmp_path, geometry=True)


def test_shapes_are_refused_when_data_has_changed_and_figures_still_given(
    session: Session, run: OverlapRun, tmp_path: Path
) -> None:
    session.execute(text("UPDATE land_parcel SET name = '新', updated_at = now() + interval '1 s'"))
    with pytest.raises(ConflictError, match="changed"):
        written(session, run, "gpkg", tmp_path)
    assert len(pd.read_csv(written(session, run, "csv", tmp_path))) == 4


def test_a_run_that_has_not_finished_gives_no_file(session: Session, run: OverlapRun, tmp_path: Path) -> None:
    run.finished_at = None
    with pytest.raises(ConflictError, match="not finished"):
        written(session, run, "csv", tmp_path)


def test_shapes_come_by_portions_however_small(
    session: Session, run: OverlapRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pd.read_csv(written(session, run, "csv", tmp_path, geometry=True))
    monkeypatch.setattr(run_files, "PAIRS_AT_ONCE", 1)
    monkeypatch.setattr(run_files, "ROWS_AT_ONCE", 1)
    seen: list[int] = []
    again = pd.read_csv(written(session, run, "csv", tmp_path, geometry=True, on_progress=seen.append))
    pd.testing.assert_frame_equal(whole, again)
    assert seen == [1, 2, 3, 4]


def test_a_run_that_hits_nothing_is_a_file_too(session: Session, tmp_path: Path) -> None:
    add_project(session, code(0), "项目", box=(E, N, E + 100, N + 100))
    job_id = str(uuid.uuid4())
    add_run(session, job_id, order_layer(SYSTEM, "projects", ["river"], OverlapOptions()), None)
    todo = begin_run(session, job_id)
    answer_subjects(session, job_id, todo.order, todo.keys)
    finish_run(session, job_id)
    empty = get_run(session, SYSTEM, job_id)
    assert len(pd.read_csv(written(session, empty, "csv", tmp_path))) == 0
    assert len(pyogrio.read_dataframe(written(session, empty, "gpkg", tmp_path))) == 0
    assert pq.read_table(written(session, empty, "parquet", tmp_path)).num_rows == 0
    assert openpyxl.load_workbook(written(session, empty, "xlsx", tmp_path))["明细"].max_row == 1
