"""Children are kept running, and none outlives the supervisor however it ends."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.processes import is_gone
from twin.supervisor import Child, Chore, Supervisor, SupervisorError

REPOSITORY = Path(__file__).parents[2]
WRITE_PID = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); "
SLEEP = WRITE_PID + "time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
ENDS_AT_ONCE = WRITE_PID + "sys.exit(3)"

SERVICE = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
from twin.supervisor import Child, Supervisor
code, *files = sys.argv[1:]
children = [Child(f"child-{n}", [sys.executable, "-c", code, file]) for n, file in enumerate(files)]
Supervisor(children).run(lambda: print("ready", flush=True))
print("ended", flush=True)
"""


def silent(_line: str) -> None:
    """Say nothing."""


def python(code: str, file: Path) -> list[str]:
    return [sys.executable, "-c", code, str(file)]


def pids_in(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


Service = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def service() -> Iterator[Service]:
    """Starts a supervisor in a process of its own; whatever the test does, it is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *files: Path) -> "subprocess.Popen[str]":
        started.append(start_service(code, *files))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def start_service(code: str, *files: Path) -> "subprocess.Popen[str]":
    """Start it and wait until its children have said their pids."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE, code, *map(str, files)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    wait_for(lambda: all(pids_in(file) for file in files))
    return process


@pytest.mark.faults
def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    with Supervisor([Child("api", python(SLEEP, file))], say=silent) as supervisor:
        wait_for(lambda: len(pids_in(file)) == 1)
        psutil.Process(pids_in(file)[0]).kill()

        def second() -> bool:
            supervisor.tick()
            return len(pids_in(file)) == 2

        wait_for(second)
        assert is_gone(pids_in(file)[0])
    assert is_gone(pids_in(file)[1])


@pytest.mark.faults
def test_a_child_dies_with_its_guard_and_is_started_again(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    with Supervisor([Child("api", python(SLEEP, file))], say=silent) as supervisor:
        wait_for(lambda: len(pids_in(file)) == 1)
        first = pids_in(file)[0]
        guard = psutil.Process(first).parent()
        assert guard is not None
        guard.kill()
        wait_for(lambda: is_gone(first))

        def second() -> bool:
            supervisor.tick()
            return len(pids_in(file)) == 2

        wait_for(second)


def test_pauses_grow_with_each_quick_death(tmp_path: Path) -> None:
    said: list[str] = []
    with Supervisor(
        [Child("worker", python(ENDS_AT_ONCE, tmp_path / "pids"))], say=said.append
    ) as supervisor:

        def three() -> bool:
            supervisor.tick()
            return len(said) >= 3

        wait_for(three)
    pauses = [line.split("; again in ")[1].split(" s")[0] for line in said[:3]]
    assert pauses == ["0.2", "0.4", "0.8"]
    assert said[0].startswith("worker: ended with code 3 ")


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_children_and_the_service_cleanly(
    tmp_path: Path, service: Service, number: signal.Signals
) -> None:
    files = [tmp_path / "一", tmp_path / "二"]
    process = service(SLEEP, *files)
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert (out, process.returncode) == ("ended\n", 0)
    assert all(is_gone(pid) for file in files for pid in pids_in(file))


@pytest.mark.faults
def test_kill_9_of_the_supervisor_ends_its_children(tmp_path: Path, service: Service) -> None:
    files = [tmp_path / "一", tmp_path / "二"]
    process = service(SLEEP, *files)
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: all(is_gone(pid) for file in files for pid in pids_in(file)))


@pytest.mark.faults
def test_kill_9_of_the_supervisor_ends_even_a_child_deaf_to_sigterm(tmp_path: Path, service: Service) -> None:
    process = service(STUBBORN, tmp_path / "pids")
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: is_gone(pids_in(tmp_path / "pids")[0]))


@pytest.mark.faults
def test_the_service_stops_when_its_own_parent_is_killed(tmp_path: Path) -> None:
    """A middle process starts the service and is killed; nobody tells the service."""
    file = tmp_path / "pids"
    middle = (
        "import subprocess, sys; "
        f"p = subprocess.Popen([sys.executable, '-c', {SERVICE!r}, {SLEEP!r}, {str(file)!r}], start_new_session=True); "
        "print(p.pid, flush=True); p.wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", middle],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=REPOSITORY,
    ) as parent:
        assert parent.stdout is not None
        service_pid = int(parent.stdout.readline())
        assert parent.stdout.readline() == "ready\n"
        wait_for(lambda: bool(pids_in(file)))
        parent.kill()
        try:
            wait_for(lambda: is_gone(service_pid))
        finally:
            if not is_gone(service_pid):
                psutil.Process(service_pid).kill()
        wait_for(lambda: is_gone(pids_in(file)[0]))


def test_a_child_that_never_gets_ready_is_named(tmp_path: Path) -> None:
    child = Child("api", python(SLEEP, tmp_path / "pids"), is_ready=lambda: False)
    with Supervisor([child], say=silent) as supervisor, pytest.raises(SupervisorError, match="api"):
        supervisor.wait_ready(0.3)


def test_ready_means_that_the_childs_own_check_says_so(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    child = Child("api", python(SLEEP, file), is_ready=lambda: bool(pids_in(file)))
    with Supervisor([child], say=silent) as supervisor:
        assert not supervisor.is_ready()
        supervisor.wait_ready(30)
        assert supervisor.is_ready()


def test_a_child_sees_its_added_environment(tmp_path: Path) -> None:
    file = tmp_path / "said"
    code = "import os, sys; open(sys.argv[1], 'w').write(os.environ['TWIN_SAID'] + os.environ['PATH'][:1])"
    with Supervisor([Child("one", python(code, file), {"TWIN_SAID": "进度"})], say=silent):
        wait_for(lambda: file.exists() and file.read_text() == "进度/")


def test_a_failing_chore_is_told_once_and_goes_on() -> None:
    said: list[str] = []
    runs: list[int] = []

    def fail() -> None:
        runs.append(1)
        raise RuntimeError("数据库无应答")

    with Supervisor([], [Chore("sweeper", 0.01, fail)], say=said.append):
        wait_for(lambda: len(runs) >= 3)
    assert said == ["sweeper: RuntimeError: 数据库无应答"]
