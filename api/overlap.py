"""Overlap 压占/合规性 over HTTP: of a project, or of a shape in the request."""

from typing import Annotated, Any, Final, Literal, cast

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.deps import CallerDep, SessionDep
from api.errors import lang_of
from api.maps.asked import choose_format
from api.overlap_report import OFFERED, SPOKEN, ReportFormat, answer_report
from api.state import state_of
from gis.filters import parse_datetime
from gis.overlap import OverlapOptions
from twin.errors import InvalidInputError
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.jobs.submit_overlap import submit_overlap
from twin.land.compliance import Subject, compute_overlap
from twin.land.report import compute_report
from twin.land.run_order import MOST_PROJECTS, RunOrder, order_layer, order_projects
from twin.land.targets import DEFAULT_LAYERS

router: Final = APIRouter(prefix="/api/v1", tags=["overlap"])
MOST_LAYERS: Final = 20
MinArea = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
AskedFormat = Annotated[
    Literal["json"] | ReportFormat | None,
    Query(description="File of the report; `Accept` else, JSON by default"),
]
Buffer = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]


class SubjectBody(BaseModel):
    """What is asked about: exactly one member; coordinates of a geometry stand east or longitude first.

    `projects` (many) and `layer` (all of its rows) are answered by a job.
    """

    model_config = ConfigDict(extra="forbid")

    project: str | None = Field(None, max_length=64)
    projects: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, min_length=1, max_length=MOST_PROJECTS
    )
    geometry: dict[str, Any] | None = None
    crs: str = Field("EPSG:4490", max_length=200)
    upload: str | None = Field(None, max_length=64)
    layer: str | None = Field(None, max_length=64)


class OverlapBody(BaseModel):
    """A request for an overlap; metres and m²."""

    model_config = ConfigDict(extra="forbid")

    subject: SubjectBody
    layers: list[Annotated[str, Field(max_length=64)]] = Field(
        default=list(DEFAULT_LAYERS), min_length=1, max_length=MOST_LAYERS
    )
    buffer_m: Buffer = 0.0
    min_area_m2: MinArea = 1.0
    geometry: bool = True
    adjust: Literal["registered"] | None = None


class DatedOverlapBody(OverlapBody):
    """A request for an overlap with the layers as they were."""

    datetime: Annotated[str, Field(max_length=80)] | None = Field(
        None, description="Layers as known at the end of that day, or at that time"
    )


@router.post(
    "/overlap",
    summary="压占分析 Overlap",
    response_class=Response,
    responses={202: {"description": "Many subjects: the job, and where its answers will be"}},
)
def post_overlap(
    request: Request,
    body: DatedOverlapBody,
    caller: CallerDep,
    session: SessionDep,
    f: AskedFormat = None,  # noqa: ARG001  read with Accept, see `_answer`
) -> Response:
    """Lay a project, a shape, an upload over layers: areas, shares, classes, pieces; `f` or `Accept` asks for a file.

    A shape, a buffer or another sliver rule needs the right overlap:run. For a public project everybody learns
    of internal layers whether they are hit, and nothing else. Many projects or a whole layer are answered with 202.
    """
    options = OverlapOptions(
        buffer_m=body.buffer_m,
        min_area_m2=body.min_area_m2,
        geometry=body.geometry,
        adjust=body.adjust,
        at=read_moment(body.datetime),
    )
    check_subject(body.subject)
    order = _run_order(session, caller, body, options)
    if order is not None:
        return _accepted(submit_overlap(session, caller, order))
    return _answer(request, session, caller, read_subject(body.subject), body.layers, options)


def _run_order(
    session: Session, caller: Caller, body: OverlapBody, options: OverlapOptions
) -> RunOrder | None:
    if options.at is not None and (body.subject.layer is not None or body.subject.projects is not None):
        raise InvalidInputError(
            "Many subjects are laid over the layers of today; leave datetime out, or ask one by one.",
            "批量分析只针对现状数据；请去掉 datetime，或逐个提问。",
            where="datetime",
        )
    if body.subject.layer is not None:
        return order_layer(caller, body.subject.layer, body.layers, options)
    if body.subject.projects is not None:
        return order_projects(session, caller, body.subject.projects, body.layers, options)
    return None


