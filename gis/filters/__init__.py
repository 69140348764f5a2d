"""Request parameters into conditions: `bbox`, `datetime`, `limit`, property equality.

Everything a caller writes is parsed here to a typed value and bound.
"""

from gis.filters.bbox import Bbox, Frame, bbox_condition, parse_bbox
from gis.filters.time import LOCAL_TIME, TimeSpan, apply_datetime, parse_datetime
from gis.filters.values import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    bound_as,
    is_storable,
    parse_limit,
    parse_value,
    property_condition,
)

__all__ = [
    "DEFAULT_LIMIT",
    "LOCAL_TIME",
    "MAX_LIMIT",
    "Bbox",
    "Frame",
    "TimeSpan",
    "apply_datetime",
    "bbox_condition",
    "bound_as",
    "is_storable",
    "parse_bbox",
    "parse_datetime",
    "parse_limit",
    "parse_value",
    "property_condition",
]
