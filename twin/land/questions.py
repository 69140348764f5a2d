"""Spatial questions as a caller may put them: closed lists of layers and fields, rows by the one rule of sight."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.crs import MU_PER_M2
from gis.errors import InvalidPageTokenError
from gis.filters import Bbox, Frame
from gis.questions import (
    KINDS,
    AnswerPage,
    AskedShape,
    Asking,
    Measure,
    Paging,
    Place,
    Relation,
    Rule,
    Sameness,
    Source,
    around_statement,
    buffer_shape,
    change_count_statement,
    change_statement,
    corridor_statement,
    count_statement,
    duplicates_statement,
    make_corridor,
    nearest_statement,
    page_bytes,
    read_page,
    read_place,
    relation_statement,
    summary_statement,
    write_place,
)
from twin.errors import InvalidInputError
from twin.identity.caller import Caller
from twin.land.question_shapes import find_shape, run
from twin.land.question_sources import (
    KIND_FIELDS,
    About,
    Wanted,
    get_kind_field,
    get_source,
    make_sources,
)

_ANY_ZONE: Final = 4527
"""A box of the map is looked at in degrees alone."""


def ask_relation(
    session: Session,
    caller: Caller,
    about: About,
    wanted: Wanted,
    relation: Relation,
    *,
    counted: bool = False,
) -> bytes:
    """Answer what lies within a shape, or meets it, by layer and id.

    Parameters
    ----------
    counted : bool
        Whether `counts` tells how many there are in all, by class, with the sum of their areas.

    Raises
    ------
    InvalidInputError
        Unknown layer, no subject or several, a project without red line.
    NotFoundError
        No such project or feature, or the caller may not see it.
    GisError
        The shape, its CRS, the filter or the paging token cannot be used.
    """
    shape = find_shape(session, caller, about)
    sources = make_sources(caller, wanted)
    return _related(session, caller, shape, sources, wanted, relation, counted=counted)


def ask_view(session: Session, caller: Caller, box: Bbox | Frame, wanted: Wanted) -> bytes:
    """Answer what meets a box of the map: the features, and in `counts` how many there are, by class."""
    sources = make_sources(caller, wanted)
    shape = AskedShape(_box(box), _ANY_ZONE)
    return _related(session, caller, shape, sources, wanted, "intersects", counted=True)


def _box(box: Bbox | Frame) -> BaseGeometry:
    if isinstance(box, Frame):
        return shapely.from_wkb(box.ewkb)
    if box.west > box.east:
        halves = [(box.west, 180.0), (-180.0, box.east)]
        return shapely.union_all([shapely.box(west, box.south, east, box.north) for west, east in halves])
    return shapely.box(box.west, box.south, box.east, box.north)


def _related(
    session: Session,
    caller: Caller,
    shape: AskedShape,
    sources: Sequence[Source],
    wanted: Wanted,
    relation: Relation,
    *,
    counted: bool,
) -> bytes:
    paging, name = _paging(wanted, relation)
    rows = run(session, caller, relation_statement(shape, sources, relation, paging))
    members: dict[str, Any] = {}
    if counted:
        counts = run(session, caller, count_statement(shape, sources, relation))
        members["counts"] = _counts(sources, counts)
        members["numberMatched"] = sum(row[2] for row in counts)
    return _document(read_page(rows, paging), paging, name, members)


def _counts(sources: Sequence[Source], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    counts = []
    for number, source in enumerate(sources):
        own = [row for row in rows if row[0] == number]
        fields = [field.name for field in source.class_fields()]
        classes = [
            {**dict(zip(fields, orjson.loads(row[1]), strict=True)), "count": row[2], "area_m2": row[3]}
            for row in own
        ]
        counts.append({"collection": source.name, "count": sum(row[2] for row in own), "by_class": classes})
    return counts


def ask_nearest(
    session: Session, caller: Caller, about: About, wanted: Wanted, k: int, within_m: float | None = None
) -> bytes:
    """Answer the k nearest features of each layer, with the geodesic distance in metres, nearest first.

    A feature is not among its own neighbours.

    Raises
    ------
    As for `ask_relation`; InvalidParameterError for a `k` or a distance that is not taken.
    """
    shape = find_shape(session, caller, about)
    sources = make_sources(caller, wanted, others_than=about)
    paging = Paging(limit=1_000, form=wanted.form)
    rows = run(session, caller, nearest_statement(shape, sources, k, paging, within_m))
    return _document(read_page(rows, paging), paging, "nearest", {})


def ask_buffer(session: Session, caller: Caller, about: About, wanted: Wanted, distance_m: float) -> bytes:
    """Answer the area within a distance of a shape, and the features in it, nearest first."""
    shape = find_shape(session, caller, about)
    area = buffer_shape(shape, distance_m)
    paging, name = _paging(wanted, f"buffer {distance_m!r}")
    sources = make_sources(caller, wanted, others_than=about)
    rows = run(session, caller, around_statement(shape, sources, distance_m, paging)) if sources else []
    members = {"distance_m": distance_m, "area": _geojson(area)}
    return _document(read_page(rows, paging), paging, name, members)


def ask_corridor(
    session: Session, caller: Caller, about: About, wanted: Wanted, half_width_m: float
) -> bytes:
    """Answer what lies along a line, by stations in metres from its first point, and the corridor's area."""
    corridor = make_corridor(find_shape(session, caller, about), half_width_m)
    paging, name = _paging(wanted, f"corridor {half_width_m!r}")
    sources = make_sources(caller, wanted, others_than=about)
    rows = run(session, caller, corridor_statement(corridor, sources, paging))
    members = {
        "half_width_m": half_width_m,
        "length_m": round(corridor.length_m, 3),
        "area": _geojson(corridor.area),
    }
    return _document(read_page(rows, paging), paging, name, members)


