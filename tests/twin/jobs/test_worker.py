"""A real worker process under fire: killed, paused, cut off, told to stop."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import text

from tests.processes import is_gone
from tests.rows import add_project
from twin.alerts.presets import add_shipped_presets
from twin.db import open_session
from twin.elements.revisions import NewModel
from twin.identity.caller import SYSTEM
from twin.jobs import JobStatus, cancel, run_sweeper, status
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom
from twin.projects.models import Project

SEED = 20251031
TRIALS = int(os.environ.get("TWIN_FAULT_TRIALS", "3"))  # how often each fault is tried
PATIENCE_S = 120.0
_WORKER = """
import sys
from pathlib import Path
from twin.jobs.worker import run_worker
from twin.settings import HomeSettings, JobSettings
settings = JobSettings(heartbeat_s=0.4, stale_after_s=2.5, concurrency=2, check_after_publish="", pack_scenes=False)
sys.exit(run_worker(sys.argv[1], HomeSettings(home=Path(sys.argv[2])), settings))
"""

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(room: Workroom) -> Iterator[Start]:
    """Start workers on the room's database; all are gone at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one() -> "subprocess.Popen[bytes]":
        log = (room.home.home / "worker.log").open("ab")
        command = [sys.executable, "-c", _WORKER, room.url, str(room.home.home)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log))
        return started[-1]

    yield start_one
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


@pytest.fixture
def project_id(room: Workroom) -> int:
    """A project to work for; from then on everybody connects as the service role, neither superuser nor owner."""
    with open_session(room.engine) as session:
        add_shipped_presets(session)
        project = add_project(session).id
        name = session.scalar(text("SELECT current_database()"))
        session.execute(text(f'ALTER DATABASE "{name}" SET role TO twin_app'))
    room.engine.dispose()
    return project


def small_model(number: int, walls: int = 40) -> bytes:
    """Write an IFC4 file of some walls (boxes 1 m × 2 m × 3 m in a row) as text, unlike any other number's."""
    lines = [
        "#1=IFCPERSON($,$,$,$,$,$,$,$);",
        "#2=IFCORGANIZATION($,'x',$,$,$);",
        "#3=IFCPERSONANDORGANIZATION(#1,#2,$);",
        "#4=IFCAPPLICATION(#2,'1','test','test');",
        "#5=IFCOWNERHISTORY(#3,#4,$,.ADDED.,$,$,$,1);",
        "#6=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
        "#7=IFCUNITASSIGNMENT((#6));",
        "#8=IFCCARTESIANPOINT((0.,0.,0.));",
        "#9=IFCAXIS2PLACEMENT3D(#8,$,$);",
        "#10=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,#9,$);",
        f"#11=IFCPROJECT('{_guid(number, 0)}',#5,'\\X2\\505C8F66697C\\X0\\',$,$,$,$,(#10),#7);",
        "#12=IFCPROJECTEDCRS('EPSG:4527',$,$,$,$,$,$);",
        f"#13=IFCMAPCONVERSION(#10,#12,39387850.,3653350.,{number}.,1.,0.,1.);",
        "#14=IFCLOCALPLACEMENT($,#9);",
        "#15=IFCRECTANGLEPROFILEDEF(.AREA.,$,#16,1.,2.);",
        "#16=IFCAXIS2PLACEMENT2D(#17,$);",
        "#17=IFCCARTESIANPOINT((0.,0.));",
        "#18=IFCDIRECTION((0.,0.,1.));",
    ]
    step = 100
    for index in range(1, walls + 1):
        lines += [
            f"#{step}=IFCCARTESIANPOINT(({index * 3}.,0.,0.));",
            f"#{step + 1}=IFCAXIS2PLACEMENT3D(#{step},$,$);",
            f"#{step + 2}=IFCLOCALPLACEMENT(#14,#{step + 1});",
            f"#{step + 3}=IFCEXTRUDEDAREASOLID(#15,#9,#18,3.);",
            f"#{step + 4}=IFCSHAPEREPRESENTATION(#10,'Body','SweptSolid',(#{step + 3}));",
            f"#{step + 5}=IFCPRODUCTDEFINITIONSHAPE($,$,(#{step + 4}));",
            f"#{step + 6}=IFCWALL('{_guid(number, index)}',#5,'W{index}',$,$,#{step + 2},#{step + 5},$,$);",
        ]
        step += 10
    head = (
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
        "FILE_NAME('','',(''),(''),'','','');\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n"
    )
    return (head + "\n".join(lines) + "\nENDSEC;\nEND-ISO-10303-21;\n").encode()


def _guid(number: int, index: int) -> str:
    return f"0{number:010d}x{index:010d}"


