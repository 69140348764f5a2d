"""Systems and boxes of the older services: whose axis order is meant by which way of writing a name.

The long ways (URN, http URI) mean the order of the authority, the short ``EPSG:4490`` means east first: so do the
clients, whatever the standards say. The engine is always told a box in the long way.
"""

import math
import re
from collections.abc import AsyncIterator, Collection
from typing import Final

from gis.classic.errors import ServiceError, invalid
from gis.crs import CRS84, STORED_SRID, Crs, parse_crs
from gis.errors import CrsRefusedError, UnknownCrsError

_SHORT_NAME: Final = b'srsName="EPSG:'
_LONG_NAME: Final = b'srsName="urn:ogc:def:crs:EPSG::'
_GML2: Final = re.compile(r"https?://www\.opengis\.net/gml/srs/epsg\.xml#(\d{1,6})", re.IGNORECASE)


def read_crs(where: str, text: str, srids: Collection[int]) -> Crs:
    """Read the name of a system, `CRS:84` and the names of GML 2 included.

    Raises
    ------
    ServiceError
        It is none, or not offered.

    Examples
    --------
    >>> read_crs("SRSNAME", "urn:ogc:def:crs:EPSG::4490", [4490]).swapped
    True
    >>> read_crs("SRSNAME", "EPSG:4490", [4490]).swapped
    False
    """
    name = _GML2.sub(r"EPSG:\1", text.strip()).replace("urn:x-ogc:", "urn:ogc:")
    try:
        crs = CRS84 if name.upper() == "CRS:84" else parse_crs(name)
    except (UnknownCrsError, CrsRefusedError) as error:
        raise ServiceError("InvalidParameterValue", where, error.en, error.zh) from None
    if crs.srid in srids:
        return crs
    raise invalid(where, text, "this coordinate system is not offered", "不提供该坐标系")


def written(crs: Crs) -> str:
    """Return the name that makes the engine write coordinates in the order that was meant."""
    return urn(crs.srid) if crs.swapped else f"EPSG:{crs.srid}"


def urn(srid: int) -> str:
    """Return the long name of a system."""
    return f"urn:ogc:def:crs:EPSG::{srid}"


def read_box(text: str, srids: Collection[int], *, modern: bool) -> str:
    """Read a BBOX, four numbers and perhaps a system, and write it as the engine reads it.

    Parameters
    ----------
    modern : bool
        Whether the service knows URNs: WFS 1.1 and later. A box that names no system is one of EPSG:4490, and then
        latitude first; before, longitude first.

    Examples
    --------
    >>> read_box("115,32,116,33,EPSG:4490", [4490], modern=True)
    '32.0,115.0,33.0,116.0,urn:ogc:def:crs:EPSG::4490'
    """
    parts = text.split(",", 4)
    default = Crs(STORED_SRID, swapped=modern, uri="")
    crs = read_crs("BBOX", parts[4], srids) if len(parts) == 5 else default
    try:
        a, b, c, d = (float(part) for part in parts[:4])
    except ValueError:
        raise _no_box(text) from None
    if not all(map(math.isfinite, (a, b, c, d))) or a > c or b > d:
        raise _no_box(text)
    if modern != crs.swapped and parse_crs(urn(crs.srid)).swapped:
        a, b, c, d = b, a, d, c
    box = f"{a!r},{b!r},{c!r},{d!r}"
    return f"{box},{urn(crs.srid)}" if modern else f"{box},EPSG:{crs.srid}"


def _no_box(text: str) -> ServiceError:
    return invalid("BBOX", text, "two corners, the lower one first, are needed", "应为左下与右上两角")


async def with_long_names(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Write the long names into an answer of WFS 1.1.0 as it comes.

    MapServer writes latitude first there and calls it ``EPSG:4490``, which QGIS and GDAL take for longitude first.
    """
    rest = b""
    async for chunk in chunks:
        text = (rest + chunk).replace(_SHORT_NAME, _LONG_NAME)
        rest = text[-len(_SHORT_NAME) + 1 :]
        yield text[: len(text) - len(rest)]
    yield rest
