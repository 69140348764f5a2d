"""Walls of the model process that the operating system keeps, and the allocator that is preloaded into it."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bim.allocator import SETTING, find_allocator
from bim.job import ConversionJob
from bim.launcher import Template
from bim.results import Progress
from bim.runner import run_conversion
from tests.bim.ifc_text import Sheet, write

SPIN = """
from bim.limits import ProcessLimits
from bim.process import apply_limits
apply_limits(ProcessLimits(cpu_s=1, nice=0))
while True:
    pass
"""


def test_a_process_out_of_time_ends_by_the_signal_that_says_so() -> None:
    done = subprocess.run([sys.executable, "-c", SPIN], check=False, timeout=60)
    assert done.returncode == -signal.SIGXCPU


@pytest.mark.skipif(find_allocator() is None, reason="mimalloc (apt-get install libmimalloc2.0) is not here")
@pytest.mark.parametrize(("asked", "loaded"), [("mimalloc", True), ("libc", False)])
def test_the_allocator_is_preloaded_unless_it_is_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, loaded: bool
) -> None:
    monkeypatch.setenv(SETTING, asked)
    find_allocator.cache_clear()
    source = write(tmp_path / "a.ifc", Sheet(walls=2).text())
    template = Template()
    try:
        outcome = asyncio.run(run_conversion(ConversionJob(source, tmp_path / "spool"), _ignore, template))
        assert outcome.verdict.state == "succeeded"
        assert ("libmimalloc" in Path(f"/proc/{template.number}/maps").read_text()) is loaded
    finally:
        template.close()
        find_allocator.cache_clear()


async def _ignore(_progress: Progress) -> None:
    return
