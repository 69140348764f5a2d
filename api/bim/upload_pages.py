"""`/upload`: bring a model in and see what becomes of it, with or without a script."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.bim.page_view import Property
from api.deps import CallerDep, SessionDep, StateDep
from api.errors import STATUS_BY_ERROR
from api.front_end import BUILD_COMMAND, find_assets
from api.i18n import Speech
from api.jobs import get_job
from api.middleware import MEGABYTE
from api.models import keep_model
from api.multipart import receive_form
from api.rendering import SECURITY_HEADERS, render_page, speech_of
from api.state import AppState
from twin.db import open_session
from twin.elements.models import BimModel, BimRevision
from twin.elements.nearness import find_revision_nearness
from twin.elements.place_words import CONFIDENCES, name_method
from twin.errors import TwinError
from twin.identity import Caller
from twin.identity.rights import may, reach, require
from twin.jobs import JobStatus
from twin.jobs.ingest_model import PHASES
from twin.jobs.submit_model import Submitted
from twin.objects import open_store
from twin.projects.models import Project
from twin.projects.queries import ProjectCard, get_project, list_project_cards

router: Final = APIRouter(include_in_schema=False)

DISCIPLINES: Final = ("architecture", "structure", "mep", "bridge", "road", "utilities", "landscape")
VERDICT_KINDS: Final = {"ok": "good", "partial": "partly", "no_position": "partly"}


@dataclass(frozen=True)
class JobView:
    """A job as the page tells of it.

    Attributes
    ----------
    phases : tuple of (str, bool, bool)
        Each phase with whether it is over and whether it runs.
    kind : str
        ``good``, ``partly`` or ``bad`` once the job has ended.
    place : tuple of Property
        What is known of the model's position, in words.
    """

    status: JobStatus
    phases: tuple[tuple[str, bool, bool], ...]
    kind: str
    verdict: str
    place: tuple[Property, ...]
    warnings: tuple[str, ...]
    project_code: str | None
    model_id: int | None
    revision: int | None


@router.get("/upload")
def upload_page(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    project: Annotated[str, Query(max_length=64)] = "",
    job: Annotated[str, Query(max_length=64)] = "",
    part: Annotated[Literal["", "job"], Query()] = "",
) -> Response:
    """Return the page, or only what is known of a job."""
    if find_assets() is None:
        return render_page(request, "not_built.html", 503, command=BUILD_COMMAND)
    return _page(request, caller, session, project, job, part)


@router.post("/upload")
async def upload_form(request: Request, caller: CallerDep, state: StateDep) -> Response:
    """Take the form of a browser without script, and lead on to the page of its job."""
    try:
        submitted, code = await _receive(request, caller, state)
    except TwinError as error:
        return await asyncio.to_thread(_refusal, request, caller, state, error)
    asked = {"project": code, "job": submitted.job_id or ""}
    return RedirectResponse(f"/upload?{urlencode(asked)}", status_code=303, headers=SECURITY_HEADERS)


async def _receive(request: Request, caller: Caller, state: AppState) -> tuple[Submitted, str]:
    if reach(caller, "bim:write") == "public":
        require(caller, "bim:write")  # before the first byte of a file is read
    store = open_store(state.settings.home)
    with store.receive(state.settings.server.upload_max_mb * MEGABYTE) as incoming:
        form = await receive_form(request.stream(), request.headers.get("Content-Type", ""), incoming)
        code = form.fields.get("project", "").strip()
        await asyncio.to_thread(_check_right, state, caller, code)
        return await asyncio.to_thread(keep_model, state, caller, code, form, incoming), code


def _check_right(state: AppState, caller: Caller, code: str) -> None:
    with open_session(state.engine) as session:
        require(caller, "bim:write", get_project(session, caller, code).id)


def _refusal(request: Request, caller: Caller, state: AppState, error: TwinError) -> Response:
    with open_session(state.engine) as session:
        status = next((STATUS_BY_ERROR[kind] for kind in type(error).mro() if kind in STATUS_BY_ERROR), 400)
        return _page(request, caller, session, "", "", "", failure=error, status=status)


def _page(
    request: Request,
    caller: Caller,
    session: Session,
    code: str,
    job_id: str,
    part: str,
    failure: TwinError | None = None,
    status: int = 200,
) -> Response:
    speech = speech_of(request)
    job, notice = _find_job(session, caller, job_id, speech)
    context: dict[str, Any] = {"caller": caller, "job": job, "job_notice": notice, "asked_project": code}
    if not part:
        context |= {"projects": list_projects(session, caller), "disciplines": DISCIPLINES}
        context["failure"] = _said(failure, speech) if failure else ""
    return render_page(request, "parts/upload_job.html" if part else "upload.html", status, **context)


def list_projects(session: Session, caller: Caller) -> list[ProjectCard]:
    """List the projects a caller may bring models to."""
    if reach(caller, "bim:write") == "public":
        return []
    return [card for card in list_project_cards(session, caller) if may(caller, "bim:write", card.id)]


def _find_job(session: Session, caller: Caller, job_id: str, speech: Speech) -> tuple[JobView | None, str]:
    if not job_id:
        return None, ""
    try:
        status = get_job(session, caller, uuid.UUID(job_id))
    except (ValueError, TwinError):
        return None, speech("upload.unknown_job", job=job_id)
    return view_job(session, status, speech), ""


def view_job(session: Session, status: JobStatus, speech: Speech) -> JobView:
    """Shape a job for the page: how far it is, its verdict, where its model lies."""
    found = session.execute(
        select(BimRevision, BimModel)
        .join(BimModel, BimModel.id == BimRevision.model_id)
        .where(BimRevision.job_id == status.job_id)
    ).first()
    revision, model = (found.BimRevision, found.BimModel) if found else (None, None)
    verdict = status.verdict or {}
    code = str(verdict.get("code", ""))
    kind = VERDICT_KINDS.get(code, "good") if status.state == "succeeded" else "bad"
    detail = verdict.get("detail") or {}
    return JobView(
        status=status,
        phases=list_phases(status),
        kind="" if status.is_open else kind,
        verdict=str(verdict.get("message_zh" if speech.lang == "zh" else "message", "")),
        place=tuple(_place(session, revision, model, speech)) if revision and model else (),
        warnings=tuple(str(each) for each in detail.get("warnings", ())),
        project_code=_code_of(session, status),
        model_id=model.id if model else None,
        revision=revision.number if revision and revision.state == "published" else None,
    )


def list_phases(status: JobStatus) -> tuple[tuple[str, bool, bool], ...]:
    """Return the phases of a conversion with what is over and what runs."""
    names = [name for name in PHASES if name != "done"] + ["publish"]
    if status.state == "succeeded":
        return tuple((name, True, False) for name in names)
    at = names.index(status.phase) if status.phase in names else -1
    return tuple((name, n < at, n == at and status.is_open) for n, name in enumerate(names))


def _place(session: Session, revision: BimRevision, model: BimModel, speech: Speech) -> list[Property]:
    georeference = revision.georeference
    if not georeference:
        return []
    method = name_method(georeference.get("method"))
    confidence = str(georeference.get("confidence") or "none")
    shown = CONFIDENCES.get(confidence, confidence) if speech.lang == "zh" else confidence
    rows = [
        Property(speech("upload.place_method"), method[speech.lang] if method else speech("upload.no_place")),
        Property(speech("upload.place_level"), str(georeference.get("level"))),
        Property(speech("upload.place_confidence"), shown),
    ]
    if georeference.get("crs"):
        rows.append(Property(speech("upload.place_crs"), str(georeference["crs"])))
    near = find_revision_nearness(session, model.project_id, revision.id)
    if near is not None:
        share = speech.percent(near.inside_share)
        text = speech("upload.near", distance=speech.number(near.distance_m, 1), share=share)
        rows.append(Property(speech("upload.place_footprint"), text))
    return rows


def _code_of(session: Session, status: JobStatus) -> str | None:
    if status.project_id is None:
        return None
    return session.scalar(select(Project.code).where(Project.id == status.project_id))


def _said(error: TwinError, speech: Speech) -> str:
    return error.zh if speech.lang == "zh" else error.en
