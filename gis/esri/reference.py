"""Spatial references as Esri writes them: a number, or JSON with `wkid` and `latestWkid`; x is always east."""

from typing import Any, Final

import orjson

from gis.crs import STORED_SRID, WEB_MERCATOR_SRID, WGS84_SRID, Crs, check_datum, epsg_uri, served_srids
from gis.errors import UnknownCrsError

_OLD_NAMES: Final = {102100: WEB_MERCATOR_SRID, 102113: WEB_MERCATOR_SRID, 900913: WEB_MERCATOR_SRID}
STORED: Final = Crs(STORED_SRID, swapped=False, uri=epsg_uri(STORED_SRID))
LONLAT: Final = Crs(WGS84_SRID, swapped=False, uri=epsg_uri(WGS84_SRID))


def parse_reference(value: object, where: str) -> Crs:
    """Read a spatial reference: 4490, "4490", "EPSG:4490", `{"wkid": 102100, "latestWkid": 3857}`.

    Nothing (an empty text, `{}`, None) means the stored one, CGCS2000 degrees.

    Raises
    ------
    UnknownCrsError
        No such form, or one that is not served.
    CrsRefusedError
        An old datum.

    Examples
    --------
    >>> parse_reference('{"wkid": 102100}', "outSR").srid, parse_reference("", "outSR").srid
    (3857, 4490)
    """
    if isinstance(value, str):
        value = _from_text(value.strip())
    if isinstance(value, dict):
        value = value.get("latestWkid") or value.get("wkid") or value or None
    if value is None:
        return STORED
    if isinstance(value, int) and not isinstance(value, bool):
        return _served(value, where)
    raise UnknownCrsError(
        f'{where} is no spatial reference; write 4490 or {{"wkid": 4490}}. WKT is not read.',
        f'{where} 不是空间参考；请写 4490 或 {{"wkid": 4490}}。不支持 WKT。',
        where=where,
    )


def _from_text(text: str) -> object:
    if not text:
        return None
    number = text.upper().removeprefix("EPSG:")
    if number.isascii() and number.isdigit() and len(number) < 8:
        return int(number)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _served(wkid: int, where: str) -> Crs:
    srid = _OLD_NAMES.get(wkid, wkid)
    if srid in served_srids():
        return Crs(srid, swapped=False, uri=epsg_uri(srid))
    check_datum(srid)
    raise UnknownCrsError(
        f"{where}: wkid {wkid} is not served; use 4326, 4490, 3857 (102100) or a CGCS2000 3-degree zone "
        "(4513–4533 numbered, 4534–4554 by meridian).",
        f"{where}：不支持 wkid {wkid}；请使用 4326、4490、3857（102100）或 CGCS2000 三度带"
        "（4513–4533 带号，4534–4554 中央经线）。",
        where=where,
    )


def reference_document(crs: Crs) -> dict[str, Any]:
    """Return a spatial reference as answers carry it; Web Mercator under the number that old clients know.

    Examples
    --------
    >>> reference_document(STORED)
    {'wkid': 4490, 'latestWkid': 4490}
    """
    wkid = 102100 if crs.srid == WEB_MERCATOR_SRID else crs.srid
    return {"wkid": wkid, "latestWkid": crs.srid}
