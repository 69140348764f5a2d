"""The overlap report 压占（合规性）分析表 of a subject: the answer with what its files and pictures need besides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from gis.overlap import OverlapOptions
from gis.report import Lang, Look, OverlapReport, ReportHead, make_report, outline_of
from twin.identity.caller import Caller
from twin.identity.rights import reach
from twin.land.compliance import Subject, compute_overlap
from twin.land.subjects import Placed, free_subject, surveyed_subject
from twin.land.surroundings import list_surroundings
from twin.land.targets import DEFAULT_LAYERS, expand_layers, make_targets
from twin.layers.themes import CONTROL_KINDS, LAND_STATUS, PROJECTS_STAGE
from twin.projects.models import Project
from twin.projects.queries import get_project
from twin.uploads.uploads import get_upload

DRAWN: Final[dict[Lang, str]] = {"zh": "绘制范围", "en": "Drawn shape 绘制范围"}
_PATTERNS: Final = ("diagonal", "back_diagonal", "vertical", "horizontal", "cross", "diagonal_cross")


@dataclass(frozen=True)
class _Named:
    title: str
    code: str | None
    placed: Placed


def compute_report(
    session: Session,
    caller: Caller,
    subject: Subject,
    layers: Sequence[str] = DEFAULT_LAYERS,
    options: OverlapOptions | None = None,
    *,
    lang: Lang = "zh",
    review_number: str = "",
) -> OverlapReport:
    """Lay a subject over layers and return the report of it; rights and errors are those of `compute_overlap`.

    Who may browse the land layers sees the features that are hit beyond the subject's edge on the maps, too.

    Parameters
    ----------
    lang : {'zh', 'en'}
        Of the words in pages and workbooks.
    review_number : str
        Map review number 审图号 printed below the maps.
    """
    chosen = replace(options or OverlapOptions(), geometry=True)
    answer = compute_overlap(session, caller, subject, layers, chosen)
    named = _named(session, caller, subject)
    outline = outline_of(named.placed.whole, chosen.buffer_m)
    head = ReportHead(
        title=named.title or DRAWN[lang],
        code=named.code,
        outline=outline,
        operator=caller.display_name if caller.is_anonymous else f"{caller.display_name} ({caller.login})",
        options=chosen,
        looks=make_looks(),
        surroundings=_surroundings(session, caller, layers, answer, named.placed, outline, chosen.at),
        synthetic=bool(session.scalar(select(exists().where(Project.synthetic)))),
        lang=lang,
        review_number=review_number,
    )
    return make_report(answer, head)


def _named(session: Session, caller: Caller, subject: Subject) -> _Named:
    if subject.project is not None:
        project = get_project(session, caller, subject.project)
        return _Named(project.name, project.code, surveyed_subject(session, project))
    placed = free_subject(session, caller, subject)
    if subject.upload is not None:
        return _Named(get_upload(session, caller, subject.upload).file_name, None, placed)
    return _Named("", None, placed)


def _surroundings(
    session: Session,
    caller: Caller,
    layers: Sequence[str],
    answer: Mapping[str, Any],
    placed: Placed,
    outline: BaseGeometry,
    at: datetime | None,
) -> dict[str, BaseGeometry]:
    if reach(caller, "land:read") != "all" or shapely.is_empty(outline):
        return {}
    targets = make_targets(expand_layers(layers), caller)
    return list_surroundings(session, targets, answer, outline, placed.whole.zone_srid, at)


def make_looks() -> dict[str, Look]:
    """Return how each layer is drawn: its colour on the map of the dashboard, and a pattern of its own beside it."""
    colours = {str(each.value): each.colour for each in CONTROL_KINDS.classes}
    colours["land_parcels"] = next(each.colour for each in LAND_STATUS.classes if each.key == "ready")
    colours["projects"] = next(each.colour for each in PROJECTS_STAGE.classes if each.key == "design")
    patterns = {name: _PATTERNS[number % len(_PATTERNS)] for number, name in enumerate(colours)}
    patterns["dltb"] = "solid"  # it covers the ground and lies below all others
    return {name: Look(colour, patterns[name]) for name, colour in colours.items()}
