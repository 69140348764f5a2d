"""`/projects/{code}/bim`: a project's models: list, elements, properties and figures, with or without 3-D.

The script asks for single parts of the page (`part=elements`, `part=element`, `part=figures`), so that nothing
is written twice.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.bim.page_view import (
    PAGE_ROWS,
    AskedElements,
    count_statuses,
    list_property_sets,
    list_quantities,
    list_storeys,
    read_number,
    read_status,
    say,
)
from api.deps import CallerDep, SessionDep
from api.front_end import BUILD_COMMAND, find_assets
from api.i18n import Speech
from api.one_map import Palette
from api.page_sources import list_levels
from api.rendering import render_page, speech_of
from gis.cql2 import parse_filter
from gis.errors import GisError
from gis.filters import is_storable
from twin.elements.figures import list_groups
from twin.elements.queries import (
    ElementPage,
    Row,
    SeenModel,
    get_element,
    get_model,
    list_elements,
    list_models,
)
from twin.elements.search import ElementFilters
from twin.errors import InvalidInputError, NotFoundError
from twin.identity import Caller
from twin.identity.rights import may
from twin.projects.queries import ProjectCard, get_project_card

router: Final = APIRouter(include_in_schema=False)

Part = Literal["", "elements", "element", "figures"]
AskedDep = Annotated[AskedElements, Depends()]
EXAMPLES: Final = (
    "ifc_class = 'IfcColumn' AND z_max_m > 40",
    "status <> 'done' AND plan_finish < DATE('2025-12-31')",
    "psets.Pset_WallCommon.IsExternal = TRUE",
    "quantities.Qto_BeamBaseQuantities.NetVolume > 1",
)
NO_ROWS: Final = ElementPage([], 0, None)


@dataclass(frozen=True)
class Chosen:
    """The model the page is about, and what to tell the reader where a link asked for more than there is."""

    model: SeenModel | None
    notice: str


@router.get("/projects/{code}/bim")
def bim_page(
    request: Request,
    code: Annotated[str, Path(max_length=64)],
    asked: AskedDep,
    caller: CallerDep,
    session: SessionDep,
    part: Annotated[Part, Query()] = "",
) -> Response:
    """Return the page of a project's models, or one part of it."""
    if find_assets() is None:
        return render_page(request, "not_built.html", 503, command=BUILD_COMMAND)
    try:
        project = get_project_card(session, caller, code)
    except NotFoundError:
        return render_page(request, "no_project.html", 404, code=code)
    page = _gather(session, caller, project, asked, speech_of(request), part)
    template = f"parts/bim_{part}.html" if part else "bim.html"
    return render_page(request, template, asked=asked, caller=caller, project=project, **page)


def _gather(
    session: Session, caller: Caller, project: ProjectCard, asked: AskedElements, speech: Speech, part: Part
) -> dict[str, Any]:
    """Gather what one part of the page shows, or the whole page; what a part does not show is not asked for."""
    models = list_models(session, caller, project.id)
    chosen = _choose(session, caller, models, asked, speech)
    page: dict[str, Any] = {"models": models, "chosen": chosen.model, "notice": chosen.notice}
    page["palette"] = Palette.from_levels(list_levels(session))
    if part in ("", "figures"):
        page |= _figures(session, chosen.model, speech)
    if part in ("", "elements"):
        page |= _elements(session, chosen.model, asked, speech)
    if part in ("", "element"):
        page |= _element(session, chosen.model, asked, speech)
        page["may_report"] = may(caller, "progress:write", project.id)
    if not part:
        page["island"] = _island(caller, project, chosen.model, asked) | _others(models, chosen.model)
    page["status_of"] = lambda key: read_status(key, speech)
    return page


