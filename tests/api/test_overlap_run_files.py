"""Files of overlap runs over HTTP: who may take them, in which formats and languages, refused with the remedy."""

import asyncio
import io
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyogrio
import pypdf
import pytest

from api.overlap_run_files import RUN_FORMATS
from gis.style.fonts import find_font
from tests.api.conftest import Doors
from tests.api.seeding import PUBLIC_CODE, PUBLIC_NAME, as_owner
from tests.api.test_overlap import run
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.workroom import open_workroom
from twin.settings import HomeSettings, JobSettings


def answered(doors: Doors, home: Path) -> dict[str, Any]:
    told: dict[str, Any] = run(
        doors, "planner", {"layer": "projects"}, layers=["projects", "urban_boundary", "farmland"]
    ).json()
    room = open_workroom(doors.seeded.url, HomeSettings(home=home), JobSettings())
    asyncio.run(run_job(room, KINDS, told["job_id"]))
    room.engine.dispose()
    return told


def test_a_run_is_given_in_every_format_with_one_and_the_same_figures(
    own_doors: Doors, tmp_path: Path
) -> None:
    told = answered(own_doors, tmp_path)
    answers = own_doors.get(told["answers"], "planner").json()["answers"]
    pairs = {
        (answer["code"], layer["layer"], item["code"]): item["area_m2"]
        for answer in answers
        for layer in answer["layers"]
        for item in layer["items"]
    }
    assert pairs
    files = {}
    for key, kind in RUN_FORMATS.items():
        if key == "pdf" and find_font("压占分析", 13) is None:
            continue
        got = own_doors.get(f"{told['answers']}?f={key}", "planner")
        assert got.status_code == 200, got.text
        assert got.headers["content-type"] == kind.media_type
        assert got.headers["cache-control"] == "private, no-store"
        if key != "html":
            assert f"projects_{pd.Timestamp.now('Asia/Shanghai'):%Y%m}" in got.headers["content-disposition"]
        files[key] = got.content
    frame = pd.read_csv(io.BytesIO(files["csv"]))
    assert {(row.subject_code, row.layer, row.feature_code) for row in frame.itertuples()} == set(pairs)
    for row in frame.itertuples():
        assert row.area_m2 == pytest.approx(pairs[row.subject_code, row.layer, row.feature_code], abs=1e-4)
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    assert sum(row[10] for row in book["明细"].iter_rows(min_row=2, values_only=True)) == pytest.approx(
        sum(pairs.values()), abs=0.01
    )
    (tmp_path / "a.gpkg").write_bytes(files["gpkg"])
    assert len(pyogrio.read_dataframe(tmp_path / "a.gpkg")) == len(pairs)
    assert len(pd.read_parquet(io.BytesIO(files["parquet"]))) == len(pairs)
    page = files["html"].decode()
    assert PUBLIC_NAME in page
    assert PUBLIC_CODE in page
    assert not re.search(r"<script|\son\w+=|\ssrc=|url\(", page)


def test_the_summary_speaks_the_readers_language(own_doors: Doors, tmp_path: Path) -> None:
    told = answered(own_doors, tmp_path)
    page = own_doors.get(f"{told['answers']}?f=html", "planner", headers={"Accept-Language": "en"})
    assert page.headers["content-language"] == "en"
    assert "Overlap of many subjects 整层压占（合规性）分析汇总表" in page.text
    assert "分图层汇总表" in own_doors.get(f"{told['answers']}?f=html&lang=zh", "planner").text
    if find_font("压占分析", 13) is not None:
        data = own_doors.get(f"{told['answers']}?f=pdf&lang=en", "planner").content
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
        assert "Page 1 of" in text
        assert "城镇开发边界" in text


def test_files_are_for_those_who_may_see_the_run_and_are_on_record(own_doors: Doors, tmp_path: Path) -> None:
    told = answered(own_doors, tmp_path)
    path = f"{told['answers']}?f=csv&geometry=true"
    assert own_doors.get(path).status_code == 401
    assert own_doors.get(path, "contractor").status_code == 404
    assert "MULTIPOLYGON" in own_doors.get(path, "planner").text
    events = json.dumps(own_doors.get("/api/v1/audit?limit=3", "auditor").json(), ensure_ascii=False)
    assert f"run {told['job_id']}" in events
    assert '"csv"' in events


def test_what_cannot_be_written_says_what_to_do(own_doors: Doors, tmp_path: Path) -> None:
    told = run(own_doors, "planner", {"layer": "projects"}, layers=["projects"]).json()
    assert own_doors.get(f"{told['answers']}?f=xlsx", "planner").status_code == 409  # not finished
    done = answered(own_doors, tmp_path)
    assert own_doors.get(f"{done['answers']}?f=docx", "planner").status_code in (400, 422)
    assert own_doors.get(f"{done['answers']}?f=xlsx&geometry=true", "planner").status_code == 405
    as_owner(own_doors.seeded.url, "UPDATE control_area SET updated_at = now() + interval '1 minute'")
    changed = own_doors.get(f"{done['answers']}?f=gpkg&lang=en", "planner")
    assert changed.status_code == 409
    assert "run again" in changed.json()["detail"]
    assert own_doors.get(f"{done['answers']}?f=csv", "planner").status_code == 200


def test_more_pairs_than_excel_has_rows_are_refused_with_the_formats_that_hold_them(
    own_doors: Doors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = answered(own_doors, tmp_path)
    monkeypatch.setattr("gis.report.run_xlsx.EXCEL_ROWS", 1)
    refused = own_doors.get(f"{told['answers']}?f=xlsx&lang=en", "planner")
    assert refused.status_code == 422
    for words in ("f=csv", "f=gpkg", "GeoParquet"):
        assert words in refused.json()["detail"]
