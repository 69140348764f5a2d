"""Overlap 压占/合规性 of a project, a drawn shape or an uploaded file with land and control layers (`domain.md` §10)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from gis.overlap import (
    LayerOverlap,
    OverlapAnswer,
    OverlapOptions,
    OverlapSubject,
    members_statement,
    question_statement,
    read_overlap,
    render_overlap,
)
from gis.overlap.render import areas_json, note_json, slivers_json
from twin.identity.caller import SYSTEM, Caller
from twin.identity.rights import may, reach, require
from twin.land.queries import list_data_versions, run_statement, run_statements
from twin.land.review import review_json
from twin.land.subjects import Member, Placed, Subject, free_subject, surveyed_subject
from twin.land.targets import DEFAULT_LAYERS, expand_layers, make_targets
from twin.projects.queries import get_project

RUN = "overlap:run"

__all__ = ["RUN", "Subject", "compute_overlap"]


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
        No such project or upload, or the caller may not see it.
    InvalidInputError
        Unknown layer, a project without red line, or no subject.
    GisError
        The geometry or its CRS cannot be used; the message says why.
    """
    rows = expand_layers(layers)
    chosen = options or OverlapOptions()
    if subject.project is None:
        require(caller, RUN)
        return _answer(session, caller, free_subject(session, caller, subject), rows, chosen)
    project = get_project(session, caller, subject.project)
    surveyed = surveyed_subject(session, project)
    if may(caller, RUN, project.id):
        # A task force sees its own result whole, though it may not browse the layers.
        eyes = caller if reach(caller, "land:read") == "all" else SYSTEM
        return _answer(session, eyes, surveyed, rows, chosen, "projects")
    if replace(chosen, geometry=False) != OverlapOptions():
        require(caller, RUN, project.id)
    return _public_answer(session, caller, surveyed, rows, chosen)


def _answer(
    session: Session,
    caller: Caller,
    placed: Placed,
    rows: Sequence[str],
    options: OverlapOptions,
    subject_layer: str | None = None,
) -> dict[str, Any]:
    found = _run(session, caller, placed.whole, rows, options, subject_layer)
    body = {**_rendered(session, caller, found, rows), **review_json(found)}
    if placed.members and placed.whole.dimension == 2:
        body["subjects"] = _members(session, caller, placed.members, rows, options)
    return body


def _rendered(session: Session, caller: Caller, found: OverlapAnswer, rows: Sequence[str]) -> dict[str, Any]:
    public_only = reach(caller, "land:read") != "all"
    versions = list_data_versions(session, rows, public_only=public_only, at=found.options.at)
    return render_overlap(found, versions, datetime.now(UTC))


def _run(
    session: Session,
    caller: Caller,
    subject: OverlapSubject,
    rows: Sequence[str],
    options: OverlapOptions,
    subject_layer: str | None,
) -> OverlapAnswer:
    targets = make_targets(rows, caller, subject_layer)
    text = run_statement(session, question_statement(subject, targets, options))
    return read_overlap(text, subject, targets, options)


def _members(
    session: Session, caller: Caller, members: Sequence[Member], rows: Sequence[str], options: OverlapOptions
) -> list[dict[str, Any]]:
    """Answer for each of several shapes by itself, in figures alone."""
    targets = make_targets(rows, caller)
    plain = replace(options, geometry=False)
    texts = run_statements(session, members_statement([each.subject for each in members], targets, plain))
    answers = [read_overlap(texts[n], each.subject, targets, plain) for n, each in enumerate(members)]
    return [_member_json(member, answer) for member, answer in zip(members, answers, strict=True)]


def _member_json(member: Member, answer: OverlapAnswer) -> dict[str, Any]:
    body: dict[str, Any] = {
        "number": member.number,
        "name": member.name,
        "place": member.place,
        **areas_json(answer.area_m2),
        "area_plane_m2": round(answer.area_plane_m2, 4),
        "survey_area_m2": answer.stated_area_m2,
        "crs_overlay": answer.crs_overlay,
        "layers": [brief_json(layer) for layer in answer.layers],
        "warnings": [note_json(note) for note in answer.warnings],
    }
    return body


def brief_json(layer: LayerOverlap) -> dict[str, Any]:
    """Return the summary row of a layer."""
    return {
        "layer": layer.target.layer,
        "hit": layer.hit,
        **areas_json(layer.area_m2),
        "share_of_subject": round(layer.share_of_subject, 6),
        "pieces": layer.pieces,
        "largest_piece_m2": round(layer.largest_piece_m2, 4),
        "critical": layer.critical,
        "slivers": slivers_json(layer.slivers),
    }


def _public_answer(
    session: Session, caller: Caller, placed: Placed, rows: Sequence[str], options: OverlapOptions
) -> dict[str, Any]:
    """Answer with figures of what the caller may see, and hit or no hit for the rest."""
    # What the survey states is an internal field.
    seen = _run(session, caller, replace(placed.whole, stated_area_m2=None), rows, options, "projects")
    answer = _rendered(session, caller, seen, rows)
    hidden = _run(session, SYSTEM, placed.whole, rows, OverlapOptions(), "projects")
    for shown, whole in zip(answer["layers"], hidden.layers, strict=True):
        if whole.target.layer != "projects" and whole.hit and len(whole.items) > len(shown["items"]):
            shown["hit"] = True
            shown["internal"] = True
            shown["notes"] = [note_json(note) for note in whole.target.notes]
    return answer