def _choose(
    session: Session, caller: Caller, models: list[Row], asked: AskedElements, speech: Speech
) -> Chosen:
    """Find the model and revision of the address; a link may outlive both, so the rest of the page works on."""
    known = {row["id"] for row in models}
    wanted = read_number(asked.model)
    published = [row["id"] for row in models if row["revision"] is not None]
    first = next(iter([*published, *known]), None)
    if first is None:
        return Chosen(None, "")
    notice = ""
    if asked.model and wanted not in known:
        notice = speech("bim.unknown_model", model=asked.model)
    model_id = wanted if wanted in known and wanted is not None else first
    number = read_number(asked.revision)
    try:
        return Chosen(get_model(session, caller, model_id, number), notice)
    except NotFoundError:
        notice = speech("bim.unknown_revision", revision=asked.revision)
        return Chosen(get_model(session, caller, model_id), notice)


def _figures(session: Session, model: SeenModel | None, speech: Speech) -> dict[str, Any]:
    groups = list_groups(session, model) if model else []
    storeys = (model.row["storeys"] or []) if model else []
    return {"statuses": count_statuses(groups, speech), "storeys": list_storeys(groups, storeys)}


def _elements(
    session: Session, model: SeenModel | None, asked: AskedElements, speech: Speech
) -> dict[str, Any]:
    page, failure = NO_ROWS, ""
    if model is not None:
        try:
            after = read_number(asked.after) or 0
            page = list_elements(session, model, read_filters(asked), after, PAGE_ROWS)
        except (InvalidInputError, GisError) as error:
            failure = error.zh if speech.lang == "zh" else error.en
    return {"elements": page, "failure": failure, "examples": EXAMPLES}


def read_filters(asked: AskedElements) -> ElementFilters:
    """Return the filters of a list of elements as the address asks for them.

    Raises
    ------
    GisError, InvalidInputError
        The filter is no CQL2, or a text holds what no element can hold.
    """
    texts = (asked.ifc_class, asked.storey, asked.status, asked.q.strip())
    if not all(is_storable(text) for text in texts):
        raise InvalidInputError("The search holds half a character.", "查询含有不完整的字符。", "q")
    ifc_class, storey, status, q = (text or None for text in texts)
    tree = parse_filter(asked.filter, "cql2-text") if asked.filter.strip() else None
    return ElementFilters(ifc_class, storey, status, q, tree)


def _element(
    session: Session, model: SeenModel | None, asked: AskedElements, speech: Speech
) -> dict[str, Any]:
    if model is None or not asked.sel:
        return {"element": None}
    try:
        element = get_element(session, model, asked.sel)
    except NotFoundError:
        return {"element": None}
    return {
        "element": element,
        "psets": list_property_sets(element.get("psets"), speech),
        "quantities": list_quantities(element.get("quantities"), speech),
        "materials": say(element.get("materials") or [], speech),
        "classification": element.get("classification") or [],
    }


def _island(
    caller: Caller, project: ProjectCard, model: SeenModel | None, asked: AskedElements
) -> dict[str, Any]:
    """Return what the script needs to know and the page does not show."""
    if model is None:
        return {"project": project.code, "model": None}
    return {
        "project": project.code,
        "model": model.row["id"],
        "revision": model.row["revision"],
        "asked_revision": read_number(asked.revision),
        "revisions": [each["number"] for each in model.revisions if each["published_at"] is not None],
        "storeys": model.row["storeys"] or [],
        "placed": bool((model.row["georeference"] or {}).get("placed")),
        "footprint": project.bbox,
        "may_place": may(caller, "bim:write", project.id),
        "may_report": may(caller, "progress:write", project.id),
    }


def _others(models: list[Row], model: SeenModel | None) -> dict[str, Any]:
    """Return the name of the model that is shown, and the published ones that may be shown with it."""
    own = model.row["id"] if model else None
    return {
        "name": model.row["name"] if model else "",
        "others": [
            {"id": row["id"], "name": row["name"], "revision": row["revision"]}
            for row in models
            if row["revision"] is not None and row["id"] != own
        ],
    }
