"""What the audit trail keeps of an edit: values before and after, and the shapes."""

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import shapely
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from twin.editing.place import Place

LONGEST_WKT: Final = 50_000
"""Characters; of a longer outline the digest is kept."""

SURVEYS: Final[Mapping[str, TextClause]] = {
    "land_parcels": text(
        "SELECT ST_AsEWKB(geom_survey) AS shape, source_crs, area_m2 FROM land_parcel WHERE id = :id"
    ),
    "control_areas": text(
        "SELECT ST_AsEWKB(geom_survey) AS shape, source_crs, area_m2 FROM control_area WHERE id = :id"
    ),
    "projects": text(
        """SELECT ST_AsEWKB(geom_survey) AS shape, source_crs, area_m2, version FROM project_footprint
        WHERE project_id = :id AND valid_to IS NULL"""
    ),
}


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as JSON has them.

    Examples
    --------
    >>> plain({"a": Decimal("1.50"), "b": date(2025, 10, 31), "c": None})
    {'a': 1.5, 'b': '2025-10-31', 'c': None}
    """
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def geometry_note(place: Place | None) -> dict[str, Any]:
    """Return what is kept of a new shape: nothing without one."""
    if place is None:
        return {}
    shape = _shape_note(place.polygon, 9 if place.crs.degrees else 4)
    return {"geometry": {"crs": place.source_crs, "area_m2": round(place.area_m2, 2), **shape}}


def survey_note(session: Session, layer_id: str, feature_id: int) -> dict[str, Any]:
    """Return what is kept of a stored shape, as it was surveyed."""
    if layer_id not in SURVEYS:
        return {}
    row = session.execute(SURVEYS[layer_id], {"id": feature_id}).mappings().first()
    if row is None:
        return {}
    survey = shapely.from_wkb(bytes(row["shape"]))
    note = {
        "crs": row["source_crs"],
        "survey_crs": f"EPSG:{shapely.get_srid(survey)}",
        "area_m2": round(row["area_m2"], 2),
        **_shape_note(survey, 4),
    }
    return {"geometry": {**note, "version": row["version"]} if "version" in row else note}


def _shape_note(shape: Any, decimals: int) -> dict[str, Any]:
    wkt = shapely.to_wkt(shape, rounding_precision=decimals)
    if len(wkt) <= LONGEST_WKT:
        return {"wkt": wkt}
    return {"sha256": hashlib.sha256(shapely.to_wkb(shape)).hexdigest()}
