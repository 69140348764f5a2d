"""What one caller sees of one layer, ready to be filtered and rendered."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from gis.layer import Layer, Selection
from twin.identity.caller import ANONYMOUS, Caller
from twin.identity.rights import reach, require
from twin.identity.visibility import Sight, sight, visible_fields
from twin.layers.catalogue import READING_RIGHT, get_layer


@dataclass(frozen=True)
class Seen:
    """A selection and the visibility group it belongs to (part of every cache key)."""

    selection: Selection
    sight: Sight


def select_rows(caller: Caller, layer_id: str, at: datetime | None = None) -> Seen:
    """Select the rows and fields of a layer that the caller may see.

    Parameters
    ----------
    at : datetime, optional
        State as it was known at that time; None is now.

    Raises
    ------
    NotFoundError
        There is no such collection.
    """
    layer = get_layer(layer_id)
    seen = sight(caller, READING_RIGHT[layer_id])
    if not seen.internal_fields:
        layer = _public(layer_id)
    return Seen(Selection(layer=layer, visible=seen.condition, at=at), seen)


def may_read_surveyed(caller: Caller, layer_id: str) -> bool:
    """Tell whether the caller may have a layer's outlines as they were surveyed 勘测坐标.

    Anonymous readers see the map's shape of what is public; surveyed coordinates are for those who may read the
    layer's rows by right, and of these rows alone.

    Raises
    ------
    NotFoundError
        There is no such collection.
    """
    layer = get_layer(layer_id)
    return layer.surveyed is not None and reach(caller, READING_RIGHT[layer_id]) != "public"


def check_may_read_surveyed(caller: Caller, layer_id: str) -> None:
    """Refuse a caller who may not have a layer's surveyed outlines; a layer without any is nobody's secret.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        Nobody signed in; the caller may not read the layer by right.
    """
    if get_layer(layer_id).surveyed is not None and not may_read_surveyed(caller, layer_id):
        require(caller, READING_RIGHT[layer_id])


@cache
def _public(layer_id: str) -> Layer:
    """Return a layer without its internal fields; it is asked for with every tile."""
    return visible_fields(get_layer(layer_id), sight(ANONYMOUS, READING_RIGHT[layer_id]))
