"""Who or what an overlap is asked of: a project, a drawn shape, the features of an uploaded file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from gis.crs import parse_crs
from gis.geojson import read_geojson_shape
from gis.overlap import (
    OverlapSubject,
    subject_from_ewkb,
    subject_from_geojson,
    subject_from_shape,
    subject_from_shapes,
)
from twin.errors import InvalidInputError
from twin.identity.caller import Caller
from twin.land.queries import find_red_line
from twin.projects.models import Project
from twin.uploads.subjects import find_subjects

MOST_MEMBERS: Final = 500


@dataclass(frozen=True)
class Subject:
    """What is asked about, exactly one of them.

    Attributes
    ----------
    project : str, optional
        Archive number.
    geometry : mapping, optional
        GeoJSON geometry, Feature or FeatureCollection, coordinates in `crs`, east or longitude first.
    upload : str, optional
        An uploaded file, by its `upload_id`.
    """

    project: str | None = None
    geometry: Mapping[str, Any] | None = None
    crs: str = "EPSG:4490"
    upload: str | None = None


@dataclass(frozen=True)
class Member:
    """One of several shapes that make up a subject, and what its file calls it."""

    number: int
    name: str
    place: str
    subject: OverlapSubject


@dataclass(frozen=True)
class Placed:
    """A subject ready to be laid over layers; `members` where it is made of several."""

    whole: OverlapSubject
    members: tuple[Member, ...] = ()


def surveyed_subject(session: Session, project: Project) -> Placed:
    """Return a project's red line as surveyed.

    Raises
    ------
    InvalidInputError
        The project has no red line.
    """
    found = find_red_line(session, project.id)
    if found is None:
        raise InvalidInputError(
            f"Project {project.code} has no red line yet; import its boundary first.",
            f"项目 {project.code} 还没有红线；请先导入边界。",
            where="subject",
        )
    return Placed(subject_from_ewkb(found.ewkb, found.stated_area_m2, project.id))


def free_subject(session: Session, caller: Caller, subject: Subject) -> Placed:
    """Return the shapes of a request, or of an upload of the caller.

    Raises
    ------
    InvalidInputError
        Neither is named, or there are too many features.
    GisError
        The geometry or its CRS cannot be used; the message says why.
    """
    if subject.upload is not None:
        return _uploaded(session, caller, subject.upload)
    if subject.geometry is None:
        raise InvalidInputError(
            'The subject must name a project or hold a geometry: {"project": CODE} or {"geometry": …, "crs": …}.',
            '分析对象须指定项目或几何：{"project": 档案编号} 或 {"geometry": …, "crs": …}。',
            where="subject",
        )
    if subject.geometry.get("type") == "Feature":
        return Placed(subject_from_geojson(subject.geometry.get("geometry") or {}, subject.crs))
    if subject.geometry.get("type") == "FeatureCollection":
        return _collected(subject.geometry, subject.crs)
    return Placed(subject_from_geojson(subject.geometry, subject.crs))


def _uploaded(session: Session, caller: Caller, token: str) -> Placed:
    found = find_subjects(session, caller, token)
    _check_count(len(found))
    shapes = [(each.geometry, each.srid) for each in found]
    stated = [each.stated_area_m2 for each in found]
    total = sum(area for area in stated if area is not None) if None not in stated else None
    members = [
        Member(
            each.number,
            each.name,
            each.place,
            subject_from_shape(each.geometry, each.srid, each.stated_area_m2),
        )
        for each in found
    ]
    return Placed(subject_from_shapes(shapes, total), tuple(members) if len(members) > 1 else ())


def _collected(collection: Mapping[str, Any], crs: str) -> Placed:
    features = collection.get("features")
    if not isinstance(features, list) or not features:
        raise InvalidInputError(
            "The FeatureCollection has no features.", "FeatureCollection 中没有要素。", where="geometry"
        )
    _check_count(len(features))
    srid = parse_crs(crs).srid
    shapes = [read_geojson_shape(_geometry(feature)) for feature in features]
    whole = subject_from_shapes([(shape, srid) for shape in shapes])
    if len(shapes) == 1:
        return Placed(whole)
    members = [
        Member(number, _name(feature, number), f"features[{number - 1}]", subject_from_shape(shape, srid))
        for number, (feature, shape) in enumerate(zip(features, shapes, strict=True), start=1)
    ]
    return Placed(whole, tuple(members))


def _geometry(feature: Any) -> Mapping[str, Any]:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    return geometry if isinstance(geometry, dict) else {}


def _name(feature: Any, number: int) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    named = properties.get("name") if isinstance(properties, dict) else None
    return str(named) if named else str(number)


def _check_count(count: int) -> None:
    if count <= MOST_MEMBERS:
        return
    raise InvalidInputError(
        f"The subject has {count} features; up to {MOST_MEMBERS} are answered at once. Import them as a layer and "
        'ask for the whole layer ({"subject": {"layer": …}}).',
        f"分析对象有 {count} 个要素，一次最多 {MOST_MEMBERS} 个。请先导入为图层，再按整层分析（subject.layer）。",
        where="subject",
    )