def ask_duplicates(
    session: Session,
    caller: Caller,
    wanted: Wanted,
    same: Sequence[str] | None = None,
    share_percent: float = 80.0,
    within_m: float = 1.0,
) -> bytes:
    """Answer the pairs of one layer that are of the same kind in the same place.

    Parameters
    ----------
    same : sequence of str, optional
        Fields whose values must be equal; by default those that tell kinds apart in the layer.
    """
    source = get_source(caller, wanted)
    names = KIND_FIELDS[source.name] if same is None else same
    fields = tuple(
        get_kind_field(source, name) for name in names if same is not None or source.layer.has_field(name)
    )
    name = f"duplicates {source.name}"
    place = read_place(name, wanted.next) if wanted.next else None
    after = None if place is None else (place.branch, place.id)
    sameness = Sameness(share_percent, within_m, fields)
    paging = Paging(wanted.limit, form=wanted.form)
    rows = run(session, caller, duplicates_statement(source, sameness, wanted.limit, after, wanted.form))
    page = _cut(rows, paging, lambda row: Place(0.0, int(row[0]), int(row[1])))
    return _document(page, paging, name, {"same": [field.name for field in fields]})


def ask_change(session: Session, caller: Caller, wanted: Wanted, before: datetime, after: datetime) -> bytes:
    """Answer what differs in a layer between two times as it was known then.

    Raises
    ------
    InvalidInputError
        The first time is not before the second.
    """
    if before >= after:
        raise InvalidInputError(
            f"from ({before.isoformat()}) must lie before to ({after.isoformat()}).",
            f"from（{before.isoformat()}）须早于 to（{after.isoformat()}）。",
            where="from",
        )
    source = get_source(caller, wanted)
    name = f"change {source.name} {before.isoformat()} {after.isoformat()}"
    after_id = read_place(name, wanted.next).id if wanted.next else 0
    paging = Paging(wanted.limit, form=wanted.form)
    statement = change_statement(source, before, after, wanted.limit, after_id, wanted.form)
    page = _cut(run(session, caller, statement), paging, lambda row: Place(0.0, 0, int(row[0])))
    counted = run(session, caller, change_count_statement(source, before, after))
    members = _change_counts(counted, with_areas=source.layer.geometry_type == "polygon")
    members |= {"from": before.isoformat(), "to": after.isoformat()}
    return _document(page, paging, name, members)


