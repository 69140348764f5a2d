"""Converted models written by hand, as a conversion leaves them."""

from pathlib import Path
from typing import Any

import orjson
import shapely
from sqlalchemy.orm import Session

from bim.results import ELEMENTS_FILE, Georeference, ModelResult, Origin, SpatialNode, Storey, Task
from tests.rows import add_project
from twin.elements.models import BimRevision
from twin.elements.publish import Published, publish_revision, stage_elements
from twin.elements.revisions import NewModel, add_revision, record_object
from twin.objects import Stored
from twin.projects.models import Project


def square(west: float, south: float, side: float = 0.0001) -> str:
    """Return a square in degrees as hex WKB."""
    return shapely.to_wkb(shapely.box(west, south, west + side, south + side), hex=True)


def element(number: int, **given: Any) -> dict[str, Any]:
    """Return one line of `elements.jsonl`."""
    return {
        "step_id": number,
        "global_id": f"0element{number:014d}",
        "ifc_class": "IfcWall",
        "name": f"墙 {number}",
        "storey": "0storey",
        "storey_name": "一层",
        "container": "0storey",
        "psets": {"Pset_WallCommon": {"备注": 'a "quoted" \\ back\nslash, <b>与</b>\t制表'}},
        "quantities": {"Qto": {"NetVolume": {"value": 2.5, "unit": "m3", "source": "qto_net"}}},
        "classification": [],
        "materials": ["C30 混凝土"],
        "task_codes": [],
        "quantity": 2.5,
        "quantity_unit": "m3",
        "quantity_source": "qto_net",
        "footprint_lonlat_wkb": square(115.61 + number * 0.001, 33.15),
        "flags": [],
        "fid": number,
        "z_min_m": 0.0,
        "z_max_m": 3.0,
        **given,
    }


def write_elements(spool: Path, rows: list[dict[str, Any]]) -> Path:
    """Write `elements.jsonl`."""
    spool.mkdir(parents=True, exist_ok=True)
    (spool / ELEMENTS_FILE).write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return spool


def model_result(tasks: list[Task] | None = None, **given: Any) -> ModelResult:
    """Return the facts of a placed model."""
    place = Georeference(
        level=50,
        method="map_conversion",
        crs="EPSG:4527",
        origin=Origin(39371200.0, 3671300.0, 20.0, 115.61933, 33.15962),
        rotation_deg=30.0,
        scale_factor=1.0,
        accuracy=None,
        confidence="high",
        vertical_datum=None,
        matrix=(1.0, 0.0, 0.0, 0.0) * 4,
    )
    facts: dict[str, Any] = {
        "name": "示范楼",
        "schema": "IFC4",
        "opened_as": "IFC4",
        "encoding": "ascii",
        "units": {"LENGTHUNIT": 0.001},
        "georeference": place,
        "storeys": [Storey("0storey", "一层", 0.0)],
        "tree": [
            SpatialNode("0project", "IfcProject", "项目", None),
            SpatialNode("0storey", "IfcBuildingStorey", "一层", "0project"),
        ],
        "counts_by_class": {"IfcWall": 2},
        "bbox": (115.61, 33.15, 115.62, 33.16),
        "z_range": (0.0, 3.0),
        "outline_lonlat_wkb": square(115.61, 33.15, 0.01),
        "outline_survey_wkb": square(39371200.0, 3671300.0, 10.0),
        "tasks": tasks or [],
        "duplicates": [],
        "library_log": {},
        "library_messages": [],
        "warnings": [],
    }
    return ModelResult(**{**facts, **given})


def task(code: str, start: str | None, finish: str | None) -> Task:
    """Return a task with planned times."""
    return Task(code, f"任务 {code}", start, finish, None, None, None, None, [])


def pending_revision(
    session: Session, project: Project | None = None, sha256: str = "ab" * 32, name: str = "示范楼"
) -> BimRevision:
    """Add the next revision of a model, waiting for its conversion."""
    owner = project or add_project(session)
    record_object(session, Stored(sha256, 10))
    return add_revision(session, owner.id, NewModel(name, "楼.ifc"), sha256)


def publish(session: Session, revision: BimRevision, model: ModelResult, spool: Path) -> Published:
    """Stage and publish, as the job does."""
    stage_elements(session, spool / ELEMENTS_FILE)
    return publish_revision(session, revision, model)
