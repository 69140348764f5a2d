"""`twin import`: a planner's file shown, confirmed and written in one command, with no worker running."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import structlog
from typer.testing import CliRunner, Result

from api.cli import make_app
from tests.api.importing import SAMPLES, boundary_text, geojson

Twin = Callable[..., Result]


@pytest.fixture
def twin(clone_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twin]:
    """Run `twin …` on an empty database, with what is typed."""
    monkeypatch.setenv("DATABASE_URL", clone_url)
    monkeypatch.setenv("TWIN_APP_DATABASE_URL", clone_url)
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    yield lambda *words, typed="": CliRunner().invoke(make_app(words[0]), list(words), input=typed)
    structlog.reset_defaults()


def _count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_a_file_is_shown_and_written_once_confirmed(twin: Twin, clone_url: str, tmp_path: Path) -> None:
    file = tmp_path / "勘测.txt"
    file.write_bytes(boundary_text(("CB-1", "城东一号", 1.0)).encode("gbk"))
    refused = twin("import", "land_parcels", str(file), typed="n\n")
    assert refused.exit_code != 0
    assert (_count(clone_url, "land_parcel"), _count(clone_url, "upload")) == (0, 0)
    result = twin("import", "land_parcels", str(file), typed="y\n")
    assert result.exit_code == 0, result.output
    assert "CB-1" in result.output
    assert "GB18030" in result.output
    assert "parcel_no → parcel_no" in result.output
    assert "added 新增 1" in result.stdout
    assert _count(clone_url, "land_parcel") == 1


def test_machines_get_json_and_the_same_file_changes_nothing(twin: Twin, clone_url: str) -> None:
    file = str(SAMPLES / "parcels-gbk-without-cpg.zip")
    first = twin("import", "land_parcels", file, "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert (told["upload"]["encoding"], told["job"]["counts"]["added"]) == ("GB18030", 4)
    again = json.loads(twin("import", "land_parcels", file, "--json").stdout)
    assert (again["job"]["counts"]["added"], again["job"]["counts"]["unchanged"]) == (0, 4)
    assert _count(clone_url, "land_parcel") == 4


def test_columns_values_and_answers_are_given_as_options(twin: Twin, clone_url: str, tmp_path: Path) -> None:
    file = tmp_path / "a.geojson"
    file.write_bytes(geojson({"甲": "N-1", "乙": "古城"}))
    words = ("import", "heritage", str(file), "--mapping", "甲=code", "--value", "class_name=文物", "--yes")
    result = twin(*words, "--mapping", "乙=name", "--save-as", "文物局")
    assert result.exit_code == 0, result.output
    with psycopg.connect(clone_url) as connection:
        found = connection.execute("SELECT layer, code, name, class_name FROM control_area").fetchall()
    assert found == [("heritage", "N-1", "古城", "文物")]
    assert _count(clone_url, "mapping_template") == 1


def test_an_open_question_ends_the_command_and_names_its_option(
    twin: Twin, clone_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.txt"
    file.write_text(boundary_text(("CB-1", "一", 1.0)).replace(",39371", ",371").replace("带号=39", "带号="))
    asked = twin("import", "land_parcels", str(file), "--yes")
    assert asked.exit_code == 1
    assert "[zone]" in asked.output
    assert _count(clone_url, "upload") == 0
    assert twin("import", "land_parcels", str(file), "--yes", "--zone", "39").exit_code == 0
    assert _count(clone_url, "land_parcel") == 1


def test_a_file_that_cannot_be_read_names_its_faults(twin: Twin, clone_url: str, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(boundary_text(("CB-1", "一", 1.0)).replace("3671400.000", "不是数"))
    result = twin("import", "land_parcels", str(file), "--yes")
    assert result.exit_code == 1
    assert "line 8" in result.output
    assert _count(clone_url, "upload") == 0


def test_an_unknown_layer_is_refused_before_the_file_is_read(twin: Twin, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("x")
    result = twin("import", "roads", str(file))
    assert result.exit_code == 1
    assert "farmland" in result.output