def _change_counts(rows: Sequence[Sequence[Any]], *, with_areas: bool) -> dict[str, Any]:
    """Return how many changes of each kind there are, and how much area came and went with them."""
    by_kind = {str(row[0]): row for row in rows}
    number, moved, reclassed = ({kind: int(row[n]) for kind, row in by_kind.items()} for n in (1, 2, 3))
    members: dict[str, Any] = {
        "counts": {kind: number.get(kind, 0) for kind in KINDS},
        "of_changed": {"moved": moved.get("changed", 0), "reclassed": reclassed.get("changed", 0)},
    }
    if not with_areas:
        return members
    grown = {kind: (row[5] or 0.0) - (row[4] or 0.0) for kind, row in by_kind.items()}
    total_m2 = sum(grown.values())
    members["area_difference_m2"] = {**{kind: grown.get(kind, 0.0) for kind in KINDS}, "total": total_m2}
    members["area_difference_mu"] = total_m2 * MU_PER_M2
    return members


@dataclass(frozen=True)
class Figures:
    """What is reckoned for each area of a layer; see `gis.questions.Asking`."""

    areas: str
    of: str
    measure: Measure = "count"
    rule: Rule = "meets"
    field: str | None = None
    group: str | None = None
    areas_filter: str | None = None


def ask_summary(session: Session, caller: Caller, figures: Figures, wanted: Wanted) -> bytes:
    """Answer figures of one layer's features for each area of another; `wanted.filter` is over the features."""
    areas = get_source(caller, replace(wanted, layers=(figures.areas,), filter=figures.areas_filter), "areas")
    features = get_source(caller, replace(wanted, layers=(figures.of,)), "of")
    if areas.layer.geometry_type != "polygon":
        raise InvalidInputError(
            f"Layer {areas.name} holds no areas.", f"图层 {areas.name} 不是面图层。", where="areas"
        )
    field = features.layer.field(figures.field) if figures.field else None
    group = get_kind_field(features, figures.group) if figures.group else None
    asking = Asking(figures.measure, figures.rule, field, group)
    name = f"summary {figures!r}"
    after_id = read_place(name, wanted.next).id if wanted.next else 0
    paging = Paging(wanted.limit, form=wanted.form)
    statement = summary_statement(areas, features, asking, wanted.limit, after_id, wanted.form)
    page = _cut(run(session, caller, statement), paging, lambda row: Place(0.0, 0, int(row[0])))
    members = {"areas": areas.name, "of": features.name, "measure": figures.measure, "rule": figures.rule}
    return _document(page, paging, name, members)


def _paging(wanted: Wanted, question: str) -> tuple[Paging, str]:
    """Return the page asked for and the name under which its token is good."""
    name = f"{question} {','.join(wanted.layers)} {wanted.filter or ''}"
    place = read_place(name, wanted.next) if wanted.next else None
    if place is not None and not 0 <= place.branch < len(wanted.layers):
        raise InvalidPageTokenError(
            "next is no paging token of this question.", "next 不是本问题的分页标记。", where="next"
        )
    return Paging(wanted.limit, place, wanted.form), name


def _cut(
    rows: Sequence[Sequence[Any]], paging: Paging, place_of: Callable[[Sequence[Any]], Place]
) -> AnswerPage:
    kept = rows[: paging.limit]
    body = ",".join(str(row[-1]) for row in kept).encode()
    return AnswerPage(body, len(kept), place_of(kept[-1]) if len(rows) > len(kept) else None)


def _document(page: AnswerPage, paging: Paging, name: str, members: Mapping[str, Any]) -> bytes:
    token = write_place(name, page.next) if page.next else None
    whole = {
        **members,
        "numberReturned": page.returned,
        "next": token,
        "computed_at": datetime.now(UTC).isoformat(),
    }
    return page_bytes(page, paging.form, whole)


def _geojson(shape: BaseGeometry) -> Any:
    rounded = shapely.set_precision(shape, 1e-9, mode="pointwise")
    return orjson.loads(shapely.to_geojson(rounded))
