"""Large files are read by a job: the answers point to it, wait for it, and say what came of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import Doors, open_doors
from tests.api.importing import UPLOADS, boundary_text, imported, rows, send, work
from tests.api.seeding import seed

TEXT = boundary_text(("CB-1", "城东一号", 1.0), ("CB-2", "城东二号", 1.0)).encode("gb18030")


@pytest.fixture
def slow_doors(clone_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """An application to which every file is large, and which waits for nothing."""
    monkeypatch.setenv("TWIN_READ_JOB_MB", "0")
    monkeypatch.setenv("TWIN_READ_WAIT_S", "0")
    yield from open_doors(seed(clone_url), tmp_path)


def _sent(doors: Doors, content: bytes) -> tuple[str, str]:
    """Send a file; return its address and the job that reads it."""
    answer = send(doors, "大文件.txt", content)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["state"], answer.headers["Location"]) == ("reading", told["preview"])
    return f"{UPLOADS}/{told['upload_id']}", told["job_id"]


def test_a_large_file_is_read_by_a_job_that_every_answer_points_to(slow_doors: Doors, tmp_path: Path) -> None:
    address, job = _sent(slow_doors, TEXT)
    waiting = slow_doors.get(f"{address}/preview", "planner")
    assert (waiting.status_code, waiting.json()["state"]) == (202, "reading")
    assert waiting.headers["Location"] == f"/api/v1/jobs/{job}"
    assert int(waiting.headers["Retry-After"]) > 0
    early = slow_doors.request("POST", f"{address}/import", "planner", json={"layer": "land_parcels"})
    assert early.status_code == 409
    assert job in early.json()["detail"]
    assert work(slow_doors, tmp_path, job)["state"] == "succeeded"
    preview = slow_doors.get(f"{address}/preview", "planner")
    assert preview.status_code == 200
    assert [each["properties"]["name"] for each in preview.json()["features"]] == ["城东一号", "城东二号"]
    assert imported(slow_doors, tmp_path, address.rsplit("/", 1)[1], "land_parcels")["added"] == 2
    assert rows(slow_doors, "SELECT count(*) FROM job_run WHERE kind = 'read_file'") == [(1,)]


def test_a_large_file_in_which_nothing_can_be_used_says_so_at_its_preview(
    slow_doors: Doors, tmp_path: Path
) -> None:
    address, job = _sent(slow_doors, "这里没有坐标".encode())
    ended = work(slow_doors, tmp_path, job)
    assert (ended["state"], ended["verdict"]["code"]) == ("failed", "unreadable")
    for _ in range(2):
        preview = slow_doors.get(f"{address}/preview", "planner")
        assert preview.status_code == 422
        assert preview.json()["errors"][0]["message"]
    assert rows(slow_doors, "SELECT count(*) FROM job_run WHERE kind = 'read_file'") == [(1,)]


def test_other_choices_wait_their_turn_and_a_cancelled_reading_begins_again(
    slow_doors: Doors, tmp_path: Path
) -> None:
    address, job = _sent(slow_doors, TEXT)
    busy = slow_doors.request("PATCH", address, "planner", json={"zone": 38})
    assert busy.status_code == 409
    assert slow_doors.request("DELETE", f"/api/v1/jobs/{job}", "planner").status_code == 200
    assert slow_doors.get(f"{address}/preview", "planner").status_code == 409
    again = slow_doors.request("PATCH", address, "planner", json={})
    assert again.status_code == 202
    assert again.json()["job_id"] != job
    assert work(slow_doors, tmp_path, again.json()["job_id"])["state"] == "succeeded"
    assert slow_doors.get(f"{address}/preview", "planner").status_code == 200


def test_nobody_else_learns_of_the_reading(slow_doors: Doors) -> None:
    address, _ = _sent(slow_doors, TEXT)
    assert slow_doors.get(f"{address}/preview", "division").status_code == 404
