"""Reservations 预留, splits 分割, merges 合并 and releases 盘活 of parcels over HTTP."""

from datetime import date
from typing import Annotated, Any, Final

import shapely
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from api.deps import CallerDep, StateDep
from api.land import ParcelNo
from api.land_moves import recorded
from gis.crs import Crs, parse_crs
from gis.errors import InvalidGeometryError
from gis.geojson import read_geojson_shape
from gis.polygons import check_polygon, polygon_from_geojson
from twin.errors import InvalidInputError
from twin.land.reserve import Moved
from twin.land.reserve_holds import Reserved, cancel_reservation, reserve_parcel
from twin.land.reserve_idle import IdleMove, move_idle
from twin.land.reserve_parts import Split, merge_parcels, release_part, split_parcel
from twin.land.reserve_swap import Changed, Part

router: Final = APIRouter(prefix="/api/v1/land", tags=["land"])
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
MOST_PARTS: Final = 50


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReservationBody(_Body):
    """For which project a parcel is held, and why."""

    project: str = Field(max_length=64)
    reason: Reason | None = None


class CancelBody(_Body):
    """Which reservation ends, and why."""

    project: str | None = Field(None, max_length=64)
    reason: Reason | None = None


class PartBody(_Body):
    """One part of a split: its outline, and what differs from the whole."""

    geometry: dict[str, Any]
    name: str | None = Field(None, max_length=200)
    planned_use: str | None = Field(None, max_length=200)
    stated_area_m2: float | None = Field(None, ge=0, le=1e10, allow_inf_nan=False)
    built_share: Share | None = None
    invested_share: Share | None = None


class SplitBody(_Body):
    """Along a line, or into parts that make up the parcel; coordinates east or longitude first."""

    reason: Reason
    crs: str = Field("EPSG:4490", max_length=200)
    line: dict[str, Any] | None = None
    parts: list[PartBody] = Field(default=[], max_length=MOST_PARTS)
    day: date | None = None


class MergeBody(_Body):
    """Which parcels become one."""

    parcels: list[Annotated[str, Field(max_length=100)]] = Field(min_length=2, max_length=MOST_PARTS)
    reason: Reason
    day: date | None = None


class ReleaseBody(_Body):
    """What of an idle parcel is released; without a geometry all of it."""

    reason: Reason
    geometry: dict[str, Any] | None = None
    crs: str = Field("EPSG:4490", max_length=200)
    day: date | None = None


@router.post("/parcels/{parcel_no}/reservations", status_code=201, summary="预留 Reserve for a project")
def post_reservation(
    parcel_no: ParcelNo, body: ReservationBody, caller: CallerDep, state: StateDep, response: Response
) -> Reserved:
    """Hold a parcel for a project. Taken: 409 with `reservation`: for whom, by whom, since when."""
    done = recorded(
        state,
        caller,
        parcel_no,
        lambda session: reserve_parcel(session, caller, parcel_no, body.project, body.reason),
    )
    response.headers["Location"] = f"/api/v1/land/parcels/{parcel_no}"
    return done


@router.delete("/parcels/{parcel_no}/reservations", summary="取消预留 Cancel the reservation")
def delete_reservation(
    parcel_no: ParcelNo,
    caller: CallerDep,
    state: StateDep,
    body: CancelBody | None = None,
    project: Annotated[str | None, Query(max_length=64)] = None,
) -> Reserved:
    """End the reservation; the parcel is ready again. Held for another project than the one named: 409."""
    asked = body or CancelBody(project=project)
    return recorded(
        state,
        caller,
        parcel_no,
        lambda session: cancel_reservation(
            session, caller, parcel_no, asked.project or project, asked.reason
        ),
    )


@router.post("/parcels/{parcel_no}/split", status_code=201, summary="分割 Split")
def post_split(parcel_no: ParcelNo, body: SplitBody, caller: CallerDep, state: StateDep) -> Changed:
    """Split a parcel along a line or into parts; numbers are derived, areas sum up, the history has both."""
    crs = parse_crs(body.crs)
    if (body.line is None) == (not body.parts):
        raise InvalidInputError(
            "Send either line or parts.", "请提交 line（分割线）或 parts（各部分），二者取一。", where="line"
        )
    split = Split(
        body.reason,
        crs,
        None if body.line is None else read_line(body.line, crs),
        [_part(part, crs) for part in body.parts],
        body.day,
    )
    return recorded(state, caller, parcel_no, lambda session: split_parcel(session, caller, parcel_no, split))


def _part(body: PartBody, crs: Crs) -> Part:
    outline = check_polygon(polygon_from_geojson(body.geometry, crs), crs)
    return Part(outline, **body.model_dump(exclude={"geometry"}))


def read_line(geometry: dict[str, Any], crs: Crs) -> BaseGeometry:
    """Read a GeoJSON LineString or MultiLineString; x is east or longitude in what comes back.

    Raises
    ------
    InvalidGeometryError
        It is none, or holds coordinates that are no numbers.
    """
    shape = shapely.force_2d(read_geojson_shape(geometry, "line"))
    if not isinstance(shape, LineString | MultiLineString) or shape.is_empty:
        raise _no_line()
    if not all(abs(bound) < 1e9 for bound in shape.bounds):  # also where one is no number
        raise _no_line()
    return shapely.transform(shape, lambda xy: xy[:, ::-1]) if crs.swapped else shape


def _no_line() -> InvalidGeometryError:
    return InvalidGeometryError(
        "line is no GeoJSON LineString or MultiLineString of finite coordinates.",
        "line 不是坐标有效的 GeoJSON LineString 或 MultiLineString。",
        where="line",
    )


@router.post("/merges", status_code=201, summary="合并 Merge parcels")
def post_merge(body: MergeBody, caller: CallerDep, state: StateDep) -> Changed:
    """Merge parcels that share an edge and their facts into one."""
    return recorded(
        state,
        caller,
        body.parcels[0],
        lambda session: merge_parcels(session, caller, body.parcels, body.reason, body.day),
    )


@router.post("/parcels/{parcel_no}/release", status_code=201, summary="盘活 Release idle land")
def post_release(
    parcel_no: ParcelNo, body: ReleaseBody, caller: CallerDep, state: StateDep
) -> Changed | Moved:
    """Release an idle parcel, or what of it lies inside of a geometry; the rest stays idle."""
    if body.geometry is None:
        move = IdleMove("disposed", body.reason, body.day, "released")
        return recorded(state, caller, parcel_no, lambda session: move_idle(session, caller, parcel_no, move))
    crs = parse_crs(body.crs)
    drawn = check_polygon(polygon_from_geojson(body.geometry, crs), crs)
    return recorded(
        state,
        caller,
        parcel_no,
        lambda session: release_part(session, caller, parcel_no, drawn, crs, body.reason, body.day),
    )
