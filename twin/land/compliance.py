"""Overlap 压占/合规性 of a project or a drawn shape with land and control layers (`domain.md` §10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from gis.overlap import (
    OverlapAnswer,
    OverlapOptions,
    OverlapSubject,
    overlap_statement,
    read_overlap,
    render_overlap,
    subject_from_ewkb,
    subject_from_geojson,
)
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM, Caller
from twin.identity.rights import may, reach, require
from twin.land.queries import find_surveyed_footprint, list_data_versions, run_statement
from twin.land.targets import DEFAULT_LAYERS, expand_layers, make_targets
from twin.projects.models import Project
from twin.projects.queries import get_project

RUN = "overlap:run"


@dataclass(frozen=True)
class Subject:
    """What is asked about: a project by its archive number, or a shape with its CRS (east first)."""

    project: str | None = None
    geometry: Mapping[str, Any] | None = None
    crs: str = "EPSG:4490"


def compute_overlap(
    session: Session,
    caller: Caller,
    subject: Subject,
    layers: Sequence[str] = DEFAULT_LAYERS,
    options: OverlapOptions | None = None,
) -> dict[str, Any]:
    """Lay a subject over layers and return the public answer.

    Who may run overlaps everywhere, or for this project, gets every figure. For a public project everybody
    else learns of internal layers only whether they are hit: no area, no piece, and with the default options
    alone, because a free buffer or shape would draw the hidden boundary bit by bit.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        A drawn shape, or options, without the right to run overlaps.
    NotFoundError
        No such project, or the caller may not see it.
    InvalidInputError
        Unknown layer, a project without red line, or no subject.
    GisError
        The geometry or its CRS cannot be used; the message says why.
    """
    rows = expand_layers(layers)
    chosen = options or OverlapOptions()
    if subject.project is None:
        require(caller, RUN)
        return _answer(session, caller, _drawn(subject), rows, chosen, None)
    project = get_project(session, caller, subject.project)
    surveyed = _surveyed(session, project)
    if may(caller, RUN, project.id):
        # A task force sees its own result whole, though it may not browse the layers.
        eyes = caller if reach(caller, "land:read") == "all" else SYSTEM
        return _answer(session, eyes, surveyed, rows, chosen, project.id)
    if replace(chosen, geometry=False) != OverlapOptions():
        require(caller, RUN, project.id)
    return _public_answer(session, caller, surveyed, rows, chosen, project.id)


def _drawn(subject: Subject) -> OverlapSubject:
    if subject.geometry is None:
        raise InvalidInputError(
            'The subject must name a project or hold a geometry: {"project": CODE} or {"geometry": …, "crs": …}.',
            '分析对象须指定项目或几何：{"project": 档案编号} 或 {"geometry": …, "crs": …}。',
            where="subject",
        )
    return subject_from_geojson(subject.geometry, subject.crs)


def _surveyed(session: Session, project: Project) -> OverlapSubject:
    ewkb = find_surveyed_footprint(session, project.id)
    if ewkb is None:
        raise InvalidInputError(
            f"Project {project.code} has no red line yet; import its boundary first.",
            f"项目 {project.code} 还没有红线；请先导入边界。",
            where="subject",
        )
    return subject_from_ewkb(ewkb)


def _answer(
    session: Session,
    caller: Caller,
    subject: OverlapSubject,
    rows: Sequence[str],
    options: OverlapOptions,
    project_id: int | None,
) -> dict[str, Any]:
    found = _run(session, caller, subject, rows, options, project_id)
    public_only = reach(caller, "land:read") != "all"
    versions = list_data_versions(session, rows, public_only=public_only)
    return render_overlap(found, versions, datetime.now(UTC))


def _run(
    session: Session,
    caller: Caller,
    subject: OverlapSubject,
    rows: Sequence[str],
    options: OverlapOptions,
    project_id: int | None,
) -> OverlapAnswer:
    targets = make_targets(rows, caller, project_id)
    text = run_statement(session, overlap_statement(subject, targets, options))
    return read_overlap(text, subject, targets, options)


def _public_answer(
    session: Session,
    caller: Caller,
    subject: OverlapSubject,
    rows: Sequence[str],
    options: OverlapOptions,
    project_id: int,
) -> dict[str, Any]:
    """Answer with figures of what the caller may see, and hit or no hit for the rest."""
    answer = _answer(session, caller, subject, rows, options, project_id)
    hidden = _run(session, SYSTEM, subject, rows, OverlapOptions(), project_id)
    for shown, whole in zip(answer["layers"], hidden.layers, strict=True):
        if whole.target.layer != "projects" and whole.hit and len(whole.items) > len(shown["items"]):
            shown["hit"] = True
            shown["internal"] = True
            shown["notes"] = [
                {"code": note.code, "en": note.en, "zh": note.zh} for note in whole.target.notes
            ]
    return answer
