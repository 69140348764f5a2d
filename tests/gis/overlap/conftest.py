"""A ground for overlaps: every test lays out its own shapes by hand, in metres of EPSG:4527."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon

from gis.overlap import (
    NEEDS_CASE_REVIEW,
    OverlapAnswer,
    OverlapOptions,
    OverlapTarget,
    question_statement,
    read_overlap,
    subject_from_shape,
)
from gis.statement import Condition

Lay = Callable[..., OverlapAnswer]

TABLE = """
CREATE TEMP TABLE ground_area (
  id bigint GENERATED ALWAYS AS IDENTITY, layer text, code text, name text, class_code text, class_name text,
  owner_code text, owner_name text, registered_m2 float8, surveyed geometry, geom geometry(Geometry, 4490)) ON COMMIT DROP;
CREATE INDEX ON ground_area USING gist (geom);
"""
INSERT = """
INSERT INTO ground_area (layer, code, name, class_code, class_name, owner_code, owner_name, registered_m2, surveyed, geom)
SELECT %(layer)s, %(code)s, %(name)s, %(class_code)s, %(class_name)s, %(owner_code)s, %(owner_name)s, %(registered_m2)s,
  CASE WHEN %(surveyed)s THEN g END, ST_Transform(ST_Segmentize(g, 500), 4490)
FROM ST_GeomFromEWKB(%(ewkb)s) g
"""


def target(layer: str, **more: Any) -> OverlapTarget:
    plain = OverlapTarget(
        layer=layer,
        title_zh=layer,
        title_en=layer,
        relation="ground_area",
        condition=Condition("f.layer = %(layer)s", {"layer": layer}),
        class_code_column="class_code",
        class_name_column="class_name",
        plane_column="surveyed",
    )
    return replace(plain, **more)


LAYERS = (
    target("land_parcels"),
    target("farmland", keep_slivers=True, notes=(NEEDS_CASE_REVIEW,)),
    target("urban_boundary", outside=True),
    target("heritage"),
    target("projects"),
)


class Ground:
    """Shapes laid out for one test, and the question over them."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.connection = connection

    def put(
        self, layer: str, polygon: Polygon | MultiPolygon, code: str = "A", srid: int = 4527, **more: Any
    ) -> None:
        """Add a feature, in metres of `srid` (EPSG:4527); unsurveyed ones keep degrees alone."""
        usual = {
            "name": f"{code} 名称",
            "class_code": None,
            "class_name": None,
            "surveyed": True,
            "owner_code": None,
            "owner_name": None,
            "registered_m2": None,
        }
        values = {**usual, **more, "layer": layer, "code": code}
        ewkb = shapely.to_wkb(shapely.set_srid(polygon, srid), include_srid=True)
        self.connection.execute(INSERT, {**values, "ewkb": ewkb})

    def ask(
        self,
        polygon: Any,
        targets: Sequence[OverlapTarget] = LAYERS,
        srid: int = 4527,
        stated_area_m2: float | None = None,
        **options: Any,
    ) -> OverlapAnswer:
        """Lay the polygon over the targets."""
        chosen = OverlapOptions(**options)
        subject = subject_from_shape(polygon, srid, stated_area_m2)
        statement = question_statement(subject, targets, chosen)
        row = self.connection.execute(statement.sql.encode(), statement.params).fetchone()
        assert row is not None
        return read_overlap(row[0], subject, targets, chosen)


@pytest.fixture
def ground(postgis: psycopg.Connection[tuple[Any, ...]]) -> Iterator[Ground]:
    """An empty ground, gone with the test."""
    postgis.execute(TABLE)
    yield Ground(postgis)
    postgis.rollback()