def _submit(room: Workroom, project_id: int, number: int, walls: int = 40) -> str:
    with room.store.receive() as incoming:
        incoming.write(small_model(number, walls))
        stored = incoming.keep()
    with open_session(room.engine, "test") as session:
        new = NewModel(f"模型{number}", "m.ifc")
        done = submit_model(session, SYSTEM, session.get_one(Project, project_id), new, stored)
    assert done.job_id is not None
    return done.job_id


def _look(room: Workroom, job_id: str) -> JobStatus:
    with open_session(room.engine) as session:
        return status(session, job_id)


def _wait(room: Workroom, job_id: str, wanted: Callable[[JobStatus], bool]) -> JobStatus:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = _look(room, job_id)
        if wanted(found):
            return found
        time.sleep(0.05)
    log = (room.home.home / "worker.log").read_text()[-3000:]
    raise AssertionError(f"still {found} after {PATIENCE_S} s; the worker said:\n{log}")


def _running(found: JobStatus) -> bool:
    return found.state == "running"


def _ended(found: JobStatus) -> bool:
    return not found.is_open


def _sweep(room: Workroom) -> None:
    """Sweep once the silence is long enough, as the supervisor would."""
    time.sleep(room.settings.stale_after_s + 0.2)
    run_sweeper(room.engine, room.settings)


def _wait_sweeping(room: Workroom, job_id: str) -> JobStatus:
    """Wait for the end while sweeping again and again: a lock that a paused worker holds falls after a while."""
    deadline = time.monotonic() + PATIENCE_S
    while _look(room, job_id).is_open and time.monotonic() < deadline:
        _sweep(room)
    return _wait(room, job_id, _ended)


def _scalar(room: Workroom, statement: str) -> int:
    with open_session(room.engine) as session:
        return int(session.scalar(text(statement)) or 0)


def _assert_published_once(room: Workroom, models: int, walls: int = 40) -> None:
    """Each model has one published revision with its elements, nothing is left over."""
    assert _scalar(room, "SELECT count(*) FROM bim_revision WHERE state = 'published'") == models
    assert _scalar(room, "SELECT count(*) FROM bim_model WHERE current_revision_id IS NOT NULL") == models
    assert _scalar(room, "SELECT count(*) FROM bim_element") == models * walls
    assert _scalar(room, "SELECT count(*) FROM element_identity") == models * walls
    _assert_spool_empties(room)


