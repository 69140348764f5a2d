"""`/api/v1/spatial`: spatial questions 空间问答 to the layers, answered as GeoJSON or JSON.

Everybody may ask; what comes back is what the caller may see. Questions about a shape come as POST, because the shape
is in the body; questions to whole layers as GET.
"""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.deps import CallerDep, SessionDep
from gis.filters import parse_bbox, parse_datetime
from gis.questions import Form, Measure, Rule
from twin.errors import InvalidInputError
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.land.question_sources import MOST_LAYERS, About, Wanted
from twin.land.questions import (
    Figures,
    ask_buffer,
    ask_change,
    ask_corridor,
    ask_duplicates,
    ask_nearest,
    ask_relation,
    ask_summary,
    ask_view,
)

router: Final = APIRouter(prefix="/api/v1/spatial", tags=["spatial"])
MEDIA: Final = {"geojson": "application/geo+json", "json": "application/json"}
Name = Annotated[str, Field(max_length=64)]
Text = Annotated[str, Field(max_length=4_000)]
Metres = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]


class AboutBody(BaseModel):
    """What is asked about: exactly one of project, geometry, upload, and layer with id; east or longitude first."""

    model_config = ConfigDict(extra="forbid")

    project: str | None = Field(None, max_length=64)
    geometry: dict[str, Any] | None = None
    crs: str = Field("EPSG:4490", max_length=200)
    upload: str | None = Field(None, max_length=64)
    layer: Name | None = None
    id: int | None = Field(None, ge=1, lt=2**63)


class ShapeBody(BaseModel):
    """A question about a shape: to which layers, over which rows, as of when, how many at once."""

    model_config = ConfigDict(extra="forbid")

    subject: AboutBody
    layers: list[Name] = Field(default=["land_parcels"], min_length=1, max_length=MOST_LAYERS)
    filter: Text | None = Field(None, description="CQL2 text over fields of every layer asked")
    datetime: Annotated[str, Field(max_length=80)] | None = None
    limit: int = Field(100, ge=1, le=1_000)
    next: Annotated[str, Field(max_length=400)] | None = None
    f: Form = "geojson"


class RelationBody(ShapeBody):
    """A question about what lies within a shape, or meets it."""

    count: bool = Field(False, description="Also tell how many there are in all, by class")


class NearestBody(ShapeBody):
    """A question about the k nearest features of each layer."""

    k: int = Field(5, ge=1, le=100)
    within_m: Metres | None = None


class BufferBody(ShapeBody):
    """A question about a distance around a shape, in metres on the ellipsoid."""

    distance_m: Metres


class CorridorBody(ShapeBody):
    """A question about what lies along a line."""

    half_width_m: Metres


@router.post("/within", summary="范围内 Within", response_class=Response)
def post_within(body: RelationBody, caller: CallerDep, session: SessionDep) -> Response:
    """Answer which features lie wholly within a shape, by layer and id."""
    answer = ask_relation(session, caller, _about(body), _wanted(body), "within", counted=body.count)
    return _answered(session, caller, "within", body.layers, answer, body.f)


@router.post("/intersects", summary="相交 Intersects", response_class=Response)
def post_intersects(body: RelationBody, caller: CallerDep, session: SessionDep) -> Response:
    """Answer which features meet a shape, a touch included, by layer and id."""
    answer = ask_relation(session, caller, _about(body), _wanted(body), "intersects", counted=body.count)
    return _answered(session, caller, "intersects", body.layers, answer, body.f)


@router.post("/nearest", summary="最近 k 个 Nearest", response_class=Response)
def post_nearest(body: NearestBody, caller: CallerDep, session: SessionDep) -> Response:
    """Answer the k nearest features of each layer: `distance_m` on the ellipsoid and both ends of the shortest line."""
    answer = ask_nearest(session, caller, _about(body), _wanted(body), body.k, body.within_m)
    return _answered(session, caller, "nearest", body.layers, answer, body.f)


@router.post("/buffer", summary="缓冲区 Buffer", response_class=Response)
def post_buffer(body: BufferBody, caller: CallerDep, session: SessionDep) -> Response:
    """Answer the area within a distance of a shape (`area`) and the features that reach into it, nearest first."""
    answer = ask_buffer(session, caller, _about(body), _wanted(body), body.distance_m)
    return _answered(session, caller, "buffer", body.layers, answer, body.f)


@router.post("/corridor", summary="沿线廊道 Corridor", response_class=Response)
def post_corridor(body: CorridorBody, caller: CallerDep, session: SessionDep) -> Response:
    """Answer what lies along a line: stations `from_m` to `to_m` from its first point, `side` and `distance_m`."""
    answer = ask_corridor(session, caller, _about(body), _wanted(body), body.half_width_m)
    return _answered(session, caller, "corridor", body.layers, answer, body.f)


