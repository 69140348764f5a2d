"""What every reader of exchange files returns, whatever the format.

Geometry is in the coordinates of the file with x = east or longitude, as double precision numbers, untouched but for
the axis order and a zone number that was missing in the eastings. Nothing is mended in silence: what a reader assumed
stands in `crs_evidence` and `warnings`, what it could not know in `questions`.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from shapely.geometry.base import BaseGeometry

from gis.exchange.errors import ExchangeError

Level = Literal["note", "warning", "error"]

KINDS: Final = ("txt", "shapefile", "gpkg", "geojson", "kml", "dxf")
"""The formats that `gis.exchange.read_file` reads."""


@dataclass(frozen=True)
class ReadChoices:
    """What a person decided about a file; it goes before what the file says or looks like.

    Parameters
    ----------
    crs : str, optional
        Name of a coordinate system, such as ``EPSG:4527``.
    zone : int, optional
        Number of the 3-degree zone (25 to 45): for eastings without one, or the zone to take of a file that mixes
        several.
    encoding : str, optional
        ``UTF-8`` or ``GB18030`` (GBK counts as GB18030).
    layer : str, optional
        The layer to read of a file that holds several.
    unit : str, optional
        ``m``, ``degree`` or ``ddd.mmss`` of the coordinates.
    """

    crs: str | None = None
    zone: int | None = None
    encoding: str | None = None
    layer: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Evidence:
    """Why a reader took something as it did: `subject` is crs, zone, axis, unit or encoding."""

    subject: str
    value: str
    en: str
    zh: str


@dataclass(frozen=True)
class Finding:
    """Something to tell the sender, with the place in the file: a line, a parcel, a feature, a layer."""

    where: str
    en: str
    zh: str
    level: Level = "warning"


@dataclass(frozen=True)
class Question:
    """What the reader needs to be told: `field` names the member of `ReadChoices` that answers it."""

    field: str
    en: str
    zh: str
    choices: list[str]


@dataclass(frozen=True)
class ReadFeature:
    """One feature as read.

    Parameters
    ----------
    geometry : shapely geometry
        In the CRS of the file, x = east or longitude. It may be invalid: then `repaired` holds a proposal.
    survey_crs : str or None
        ``EPSG:4527`` and so on; None while the file's question about it is open.
    attributes : dict
        By the names of the file; of a boundary-point TXT by `gis.exchange.txt.FIELDS`.
    where : str
        The place in the file, for messages.
    stated_area_m2 : float or None
        The area the file states.
    computed_area_m2 : float or None
        On the ellipsoid, edges straight in the plane of the file; of the repaired geometry where there is one. 0 for
        points and lines, None while the CRS is unknown.
    repaired : shapely geometry or None
        The valid polygon that an invalid one would become, for a person to accept.
    repair_note : str or None
        What is wrong with the geometry, in Chinese and English.
    vertex_names : list of list of str
        The numbers of the boundary points as written, ring by ring in the order of the file.
    """

    geometry: BaseGeometry
    survey_crs: str | None
    attributes: dict[str, Any]
    where: str
    stated_area_m2: float | None = None
    computed_area_m2: float | None = None
    repaired: BaseGeometry | None = None
    repair_note: str | None = None
    vertex_names: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class ReadResult:
    """A file as read, with the reasons.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    encoding : str
        That the texts were decoded with.
    crs : str or None
        ``EPSG:n`` of every feature; None while a question about it is open.
    crs_evidence : list of Evidence
        Reasons for the CRS, the zone, the axis order, the unit and the encoding.
    features : list of ReadFeature
        In the order of the file.
    warnings : list of Finding
        Notes and warnings; an error is raised instead.
    questions : list of Question
        What must be answered, as `ReadChoices`, before the file is used.
    header : dict
        Keys and values that hold for the whole file, as read (属性描述 of a TXT).
    layers : list of str
        The layers of a file that holds several.
    """

    kind: str
    encoding: str
    crs: str | None
    crs_evidence: list[Evidence]
    features: list[ReadFeature]
    warnings: list[Finding]
    questions: list[Question]
    header: dict[str, str] = field(default_factory=dict)
    layers: list[str] = field(default_factory=list)


def refuse(en: str, zh: str, where: str = "") -> ExchangeError:
    """Return the error for a file that fails for one reason."""
    return ExchangeError([Finding(where, en, zh, "error")])
