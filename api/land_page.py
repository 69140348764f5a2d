"""`/land` for planners: the reserve ledger, overlaps of dropped files, spatial questions; the map joins by script.

The ledger and the card of a parcel are there without JavaScript.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.deps import CallerDep, SessionDep, StateDep
from api.front_end import BUILD_COMMAND, find_assets
from api.i18n import Speech
from api.one_map import view_of_overlap
from api.overlap import OverlapBody, check_subject, read_subject
from api.page_sources import find_basemap
from api.rendering import render_page, speech_of
from api.sketch import draw
from gis.overlap import OverlapOptions
from twin.errors import NotFoundError
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.identity.rights import may, reach
from twin.imports.plan import list_importable
from twin.land.compliance import compute_overlap
from twin.land.parcels import Parcel, list_parcels
from twin.land.reserve_card import ParcelCard, get_card
from twin.land.reserve_history import ParcelHistory, get_history
from twin.land.states import NAMES, PARCEL_STATES
from twin.land.targets import TITLES
from twin.layers import LAYERS
from twin.projects.queries import ProjectCard, list_project_cards

router: Final = APIRouter(include_in_schema=False)
PAGE_ROWS: Final = 100
Part = Literal["", "ledger", "parcel"]


@dataclass(frozen=True)
class Asked:
    """What of the ledger is asked for."""

    state: Annotated[str, Query(max_length=40)] = ""
    after: Annotated[str, Query(max_length=100)] = ""
    parcel: Annotated[str, Query(max_length=100)] = ""


@dataclass(frozen=True)
class LayerChoice:
    """A layer that can be asked, by its name in both languages."""

    key: str
    name: str


@router.get("/land")
def land_page(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    state: StateDep,
    asked: Annotated[Asked, Depends()],
    part: Annotated[Part, Query()] = "",
) -> Response:
    """Return the page, or only its ledger or the card of a parcel."""
    if find_assets() is None:
        return render_page(request, "not_built.html", 503, command=BUILD_COMMAND)
    speech = speech_of(request)
    context: dict[str, Any] = {"caller": caller, "asked": asked, "name_of": _namer(speech)}
    if part in ("", "ledger"):
        context |= _ledger(session, caller, asked)
    if part in ("", "parcel"):
        context |= _parcel(session, caller, asked.parcel)
    if part == "":
        context |= _tools(caller, speech)
        context["sketch"] = draw(find_basemap(state.settings.server.basemap), [])
        context["review_number"] = state.settings.server.review_number
    template = {"": "land.html", "ledger": "parts/land_ledger.html", "parcel": "parts/land_parcel.html"}[part]
    return render_page(request, template, **context)


@router.post("/land/overlap")
def land_overlap(request: Request, body: OverlapBody, caller: CallerDep, session: SessionDep) -> Response:
    """Return the table of an overlap as a part of the page; the question is that of `POST /api/v1/overlap`."""
    check_subject(body.subject)
    options = OverlapOptions(
        buffer_m=body.buffer_m, min_area_m2=body.min_area_m2, geometry=True, adjust=body.adjust
    )
    answer = compute_overlap(session, caller, read_subject(body.subject), body.layers, options)
    if not caller.is_anonymous:
        record_audit(session, caller, "overlap.run", "land page", after={"layers": body.layers})
    view = view_of_overlap(answer, speech_of(request))
    return render_page(request, "parts/overlap.html", overlap=view, overlap_refused=False, caller=caller)


def _ledger(session: Session, caller: Caller, asked: Asked) -> dict[str, Any]:
    found = list_parcels(session, caller, state=asked.state, after=asked.after, limit=PAGE_ROWS + 1)
    parcels: list[Parcel] = found[:PAGE_ROWS]
    return {
        "parcels": parcels,
        "next_parcel": parcels[-1].parcel_no if len(found) > PAGE_ROWS else "",
        "states": PARCEL_STATES,
    }


def _parcel(session: Session, caller: Caller, parcel_no: str) -> dict[str, Any]:
    card: ParcelCard | None = None
    history: ParcelHistory | None = None
    projects: list[ProjectCard] = []
    if parcel_no:
        try:
            card = get_card(session, caller, parcel_no)
        except NotFoundError:
            card = None  # a shared link may outlive its parcel: the card says so
    if card is not None and card.inside is not None:
        history = get_history(session, caller, parcel_no)
        if card.inside.may_reserve:
            projects = list_project_cards(session, caller)
    return {"card": card, "history": history, "projects": projects, "may_write": may(caller, "land:write")}


def _tools(caller: Caller, speech: Speech) -> dict[str, Any]:
    zh = speech.lang == "zh"
    titles = {key: title[0] if zh else title[1] for key, title in TITLES.items()}
    every = titles | {key: layer.title_zh if zh else layer.title_en for key, layer in LAYERS.items()}
    may_upload = reach(caller, "land:write") != "public" or reach(caller, "project:write") != "public"
    return {
        "overlap_layers": [LayerChoice(key, name) for key, name in titles.items()],
        "import_layers": [LayerChoice(key, _import_titles(zh)[key]) for key in list_importable(caller)],
        "asked_layers": [LayerChoice(key, name) for key, name in every.items() if key != "control_areas"],
        "may_upload": may_upload and may(caller, "overlap:run"),
    }


def _import_titles(zh: bool) -> dict[str, str]:
    """Return the names of the layers that files go into, as they are called there."""
    own = {
        "projects": ("项目红线", "Red lines of projects"),
        "control_areas": ("管控区（图层见文件）", "Control areas (the file names the layer)"),
    }
    return {key: title[0 if zh else 1] for key, title in (TITLES | own).items()}


def _namer(speech: Speech) -> Any:
    def name_of(key: str | None) -> str:
        names = NAMES.get(key or "")
        return (key or "") if names is None else names[0 if speech.lang == "zh" else 1]

    return name_of
