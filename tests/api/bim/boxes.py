"""A public model of boxes with its scene, put into a seeded database."""

from pathlib import Path

from sqlalchemy import create_engine

from tests.api.seeding import as_owner
from tests.benchmarks.scene_data import Boxes, publish_boxes
from twin.db import for_sqlalchemy
from twin.objects import open_store
from twin.settings import HomeSettings

NAME = "十万构件样例"
_SEQUENCES = """
SELECT setval(pg_get_serial_sequence(t, 'id'), 1000)
FROM unnest(ARRAY['bim_model', 'bim_revision', 'element_identity', 'bim_element']) t"""


def seed_boxes(url: str, home: Path, count: int) -> Boxes:
    """Publish so many boxes as a model of the public project."""
    as_owner(url, _SEQUENCES)
    engine = create_engine(for_sqlalchemy(url))
    made = publish_boxes(engine, open_store(HomeSettings(home=home)), home / "boxes", 1, count, NAME)
    engine.dispose()
    return made
