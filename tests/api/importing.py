"""Files made for imports, and the worker that a test plays itself."""

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.api.conftest import Doors
from twin.db import for_psycopg
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.workroom import open_workroom
from twin.settings import HomeSettings, JobSettings

UPLOADS = "/api/v1/uploads"
SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "exchange"
SQUARE_X, SQUARE_Y = 39_371_200.0, 3_671_300.0


def boundary_text(*parcels: tuple[str, str, float], side_m: float = 100.0) -> str:
    """Write a boundary-point TXT of squares, side by side: number, name and stated hectares of each."""
    lines = ["[属性描述]", "坐标系=2000国家大地坐标系", "几度分带=3", "计量单位=米", "带号=39", "[地块坐标]"]
    for place, (number, name, hectares) in enumerate(parcels):
        west = SQUARE_X + place * 2 * side_m
        lines.append(f"5,{hectares},{number},{name},面,,工业用地,0601,@")
        corners = [(side_m, 0.0), (side_m, side_m), (0.0, side_m), (0.0, 0.0), (side_m, 0.0)]
        lines += [
            f"J{n},1,{SQUARE_Y + north:.3f},{west + east:.3f}"
            for n, (north, east) in zip((1, 2, 3, 4, 1), corners, strict=True)
        ]
    return "\r\n".join(lines) + "\r\n"


def send(
    doors: Doors, name: str, content: bytes, login: str | None = "planner", **fields: str
) -> httpx.Response:
    """Send a file as a form."""
    return doors.request("POST", UPLOADS, login, files={"file": (name, content)}, data=fields)


def sent(doors: Doors, name: str, content: bytes, login: str = "planner", **fields: str) -> dict[str, Any]:
    """Send a file that can be read, and return what was read."""
    answer = send(doors, name, content, login, **fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def answered(doors: Doors, upload: str, login: str = "planner", **answers: Any) -> dict[str, Any]:
    """Answer questions."""
    answer = doors.request("PATCH", f"{UPLOADS}/{upload}", login, json=answers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ordered(doors: Doors, upload: str, layer: str, login: str = "planner", **more: Any) -> str:
    """Ask for an import; return its job."""
    answer = doors.request("POST", f"{UPLOADS}/{upload}/import", login, json={"layer": layer, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def work(doors: Doors, home: Path, job: str, login: str = "planner") -> dict[str, Any]:
    """Run a job to its end, as a worker would; return what is known of it then."""
    room = open_workroom(doors.seeded.url, HomeSettings(home=home), JobSettings())
    try:
        asyncio.run(run_job(room, KINDS, job))
    finally:
        room.engine.dispose()
    found: dict[str, Any] = doors.get(f"/api/v1/jobs/{job}", login).json()
    return found


def imported(doors: Doors, home: Path, upload: str, layer: str, login: str = "planner") -> dict[str, int]:
    """Import an upload and return its counts."""
    ended = work(doors, home, ordered(doors, upload, layer, login), login)
    assert ended["state"] == "succeeded", ended
    counts: dict[str, int] = ended["counts"]
    return counts


def rows(doors: Doors, sql: str) -> list[tuple[Any, ...]]:
    """Read from the database behind the application."""
    with psycopg.connect(for_psycopg(doors.seeded.url)) as connection:
        return connection.execute(sql.encode()).fetchall()


def geojson(*squares: dict[str, Any], west: float = 115.62, side: float = 0.001) -> bytes:
    """Write a GeoJSON of small squares in degrees, side by side, with the properties given."""
    features = []
    for place, properties in enumerate(squares):
        x, y = west + place * 2 * side, 33.15
        ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
        features.append(
            {
                "type": "Feature",
                "properties": properties,
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def packed(**members: bytes) -> bytes:
    """Pack files into a ZIP."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()
