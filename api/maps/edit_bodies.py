"""What an edit says: its body as a feature, the CRS of its coordinates, what answer it prefers.

A body of some megabytes takes a second to read: that is done in a worker thread, so that nobody else waits.
"""

from collections.abc import Collection
from typing import Any, Final

import anyio.to_thread
import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gis.crs import CRS84, Crs, parse_crs
from gis.errors import GisError, InvalidGeometryError
from gis.polygons import polygon_from_geojson
from twin.editing import Feature
from twin.errors import InvalidInputError, MalformedError

FEATURE_TYPES: Final = ("application/geo+json", "application/json")
PATCH_TYPES: Final = ("application/merge-patch+json", *FEATURE_TYPES)
MULTI: Final = "MultiPolygon"


async def read_feature(request: Request, feature_id: int | None = None) -> Feature:
    """Read the body as one whole GeoJSON feature.

    Parameters
    ----------
    feature_id : int, optional
        The feature of the address; an `id` in the body must be the same.

    Raises
    ------
    HTTPException
        415: the body is of another type.
    MalformedError
        It is no JSON; the message says where.
    InvalidInputError, InvalidGeometryError
        It is no feature, or its geometry cannot be read.
    UnknownCrsError, CrsRefusedError
        `Content-Crs` names no CRS that is served.
    """
    body = await _read_body(request, FEATURE_TYPES)
    return await anyio.to_thread.run_sync(_feature, body, request.headers.get("Content-Crs"), feature_id)


def _feature(body: bytes, crs_name: str | None, feature_id: int | None) -> Feature:
    document = _parsed(body)
    _check_type(document, whole=True)
    _check_id(document, feature_id)
    crs = _crs(crs_name, document)
    geometry = document.get("geometry")
    shape = None if geometry is None else polygon_from_geojson(geometry, crs)
    return Feature(_properties(document), shape, crs)


async def read_patch(request: Request, feature_id: int) -> Feature:
    """Read the body as a JSON merge patch of a feature (RFC 7396): members not named stay as they are.

    Raises
    ------
    As for `read_feature`; a geometry cannot be taken away.
    """
    body = await _read_body(request, PATCH_TYPES)
    return await anyio.to_thread.run_sync(_patch, body, request.headers.get("Content-Crs"), feature_id)


def _patch(body: bytes, crs_name: str | None, feature_id: int) -> Feature:
    document = _parsed(body)
    _check_type(document, whole=False)
    _check_id(document, feature_id)
    crs = _crs(crs_name, document)
    if "geometry" not in document:
        return Feature(_properties(document), None, crs)
    geometry = document["geometry"]
    if geometry is None:
        raise InvalidGeometryError(
            "A geometry is replaced, not taken away; leave it out to keep it.",
            "几何只能替换，不能删除；如不修改请勿提交。",
            where="geometry",
        )
    merged = (
        {"type": MULTI, **geometry} if isinstance(geometry, dict) else geometry
    )  # every stored one is such
    return Feature(_properties(document), polygon_from_geojson(merged, crs), crs)


def prefers_representation(request: Request) -> bool:
    """Say whether the client wants the feature back (RFC 7240)."""
    wishes = ",".join(request.headers.getlist("Prefer")).lower()
    return "return=representation" in {
        part.replace(" ", "").replace('"', "") for wish in wishes.split(",") for part in wish.split(";")
    }


async def _read_body(request: Request, types: Collection[str]) -> bytes:
    sent = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if sent not in types:
        taken = ", ".join(types)
        raise HTTPException(
            415,
            f"the body is {sent[:60] or 'of no stated type'}; send {taken} 请以 {taken} 提交",
            headers={"Accept-Patch" if request.method == "PATCH" else "Accept-Post": taken},
        )
    return await request.body()


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise MalformedError(
            f"The body is no JSON at {place}: {error.msg}.",
            f"请求内容不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 列）：{error.msg}。",
            where=place,
        ) from error
    if isinstance(document, dict):
        return document
    raise _no_feature("an array or a single value", "数组或单个值")


def _check_type(document: dict[str, Any], *, whole: bool) -> None:
    kind = document.get("type")
    if kind == "Feature" or (not whole and "type" not in document):
        return
    if kind == "FeatureCollection":
        raise InvalidInputError(
            "One request takes one Feature; send the features of a FeatureCollection one by one.",
            "一次请求只接受一个 Feature；请将 FeatureCollection 中的要素逐个提交。",
            where="type",
        )
    shown = repr(kind)[:40] if "type" in document else "missing"
    raise _no_feature(f"of type {shown}", f"类型为 {shown} 的对象")


def _no_feature(en: str, zh: str) -> InvalidInputError:
    return InvalidInputError(
        f"The body is {en}; send a GeoJSON Feature with type, geometry and properties.",
        f"请求内容是{zh}；请提交含 type、geometry、properties 的 GeoJSON Feature。",
        where="type",
    )


def _check_id(document: dict[str, Any], feature_id: int | None) -> None:
    sent = document.get("id")
    if feature_id is None or sent is None or str(sent) == str(feature_id):
        return
    raise InvalidInputError(
        f"The body is feature {str(sent)[:40]!r}, the address names {feature_id}; ids do not change.",
        f"请求内容为要素 {str(sent)[:40]!r}，地址为 {feature_id}；编号不可更改。",
        where="id",
    )


def _properties(document: dict[str, Any]) -> dict[str, Any]:
    properties = document.get("properties")
    if properties is None:
        return {}
    if isinstance(properties, dict):
        return properties
    raise InvalidInputError("properties is no object.", "properties 不是对象。", where="properties")


def _crs(name: str | None, document: dict[str, Any]) -> Crs:
    try:
        crs = CRS84 if name is None else parse_crs(name)
    except GisError as error:
        error.where = "Content-Crs"
        raise
    _check_old_member(document.get("crs"), crs)
    return crs


def _check_old_member(member: object, crs: Crs) -> None:
    """Refuse the `crs` member of GeoJSON before RFC 7946 where it says other than the header: one of them errs."""
    if member is None:
        return
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    try:
        same = isinstance(name, str) and parse_crs(name).srid == crs.srid
    except GisError:
        same = False
    if not same:
        raise InvalidInputError(
            f"The member crs says {str(name)[:80]!r}, the coordinates were taken as EPSG:{crs.srid}; name their CRS "
            "in the header Content-Crs.",
            f"成员 crs 为 {str(name)[:80]!r}，而坐标按 EPSG:{crs.srid} 读取；请在 Content-Crs 头中指明坐标系。",
            where="crs",
        )
