"""What one caller sees of one layer, ready to be filtered and rendered."""

from dataclasses import dataclass
from datetime import datetime

from gis.layer import Selection
from twin.identity.caller import Caller
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
    return Seen(Selection(layer=visible_fields(layer, seen), visible=seen.condition, at=at), seen)
