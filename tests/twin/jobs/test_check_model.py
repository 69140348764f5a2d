"""Checks as jobs: those that follow a publication by themselves, and one that is killed or lost."""

import asyncio
import contextlib
import dataclasses
import os
import signal
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select, text

from tests.bim.checks.parts import WALL, write
from tests.rows import add_project
from twin.alerts.presets import add_shipped_presets
from twin.checks.models import ModelCheck
from twin.checks.runs import NewCheck
from twin.db import open_session
from twin.elements.models import BimModel
from twin.elements.revisions import NewModel
from twin.identity.caller import SYSTEM
from twin.jobs import cancel, status
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.submit_check import submit_check
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom


@pytest.fixture
def published(room: Workroom, tmp_path: Path) -> int:
    """A published model of one wall, by a worker that asks for no checks of its own."""
    return publish(with_checks(room, ""), tmp_path)


def with_checks(room: Workroom, kinds: str) -> Workroom:
    return dataclasses.replace(room, settings=room.settings.model_copy(update={"check_after_publish": kinds}))


def publish(room: Workroom, folder: Path) -> int:
    stored = room.store.add_file(write(folder / "wall.ifc", [WALL]))
    with open_session(room.engine) as session:
        add_shipped_presets(session)
        project = add_project(session)
        submitted = submit_model(session, SYSTEM, project, NewModel("结构", "wall.ifc"), stored)
    assert submitted.job_id is not None
    asyncio.run(run_job(room, KINDS, submitted.job_id))
    with open_session(room.engine) as session:
        assert status(session, submitted.job_id).state == "succeeded"
    return submitted.model_id


def ask(room: Workroom, model_id: int, again: bool = False) -> str:
    with open_session(room.engine) as session:
        revision_id = session.get_one(BimModel, model_id).current_revision_id
        check = submit_check(session, SYSTEM, model_id, revision_id, NewCheck("schema", again=again)).check
        assert check.job_id is not None
        return check.job_id


def kinds_of(room: Workroom) -> list[str]:
    with open_session(room.engine) as session:
        return list(session.scalars(select(ModelCheck.kind).order_by(ModelCheck.number)))


@pytest.mark.parametrize(
    ("setting", "expected"), [("ids", ["ids"]), ("schema, ids", ["schema", "ids"]), ("", [])]
)
def test_a_publication_is_followed_by_the_checks_of_the_setting(
    room: Workroom, tmp_path: Path, setting: str, expected: list[str]
) -> None:
    publish(with_checks(room, setting), tmp_path)
    assert kinds_of(room) == expected


def test_a_check_ends_with_its_result_and_leaves_no_folder(room: Workroom, published: int) -> None:
    job_id = ask(room, published)
    asyncio.run(run_job(room, KINDS, job_id))
    with open_session(room.engine) as session:
        ended = status(session, job_id)
        check = session.scalars(select(ModelCheck)).one()
        assert (ended.state, ended.verdict and ended.verdict["code"]) == ("succeeded", check.outcome)
        assert check.summary is not None
        assert {group["key"] for group in check.summary["groups"]} >= {"GRF003", "TWIN001"}
    assert list((room.home.home / "spool").iterdir()) == []


def test_a_cancelled_check_is_killed_and_publishes_nothing(room: Workroom, published: int) -> None:
    job_id = ask(room, published)

    async def run_and_cancel() -> None:
        work = asyncio.create_task(run_job(room, KINDS, job_id))
        child = await _child()
        with open_session(room.engine) as session:
            cancel(session, job_id)
        await work
        assert not child.is_running()

    asyncio.run(run_and_cancel())
    with open_session(room.engine) as session:
        assert status(session, job_id).state == "cancelled"
        assert session.scalar(text("SELECT count(*) FROM check_result")) == 0
    assert list((room.home.home / "spool").iterdir()) == []


def test_a_check_killed_from_outside_is_tried_again(room: Workroom, published: int) -> None:
    job_id = ask(room, published)

    async def run_and_kill() -> None:
        work = asyncio.create_task(run_job(room, KINDS, job_id))
        child = await _child()
        for each in [*child.children(recursive=True), child]:
            with contextlib.suppress(ProcessLookupError):  # its own child, ended by now
                os.kill(each.pid, signal.SIGKILL)
        await work

    asyncio.run(run_and_kill())
    with open_session(room.engine) as session:
        assert (status(session, job_id).state, status(session, job_id).attempt) == ("queued", 1)
    asyncio.run(run_job(room, KINDS, job_id))
    with open_session(room.engine) as session:
        assert status(session, job_id).state == "succeeded"
        assert session.scalar(text("SELECT count(*) FROM model_check WHERE finished_at IS NOT NULL")) == 1


async def _child() -> psutil.Process:
    """Wait for the process of the check."""
    for _ in range(600):
        for each in psutil.Process().children():
            with contextlib.suppress(psutil.NoSuchProcess):  # another child, ended and not reaped yet
                if "bim.checks.child" in " ".join(each.cmdline()):
                    return each
        await asyncio.sleep(0.02)
    raise AssertionError("no check was started")
