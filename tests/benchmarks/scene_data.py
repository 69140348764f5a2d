"""A model of thousands of boxes, published as a revision by the code that publishes a converted one, without an IFC file.

``publish_boxes`` is what browser tests of large scenes call; ``tests.benchmarks.scene`` measures.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import shapely
from sqlalchemy import Engine, text

from bim.footprint import Floats
from bim.geometry import HYBRID, Shape, ShapeRecord
from bim.measure import ShapeMeasurer
from bim.placing import place_shapes
from bim.results import ELEMENTS_FILE, Georeference, ModelResult, Origin, SpatialNode, Storey, Task
from bim.scene.build import SceneElement, build_scene
from bim.scene.results import Scene
from bim.scene.spool import MeshPlace, MeshWriter
from twin.db import open_session
from twin.elements.publish import publish_revision, stage_elements
from twin.elements.revisions import NewModel, add_revision, record_object
from twin.elements.scene import keep_scene, publish_scene
from twin.objects import ObjectStore, Stored

PER_STOREY = 2_500  # a grid of 50 x 50
SPACING_M, HEIGHT_M = 3.0, 3.3
EAST_M, NORTH_M = 39_387_852.7805, 3_653_387.7256
LOT = 128

# Class, size in metres.
KINDS = (
    ("IfcColumn", (0.6, 0.6, 3.0)),
    ("IfcSlab", (2.9, 2.9, 0.2)),
    ("IfcWall", (2.4, 0.2, 2.8)),
    ("IfcPipeSegment", (2.9, 0.15, 0.15)),
    ("IfcBuildingElementProxy", (0.8, 0.8, 0.8)),
)
_CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=np.float64)
_SIDES = np.array(
    [
        [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5],
    ],
    dtype=np.int32,
)  # fmt: skip
_NO_EDGES = np.zeros((0, 2), np.int32)

_PROGRESS = text("""
UPDATE element_identity i SET status = q.status, progress = q.percent, updated_at = now()
FROM (SELECT e.identity_id, CASE WHEN e.fid < :done THEN 'done' WHEN e.fid < :begun THEN 'in_progress'
        ELSE 'not_started' END AS status,
      CASE WHEN e.fid < :done THEN 100 WHEN e.fid < :begun THEN 40 ELSE 0 END AS percent
      FROM bim_element e WHERE e.revision_id = :revision_id) q
WHERE i.id = q.identity_id
""")
_HISTORY = text("""
INSERT INTO element_progress (identity_id, as_of, status, percent, source)
SELECT i.id, d.as_of, CASE WHEN d.as_of = '2025-10-31' THEN i.status ELSE 'in_progress' END,
  CASE WHEN d.as_of = '2025-10-31' THEN i.progress ELSE 20 END, 'benchmark'
