"""The red line of a subject in the plane of its overlay."""

import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import transformer
from gis.overlap import OverlapSubject

_QUARTER_SEGMENTS = 16


def outline_of(subject: OverlapSubject, buffer_m: float = 0.0) -> BaseGeometry:
    """Return what was laid over the layers, for pictures and files: long edges densified, widened by the buffer.

    An invalid polygon is repaired as the overlay does; a line or a point stays one unless it is widened.
    """
    found = shapely.from_wkb(subject.ewkb)
    sound = found if found.is_valid else shapely.make_valid(found)
    if subject.srid != subject.zone_srid:
        dense = shapely.segmentize(sound, subject.step)
        sound = transformer(subject.srid, subject.zone_srid).geometry(dense)
    return shapely.buffer(sound, buffer_m, quad_segs=_QUARTER_SEGMENTS) if buffer_m else sound
