"""The model process may crash, hang, swell or be killed: its parent lives and says what happened."""

import asyncio
import contextlib
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bim.job import ConversionJob, write_job
from bim.launcher import Template
from bim.limits import ConversionLimits, FileLimits, ProcessLimits
from bim.results import Progress, Verdict, iter_elements
from bim.runner import Outcome, explain_exit, run_conversion, run_conversion_blocking
from tests.bim.ifc_text import Sheet, guid, write

TRUSTING = FileLimits(graph_depth=10**6, profile_vertices=10**6)


def _guilty_wall(representation: str, lines: list[str]) -> list[str]:
    """A wall numbered 5000 with its own kind of solid, contained in the storey."""
    return [
        f"#5000=IFCWALL('{guid(5000)}',$,'坏墙',$,$,#5001,#5004,'BAD',$);",
        "#5001=IFCLOCALPLACEMENT(#41,#8);",
        "#5004=IFCPRODUCTDEFINITIONSHAPE($,$,(#5005));",
        f"#5005=IFCSHAPEREPRESENTATION(#10,'Body','{representation}',(#6000));",
        f"#901=IFCRELCONTAINEDINSPATIALSTRUCTURE('{guid(901)}',$,$,$,(#5000),#40);",
        *lines,
    ]


def _deep_clipping(depth: int) -> list[str]:
    """A box clipped again and again by one plane: the recursion of either kernel ends in a fault."""
    return _guilty_wall(
        "Clipping",
        [
            "#5900=IFCPLANE(#8);",
            "#5901=IFCHALFSPACESOLID(#5900,.T.);",
            *(f"#{6000 + n}=IFCBOOLEANCLIPPINGRESULT(.DIFFERENCE.,#{6001 + n},#5901);" for n in range(depth)),
            f"#{6000 + depth}=IFCEXTRUDEDAREASOLID(#1007,#8,#1008,3.);",
        ],
    )


def _endless_placement(depth: int) -> list[str]:
    """A chain of placements so long that the kernel refuses every list the wall is in."""
    chain = [f"#{6000 + n}=IFCLOCALPLACEMENT(#{6001 + n},#8);" for n in range(depth)]
    wall = f"#5000=IFCWALL('{guid(5000)}',$,'坏墙',$,$,#6000,#1004,'BAD',$);"
    return [wall, *chain, f"#{6000 + depth}=IFCLOCALPLACEMENT($,#5901);", "#5901=IFCPLANE(#8);"]


def _crossing_profile(points: int) -> list[str]:
    """A profile that crosses itself everywhere: a star polygon."""
    step = points * 2 // 5 + 1
    corners = ",".join(
        f"({math.cos(2 * math.pi * n * step / points):.6f},{math.sin(2 * math.pi * n * step / points):.6f})"
        for n in range(points)
    )
    return _guilty_wall(
        "SweptSolid",
        [
            "#6000=IFCEXTRUDEDAREASOLID(#6001,#8,#1008,1.);",
            "#6001=IFCARBITRARYCLOSEDPROFILEDEF(.AREA.,$,#6002);",
            "#6002=IFCINDEXEDPOLYCURVE(#6003,$,.F.);",
            f"#6003=IFCCARTESIANPOINTLIST2D(({corners}),$);",
        ],
    )


def _run(source: Path, spool: Path, **limits: float) -> Outcome:
    process = ProcessLimits(**limits)  # type: ignore[arg-type]
    return run_conversion_blocking(ConversionJob(source, spool, limits=ConversionLimits(TRUSTING, process)))


def _bare_address_mb() -> int:
    code = "import bim.convert, pathlib; print(pathlib.Path('/proc/self/statm').read_text().split()[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout) * os.sysconf("SC_PAGESIZE") // (1024 * 1024)


@pytest.mark.faults
def test_one_wall_that_kills_the_kernel_does_not_lose_the_model(tmp_path: Path) -> None:
    source = write(tmp_path / "a.ifc", Sheet(walls=30, project_extra=_deep_clipping(20_000)).text())
    outcome = _run(source, tmp_path / "spool")
    assert (outcome.verdict.code, outcome.verdict.state) == ("partial", "succeeded")
    rows = {row.step_id: row for row in iter_elements(tmp_path / "spool")}
    guilty = rows[5000]
    assert guilty.geometry_error is not None
    assert (guilty.geometry_error["kind"], guilty.geometry_error["signal"]) == ("crashed", signal.SIGSEGV)
    assert (guilty.name, guilty.fid, guilty.storey_name) == ("坏墙", None, "首层")
    walls = [row for row in rows.values() if row.ifc_class == "IfcWall" and row.step_id != 5000]
    assert len(walls) == 30
    assert all(row.area_m2 == pytest.approx(0.6) for row in walls)
    assert outcome.verdict.detail["without_geometry"][0]["entity"] == 5000


