"""Tiles packed by a job: bit by bit as the plain ones, kept, shared; and what is said where that cannot be."""

import asyncio
import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.benchmarks.scene_data import Boxes, publish_boxes
from tests.bim.schedules.scheduled_model import write_scheduled_model
from tests.rows import add_project
from twin.alerts.presets import add_shipped_presets
from twin.db import open_session
from twin.elements.packed import list_unpacked
from twin.elements.queries import get_model
from twin.elements.revisions import NewModel
from twin.elements.scene import get_scene, write_tileset
from twin.identity.agency import assign_setting
from twin.identity.caller import SYSTEM
from twin.jobs import pack_scene
from twin.jobs.collect_objects import collect_objects
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.pack_scene import submit_packing
from twin.jobs.packer import Packed, Packer, find_packer, run_packer
from twin.jobs.queue import JobStatus, status
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom
from twin.objects import Stored
from twin.projects.models import Project

WEB = Path(__file__).parents[3] / "web"
COUNT = 40


@pytest.fixture
def project_id(room: Workroom) -> int:
    with open_session(room.engine) as session:
        return int(add_project(session).id)


@pytest.fixture
def boxes(room: Workroom, project_id: int, tmp_path: Path) -> Boxes:
    return publish_boxes(room.engine, room.store, tmp_path / "boxes", project_id, COUNT)


@pytest.fixture
def packer() -> Packer:
    found = find_packer()
    if found is None:
        pytest.skip("no Node, or no built front end: npm run build in web/")
    return found


def _script(folder: Path, lines: str) -> Packer:
    """A program that stands in for Node, run by the shell."""
    node, program = folder / "node", folder / "pack-tiles.mjs"
    node.write_text(f"#!/bin/sh\n{lines}\n")
    node.chmod(0o755)
    program.touch()
    return Packer(str(node), program)


def _pack(room: Workroom, project_id: int, revision_id: int) -> JobStatus:
    with open_session(room.engine) as session:
        job_id = submit_packing(session, project_id, revision_id)
    asyncio.run(run_job(room, KINDS, job_id))
    with open_session(room.engine) as session:
        return status(session, job_id)


def _pairs(room: Workroom, revision_id: int) -> dict[str, str | None]:
    rows = text("SELECT sha256, packed_sha256 FROM bim_scene_tile WHERE revision_id = :id")
    with open_session(room.engine) as session:
        return {row[0]: row[1] for row in session.execute(rows, {"id": revision_id})}


