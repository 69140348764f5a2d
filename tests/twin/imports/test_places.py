"""An outline lies where it lies, whether it was imported or drawn: both ways store the same two shapes."""

from collections.abc import Iterator
from typing import Any

import pytest
from shapely.geometry import Polygon, box
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import parse_crs, transformer
from twin.editing import Feature, create_feature
from twin.editing.place import make_place
from twin.identity.caller import SYSTEM
from twin.imports.rows import Prepared
from twin.imports.targets import get_target
from twin.imports.write import Origin, stage_rows, write_rows

LONG = Polygon(
    [(39_371_200, 3_671_300), (39_373_200, 3_671_350), (39_373_100, 3_672_800), (39_371_150, 3_672_700)]
)
SHAPES = text("""
SELECT parcel_no, encode(ST_AsEWKB(geom), 'hex'), encode(ST_AsEWKB(geom_survey), 'hex'), source_crs FROM land_parcel
""")


def _outline(crs: str) -> Any:
    return transformer(4527, parse_crs(crs).srid).geometry(LONG)


@pytest.mark.parametrize("crs", ["EPSG:4527", "EPSG:4490", "EPSG:4326", "EPSG:3857", "EPSG:4548"])
def test_an_imported_outline_is_stored_as_a_drawn_one(session: Session, crs: str) -> None:
    outline, named = _outline(crs), parse_crs(crs)
    values = {"parcel_no": "DRAWN", "state": "stored"}
    create_feature(session, SYSTEM, "land_parcels", Feature(values, outline, named))
    place = make_place(outline, named)
    given = {"parcel_no": "IMPORTED", "state": "stored"}
    fresh = {**given, "kind": "reserve", "idle_state": "none"}
    row = Prepared(1, "row 1", "IMPORTED", given, fresh, None, place.polygon, place.degrees, named)
    assert _written(session, row, crs) == (1, 0, 0)
    found = {row[0]: row[1:] for row in session.execute(SHAPES)}
    assert found["IMPORTED"] == found["DRAWN"]


def _written(session: Session, row: Prepared, crs: str) -> tuple[int, int, int]:
    session.execute(
        text(
            "INSERT INTO stored_object (sha256, size_bytes) VALUES (repeat('0', 64), 1) ON CONFLICT DO NOTHING"
        )
    )
    number = session.scalar(
        text("""INSERT INTO layer_import (layer, sha256, file_name, kind, choices, mapping, fixed)
        VALUES ('land_parcels', repeat('0', 64), 'a', 'txt', '{}', '{}', '{}') RETURNING id""")
    )
    target, rows = get_target("land_parcels"), iter([row])
    session.execute(text("DROP TABLE IF EXISTS staged_row"))
    stage_rows(session, _each(rows), lambda _done: None)
    done = write_rows(
        session, target, Origin(int(number or 0), "a", "0" * 64, crs, "test"), lambda _done: None
    )
    return done.added, done.changed, done.unchanged


def _each(rows: Iterator[Prepared]) -> Iterator[Prepared]:
    yield from rows


def test_an_outline_that_moved_less_than_a_file_can_tell_is_the_same(session: Session) -> None:
    named = parse_crs("EPSG:4527")
    for shift, expected in ((0.0, (1, 0, 0)), (0.001, (0, 0, 1)), (0.01, (0, 1, 0))):
        place = make_place(box(39_371_200 + shift, 3_671_300, 39_371_300, 3_671_400), named)
        given = {"parcel_no": "P", "state": "stored"}
        fresh = {**given, "kind": "reserve", "idle_state": "none"}
        row = Prepared(1, "row 1", "P", given, fresh, None, place.polygon, place.degrees, named)
        assert _written(session, row, "EPSG:4527") == expected, shift
