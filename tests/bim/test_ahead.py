"""Work that has begun before it is allowed counts if the check passes, and leaves nothing behind if not."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bim.job import ConversionJob, write_job
from bim.runner import run_conversion_blocking
from tests.bim.ifc_text import Sheet, write
from tests.processes import is_gone

_BEGIN = """
import os, signal, sys, time
from bim.ahead import go_ahead
def die(): os.kill(os.getpid(), signal.SIGSEGV)
def fail(): raise ValueError("work")
def refuse(): time.sleep(0.3); raise KeyError("check")
def allow(): time.sleep(0.3); return [1, 2]
def sleep(): time.sleep(60)
print(os.getpid(), flush=True)
try:
    checked, done = go_ahead(WORK, CHECK, lifeline=0)
    print("checked", checked, flush=True)
    print("done", done(), flush=True)
except Exception as error:
    print(type(error).__name__, error, flush=True)
    sys.exit(3)
sys.exit(7)
"""


@contextmanager
def _begun(work: str, check: str) -> Iterator["subprocess.Popen[str]"]:
    script = _BEGIN.replace("WORK", work).replace("CHECK", check)
    command = [sys.executable, "-c", script]
    # A session of its own: the watching process kills its whole group when the lifeline closes.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        yield process


def _told(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    process.wait(20)
    return lines[1:]


def test_work_counts_when_the_check_has_passed() -> None:
    with _begun("lambda: 6 * 7", "allow") as process:
        assert _told(process) == ["checked [1, 2]", "done 42"]
        assert process.returncode == 7


def test_what_the_work_raised_comes_when_it_is_asked_for() -> None:
    with _begun("fail", "allow") as process:
        assert _told(process) == ["checked [1, 2]", "ValueError work"]
        assert process.returncode == 3


@pytest.mark.parametrize("work", ["lambda: 1", "fail", "die", "sleep"])
def test_a_check_that_fails_comes_first_whatever_became_of_the_work(work: str) -> None:
    with _begun(work, "refuse") as process:
        assert _told(process) == ["KeyError 'check'"]
        assert process.returncode == 3


@pytest.mark.faults
def test_work_that_died_ends_this_process_in_the_same_way() -> None:
    with _begun("die", "allow") as process:
        assert _told(process) == []
        assert process.returncode == -signal.SIGSEGV


@pytest.mark.faults
@pytest.mark.parametrize("check", ["allow", "sleep"])
def test_nothing_is_left_when_the_lifeline_closes_or_the_watching_process_dies(check: str) -> None:
    with _begun("sleep", check) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        first = int(process.stdout.readline())
        (child,) = _children(first)
        if check == "allow":
            process.stdin.close()
        else:
            process.kill()
        assert process.wait(20) == -signal.SIGKILL
        deadline = time.monotonic() + 20
        while not is_gone(child) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert is_gone(child)


def _children(process: int) -> list[int]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := [each.pid for each in psutil.Process(process).children()]:
            return found
        time.sleep(0.01)
    raise AssertionError("no child was forked")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("#33=IFCAXIS2PLACEMENT3D(#32,$,$);", "#33=IFCAXIS2PLACEMENT3D(#32,$,$"),
        lambda text: text.replace("#31=IFCLOCALPLACEMENT(#21,#33);", "#31=IFCLOCALPLACEMENT(#31,#33);"),
        lambda text: text.replace("IFCSITE(", "IFCNONESUCH("),
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("FILE_SCHEMA(('IFC4'))", "FILE_SCHEMA(('IFC9'))"),
    ],
    ids=["open-instance", "placed-on-itself", "unknown-class", "half", "unknown-schema"],
)
def test_a_spoilt_file_has_the_verdict_it_has_with_one_process(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    source = write(tmp_path / "坏.ifc", spoil(Sheet(walls=150).text()))
    verdicts = []
    for processes in (1, 2):
        job = ConversionJob(source, tmp_path / str(processes), processes=processes)
        verdict = run_conversion_blocking(job).verdict
        verdicts.append((verdict.code, verdict.message_en, verdict.detail.get("entity")))
    assert verdicts[0] == verdicts[1]


_KILLED = """
import os, signal, sys
import bim.convert
def die(*_): os.kill(os.getpid(), int(sys.argv[2]))
bim.convert.write_scene = die
sys.exit(bim.convert.main([sys.argv[1]]))
"""


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_conversion_ends_as_a_fork_of_it_did(tmp_path: Path, number: signal.Signals) -> None:
    """So that it is tried again; a verdict would be for good."""
    source = write(tmp_path / "a.ifc", Sheet(walls=3).text())
    spool = tmp_path / "spool"
    write_job(ConversionJob(source, spool, processes=2))
    command = [sys.executable, "-c", _KILLED, str(spool), str(int(number))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        assert process.wait(60) == -number
    assert not (spool / "verdict.json").exists()
