"""Files of jobs that publish nothing: they go again, and never those that a row names."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bim.scene.results import read_scene, tile_path
from tests.bim.ifc_text import Sheet, write
from tests.rows import add_project
from twin.db import make_engine, open_session
from twin.elements.revisions import NewModel, record_object
from twin.elements.scene import KeptScene, keep_scene
from twin.identity.caller import SYSTEM
from twin.jobs import ingest_model, run_sweeper, status
from twin.jobs.execute import run_job
from twin.jobs.keeping import Add, discard_unnamed, keeping
from twin.jobs.kinds import KINDS
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom
from twin.objects import ObjectStore, Stored
from twin.projects.models import Project


def _keep(store: ObjectStore, content: bytes) -> Stored:
    with store.receive() as incoming:
        incoming.write(content)
        return incoming.keep()


def _lying(room: Workroom) -> set[str]:
    return {each.sha256 for each in room.store.iter_objects()}


def _named(room: Workroom) -> set[str]:
    with open_session(room.engine) as session:
        return set(session.scalars(text("SELECT sha256 FROM stored_object")))


def _submit(room: Workroom, folder: Path) -> str:
    stored = room.store.add_file(write(folder / "楼.ifc", Sheet(walls=3).text()))
    with open_session(room.engine, actor="test") as session:
        project = session.get_one(Project, add_project(session).id)
        done = submit_model(session, SYSTEM, project, NewModel("楼", "楼.ifc"), stored)
    assert done.job_id is not None
    return done.job_id


def test_what_no_transaction_named_goes_again(room: Workroom, tmp_path: Path) -> None:
    known = _keep(room.store, b"known")
    with open_session(room.engine) as session:
        record_object(session, known)
    for name in ("known", "new"):
        (tmp_path / name).write_text(name)

    def bring_and_fail() -> None:
        with keeping(room.engine, room.store) as add:
            brought = [add(tmp_path / "known"), add(tmp_path / "new")]
            assert _lying(room) == {each.sha256 for each in brought}
            raise RuntimeError("no publication")

    with pytest.raises(RuntimeError, match="no publication"):
        bring_and_fail()
    assert _lying(room) == _named(room) == {known.sha256}


def test_what_a_transaction_named_stays(room: Workroom, tmp_path: Path) -> None:
    (tmp_path / "图纸").write_text("图纸", encoding="utf-8")
    with keeping(room.engine, room.store) as add, open_session(room.engine) as session:
        record_object(session, add(tmp_path / "图纸"))
    assert _lying(room) == _named(room) != set()


def test_what_is_named_at_this_moment_stays(room: Workroom) -> None:
    stored = _keep(room.store, b"two bring it")
    removed: list[int] = []
    with open_session(room.engine) as session:
        record_object(session, stored)
        session.flush()
        discarding = threading.Thread(
            target=lambda: removed.append(discard_unnamed(room.engine, room.store, [stored.sha256]))
        )
        discarding.start()
        discarding.join(0.5)
        assert discarding.is_alive()  # it waits for this row
    discarding.join(10)
    assert removed == [0]
    assert _lying(room) == _named(room) == {stored.sha256}


def test_without_a_database_the_files_are_left_to_the_collection(room: Workroom) -> None:
    stored = _keep(room.store, b"left")
    away = make_engine("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    assert discard_unnamed(away, room.store, [stored.sha256]) == 0
    assert room.store.has(stored.sha256)


def test_attempt_that_is_lost_before_it_publishes_leaves_no_tiles(
    room: Workroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_run: Callable[..., None]
) -> None:
    job = _submit(room, tmp_path)
    source = _lying(room)
    tiles: list[int] = []

    def keep_and_lose(store: ObjectStore, spool: Path, add: Add | None = None) -> KeptScene:
        kept = keep_scene(store, spool, add)
        tiles.append(len(_lying(room) - source))
        set_run(job, "token = gen_random_uuid()")
        return kept

    monkeypatch.setattr(ingest_model, "keep_scene", keep_and_lose)
    asyncio.run(run_job(room, KINDS, job))
    assert tiles == [1]
    assert _lying(room) == source
    monkeypatch.undo()
    set_run(job, "heartbeat_at = now() - interval '1 hour'")
    assert run_sweeper(room.engine, room.settings).requeued == (job,)
    asyncio.run(run_job(room, KINDS, job))
    with open_session(room.engine) as session:
        assert status(session, job).state == "succeeded"
    assert _lying(room) == _named(room) > source


def test_attempt_that_fails_while_it_brings_tiles_leaves_none(
    room: Workroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _submit(room, tmp_path)
    source = _lying(room)
    brought: list[Stored] = []

    def keep_and_fail(store: ObjectStore, spool: Path, add: Add | None = None) -> KeptScene:
        assert add is not None
        brought.append(add(tile_path(spool, read_scene(spool).tiles[0].sha256)))
        raise FileNotFoundError(spool)

    monkeypatch.setattr(ingest_model, "keep_scene", keep_and_fail)
    asyncio.run(run_job(room, KINDS, job))
    with open_session(room.engine) as session:
        assert status(session, job).state == "queued"
    assert len(brought) == 1
    assert _lying(room) == source
