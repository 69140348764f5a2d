"""`twin spatial`: the questions of the HTTP doors, in the shell."""

import json
from pathlib import Path

import pytest

from tests.api.cli.test_commands import Twin
from tests.api.cli.test_commands import twin as twin
from tests.api.seeding import PRIVATE_CODE, PUBLIC_CODE


def test_every_question_answers_in_the_shell(twin: Twin, tmp_path: Path) -> None:
    line = tmp_path / "沿线.geojson"
    road = {"type": "LineString", "coordinates": [[115.6, 33.155], [115.65, 33.155]]}
    line.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": road}), encoding="utf-8")
    asked = {
        ("within", "--project", PUBLIC_CODE, "--layers", "projects,land_parcels"): "parcel_no=DK-0001",
        ("intersects", "--at", "115.615,33.155"): "land_parcels: 1",
        ("nearest", "--project", PUBLIC_CODE, "--layers", "projects"): f"code={PRIVATE_CODE}",
        ("buffer", "500", "--at", "115.609,33.155"): "distance_m=93.",
        ("corridor", str(line), "100"): "from_m=932.",
        ("view", "115.6,33.1,115.7,33.2", "--layers", "farmland"): "farmland: 1",
        ("duplicates", "--layer", "projects"): "0 shown",
        ("change", "2020-01-01", "2030-01-01"): "changed: 2",
        ("summary", "urban_boundary", "land_parcels", "--measure", "area"): "share_percent=100",
    }
    for words, expected in asked.items():
        result = twin("spatial", *words)
        assert result.exit_code == 0, result.output
        assert expected in result.output, (words, result.output)


def test_json_is_geojson_and_pages_go_on(twin: Twin) -> None:
    words = (
        "spatial",
        "within",
        "--project",
        PUBLIC_CODE,
        "--layers",
        "projects,land_parcels",
        "--json",
        "--limit",
        "1",
    )
    first = json.loads(twin(*words).output)
    second = json.loads(twin(*words, "--next", first["next"]).output)
    assert [len(each["features"]) for each in (first, second)] == [1, 1]
    assert second["next"] is None
    assert first["features"][0]["geometry"]["type"] == "MultiPolygon"


@pytest.mark.parametrize(
    "words",
    [
        ("within",),
        ("within", "--at", "here"),
        ("within", "--at", "33,115"),
        ("within", "--project", "none"),
        ("corridor", "nowhere.geojson", "10"),
        ("change", "..", ".."),
    ],
)
def test_a_wrong_question_ends_with_a_message_and_no_traceback(twin: Twin, words: tuple[str, ...]) -> None:
    result = twin("spatial", *words)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
