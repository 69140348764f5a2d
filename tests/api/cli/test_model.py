"""`twin model`: a model placed by hand from the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from api.cli import make_app
from tests.api.bim.slab import add_slab
from tests.api.seeding import seed

Twin = Callable[..., Result]
EAST, NORTH = "39370788", "3670788"


@pytest.fixture
def twin(clone_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Twin, str]:
    """Run `twin …` against a seeded database with a model that has no place; its number."""
    seed(clone_url)
    with psycopg.connect(clone_url, autocommit=True) as connection:
        connection.execute("SET ROLE NONE")
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" RESET role')  # type: ignore[call-overload]
    monkeypatch.setenv("DATABASE_URL", clone_url)
    monkeypatch.setenv("TWIN_APP_DATABASE_URL", clone_url)
    monkeypatch.setenv("TWIN_HOME", str(tmp_path))

    def run(*words: str) -> Result:
        return CliRunner().invoke(make_app(words[0]), list(words))

    return run, str(add_slab(clone_url, tmp_path))


def test_a_model_is_previewed_placed_shown_and_withdrawn(twin: tuple[Twin, str]) -> None:
    run, model = twin
    assert "place it by hand 请人工定位" in run("model", "show", model).output
    words = ("--crs", "EPSG:4527", "--east", EAST, "--north", NORTH, "--height", "30", "--reason", "复测")
    tried = run("model", "place", model, *words, "--preview")
    assert tried.exit_code == 0, tried.output
    assert "仅预览" in tried.output
    assert "100.0 % inside it" in tried.output
    assert json.loads(run("model", "show", model, "--json").output)["placements"] == []
    placed = run("model", "place", model, *words, "--json")
    assert placed.exit_code == 0, placed.output
    assert json.loads(placed.output)["stored"] is True
    shown = run("model", "show", model)
    assert "placed by hand 人工定位" in shown.output
    assert "command line: EPSG:4527 39370788.000 3670788.000 30.000" in shown.output
    known = json.loads(run("model", "show", model, "--json").output)
    assert (known["georeference"]["origin"]["e"], known["inside_footprint_share"]) == (39370788.0, 100.0)
    assert run("model", "unplace", model, "--reason", "误操作").exit_code == 0
    assert "withdrawn" in run("model", "show", model).output
    again = run("model", "unplace", model)
    assert again.exit_code == 1
    assert "没有人工定位" in again.output


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_control_points_come_from_a_table(twin: tuple[Twin, str], tmp_path: Path, encoding: str) -> None:
    run, model = twin
    table = tmp_path / "control.csv"
    lines = [
        "点号,模型X,模型Y,东坐标,北坐标",
        f"甲,0,0,{EAST},{NORTH}",
        f"乙,0,10,{float(EAST) - 10},{NORTH}",
    ]
    table.write_text("\n".join(lines), encoding=encoding)
    placed = run("model", "place", model, "--points", str(table), "--reason", "控制点", "--json")
    assert placed.exit_code == 0, placed.output
    answer = json.loads(placed.output)
    # North of the model lies west on the map: turned by 90 degrees.
    assert answer["georeference"]["rotation_deg"] == pytest.approx(90.0)
    assert [each["distance_m"] for each in answer["residuals"]] == pytest.approx([0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,y,X,Y\n0,0,1,2\n", "local_x, local_y, east, north"),
        ("local_x,local_y,east,north\n0,0,1,北\n", "[line 2]"),
        ("local_x,local_y,east,north\n0,0,1\n", "lacks a coordinate"),
        (f"local_x,local_y,east,north\n0,0,{EAST},{NORTH}\n", "at least two"),
    ],
)
def test_a_table_that_cannot_be_is_refused_with_its_line(
    twin: tuple[Twin, str], tmp_path: Path, text: str, words: str
) -> None:
    run, model = twin
    table = tmp_path / "control.csv"
    table.write_text(text, encoding="utf-8")
    refused = run("model", "place", model, "--crs", "EPSG:4527", "--points", str(table), "--reason", "x")
    assert refused.exit_code == 1
    assert words in refused.output


def test_numbers_and_points_together_are_refused(twin: tuple[Twin, str], tmp_path: Path) -> None:
    run, model = twin
    table = tmp_path / "control.csv"
    table.write_text("local_x,local_y,east,north\n")
    refused = run("model", "place", model, "--east", EAST, "--points", str(table), "--reason", "x")
    assert refused.exit_code == 1
    assert "二者取一" in refused.output


def test_help_teaches_by_an_example() -> None:
    shown = " ".join(CliRunner().invoke(make_app("model"), ["model", "place", "--help"]).output.split())
    assert "twin model place 12 --crs EPSG:4527 --east 39371200" in shown
    assert "twin model unplace 12" in shown
