"""What is known before geometry: seen by insiders while the job runs, gone when it ends, never another attempt's."""

import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from tests.rows import add_project
from twin.db import open_session
from twin.elements.growing import GrowingRows
from twin.elements.preview import find_preview, list_preview_elements
from twin.elements.queries import get_model
from twin.elements.revisions import NewModel
from twin.identity.caller import ANONYMOUS, SYSTEM
from twin.jobs import cancel
from twin.jobs.attempt import Attempt, AttemptLostError, claim
from twin.jobs.ingest_model import _stage_preview
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom, open_workroom
from twin.settings import HomeSettings, JobSettings

SUMMARY = {"schema_name": "IFC4", "units": {}, "elements": 3, "counts_by_class": {"IfcWall": 3}, "storeys": [],
           "tree": [], "warnings": []}  # fmt: skip


@pytest.fixture
def room(clone_url: str, tmp_path: Path) -> Any:
    opened = open_workroom(clone_url, HomeSettings(home=tmp_path), JobSettings())
    yield opened
    opened.engine.dispose()


@pytest.fixture
def attempt(room: Workroom) -> Attempt:
    """A claimed job that takes a model in."""
    with room.store.receive() as incoming:
        incoming.write("墙".encode())
        stored = incoming.keep()
    with open_session(room.engine) as session:
        project = add_project(session)
        submitted = submit_model(session, SYSTEM, project, NewModel("停车楼", "a.ifc", None, True), stored)
    assert submitted.job_id is not None
    claimed = claim(room, submitted.job_id)
    assert claimed is not None
    return claimed


def _spool(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    rows = [{"placement": [1.0] * 12, "step_id": n, "global_id": f"g{n}", "ifc_class": "IfcWall", "name": name}
            for n, name in enumerate(names)]  # fmt: skip
    (folder / "preview.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    (folder / "preview.json").write_bytes(orjson.dumps(SUMMARY))
    return folder


def _stage(attempt: Attempt, spool: Path) -> None:
    _stage_preview(attempt, spool, GrowingRows.written(spool / "preview.jsonl"))


def _count(room: Workroom, what: str) -> int:
    with open_session(room.engine) as session:
        return int(session.scalar(text(f"SELECT count(*) FROM {what}")) or 0)


def test_a_preview_is_read_page_by_page_by_insiders_alone(attempt: Attempt, tmp_path: Path) -> None:
    _stage(attempt, _spool(tmp_path / "s", ["外墙,一", '内墙"二', "女儿墙"]))
    with open_session(attempt.room.engine) as session:
        model_id = session.scalar(text("SELECT id FROM bim_model"))
        seen = get_model(session, SYSTEM, model_id)
        found = find_preview(session, seen)
        assert found is not None
        assert (found["revision"], found["summary"]["counts_by_class"]) == (1, {"IfcWall": 3})
        first = list_preview_elements(session, found, 0, 2)
        assert [row["name"] for row in first] == ["外墙,一", '内墙"二', "女儿墙"]  # one more than asked
        rest = list_preview_elements(session, found, first[1]["row_key"], 2)
        assert [(row["name"], row["placement"]) for row in rest] == [("女儿墙", [1.0] * 12)]
        assert find_preview(session, get_model(session, ANONYMOUS, model_id)) is None


def test_a_later_attempt_puts_its_own_in_the_place_of_the_first(attempt: Attempt, tmp_path: Path) -> None:
    _stage(attempt, _spool(tmp_path / "one", ["墙"] * 3))
    _stage(attempt, _spool(tmp_path / "two", ["板"] * 2))
    assert _count(attempt.room, "model_preview") == 1
    assert _count(attempt.room, "model_preview_element WHERE doc ->> 'name' = '板'") == 2
    assert _count(attempt.room, "model_preview_element") == 2


def test_an_attempt_that_lost_its_job_stores_nothing(attempt: Attempt, tmp_path: Path) -> None:
    with open_session(attempt.room.engine) as session:
        session.execute(text("UPDATE job_run SET token = gen_random_uuid()"))
    with pytest.raises(AttemptLostError):
        _stage(attempt, _spool(tmp_path / "s", ["墙"]))
    assert _count(attempt.room, "model_preview") == 0


def test_cancelling_removes_the_preview(attempt: Attempt, tmp_path: Path) -> None:
    _stage(attempt, _spool(tmp_path / "s", ["墙"]))
    with open_session(attempt.room.engine) as session:
        cancel(session, attempt.job_id)
    assert _count(attempt.room, "model_preview") + _count(attempt.room, "model_preview_element") == 0


@pytest.mark.parametrize("begun", [True, False])
def test_a_conversion_that_ends_before_its_rows_are_whole_leaves_no_preview(
    attempt: Attempt, tmp_path: Path, begun: bool
) -> None:
    """Also while the database waits for the next row."""
    spool = _spool(tmp_path / "s", ["墙"] * 5)
    rows = GrowingRows(spool / ("preview.jsonl" if begun else "never.jsonl"))
    threading.Timer(0.3, rows.give_up).start()
    _stage_preview(attempt, spool, rows)
    assert rows.given_up
    assert _count(attempt.room, "model_preview") + _count(attempt.room, "model_preview_element") == 0
    _stage(attempt, spool)  # the connection it used is sound
    assert _count(attempt.room, "model_preview_element") == 5
