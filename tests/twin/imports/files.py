"""Files on their way into layers without a door: uploaded, read, and asked to be imported."""

import asyncio
import math
from pathlib import Path
from typing import Any

import psycopg

from tests.api.importing import boundary_text
from twin.db import for_psycopg, open_session
from twin.identity.caller import Caller
from twin.imports.reading import read_for_import
from twin.jobs.submit_import import submit_import
from twin.jobs.workroom import Workroom
from twin.settings import ReadSettings
from twin.uploads.read import ReadingRoom
from twin.uploads.take import take_upload
from twin.uploads.uploads import UploadPolicy

POLICY = UploadPolicy(2_000_000_000, 3_600)


def planner(login: str = "planner") -> Caller:
    """Return a planner who is nowhere in the database."""
    return Caller(user_id=1, login=login, display_name=login, roles=frozenset({"planner"}))


def reading_room(room: Workroom) -> ReadingRoom:
    """Return what readings of a workroom's files work with."""
    return ReadingRoom(room.engine, room.store, room.home, ReadSettings(), asyncio.Semaphore(2))


def uploaded(room: Workroom, caller: Caller, file: Path) -> str:
    """Upload and read a file; return its token."""
    stored = room.store.add_file(file)
    with open_session(room.engine, actor=caller.login) as session:
        token = take_upload(session, caller, stored, file.name, {}, POLICY)
    asyncio.run(read_for_import(reading_room(room), caller, token))
    return token


def submitted(room: Workroom, caller: Caller, token: str, layer: str = "land_parcels") -> str:
    """Ask for an import; return its job."""
    with open_session(room.engine, actor=caller.login) as session:
        return submit_import(session, caller, token, layer).job_id


def parcels(folder: Path, count: int, name: str = "勘测.txt") -> Path:
    """Write a boundary-point TXT of so many small parcels."""
    file = folder / name
    numbers = [(f"CB-{n:05d}", f"地块{n}", 0.0001) for n in range(count)]
    file.write_bytes(boundary_text(*numbers, side_m=1.0).encode("gb18030"))
    return file


def round_parcels(folder: Path, count: int, points: int) -> Path:
    """Write a boundary-point TXT of round parcels with many points each, on a grid of 100 m."""
    file = folder / "大文件.txt"
    lines = ["[属性描述]", "坐标系=2000国家大地坐标系", "几度分带=3", "带号=39", "[地块坐标]"]
    turns = [2 * math.pi * n / points for n in range(points)]
    for n in range(count):
        x, y = 39_371_200.0 + n % 70 * 100, 3_671_300.0 + n // 70 * 100
        lines.append(f"{points + 1},,CB-{n:05d},地块{n},面,,工业用地,0601,@")
        ring = [
            f"J{k},1,{y + 40 * math.cos(turn):.3f},{x + 40 * math.sin(turn):.3f}"
            for k, turn in enumerate(turns, 1)
        ]
        lines += [*ring, ring[0]]
    file.write_bytes("\r\n".join(lines).encode("gb18030"))
    return file


def asked(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Read from a database."""
    with psycopg.connect(for_psycopg(url)) as connection:
        return connection.execute(sql.encode()).fetchall()