FROM bim_element e JOIN element_identity i ON i.id = e.identity_id
CROSS JOIN (VALUES (date '2025-06-30'), (date '2025-10-31')) AS d(as_of)
WHERE e.revision_id = :revision_id AND i.status <> 'not_started'
""")


@dataclass(frozen=True)
class Boxes:
    """A made model: the revision published, and its scene."""

    model_id: int
    revision_id: int
    scene: Scene


def publish_boxes(
    engine: Engine, store: ObjectStore, spool: Path, project_id: int, count: int, name: str = "十万构件样例"
) -> Boxes:
    """Publish a model of so many boxes, three fifths of them done, one begun; the earlier state is known too."""
    scene = write_boxes(spool, count)
    with open_session(engine, "benchmark") as session:
        stored = Stored(f"{count:064x}", 1)
        record_object(session, stored)
        revision = add_revision(
            session, project_id, NewModel(name, "boxes.ifc", public_visible=True), stored.sha256
        )
        kept = keep_scene(store, spool)
        stage_elements(session, spool / ELEMENTS_FILE)
        publish_revision(session, revision, _model(count))
        publish_scene(session, revision.id, kept)
        scope = {"revision_id": revision.id, "done": count * 3 // 5, "begun": count * 7 // 10}
        session.execute(_PROGRESS, scope)
        session.execute(_HISTORY, {"revision_id": revision.id})
        return Boxes(revision.model_id, revision.id, scene)


def write_boxes(spool: Path, count: int) -> Scene:
    """Write meshes, element rows and tiles, as a conversion does after the kernel."""
    spool.mkdir(parents=True, exist_ok=True)
    measurer, meshes = ShapeMeasurer(1_000), MeshWriter(spool, 0)
    records: list[ShapeRecord] = []
    places: list[MeshPlace | None] = []
    for first in range(0, count, LOT):
        lot = [_shape(fid) for fid in range(first, min(first + LOT, count))]
        measured = measurer.measure(lot, HYBRID)
        records += measured
        places += meshes.add(lot, measured)
    _write_rows(spool, records)
    elements = [
        SceneElement(fid, global_id(fid), KINDS[fid % 5][0], _storey(fid), record.box, place)
        for fid, (record, place) in enumerate(zip(records, places, strict=True))
    ]
    return build_scene(spool, elements)


def global_id(fid: int) -> str:
    """Return the GlobalId of a box.

    >>> global_id(7)
    '0box000000000000000007'
    """
    return f"0box{fid:018d}"


def corner_of(fid: int) -> Floats:
    """Return the lowest corner of a box, metres in the model frame."""
    within = fid % PER_STOREY
    return np.array([within % 50 * SPACING_M, within // 50 * SPACING_M, fid // PER_STOREY * HEIGHT_M])


def _storey(fid: int) -> str:
    return f"{fid // PER_STOREY + 1} 层"


def _shape(fid: int) -> Shape:
    ifc_class, size = KINDS[fid % 5]
    matrix = np.eye(4)
    matrix[:3, 3] = corner_of(fid)
    return Shape(fid, ifc_class, ifc_class, matrix, _CORNERS * size, _SIDES, _NO_EDGES)


def _write_rows(spool: Path, records: list[ShapeRecord]) -> None:
    shapes = np.array([shapely.from_wkb(record.footprint) for record in records], dtype=object)
    placed = place_shapes(shapes, _georeference())
    survey, lonlat = shapely.to_wkb(placed.survey, hex=True), shapely.to_wkb(placed.lonlat, hex=True)
    with (spool / ELEMENTS_FILE).open("wb") as stream:
        for fid, record in enumerate(records):
            storey = fid // PER_STOREY + 1
            row = {
                "fid": fid,
                "step_id": fid + 1,
                "global_id": global_id(fid),
                "ifc_class": KINDS[fid % 5][0],
                "name": f"构件 {fid}",
                "tag": f"T{fid}",
                "storey": f"0storey{storey}",
                "storey_name": _storey(fid),
                "container": f"0storey{storey}",
                "psets": {
                    "Pset_Common": {"Reference": f"R{fid % 50}", "备注": "基准测试", "LoadBearing": True}
                },
                "quantities": {},
                "classification": [],
                "materials": ["C30 混凝土"],
                "task_codes": [f"T{storey}"],
                "quantity": 1.0,
                "quantity_source": "count",
                "footprint_lonlat_wkb": lonlat[fid],
                "footprint_survey_wkb": survey[fid],
                "survey_epsg": 4527,
                "footprint_local_wkb": record.footprint.hex() if record.footprint else None,
                "area_m2": record.area_m2,
                "z_min_m": record.box[2] + 20.0,
                "z_max_m": record.box[5] + 20.0,
                "box": record.box,
                "geometry_hash": record.geometry_hash,
                "kernel": HYBRID,
                "flags": [],
            }
            stream.write(orjson.dumps(row) + b"\n")


def _georeference() -> Georeference:
    return Georeference(
        level=50,
        method="map_conversion",
        crs="EPSG:4527",
        origin=Origin(EAST_M, NORTH_M, 20.0, 115.8, 33.0),
        rotation_deg=0.0,
        scale_factor=1.0,
        accuracy=None,
        confidence="high",
        vertical_datum=None,
        matrix=(1.0, 0.0, 0.0, EAST_M, 0.0, 1.0, 0.0, NORTH_M, 0.0, 0.0, 1.0, 20.0, 0.0, 0.0, 0.0, 1.0),
    )


def _model(count: int) -> ModelResult:
    storeys = range(1, -(-count // PER_STOREY) + 1)
    return ModelResult(
        name="十万构件样例",
        schema="IFC4",
        opened_as="IFC4",
        encoding="utf-8",
        units={"LENGTHUNIT": 1.0},
        georeference=_georeference(),
        storeys=[Storey(f"0storey{number}", f"{number} 层", (number - 1) * HEIGHT_M) for number in storeys],
        tree=[
            SpatialNode("0project", "IfcProject", "基准测试", None),
            *(
                SpatialNode(f"0storey{number}", "IfcBuildingStorey", f"{number} 层", "0project")
                for number in storeys
            ),
        ],
        counts_by_class={name: len(range(kind, count, 5)) for kind, (name, _) in enumerate(KINDS)},
        bbox=(115.8, 33.0, 115.8017, 33.0014),
        z_range=(20.0, 20.0 + len(storeys) * HEIGHT_M),
        outline_lonlat_wkb=None,
        outline_survey_wkb=None,
        tasks=[
            Task(
                f"T{number}",
                f"{number} 层施工",
                f"2025-{min(number // 4 + 1, 12):02d}-01",
                f"2025-{min(number // 4 + 1, 12):02d}-28",
                None,
                None,
                None,
                None,
                [],
            )
            for number in storeys
        ],
        duplicates=[],
        library_log={},
        library_messages=[],
        warnings=[],
    )
