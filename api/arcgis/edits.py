"""Edits: `addFeatures`, `updateFeatures`, `deleteFeatures`, `applyEdits`, all through the rules of `twin.editing`.

Every edit stands behind a savepoint and gets a verdict of its own; with `rollbackOnFailure`, which is the default, one
that fails undoes all.
Source: Esri REST API, "Apply Edits".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import anyio.to_thread
import orjson
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.arcgis.asked import is_true
from api.arcgis.asking import select_asked
from api.arcgis.doors import Call, answer_content, error_document
from api.deps import open_connection
from api.errors import Problem, problem_of
from api.maps.asked import JSON
from api.state import state_of
from gis.errors import GisError, InvalidParameterError
from gis.esri.edits import MOST_EDITS, Edited, list_edits, parse_edited, parse_json, parse_object_ids
from gis.esri.fields import LARGEST_OBJECT_ID
from gis.esri.figures import fetch_ids
from twin.db import open_session
from twin.editing import Feature, create_feature, delete_feature, edits_together, update_feature
from twin.errors import MoveRefusedError, TwinError, UnauthenticatedError
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.layers import get_layer

ROLLED_BACK_CODE: Final = 1003
ROLLED_BACK: Final = Problem(
    ROLLED_BACK_CODE,
    "Undone, because another edit of the same request failed.",
    "因同一请求中的其他编辑失败，已撤销。",
)


@dataclass(frozen=True)
class Edit:
    """One edit that is still to be done: what it is called in the answer, and the deed, which returns the id."""

    group: str
    object_id: int | None
    do: Callable[[Session, Caller], int]


@dataclass(frozen=True)
class Verdict:
    """What became of one edit."""

    group: str
    object_id: int | None
    problem: Problem | None = None
    refused_move: str = ""


class _RollBackError(Exception):
    """Leaves the transaction without keeping it."""


async def answer_add(call: Call) -> Response:
    """Add the features of `features`."""
    edits = _adds(call, call.parameters.get("features", ""), "features")
    return await _answer_group(call, edits, "addResults")


async def answer_update(call: Call) -> Response:
    """Change the features of `features`, each named by its object id."""
    edits = _updates(call, call.parameters.get("features", ""), "features")
    return await _answer_group(call, edits, "updateResults")


async def answer_delete(call: Call) -> Response:
    """Delete the features that `objectIds`, `where` or `geometry` name.

    A refused delete is answered with its own HTTP status as well: QGIS does not read `deleteResults`.
    """
    names = ("objectids", "where", "geometry")
    if not any(call.parameters.get(name, "").strip() for name in names):
        raise InvalidParameterError(
            "Say what to delete: objectIds, where or geometry.",
            "请用 objectIds、where 或 geometry 指定要删除的要素。",
        )
    verdicts = await _run(call, _deletes(call, await _named(call)))
    refused = next((verdict.problem for verdict in verdicts if verdict.problem), None)
    status = refused.status if refused and refused.status < 600 else 200
    return _answer(call, _grouped(call, verdicts, ("deleteResults",)), status)


async def _named(call: Call) -> list[int]:
    ids = parse_object_ids(call.parameters.get("objectids", ""))
    if ids and not (call.parameters.get("where", "").strip() or call.parameters.get("geometry", "").strip()):
        return ids
    async with open_connection(call.request) as connection:
        found = await fetch_ids(connection, select_asked(call))
    return [int(part) for part in found.split(b",") if part]


async def answer_apply(call: Call) -> Response:
    """Add, change and delete in one request, on the layer."""
    _refuse_extras(call)
    parameters = call.parameters
    edits = [
        *_adds(call, parameters.get("adds", ""), "adds"),
        *_updates(call, parameters.get("updates", ""), "updates"),
        *_deletes(call, parse_object_ids(parameters.get("deletes", ""), "deletes")),
    ]
    groups = ("addResults", "updateResults", "deleteResults")
    return _answer(call, _grouped(call, await _run(call, edits), groups))


async def answer_apply_service(call: Call) -> Response:
    """Add, change and delete in one request, on the service: `edits` lists the layers, of which there is one."""
    _refuse_extras(call)
    parts = list_edits(parse_json(call.parameters.get("edits", ""), "edits"), "edits")
    if any(not isinstance(part, dict) or part.get("id", 0) != 0 for part in parts):
        raise InvalidParameterError(
            "Every part of edits names layer 0.", "edits 的每一项只能指定图层 0。", where="edits"
        )
    edits: list[Edit] = []
    for part in parts:
        edits += _adds(call, part.get("adds"), "adds")
        edits += _updates(call, part.get("updates"), "updates")
        edits += _deletes(call, parse_object_ids(part.get("deletes"), "deletes"))
    groups = ("addResults", "updateResults", "deleteResults")
    return _answer(call, [{"id": 0, **_grouped(call, await _run(call, edits), groups)}])


def _refuse_extras(call: Call) -> None:
    if is_true(call.parameters, "useglobalids"):
        raise InvalidParameterError(
            "useGlobalIds: features here have object ids alone; name them by OBJECTID.",
            "useGlobalIds：本服务的要素只有对象编号；请用 OBJECTID 指定。",
            where="useGlobalIds",
        )
    if call.parameters.get("attachments", "").strip() not in ("", "null", "{}"):
        raise InvalidParameterError(
            "attachments: features here have none.",
            "attachments：本服务的要素没有附件。",
            where="attachments",
        )


def _listed(value: object, where: str) -> list[Any]:
    return list_edits(parse_json(value, where) if isinstance(value, str) else value, where)


def _adds(call: Call, value: object, where: str) -> list[Edit]:
    layer = get_layer(call.path("collection"))

    def add(session: Session, caller: Caller, given: Any) -> int:
        edited = parse_edited(layer, given)
        feature_id = create_feature(session, caller, layer.id, _feature(edited))
        if feature_id > LARGEST_OBJECT_ID:
            raise GisError(
                f"The new feature would have id {feature_id}; object ids of Esri services go up to "
                f"{LARGEST_OBJECT_ID}. Add it at /ogc.",
                f"新要素编号将为 {feature_id}，超过 Esri 服务对象编号上限 {LARGEST_OBJECT_ID}；请通过 /ogc 添加。",
            )
        return feature_id

    return [Edit("addResults", None, _bound(add, given)) for given in _listed(value, where)]


def _updates(call: Call, value: object, where: str) -> list[Edit]:
    layer = get_layer(call.path("collection"))

    def update(session: Session, caller: Caller, given: Any) -> int:
        edited = parse_edited(layer, given)
        if edited.object_id is None:
            raise InvalidParameterError(
                "An update names its feature by OBJECTID.", "修改要素须给出 OBJECTID。", where="OBJECTID"
            )
        update_feature(session, caller, layer.id, edited.object_id, _feature(edited))
        return edited.object_id

    return [Edit("updateResults", _sent_id(given), _bound(update, given)) for given in _listed(value, where)]


def _deletes(call: Call, ids: list[int]) -> list[Edit]:
    layer = get_layer(call.path("collection"))

    def delete(session: Session, caller: Caller, feature_id: int) -> int:
        delete_feature(session, caller, layer.id, feature_id)
        return feature_id

    kept = list_edits(list(dict.fromkeys(ids)), f"deletes ({MOST_EDITS})")
    return [Edit("deleteResults", feature_id, _bound(delete, feature_id)) for feature_id in kept]


def _bound(deed: Callable[[Session, Caller, Any], int], given: Any) -> Callable[[Session, Caller], int]:
    return lambda session, caller: deed(session, caller, given)


def _feature(edited: Edited) -> Feature:
    return Feature(edited.properties, edited.shape, edited.crs)


def _sent_id(given: Any) -> int | None:
    """Return the object id that an update names, for its verdict; whether it is right is found out later."""
    attributes = given.get("attributes") if isinstance(given, dict) else None
    named = attributes if isinstance(attributes, dict) else {}
    found = next((value for name, value in named.items() if str(name).lower() in ("objectid", "id")), None)
    return found if isinstance(found, int) else None


async def _run(call: Call, edits: list[Edit]) -> list[Verdict]:
    if call.caller.is_anonymous:
        raise UnauthenticatedError(
            "Editing needs a token; sign in, or send it as token or X-Esri-Authorization.",
            "编辑需要令牌；请登录，或以 token 参数、X-Esri-Authorization 头提交令牌。",
        )
    keep_some = not is_true(call.parameters, "rollbackonfailure", default=True)
    return await anyio.to_thread.run_sync(_run_all, call, edits, keep_some)


def _run_all(call: Call, edits: list[Edit], keep_some: bool) -> list[Verdict]:
    """Do the edits in one transaction. An error of the database that is no fault of an edit ends them all."""
    verdicts = _try_all(call, edits, keep_some)
    for verdict in verdicts:
        if verdict.refused_move:
            _record_refusal(call, verdict)
    return verdicts


def _record_refusal(call: Call, verdict: Verdict) -> None:
    """Keep a refused change of state in the audit trail, whatever became of the other edits."""
    with open_session(state_of(call.request).engine, actor=call.caller.login) as session:
        thing = f"{call.path('collection')} {verdict.object_id}"
        record_audit(session, call.caller, "feature.refused", thing, after={"reason": verdict.refused_move})


def _try_all(call: Call, edits: list[Edit], keep_some: bool) -> list[Verdict]:
    verdicts: list[Verdict] = []
    try:
        engine = state_of(call.request).engine
        with open_session(engine, actor=call.caller.login) as session, edits_together(session):
            verdicts = [_run_one(session, call.caller, edit) for edit in edits]
            if not keep_some and any(verdict.problem for verdict in verdicts):
                raise _RollBackError
    except _RollBackError:
        return [_undone(verdict) for verdict in verdicts]
    return verdicts


def _undone(verdict: Verdict) -> Verdict:
    return verdict if verdict.problem else Verdict(verdict.group, verdict.object_id, ROLLED_BACK)


def _run_one(session: Session, caller: Caller, edit: Edit) -> Verdict:
    try:
        with session.begin_nested():
            return Verdict(edit.group, edit.do(session, caller))
    except (TwinError, GisError, SQLAlchemyError) as error:
        problem = problem_of(error)
        if problem.status >= 500:
            raise
        refused_move = error.en if isinstance(error, MoveRefusedError) else ""
        return Verdict(edit.group, edit.object_id, problem, refused_move)


async def _answer_group(call: Call, edits: list[Edit], group: str) -> Response:
    return _answer(call, _grouped(call, await _run(call, edits), (group,)))


def _grouped(call: Call, verdicts: list[Verdict], groups: tuple[str, ...]) -> dict[str, Any]:
    return {
        group: [_verdict(call, verdict) for verdict in verdicts if verdict.group == group] for group in groups
    }


def _verdict(call: Call, verdict: Verdict) -> dict[str, Any]:
    named = {"objectId": -1 if verdict.object_id is None else verdict.object_id, "globalId": None}
    if verdict.problem is None:
        return {**named, "success": True}
    error = error_document(call.request, verdict.problem)
    return {**named, "success": False, "error": {"code": error["code"], "description": error["message"]}}


def _answer(call: Call, document: Any, status: int = 200) -> Response:
    response = answer_content(call, orjson.dumps(document), JSON)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    del response.headers["ETag"]
    return response
