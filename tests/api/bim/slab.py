"""A model of the seeded public project that has no place: a slab of 20 m x 10 m, 3 m high."""

from pathlib import Path

import shapely
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bim.results import georeference_of
from tests.api.seeding import PUBLIC_CODE, as_owner
from tests.twin.elements.rows import element, model_result, pending_revision, publish, write_elements
from twin.db import for_sqlalchemy
from twin.projects.models import Project

UNPLACED = {
    "level": 0, "method": None, "crs": None, "origin": {"e": None, "n": None, "h": None, "lon": None, "lat": None},
    "rotation_deg": 0.0, "scale_factor": 1.0, "accuracy": None, "confidence": "none", "vertical_datum": None,
    "matrix": (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0),
}  # fmt: skip

_SEQUENCES = """SELECT setval(pg_get_serial_sequence(t, 'id'), 1000)
  FROM unnest(ARRAY['bim_model', 'bim_revision', 'element_identity', 'bim_element']) t"""


def add_slab(url: str, folder: Path) -> int:
    """Publish the model and return its number."""
    as_owner(url, _SEQUENCES)
    local = shapely.to_wkb(shapely.box(0, 0, 20, 10), hex=True)
    rows = [
        element(
            1,
            fid=0,
            ifc_class="IfcSlab",
            footprint_lonlat_wkb=None,
            footprint_local_wkb=local,
            box=[0.0, 0.0, 0.0, 20.0, 10.0, 3.0],
            flags=["not_placed"],
        )
    ]
    model = model_result(
        georeference=georeference_of(UNPLACED),
        bbox=None,
        outline_lonlat_wkb=None,
        outline_survey_wkb=None,
        outline_local_wkb=local,
    )
    engine = create_engine(for_sqlalchemy(url))
    with Session(engine) as session, session.begin():
        project = session.query(Project).filter_by(code=PUBLIC_CODE).one()
        revision = pending_revision(session, project, "ee" * 32, "无坐标模型")
        publish(session, revision, model, write_elements(folder / "spool", rows))
        model_id = revision.model_id
    engine.dispose()
    as_owner(url, f"UPDATE bim_model SET public_visible = true WHERE id = {model_id}")
    return model_id
