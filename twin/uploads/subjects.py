"""The outlines of an uploaded file as subjects of an analysis, without importing them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import parse_crs
from twin.errors import InvalidInputError
from twin.identity.caller import Caller
from twin.uploads.readings import get_reading, require_answers

_FEATURES: Final = text("""
SELECT number, place, attributes, survey_crs, stated_area_m2, repair_note,
  ST_AsBinary(geom) AS shape, ST_AsBinary(repaired) AS mended
FROM upload_feature WHERE reading_id = :reading_id AND geom IS NOT NULL ORDER BY number
""")
_NAMES: Final = ("name", "parcel_no", "名称", "地块名称", "项目名称", "DKMC", "XMMC", "MC", "Name")


@dataclass(frozen=True)
class UploadSubject:
    """One feature of an uploaded file.

    Attributes
    ----------
    number : int
        Its place in the file's order, from 1.
    name : str
        What the file calls it; its place in the file where it has no name.
    geometry : shapely geometry
        As surveyed, x east or longitude, in `srid`; repaired where its owner accepted that.
    """

    number: int
    name: str
    place: str
    geometry: BaseGeometry
    srid: int
    stated_area_m2: float | None
    attributes: Mapping[str, Any]


def find_subjects(session: Session, caller: Caller, token: str) -> list[UploadSubject]:
    """Return the features of an upload of the caller that have a place, in the order of the file.

    Parameters
    ----------
    token : str
        The `upload_id`.

    Raises
    ------
    NotFoundError
        The caller has no such upload.
    ConflictError
        It was not read yet (see `twin.uploads.read.read_upload`), or a question about it is open; `where` is its field.
    InvalidInputError
        None of its features can be used.
    """
    reading = get_reading(session, caller, token)
    require_answers(reading)
    rows = session.execute(_FEATURES, {"reading_id": reading.id})
    found = [each for row in rows if (each := _subject(dict(row._mapping), reading.repairs)) is not None]
    if found:
        return found
    raise InvalidInputError(
        f"Upload {token} holds no feature with a place; send a file with outlines.",
        f"上传 {token} 中没有带位置的要素；请上传含图形的文件。",
        "subject.upload",
    )


def _subject(row: Mapping[str, Any], repairs: str | None) -> UploadSubject | None:
    is_invalid = row["repair_note"] is not None
    shape = row["mended"] if is_invalid else row["shape"]
    if (is_invalid and repairs != "accept") or shape is None or row["survey_crs"] is None:
        return None
    attributes: Mapping[str, Any] = row["attributes"]
    named = next((str(attributes[key]) for key in _NAMES if attributes.get(key)), row["place"])
    return UploadSubject(
        row["number"],
        named,
        row["place"],
        shapely.from_wkb(bytes(shape)),
        parse_crs(row["survey_crs"]).srid,
        row["stated_area_m2"],
        attributes,
    )
