"""Features as they are stored, and what is told of them together; runs in the process of the reader."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import STORED_SRID, WGS84_SRID, Crs, parse_crs
from gis.exchange import ReadFeature
from gis.polygons import in_degrees
from twin.uploads.lines import Row, plain, storable

SAMPLES: Final = 3
MOST_COLUMNS: Final = 500


def feature_row(feature: ReadFeature) -> Row:
    """Return a feature as it is stored: as surveyed, and in longitude and latitude."""
    crs = None if feature.survey_crs is None else parse_crs(feature.survey_crs)
    note = feature.repair_note
    if note is None and not feature.geometry.is_valid:
        note = shapely.is_valid_reason(feature.geometry)
    return Row(
        place=feature.where,
        attributes=feature.attributes,
        survey_crs=feature.survey_crs,
        stated_area_m2=feature.stated_area_m2,
        computed_area_m2=feature.computed_area_m2,
        repair_note=note,
        geom=_placed(feature.geometry, crs),
        geom_map=_mapped(feature.geometry, crs),
        repaired=_placed(feature.repaired, crs),
        repaired_map=_mapped(feature.repaired, crs),
    )


def describe_columns(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the names of all attributes, in their order, each with its first values.

    Examples
    --------
    >>> describe_columns([{"编号": "DK1", "b": None}, {"编号": "DK2"}])
    [{'name': '编号', 'samples': ['DK1', 'DK2']}, {'name': 'b', 'samples': []}]
    """
    found: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            if name not in found and len(found) >= MOST_COLUMNS:
                continue
            samples = found.setdefault(name, [])
            if len(samples) < SAMPLES and value not in (None, "") and value not in samples:
                samples.append(value)
    return [{"name": storable(name), "samples": plain(values)} for name, values in found.items()]


def describe_features(features: list[ReadFeature]) -> dict[str, Any]:
    """Return counts, areas and the extent of features."""
    stated = [each.stated_area_m2 for each in features if each.stated_area_m2 is not None]
    computed = [each.computed_area_m2 for each in features if each.computed_area_m2 is not None]
    invalid = sum(each.repair_note is not None or not each.geometry.is_valid for each in features)
    return {
        "feature_count": len(features),
        "invalid_count": invalid,
        "geometry_types": dict(Counter(each.geometry.geom_type for each in features)),
        "stated_area_m2": sum(stated) if stated else None,
        "computed_area_m2": sum(computed) if computed else None,
    }


def _placed(geometry: BaseGeometry | None, crs: Crs | None) -> BaseGeometry | None:
    """Return a flat geometry with the number of its coordinate system; 0 while that is in question."""
    if geometry is None:
        return None
    srid = 0 if crs is None else STORED_SRID if crs.srid == WGS84_SRID else crs.srid
    return shapely.set_srid(shapely.force_2d(geometry), srid)


def _mapped(geometry: BaseGeometry | None, crs: Crs | None) -> BaseGeometry | None:
    if geometry is None or crs is None:
        return None
    degrees = in_degrees(shapely.force_2d(geometry), crs)
    if not np.isfinite(shapely.get_coordinates(degrees)).all():
        return None
    placed: BaseGeometry = shapely.set_srid(degrees, STORED_SRID)
    return placed
