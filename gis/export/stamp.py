"""What every file says of itself: data, date, CRS, area basis, who took it out and when."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import cos, radians
from typing import Final

from pyproj import CRS

from gis.export.extract import Extract, Survey

AREA_BASIS: Final = (
    "area_m2: ellipsoidal area on CGCS2000; area_mu: the same in 亩 (1 亩 = 2000/3 m²); stated or registered areas as given by the source. "
    "area_m2 为 CGCS2000 椭球面积；area_mu 由其换算（1 亩 = 2000/3 m²）；登记面积为来源所载。"
)
SECRECY_KM2: Final = 25.0
_KM_PER_DEGREE: Final = 111.32


@dataclass(frozen=True)
class Origin:
    """What the caller of an export knows and a layer does not.

    Parameters
    ----------
    operator : str
        Who takes the data out.
    made_at : datetime
        When, with its zone.
    reporting_date : str
        Day by which progress and lights are judged, ISO 8601; empty where unknown.
    synthetic : bool
        Whether the data are the made-up sample set.
    """

    operator: str = ""
    made_at: datetime | None = None
    reporting_date: str = ""
    synthetic: bool = False


def crs_name(srid: int) -> str:
    """Return the name of a CRS with its code and the order of the coordinates in the file.

    Examples
    --------
    >>> crs_name(4490)
    'EPSG:4490 China Geodetic Coordinate System 2000, x = longitude 经度, y = latitude 纬度'
    """
    crs = CRS.from_epsg(srid)
    order = (
        "x = longitude 经度, y = latitude 纬度"
        if crs.is_geographic
        else "x = easting 东坐标, y = northing 北坐标"
    )
    return f"EPSG:{srid} {crs.name}, {order}"


def stamp_of(extract: Extract, found: Survey, origin: Origin) -> dict[str, str]:
    """Return the stamp of a file, in reading order; what is unknown is left out.

    Source: exchange rules of the agency: data version and date of each layer, CRS, area basis, operator, time.
    """
    layer = extract.selection.layer
    at = extract.selection.at
    made_at = origin.made_at or datetime.now(UTC)
    members = {
        "layer": layer.id,
        "title": f"{layer.title_zh} {layer.title_en}",
        "description": layer.description,
        "features": str(found.count),
        "data_updated_at": found.updated_at.astimezone(UTC).isoformat() if found.updated_at else "",
        "state_as_of": at.isoformat() if at else "",
        "reporting_date": origin.reporting_date,
        "crs": crs_name(extract.srid),
        "area_basis": AREA_BASIS if layer.has_field("area_m2") else "",
        "operator": origin.operator,
        "exported_at": made_at.isoformat(timespec="seconds"),
        "synthetic": "true" if origin.synthetic else "",
        "note": secrecy_note(found),
    }
    return {name: value for name, value in members.items() if value}


def secrecy_note(found: Survey) -> str:
    """Return the warning for a box above 25 km² at full precision; empty below."""
    if found.box is None or box_km2(found.box) <= SECRECY_KM2:
        return ""
    return (
        f"The features lie in a box of {box_km2(found.box):.0f} km² at full precision: check the rules for surveying "
        f"results before passing the file on. 要素外接范围 {box_km2(found.box):.0f} 平方千米且为全精度，对外提供前请核对测绘成果管理规定。"
    )


def box_km2(box: tuple[float, float, float, float]) -> float:
    """Return the rough area of a box of degrees in km².

    Examples
    --------
    >>> round(box_km2((115.0, 0.0, 115.1, 0.1)))
    124
    """
    west, south, east, north = box
    return (
        (east - west) * _KM_PER_DEGREE * cos(radians((south + north) / 2)) * (north - south) * _KM_PER_DEGREE
    )


def stamp_text(stamp: dict[str, str]) -> str:
    """Return a stamp as lines for people.

    Examples
    --------
    >>> stamp_text({"layer": "projects", "features": "3"})
    'layer: projects\\r\\nfeatures: 3\\r\\n'
    """
    return "".join(f"{name}: {value}\r\n" for name, value in stamp.items())