def _accepted(job_id: str) -> Response:
    run = f"/api/v1/overlap/runs/{job_id}"
    answer = {"job_id": job_id, "job": f"/api/v1/jobs/{job_id}", "run": run, "answers": f"{run}/answers"}
    return JSONResponse(answer, 202, headers={"Location": run})


@router.get("/projects/{code}/overlap", summary="项目压占 Overlap of a project", response_class=Response)
def get_overlap(
    request: Request,
    code: Annotated[str, Path(max_length=64)],
    caller: CallerDep,
    session: SessionDep,
    layers: Annotated[str, Query(max_length=600, description="With commas between")] = ",".join(
        DEFAULT_LAYERS
    ),
    buffer_m: Annotated[float, Query(ge=0, le=10_000, allow_inf_nan=False)] = 0.0,
    min_area_m2: Annotated[float, Query(ge=0, le=1_000_000, allow_inf_nan=False)] = 1.0,
    geometry: bool = True,
    adjust: Literal["registered"] | None = None,
    datetime: Annotated[
        str | None,
        Query(max_length=80, description="Layers as known at the end of that day, or at that time"),
    ] = None,
    f: AskedFormat = None,  # noqa: ARG001  read with Accept, see `_answer`
) -> Response:
    """Lay a project over layers, as the POST does; `f` or `Accept` asks for the planner's report as a file."""
    names = [name.strip() for name in layers.split(",") if name.strip()]
    options = OverlapOptions(
        buffer_m=buffer_m,
        min_area_m2=min_area_m2,
        geometry=geometry,
        adjust=adjust,
        at=read_moment(datetime),
    )
    return _answer(request, session, caller, Subject(project=code), names, options)


def read_moment(text: str | None) -> Any:
    """Return the time that a request asks about, the end of a day or interval; None is now."""
    return parse_datetime(text).end if text else None


def check_subject(body: SubjectBody) -> None:
    """Refuse a subject that names nothing, or more than one thing.

    Raises
    ------
    InvalidInputError
        As said.
    """
    named = (body.project, body.projects, body.geometry, body.upload, body.layer)
    if sum(given is not None for given in named) == 1:
        return
    raise InvalidInputError(
        'The subject names exactly one of {"project": CODE}, {"projects": [CODE, …]}, {"geometry": …, "crs": …}, '
        '{"upload": ID} and {"layer": NAME}.',
        '分析对象须为 {"project": 档案编号}、{"projects": […]}、{"geometry": …, "crs": …}、{"upload": ID}、'
        '{"layer": 图层} 之一。',
        where="subject",
    )


def read_subject(body: SubjectBody) -> Subject:
    """Return the subject of a request that is answered at once."""
    return Subject(project=body.project, geometry=body.geometry, crs=body.crs, upload=body.upload)


def _answer(
    request: Request,
    session: Session,
    caller: Caller,
    subject: Subject,
    layers: list[str],
    options: OverlapOptions,
) -> Response:
    key = choose_format(request, OFFERED)
    if key == "json":
        answer = compute_overlap(session, caller, subject, layers, options)
        headers = {"Cache-Control": "private, no-store", "Content-Type": "application/json", "Vary": "Accept"}
        response = Response(orjson.dumps(answer), headers=headers)
    else:
        lang = lang_of(request) if key in SPOKEN else "zh"
        number = state_of(request).settings.server.review_number
        report = compute_report(session, caller, subject, layers, options, lang=lang, review_number=number)
        response = answer_report(caller, [report], cast("ReportFormat", key))
    if not caller.is_anonymous:
        uploaded = f"upload {subject.upload}" if subject.upload else "geometry"
        thing = f"project {subject.project}" if subject.project else uploaded
        record_audit(session, caller, "overlap.run", thing, after={"layers": layers, "format": key})
    return response