def _assert_spool_empties(room: Workroom) -> None:
    """Nothing is left in the spool; its folder goes a little after the job has ended for all to see."""
    spool = room.home.home / "spool"
    deadline = time.monotonic() + PATIENCE_S
    while spool.exists() and list(spool.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not spool.exists() or list(spool.iterdir()) == []


def _converters(worker: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """List guards, model processes and batch children: what the worker's template has forked.

    Before it starts the template, a worker asks the loader for libraries: a child that is soon gone.
    """
    found = []
    for child in psutil.Process(worker.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            found += child.children(recursive=True)
    return found


def test_a_worker_publishes_a_model_on_the_map(room: Workroom, project_id: int, start: Start) -> None:
    start()
    job_id = _submit(room, project_id, 1)
    ended = _wait(room, job_id, _ended)
    assert (ended.state, ended.verdict and ended.verdict["code"]) == ("succeeded", "ok")
    assert ended.counts == {"IfcWall": 40}
    _assert_published_once(room, 1)
    # By hand: wall 1 stands at local (3, 0), 1 m wide and 2 m deep: E 39387852.5–39387853.5, N 3653349–3653351.
    with open_session(room.engine) as session:
        box = session.execute(
            text("""SELECT ST_XMin(g), ST_YMin(g), ST_XMax(g), ST_YMax(g), ST_SRID(g), z_min_m, z_max_m, area_m2
              FROM (SELECT geom_survey AS g, * FROM bim_element WHERE name = 'W1') e""")
        ).one()
    expected = (39387852.5, 3653349.0, 39387853.5, 3653351.0, 4527, 1.0, 4.0)
    assert tuple(box[:7]) == pytest.approx(expected, abs=1e-6)
    assert box[7] == pytest.approx(2.0, rel=1e-6)


def test_a_worker_told_to_stop_gives_its_job_back_and_exits_cleanly(
    room: Workroom, project_id: int, start: Start
) -> None:
    worker = start()
    job_id = _submit(room, project_id, 1)
    _wait(room, job_id, _running)
    converter = _frozen_converter(worker)
    worker.terminate()
    assert worker.wait(20) == 0
    assert _look(room, job_id).state == "queued"
    assert [process for process in converter if _lives(process)] == []
    start()
    assert _wait(room, job_id, _ended).state == "succeeded"
    _assert_published_once(room, 1)
    assert _scalar(room, "SELECT crashes FROM job_run") == 0


def test_a_worker_ends_when_the_pipe_from_its_parent_closes(room: Workroom, start: Start) -> None:
    worker = start()
    time.sleep(1.0)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(20) == 0


@pytest.mark.faults
def test_a_worker_exits_with_an_error_when_its_database_goes_away(
    room: Workroom, server_url: str, start: Start
) -> None:
    worker = start()
    deadline = time.monotonic() + PATIENCE_S
    while not _scalar(room, "SELECT count(*) FROM procrastinate_workers") and time.monotonic() < deadline:
        time.sleep(0.1)
    name = room.url.partition("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(name)))
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        assert worker.wait(PATIENCE_S) == 1
        server.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(Identifier(name)))


@pytest.mark.faults
def test_killing_workers_at_random_moments_leads_to_one_publication_each(
    room: Workroom, project_id: int, start: Start
) -> None:
    chance = random.Random(SEED)
    for number in range(1, TRIALS + 1):
        worker = start()
        job_id = _submit(room, project_id, number)
        _wait(room, job_id, lambda found: found.attempt > 0)
        time.sleep(chance.uniform(0.0, 1.2))
        worker.kill()
        worker.wait()
        _sweep(room)
        heir = start()
        assert _wait(room, job_id, _ended).state == "succeeded"
        heir.terminate()
        heir.wait()
    _assert_published_once(room, TRIALS)


@pytest.mark.faults
def test_killing_the_converter_at_random_moments_leads_to_one_publication_each(
    room: Workroom, project_id: int, start: Start
) -> None:
    chance = random.Random(SEED)
    worker = start()
    for number in range(1, TRIALS + 1):
        job_id = _submit(room, project_id, number)
        _wait(room, job_id, lambda found: found.attempt > 0)
        time.sleep(chance.uniform(0.0, 0.8))
        _kill(_converters(worker)[:1])
        ended = _wait(room, job_id, _ended)
        assert (ended.state, worker.poll()) == ("succeeded", None)
    _assert_published_once(room, TRIALS)


@pytest.mark.faults
def test_a_paused_worker_that_wakes_publishes_nothing(room: Workroom, project_id: int, start: Start) -> None:
    chance = random.Random(SEED)
    for number in range(1, TRIALS + 1):
        zombie = start()
        job_id = _submit(room, project_id, number)
        _wait(room, job_id, lambda found: found.attempt > 0)
        time.sleep(chance.uniform(0.0, 0.8))
        zombie.send_signal(signal.SIGSTOP)
        _sweep(room)
        heir = start()
        first = _wait_sweeping(room, job_id)
        zombie.send_signal(signal.SIGCONT)
        time.sleep(2.0)
        assert _look(room, job_id) == first
        for process in (zombie, heir):
            process.terminate()
            process.wait()
    _assert_published_once(room, TRIALS)


@pytest.mark.faults
def test_a_model_that_kills_its_converter_is_quarantined_and_the_queue_flows_on(
    room: Workroom, project_id: int, start: Start
) -> None:
    worker = start()
    poison = _submit(room, project_id, 1, walls=400)  # enough of them to be caught at work each time
    deadline = time.monotonic() + PATIENCE_S
    while _look(room, poison).is_open and time.monotonic() < deadline:
        _kill(_converters(worker))
        time.sleep(0.02)
    ended = _look(room, poison)
    assert (ended.state, ended.attempt) == ("quarantined", 3)
    assert ended.verdict is not None
    sound = _submit(room, project_id, 2)
    assert _wait(room, sound, _ended).state == "succeeded"
    _assert_published_once(room, 1)
    assert _scalar(room, "SELECT count(*) FROM bim_revision WHERE state = 'failed'") == 1


def test_cancelling_ends_the_converter_and_leaves_only_the_report(
    room: Workroom, project_id: int, start: Start
) -> None:
    worker = start()
    job_id = _submit(room, project_id, 1)
    _wait(room, job_id, lambda found: found.attempt > 0)
    _frozen_converter(worker)
    with open_session(room.engine) as session:
        cancel(session, job_id, "王五")
    deadline = time.monotonic() + PATIENCE_S
    while _converters(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _converters(worker) == []
    assert _look(room, job_id).state == "cancelled"
    assert _scalar(room, "SELECT count(*) FROM bim_element") == 0
    assert _scalar(room, "SELECT count(*) FROM bim_revision WHERE state = 'failed'") == 1
    _assert_spool_empties(room)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _frozen_converter(worker: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """Wait for the converter (a guard and the process it watches) and keep it from finishing."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = _converters(worker)
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in found:
                process.suspend()
        if len(found) >= 2:
            return found
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in found:
                process.resume()
        time.sleep(0.02)
    raise AssertionError("no converter was started")


def _lives(process: psutil.Process) -> bool:
    """Tell whether a process still runs; a dead one that nobody has asked after does not."""
    return process.is_running() and not is_gone(process.pid)