def _judged(*command: str) -> str:
    node = shutil.which("node")
    if node is None or not (WEB / "node_modules" / "gltf-validator").is_dir():
        pytest.skip("the validators are not there: npm ci in web/")
    done = subprocess.run([node, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.usefixtures("packer")
def test_every_bit_of_a_packed_tile_comes_back(
    room: Workroom, project_id: int, boxes: Boxes, tmp_path: Path
) -> None:
    ended = _pack(room, project_id, boxes.revision_id)
    assert ended.state == "succeeded", ended.verdict
    pairs = _pairs(room, boxes.revision_id)
    assert len(pairs) == len(boxes.scene.tiles) == 4
    for kind in ("plain", "packed"):
        (tmp_path / kind).mkdir()
    for plain, packed in pairs.items():
        assert packed is not None
        room.store.fetch(plain, tmp_path / "plain" / f"{plain}.glb")
        room.store.fetch(packed, tmp_path / "packed" / f"{plain}.glb")
    assert len(json.loads(_judged(str(WEB / "checks" / "packed.mjs"), str(tmp_path)))) == 4
    sizes = {
        kind: sum(path.stat().st_size for path in (tmp_path / kind).iterdir()) for kind in ("plain", "packed")
    }
    assert sizes["packed"] < sizes["plain"]
    assert ended.counts == {
        "tiles": 4, "packed": 4, "bytes": sizes["plain"], "packed_bytes": sizes["packed"]
    }  # fmt: skip


@pytest.mark.usefixtures("packer")
def test_validators_find_no_fault_in_packed_tiles_and_read_their_ids(
    room: Workroom, project_id: int, boxes: Boxes, tmp_path: Path
) -> None:
    _pack(room, project_id, boxes.revision_id)
    with open_session(room.engine) as session:
        scene = get_scene(session, get_model(session, SYSTEM, boxes.model_id))
    written = write_tileset(tmp_path / "out", scene, None, room.store, packed=True)
    assert written.size_bytes == sum(tile.packed_bytes or 0 for tile in scene.tiles)
    read = json.loads(_judged(str(WEB / "checks" / "tiles.mjs"), str(tmp_path / "out")))
    fids: list[int] = []
    for tile in read["tiles"].values():
        assert tile["used"] == tile["fids"]
        assert tile["rows"] == list(range(len(tile["fids"])))
        assert tile["globalIds"] == [f"0box{fid:018d}" for fid in tile["fids"]]
        fids += tile["fids"]
    assert sorted(fids) == list(range(COUNT))


@pytest.mark.usefixtures("packer")
def test_packed_tiles_are_needed_as_long_as_their_scene(
    room: Workroom, project_id: int, boxes: Boxes
) -> None:
    _pack(room, project_id, boxes.revision_id)
    names = list(_pairs(room, boxes.revision_id).values())
    _age(room)
    collect_objects(room.engine, room.store, 0)
    assert [name for name in names if not room.store.has(name or "")] == []
    with open_session(room.engine) as session:
        session.execute(text("DELETE FROM bim_scene_tile"))
    collect_objects(room.engine, room.store, 0)
    assert [name for name in names if room.store.has(name or "")] == []


def test_what_another_revision_has_packed_is_taken_over(
    room: Workroom, project_id: int, boxes: Boxes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_scene, "find_packer", lambda: None)
    with open_session(room.engine) as session:
        session.execute(text("UPDATE bim_scene_tile SET packed_sha256 = sha256, packed_bytes = size_bytes"))
    with open_session(room.engine) as session:
        session.execute(text("UPDATE bim_revision SET sha256 = :other"), {"other": _other(room)})
    again = publish_boxes(room.engine, room.store, tmp_path / "again", project_id, COUNT, "另一个模型")
    assert set(_pairs(room, again.revision_id).values()) == {None}
    with open_session(room.engine) as session:
        assert list_unpacked(session, again.revision_id) == []
    ended = _pack(room, project_id, again.revision_id)
    assert ended.counts is not None
    assert (ended.counts["tiles"], ended.counts["packed"]) == (4, 4)
    assert _pairs(room, again.revision_id) == _pairs(room, boxes.revision_id)


def test_without_node_the_tiles_stay_and_the_job_says_so(
    room: Workroom, project_id: int, boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_scene, "find_packer", lambda: None)
    ended = _pack(room, project_id, boxes.revision_id)
    assert ended.state == "succeeded"
    assert ended.verdict is not None
    assert ended.verdict["code"] == "not_packed"
    assert "Node.js" in ended.verdict["message"]
    assert set(_pairs(room, boxes.revision_id).values()) == {None}


def test_a_program_that_fails_leaves_the_plain_tiles_and_its_words(
    room: Workroom, project_id: int, boxes: Boxes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = _script(tmp_path, "echo '瓦片损坏' >&2; exit 1")
    monkeypatch.setattr(pack_scene, "find_packer", lambda: failing)
    ended = _pack(room, project_id, boxes.revision_id)
    assert ended.state == "failed"
    assert ended.verdict is not None
    assert (ended.verdict["code"], ended.verdict["detail"]) == ("pack_failed", {"fault": "瓦片损坏"})
    assert set(_pairs(room, boxes.revision_id).values()) == {None}


def test_a_program_that_was_killed_gets_another_attempt(
    room: Workroom, project_id: int, boxes: Boxes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = _script(tmp_path, "kill -9 $$")
    monkeypatch.setattr(pack_scene, "find_packer", lambda: killed)
    assert _pack(room, project_id, boxes.revision_id).state == "queued"


def test_a_revision_that_is_gone_needs_nothing(room: Workroom, project_id: int) -> None:
    ended = _pack(room, project_id, 987_654)
    assert (ended.state, ended.counts) == (
        "succeeded", {"tiles": 0, "packed": 0, "bytes": 0, "packed_bytes": 0}
    )  # fmt: skip


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    slow = _script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 600")
    assert asyncio.run(run_packer(slow, tmp_path, 1)) == Packed("longer than 1 s")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_program_ends_when_nobody_waits_for_it(packer: Packer, boxes: Boxes, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "packed").mkdir()
    source = tmp_path / "boxes" / "scene" / f"{boxes.scene.tiles[0].sha256}.glb"
    for number in range(3_000):
        (tmp_path / "plain" / f"{number}.glb").hardlink_to(source)
    command = [packer.node, str(packer.program), str(tmp_path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 3
    assert len(list((tmp_path / "packed").iterdir())) < 3_000


def test_no_packer_is_found_without_node_or_without_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = _script(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_packer(there.program) == there
    assert find_packer(tmp_path / "not-built.mjs") is None
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.executable", str(tmp_path / "elsewhere" / "python"))
    assert find_packer(there.program) is None


@pytest.mark.parametrize("wanted", [True, False])
def test_a_publication_asks_for_packing_unless_it_is_told_not_to(
    room: Workroom, project_id: int, tmp_path: Path, wanted: bool
) -> None:
    settings = room.settings.model_copy(update={"pack_scenes": wanted, "check_after_publish": ""})
    asked = dataclasses.replace(room, settings=settings)
    write_scheduled_model(tmp_path / "楼.ifc", "IFC4", storeys=1, walls=2)
    stored = room.store.add_file(tmp_path / "楼.ifc")
    with open_session(room.engine) as session:
        assign_setting(session, "reporting_date", "2025-10-31")
        add_shipped_presets(session)
        project = session.get_one(Project, project_id)
        submitted = submit_model(session, SYSTEM, project, NewModel("楼", "楼.ifc"), stored)
    asyncio.run(run_job(asked, KINDS, submitted.job_id or ""))
    others = text("""SELECT j.kind, j.state, r.state AS revision FROM job_run j
      JOIN bim_revision r ON r.id = (j.payload ->> 'revision_id')::bigint ORDER BY j.created_at, j.kind""")
    with open_session(room.engine) as session:
        found = [tuple(row) for row in session.execute(others)]
    assert found[0] == ("ingest_model", "succeeded", "published")
    assert found[1:] == ([("pack_scene", "queued", "published")] if wanted else [])


def _age(room: Workroom) -> None:
    with open_session(room.engine) as session:
        session.execute(text("UPDATE stored_object SET stored_at = stored_at - interval '1 day'"))


def _other(room: Workroom) -> str:
    stored = Stored("ef" * 32, 1)
    with open_session(room.engine) as session:
        session.execute(
            text("INSERT INTO stored_object (sha256, size_bytes) VALUES (:name, 1)"), {"name": stored.sha256}
        )
    return stored.sha256