def test_one_wall_with_a_bad_placement_does_not_lose_the_others_of_its_batch(tmp_path: Path) -> None:
    """The kernel refuses the whole list and says so nowhere."""
    source = write(tmp_path / "a.ifc", Sheet(walls=30, project_extra=_endless_placement(2)).text())
    outcome = _run(source, tmp_path / "spool")
    assert outcome.verdict.code == "partial"
    rows = {row.step_id: row for row in iter_elements(tmp_path / "spool")}
    assert rows[5000].geometry_error is not None
    assert rows[5000].geometry_error["kind"] == "empty"
    assert sum(row.fid is not None for row in rows.values()) == 30


@pytest.mark.faults
def test_one_wall_that_never_ends_is_marked_after_its_deadline(tmp_path: Path) -> None:
    source = write(tmp_path / "a.ifc", Sheet(walls=20, project_extra=_crossing_profile(300_000)).text())
    outcome = _run(source, tmp_path / "spool", batch_s=2.0, element_s=0.05)
    assert outcome.verdict.code == "partial"
    rows = {row.step_id: row for row in iter_elements(tmp_path / "spool")}
    error = rows[5000].geometry_error
    assert error is not None
    assert error["kind"] == "time_out"
    assert sum(row.fid is not None for row in rows.values()) == 20


def test_wall_limit_ends_the_whole_group(tmp_path: Path) -> None:
    source = write(tmp_path / "a.ifc", Sheet(walls=3, project_extra=_crossing_profile(300_000)).text())
    outcome = _run(source, tmp_path / "spool", wall_s=4.0, batch_s=600.0)
    assert (outcome.verdict.code, outcome.verdict.state) == ("time_out", "failed")
    assert outcome.last_progress.phase in ("geometry", "attributes", "open", "preflight")
    assert _no_process_of(tmp_path / "spool")


def test_too_little_memory_is_a_verdict(tmp_path: Path) -> None:
    """Opening 27 MB takes some 200 MB; 60 MB above what the bare process has are not enough."""
    source = write(tmp_path / "a.ifc", Sheet(walls=60_000).text())
    outcome = _run(source, tmp_path / "spool", address_mb=_bare_address_mb() + 60)
    assert (outcome.verdict.code, outcome.verdict.state) == ("out_of_memory", "failed"), outcome.verdict


def test_too_little_disk_is_a_verdict(tmp_path: Path) -> None:
    source = write(tmp_path / "a.ifc", Sheet(walls=5_000).text())
    outcome = _run(source, tmp_path / "spool", output_mb=1)
    assert (outcome.verdict.code, outcome.verdict.state) == ("too_big", "failed"), outcome.verdict


