"""`twin schedule` and `twin progress`: the same rules as the doors, from the command line."""

import json
from pathlib import Path

import psycopg

from tests.api.cli.test_ingest import CODE, Twin, model, twin  # noqa: F401  fixtures

PLAN = (
    "code,name,start,finish,value\nM01,桩基,2025-01-01,2025-06-30,300\nM02,主体,2025-07-01,2025-12-31,700\n"
)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_schedule_is_previewed_taken_over_and_nothing_new_the_second_time(
    twin: Twin,  # noqa: F811
    tmp_path: Path,
    clone_url: str,
) -> None:
    plan = write(tmp_path / "计划.csv", PLAN)
    preview = twin("schedule", "import", plan, "--project", CODE, "--preview", "--json")
    assert preview.exit_code == 0, preview.output
    assert [row["code"] for row in json.loads(preview.stdout)["new"]] == ["M01", "M02"]
    with psycopg.connect(clone_url) as connection:
        assert connection.execute("SELECT count(*) FROM baseline").fetchone() == (0,)
    first = twin("schedule", "import", plan, "--project", CODE, "--approved-on", "2025-01-01")
    assert (first.exit_code, "基线 1" in first.stdout) == (0, True), first.output
    again = twin("schedule", "import", plan, "--project", CODE)
    assert (again.exit_code, "基线不变" in again.stdout) == (0, True), again.output
    with psycopg.connect(clone_url) as connection:
        rows = connection.execute(
            "SELECT b.approved_on::text, sum(r.weight)::float FROM baseline b JOIN baseline_milestone r ON r.baseline_id = b.id GROUP BY b.id"
        ).fetchall()
    assert rows == [("2025-01-01", 1.0)]


def test_a_faulty_schedule_ends_with_its_place_and_exit_code_one(twin: Twin, tmp_path: Path) -> None:  # noqa: F811
    plan = write(tmp_path / "plan.csv", PLAN.replace("2025-06-30", "2024-06-30"))
    result = twin("schedule", "import", plan, "--project", CODE)
    assert result.exit_code == 1
    assert "line 2" in result.stderr
    preview = twin("schedule", "import", plan, "--project", CODE, "--preview")
    assert (preview.exit_code, "line 2" in preview.stdout) == (1, True)


def test_progress_goes_out_and_comes_back_unchanged(twin: Twin, model: Path, tmp_path: Path) -> None:  # noqa: F811
    assert twin("ingest", str(model), "--project", CODE).exit_code == 0
    table = tmp_path / "progress.csv"
    assert twin("progress", "export", str(table), "--model", "1").exit_code == 0
    lines = table.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 4
    ids = [line.split(",")[0] for line in lines[1:]]
    rows = write(tmp_path / "in.csv", f"global_id,percent\n{ids[0]},40\n{ids[1]},100\nnobody,1\n")
    told = twin("progress", "import", rows, "--model", "1", "--json")
    assert told.exit_code == 1  # one row hits nothing
    assert {name: json.loads(told.stdout)[name] for name in ("updated", "unmatched")} == {
        "updated": 2,
        "unmatched": [["line 4", "nobody"]],
    }
    assert twin("progress", "export", str(table), "--model", "1").exit_code == 0
    back = twin("progress", "import", str(table), "--model", "1", "--json")
    assert back.exit_code == 0, back.output
    assert (json.loads(back.stdout)["updated"], json.loads(back.stdout)["unchanged"]) == (0, 3)
