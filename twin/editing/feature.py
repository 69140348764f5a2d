"""What comes in: a feature as a client sent it, and what a caller may do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from gis.crs import CRS84, Crs


@dataclass(frozen=True)
class Feature:
    """A feature as sent, before it is checked.

    Attributes
    ----------
    properties : mapping of str to object
        JSON values by property name; dates as ISO text or `date`.
    geometry : shapely geometry or None
        In `crs`, x always east or longitude. For an update None leaves the stored one as it is.
    crs : Crs
        The coordinate system the client wrote; kept as the source CRS. `swapped` only tells messages in which order
        to name coordinates.
    """

    properties: Mapping[str, object] = field(default_factory=dict)
    geometry: BaseGeometry | None = None
    crs: Crs = CRS84


@dataclass(frozen=True)
class Abilities:
    """What may be done to features."""

    create: bool = False
    replace: bool = False
    update: bool = False
    delete: bool = False

    def __and__(self, other: "Abilities") -> "Abilities":
        return Abilities(
            self.create and other.create,
            self.replace and other.replace,
            self.update and other.update,
            self.delete and other.delete,
        )