async def _start(source: Path, spool: Path) -> tuple["asyncio.Task[Outcome]", int]:
    """Start a conversion and wait until its geometry has begun; return the task and its process group."""
    begun = asyncio.Event()

    async def tell(progress: Progress) -> None:
        if progress.phase == "geometry":
            begun.set()

    limits = ConversionLimits(TRUSTING, ProcessLimits(batch_s=600.0))
    task = asyncio.create_task(run_conversion(ConversionJob(source, spool, limits=limits), tell))
    waiter = asyncio.create_task(begun.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    return task, _leader_of(spool)


def _leader_of(spool: Path) -> int:
    return os.getpgid(_processes_of(spool)[0])


def _processes_of(spool: Path) -> list[int]:
    """List the processes that work in a spool folder: guard, model process, batch children."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and (folder / "cwd").readlink() == spool:
                found.append(int(folder.name))
    return found


def _no_process_of(spool: Path, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not _processes_of(spool):
            return True
        time.sleep(0.05)
    return False


def _endless(tmp_path: Path) -> Path:
    return write(tmp_path / "a.ifc", Sheet(walls=2, project_extra=_crossing_profile(300_000)).text())


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_converter_killed_by_a_signal_is_an_outcome(tmp_path: Path, number: signal.Signals) -> None:
    async def scene() -> Outcome:
        task, leader = await _start(_endless(tmp_path), tmp_path / "spool")
        workers = [pid for pid in _processes_of(tmp_path / "spool") if pid != leader]
        os.kill(min(workers), number)
        return await asyncio.wait_for(task, 60)

    outcome = asyncio.run(scene())
    expected = "out_of_memory" if number == signal.SIGKILL else "crashed"
    assert (outcome.verdict.code, outcome.verdict.state) == (expected, "failed")
    assert outcome.verdict.detail["phase"] == "geometry"
    assert outcome.verdict.detail["signal"] == number
    assert _no_process_of(tmp_path / "spool")


@pytest.mark.faults
def test_cancelling_ends_every_process_within_two_seconds(tmp_path: Path) -> None:
    async def scene() -> float:
        task, _ = await _start(_endless(tmp_path), tmp_path / "spool")
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    assert asyncio.run(scene()) < 2.0
    assert _no_process_of(tmp_path / "spool")


@pytest.mark.faults
def test_converter_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    write_job(
        ConversionJob(
            _endless(tmp_path), spool, limits=ConversionLimits(TRUSTING, ProcessLimits(batch_s=600.0))
        )
    )
    code = (
        "import asyncio, sys; from pathlib import Path; from bim.launcher import Template\n"
        "async def main():\n"
        "    template = Template()\n"
        f"    process = await template.start('convert', Path({str(spool)!r}))\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    end = time.monotonic() + 60
    while len(_processes_of(spool)) < 3:
        assert time.monotonic() < end, "guard, model process and batch child never came up"
        time.sleep(0.1)
    template = _parent_of(_leader_of(spool))
    parent.kill()
    parent.wait()
    assert _no_process_of(spool)
    assert _is_gone(template)


@pytest.mark.faults
def test_a_killed_template_takes_its_models_along_and_the_next_one_gets_a_new_template(
    tmp_path: Path,
) -> None:
    async def scene(template: Template) -> tuple[Outcome, Outcome]:
        job = ConversionJob(_endless(tmp_path), tmp_path / "spool")
        task = asyncio.create_task(run_conversion(job, _ignore, template))
        while len(_processes_of(tmp_path / "spool")) < 2:
            await asyncio.sleep(0.05)
        os.kill(template.number or 0, signal.SIGKILL)
        lost = await asyncio.wait_for(task, 60)
        assert _no_process_of(tmp_path / "spool")
        sound = write(tmp_path / "b.ifc", Sheet(walls=2).text())
        return lost, await run_conversion(ConversionJob(sound, tmp_path / "second"), _ignore, template)

    template = Template()
    lost, sound = asyncio.run(scene(template))
    template.close()
    assert (lost.verdict.code, lost.returncode) == ("crashed", None)
    assert sound.verdict.state == "succeeded"


def test_models_are_forked_from_one_template_that_has_one_thread_and_keeps_no_descriptor(
    tmp_path: Path,
) -> None:
    async def scene(template: Template) -> None:
        source = write(tmp_path / "a.ifc", Sheet(walls=2).text())
        await run_conversion(ConversionJob(source, tmp_path / "0"), _ignore, template)
        number, before = template.number, await _descriptors_when_idle(template)
        ours = await _own_descriptors()
        jobs = [ConversionJob(source, tmp_path / str(each)) for each in range(1, 5)]
        await asyncio.gather(*(run_conversion(job, _ignore, template) for job in jobs))
        assert template.number == number
        assert len(list(Path(f"/proc/{number}/task").iterdir())) == 1
        assert await _descriptors_when_idle(template) == before
        assert await _own_descriptors(ours) <= ours

    template = Template()
    asyncio.run(scene(template))
    number = template.number
    template.close()
    assert number is not None
    assert _is_gone(number)


async def _ignore(_progress: Progress) -> None:
    return


async def _descriptors_when_idle(template: Template) -> int:
    """Count the template's descriptors once it waits for orders: it tells how a process ended, then closes."""
    process = psutil.Process(template.number)
    for _ in range(500):
        if not process.children() and process.status() == psutil.STATUS_SLEEPING:
            break
        await asyncio.sleep(0.01)
    return len(list(Path(f"/proc/{template.number}/fd").iterdir()))


async def _own_descriptors(most: int = 0) -> int:
    """Count our own once no more of them close, which the event loop does a little after a process has ended."""
    fewest = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(50):
        if fewest <= most:
            break
        await asyncio.sleep(0.02)
        fewest = min(fewest, len(list(Path("/proc/self/fd").iterdir())))
    return fewest


def _parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def _is_gone(process: int, seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_missing_source_is_a_verdict_with_a_remedy(tmp_path: Path) -> None:
    outcome = _run(tmp_path / "gone.ifc", tmp_path / "spool")
    assert outcome.verdict.state == "failed"
    assert "Upload it again" in outcome.verdict.message_en


def test_no_verdict_and_no_signal_is_still_explained() -> None:
    found: Verdict = explain_exit(1, Progress("open", 0, 1))
    assert (found.code, found.detail["exit"]) == ("crashed", 1)
    assert "exit code 1" in found.message_en


def test_child_gets_no_secret_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")

    async def scene() -> str:
        task, leader = await _start(_endless(tmp_path), tmp_path / "spool")
        environment = Path(f"/proc/{leader}/environ").read_text()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return environment

    assert "secret" not in asyncio.run(scene())
