"""A placement by hand through the ingest job: later revisions are converted under it, and ask again when they moved."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.bim.ifc_text import Sheet, write
from tests.rows import add_project
from twin.db import open_session
from twin.elements.placement import place_model
from twin.elements.position import GivenPlace
from twin.elements.revisions import NewModel
from twin.identity.caller import SYSTEM
from twin.jobs import status
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom
from twin.projects.models import Project

EAST, NORTH = 39_387_800.0, 3_653_300.0


def _text(east: float, walls: int) -> str:
    lines = [
        "#90=IFCPROJECTEDCRS('EPSG:4527',$,$,$,$,$,#91);",
        "#91=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
        f"#92=IFCMAPCONVERSION(#10,#90,{east},{NORTH + 20},20.,1.,0.,$);",
    ]
    return Sheet(walls=walls, project_extra=lines).text()


@pytest.fixture
def project_id(room: Workroom) -> int:
    with open_session(room.engine, actor="test") as session:
        return add_project(session).id


def _ingest(room: Workroom, folder: Path, project_id: int, text_: str) -> dict[str, Any]:
    """Take a revision in, as a worker does, and return its verdict."""
    stored = room.store.add_file(write(folder / "楼.ifc", text_), 10_000_000)
    with open_session(room.engine, actor="test") as session:
        done = submit_model(
            session, SYSTEM, session.get_one(Project, project_id), NewModel("楼", "楼.ifc"), stored
        )
    assert done.job_id is not None
    asyncio.run(run_job(room, KINDS, done.job_id))
    with open_session(room.engine) as session:
        ended = status(session, done.job_id)
    assert ended.state == "succeeded", ended.verdict
    assert ended.verdict is not None
    return {**ended.verdict["detail"], "code": ended.verdict["code"], "message": ended.verdict["message"]}


def test_later_revisions_are_converted_under_the_placement_and_ask_again_when_their_file_moved(
    room: Workroom, tmp_path: Path, project_id: int
) -> None:
    first = _ingest(room, tmp_path, project_id, _text(EAST + 20, 2))
    with open_session(room.engine, actor="planner") as session:
        place_model(
            session, SYSTEM, first["model_id"], GivenPlace("EPSG:4527", "复测", EAST + 100, NORTH + 75)
        )
    same = _ingest(room, tmp_path, project_id, _text(EAST + 20, 3))
    assert not [each for each in same["warnings"] if "placement by hand" in each]
    moved = _ingest(room, tmp_path, project_id, _text(EAST + 60, 4))
    asked = [each for each in moved["warnings"] if "differs from that of revision 2" in each]
    assert len(asked) == 1
    with open_session(room.engine) as session:
        row = session.execute(
            text("""SELECT r.number, r.georeference ->> 'method' AS method, r.georeference -> 'file' ->> 'crs' AS crs,
              (r.georeference #>> '{origin,e}')::float8 AS east, (r.georeference #>> '{file,origin,e}')::float8 AS said,
              r.warnings FROM bim_model m JOIN bim_revision r ON r.id = m.current_revision_id""")
        ).one()
    assert tuple(row)[:5] == (3, "placed_by_hand", "EPSG:4527", EAST + 100, EAST + 60)
    assert asked[0] in row.warnings


def test_a_model_without_a_place_is_on_the_map_once_its_next_revision_comes_under_a_placement(
    room: Workroom, tmp_path: Path, project_id: int
) -> None:
    plain = _ingest(room, tmp_path, project_id, Sheet(walls=2).text())
    assert (plain["code"], plain["on_map"]) == ("no_position", 0)
    with open_session(room.engine, actor="planner") as session:
        place_model(
            session, SYSTEM, plain["model_id"], GivenPlace("EPSG:4527", "复测", EAST + 100, NORTH + 75)
        )
    again = _ingest(room, tmp_path, project_id, Sheet(walls=3).text())
    assert (again["code"], again["on_map"]) == ("ok", 3)
