"""The pages: `/` 一张图, signing in and out, the built front end, the base map.

All of a page is there without JavaScript; the map in the browser takes over what it can do better. It asks for
single parts of the page (`part=list`, `part=card`, `part=overlap`), so that nothing is written twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from api.front_end import BUILD_COMMAND, find_assets
from api.i18n import Speech
from api.one_map import Asked, Level, Palette, choices, count_lights, view_of_overlap
from api.rendering import SECURITY_HEADERS, render_page, speech_of
from api.sketch import draw
from twin.errors import ForbiddenError, NotFoundError, TwinError, UnauthenticatedError
from twin.identity import Caller
from twin.projects import queries
from twin.projects.models import STAGES
from twin.projects.queries import CardFilters, ProjectCard

Part = Literal["", "list", "card", "overlap", "sketch"]

PURPOSES: Final = ("infrastructure", "livelihood", "industry")
EMPTY_BASEMAP: Final = {"type": "FeatureCollection", "features": []}


@dataclass(frozen=True)
class Sources:
    """Where the pages get what they show.

    Attributes
    ----------
    caller, session
        FastAPI dependencies: who asks, and a database session for the request.
    levels
        The palette of the light rule in force, best first.
    overlap
        Land overlap of one project by archive number, with geometry, as ``POST /api/v1/overlap`` answers it.
    sign_in, sign_out
        Exchange a token for a cookie value (a `TwinError` when it is not valid), and forget that value.
    cookie
        Name of the session cookie.
    basemap
        GeoJSON file of the neutral base map; None for a plain ground.
    review_number
        Map review number 审图号; empty when there is none.
    """

    caller: Callable[..., Any]
    session: Callable[..., Any]
    levels: Callable[[Session], Sequence[Level]]
    overlap: Callable[[Session, Caller, str], Mapping[str, Any]]
    sign_in: Callable[[Session, str], str]
    sign_out: Callable[[Session, str], None]
    cookie: str
    basemap: Path | None = None
    review_number: str = ""


def routes(sources: Sources) -> APIRouter:
    """Return the routes of the pages, fed by the given sources."""
    router = APIRouter(include_in_schema=False)
    _add_one_map(router, sources)
    _add_sign_in(router, sources)

    @router.get("/basemap.geojson")
    def basemap() -> Response:
        headers = {"Cache-Control": "no-cache"}
        if sources.basemap is None:
            return JSONResponse(EMPTY_BASEMAP, headers=headers, media_type="application/geo+json")
        return FileResponse(sources.basemap, headers=headers, media_type="application/geo+json")

    return router


def _add_one_map(router: APIRouter, sources: Sources) -> None:
    who, database = Depends(sources.caller), Depends(sources.session, scope="function")

    @router.get("/")
    def one_map(
        request: Request,
        asked: Annotated[Asked, Depends()],
        part: Annotated[Part, Query()] = "",
        caller: Caller = who,
        session: Session = database,
    ) -> Response:
        if find_assets() is None:
            return render_page(request, "not_built.html", 503, command=BUILD_COMMAND)
        page = _one_map(sources, session, caller, asked, speech_of(request), part)
        template = f"parts/{part}.html" if part else "one_map.html"
        return render_page(request, template, asked=asked, caller=caller, **page)


def _add_sign_in(router: APIRouter, sources: Sources) -> None:
    who, database = Depends(sources.caller), Depends(sources.session, scope="function")

    @router.get("/login")
    def login_form(request: Request, caller: Caller = who) -> Response:
        return render_page(request, "login.html", caller=caller, failure=None)

    @router.post("/login")
    def sign_in(
        request: Request, token: Annotated[str, Form()], caller: Caller = who, session: Session = database
    ) -> Response:
        if not _is_own_page(request):
            return render_page(request, "login.html", 403, caller=caller, failure="login.foreign")
        try:
            value = sources.sign_in(session, token.strip())
        except TwinError:
            return render_page(request, "login.html", 401, caller=caller, failure="login.failed")
        response = RedirectResponse("/", status_code=303, headers=SECURITY_HEADERS)
        secure = request.url.scheme == "https"
        response.set_cookie(sources.cookie, value, httponly=True, samesite="lax", secure=secure)
        return response

    @router.post("/logout")
    def sign_out(request: Request, caller: Caller = who, session: Session = database) -> Response:
        if not _is_own_page(request):
            return render_page(request, "login.html", 403, caller=caller, failure="login.foreign")
        sources.sign_out(session, request.cookies.get(sources.cookie, ""))
        response = RedirectResponse("/", status_code=303, headers=SECURITY_HEADERS)
        response.delete_cookie(sources.cookie, httponly=True, samesite="lax")
        return response


def _one_map(
    sources: Sources, session: Session, caller: Caller, asked: Asked, speech: Speech, part: Part
) -> dict[str, Any]:
    """Gather what one part of the page shows, or the whole page; what a part does not show is not asked for."""
    chosen = _find_chosen(session, caller, asked.sel)
    palette = Palette.from_levels(sources.levels(session))
    page: dict[str, Any] = {"chosen": chosen, "palette": palette}
    if part in ("", "list", "sketch"):
        page |= _list_part(session, caller, asked, speech, palette)
    if part in ("", "overlap"):
        page |= _overlap_part(sources, session, caller, chosen, speech)
    if part in ("", "sketch"):
        page["sketch"] = draw(sources.basemap, [card.bbox for card in page["cards"] if card.bbox])
        page["review_number"] = sources.review_number
    return page


def _list_part(
    session: Session, caller: Caller, asked: Asked, speech: Speech, palette: Palette
) -> dict[str, Any]:
    portfolio = queries.get_portfolio(session, caller)
    filters = CardFilters(asked.light, asked.stage, asked.purpose, asked.q)
    return {
        "cards": queries.list_project_cards(session, caller, filters),
        "portfolio": portfolio,
        "lights": count_lights(palette.levels, portfolio.lights, asked),
        "stages": choices("stage", STAGES, asked.stage, speech),
        "purposes": choices("purpose", PURPOSES, asked.purpose, speech),
    }


def _find_chosen(session: Session, caller: Caller, code: str) -> ProjectCard | None:
    if not code:
        return None
    try:
        return queries.get_project_card(session, caller, code)
    except NotFoundError:
        return None  # a shared link may outlive its project: the card says so, the rest of the page works


def _overlap_part(
    sources: Sources, session: Session, caller: Caller, chosen: ProjectCard | None, speech: Speech
) -> dict[str, Any]:
    if chosen is None:
        return {"overlap": None, "overlap_refused": False}
    try:
        answer = sources.overlap(session, caller, chosen.code)
    except (ForbiddenError, UnauthenticatedError):
        return {"overlap": None, "overlap_refused": True}
    return {"overlap": view_of_overlap(answer, speech), "overlap_refused": False}


def _is_own_page(request: Request) -> bool:
    """Tell whether a form was sent by one of our own pages (browsers name the origin with every POST)."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    return urlsplit(origin).netloc == request.headers.get("Host")
