"""Land rows written as plain SQL, so that a test says which statement an edit was."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

# 0.001° squares. Columns and rows of zoom 12 by hand: (115.8 + 180) / 360 · 4096 = 3365.5;
# (1 − ln tan(45° + 33°/2) / π) / 2 · 4096 = 1649.9. One column is 0.0879° wide, so 115.9°E lies in 3366.
HERE = (3365, 1649)
EAST = (3366, 1649)


def box_wkt(west: float, south: float, side: float = 0.001) -> str:
    """Return a square in degrees as MULTIPOLYGON."""
    east, north = west + side, south + side
    return f"MULTIPOLYGON((({west} {south},{east} {south},{east} {north},{west} {north},{west} {south})))"


def add_parcel(
    session: Session, number: str, west: float = 115.8, south: float = 33.0, side: float = 0.001
) -> int:
    """Add one parcel by one statement; return its id."""
    return add_parcels(session, [(number, box_wkt(west, south, side))])[0]


def add_parcels(session: Session, parcels: list[tuple[str, str]], **given: Any) -> list[int]:
    """Add parcels (number, WKT in EPSG:4490) by one statement; return their ids."""
    columns = {"kind": "reserve", "state": "stored", "public_visible": True, **given}
    statement = text(
        f"""INSERT INTO land_parcel (parcel_no, name, source_crs, geom, geom_survey, {", ".join(columns)})
        SELECT number, '地块' || number, 'EPSG:4490', g, g, {", ".join(f":{name}" for name in columns)}
        FROM unnest(CAST(:numbers AS text[]), CAST(:shapes AS text[])) AS p(number, wkt),
          LATERAL ST_GeomFromText(wkt, 4490) AS g RETURNING id"""
    )
    numbers, shapes = [number for number, _ in parcels], [shape for _, shape in parcels]
    return list(session.scalars(statement, {**columns, "numbers": numbers, "shapes": shapes}))