Layers = Annotated[str, Query(max_length=600, description="With commas between")]
Filter = Annotated[str | None, Query(max_length=4_000, description="CQL2 text")]
Moment = Annotated[str | None, Query(max_length=80)]
Limit = Annotated[int, Query(ge=1, le=1_000)]
Next = Annotated[str | None, Query(max_length=400)]
OneName = Annotated[str, Query(max_length=64)]


@router.get("/view", summary="视野内 In view", response_class=Response)
def get_view(
    caller: CallerDep,
    session: SessionDep,
    bbox: Annotated[str, Query(max_length=200, description="west,south,east,north in degrees")],
    layers: Layers = "projects,land_parcels",
    filter: Filter = None,  # noqa: A002  the name of the parameter
    datetime: Moment = None,
    limit: Limit = 100,
    next: Next = None,  # noqa: A002  the name of the parameter
    f: Form = "geojson",
) -> Response:
    """Answer what meets a box of the map: features, and `counts` by layer and class."""
    wanted = Wanted(_names(layers), filter, _moment(datetime), limit, next, f)
    return _response(ask_view(session, caller, parse_bbox(bbox), wanted), f)


@router.get("/duplicates", summary="同位同类重复 Duplicates", response_class=Response)
def get_duplicates(
    caller: CallerDep,
    session: SessionDep,
    layer: OneName = "land_parcels",
    same: Annotated[
        str | None, Query(max_length=200, description="Fields that must be equal; - for none")
    ] = None,
    share_percent: Annotated[float, Query(ge=1, le=100)] = 80.0,
    within_m: Annotated[float, Query(ge=0.001, le=1_000)] = 1.0,
    filter: Filter = None,  # noqa: A002  the name of the parameter
    datetime: Moment = None,
    limit: Limit = 100,
    next: Next = None,  # noqa: A002  the name of the parameter
    f: Form = "geojson",
) -> Response:
    """Answer the pairs of a layer that are of one kind in one place: areas by their common part, points by distance."""
    wanted = Wanted((layer,), filter, _moment(datetime), limit, next, f)
    fields = None if same is None else () if same == "-" else _names(same)
    answer = ask_duplicates(session, caller, wanted, fields, share_percent, within_m)
    return _answered(session, caller, "duplicates", [layer], answer, f)


@router.get("/change", summary="两期变化 Change", response_class=Response)
def get_change(
    caller: CallerDep,
    session: SessionDep,
    start: Annotated[str, Query(alias="from", max_length=40, description="Date or RFC 3339 time")],
    to: Annotated[str, Query(max_length=40)],
    layer: OneName = "projects",
    filter: Filter = None,  # noqa: A002  the name of the parameter
    limit: Limit = 100,
    next: Next = None,  # noqa: A002  the name of the parameter
    f: Form = "geojson",
) -> Response:
    """Answer what differs in a layer between two dates, each as known at its end: added, removed, changed."""
    before, after = (parse_datetime(moment).end for moment in (start, to))
    if before is None or after is None:
        raise InvalidInputError("from and to must be dates.", "from 与 to 须为日期。", where="from")
    wanted = Wanted((layer,), filter, None, limit, next, f)
    answer = ask_change(session, caller, wanted, before, after)
    return _answered(session, caller, "change", [layer], answer, f)


@router.get("/summary", summary="分区统计 Summary by area", response_class=Response)
def get_summary(
    caller: CallerDep,
    session: SessionDep,
    of: OneName,
    areas: OneName = "urban_boundary",
    measure: Measure = "count",
    rule: Rule = "meets",
    field: Annotated[str | None, Query(max_length=64)] = None,
    group: Annotated[str | None, Query(max_length=64)] = None,
    filter: Filter = None,  # noqa: A002  the name of the parameter
    areas_filter: Filter = None,
    datetime: Moment = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    next: Next = None,  # noqa: A002  the name of the parameter
    f: Form = "json",
) -> Response:
    """Answer for each area of a polygon layer how many features, how much of a field, or how much ground it holds."""
    figures = Figures(areas, of, measure, rule, field, group, areas_filter)
    wanted = Wanted((of,), filter, _moment(datetime), limit, next, f)
    answer = ask_summary(session, caller, figures, wanted)
    return _answered(session, caller, "summary", [areas, of], answer, f)


def _about(body: ShapeBody) -> About:
    given = body.subject
    return About(given.project, given.geometry, given.crs, given.upload, given.layer, given.id)


def _wanted(body: ShapeBody) -> Wanted:
    return Wanted(tuple(body.layers), body.filter, _moment(body.datetime), body.limit, body.next, body.f)


def _moment(text: str | None) -> Any:
    return parse_datetime(text).end if text else None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _answered(
    session: Session,
    caller: Caller,
    question: str,
    layers: list[str],
    answer: bytes,
    form: Literal["geojson", "json"],
) -> Response:
    if not caller.is_anonymous:
        record_audit(session, caller, f"spatial.{question}", ",".join(layers))
    return _response(answer, form)


def _response(answer: bytes, form: Literal["geojson", "json"]) -> Response:
    return Response(answer, headers={"Cache-Control": "private, no-store", "Content-Type": MEDIA[form]})
