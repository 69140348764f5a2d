"""Features created, replaced, updated and deleted (OGC API Features Part 4, 20-002), and who may do so.

The write runs in a worker thread, in one transaction that ends before the answer begins.
"""

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

import anyio.to_thread
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify, open_connection
from api.errors import answer_error
from api.maps.addresses import collection, link
from api.maps.answers import READ_METHODS, answer_bytes, common_headers, options_response
from api.maps.asked import GEOJSON, JSON, read_parameters
from api.maps.edit_bodies import (
    FEATURE_TYPES,
    PATCH_TYPES,
    prefers_representation,
    read_feature,
    read_patch,
)
from api.maps.items import read_feature_id
from api.maps.selecting import read_crs
from api.plain_route import Answer
from api.state import state_of
from gis.crs import Crs
from gis.errors import FeatureNotFoundError
from gis.features import get_item, with_members
from twin.db import open_session
from twin.editing import (
    Abilities,
    abilities,
    create_feature,
    delete_feature,
    feature_abilities,
    offered,
    replace_feature,
    update_feature,
)
from twin.editing.rights import check_may_create, check_may_edit, get_editable
from twin.errors import MoveRefusedError, NotOfferedError
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.layers import get_layer, select_rows

T = TypeVar("T")
HEADERS_TAKEN: Final = "Authorization, Content-Crs, Content-Type, If-Match, If-None-Match, Prefer"


def _told(answer: Answer) -> Answer:
    """Name the methods that there are, where one was asked for that nobody may use in this layer."""

    @wraps(answer)
    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except NotOfferedError as error:
            response = await answer_error(request, error)
            response.headers["Allow"] = _methods(request, offered(request.path_params["collection"]))
            return response

    return answered


@_told
async def answer_create(request: Request) -> Response:
    """Create a feature: 201 with its address, and the feature itself where the client prefers so."""
    caller, layer_id = await identify(request), request.path_params["collection"]
    read_parameters(request, ("crs",))
    check_may_create(caller, layer_id)
    crs = read_crs(request, "crs")
    feature = await read_feature(request)
    feature_id = await _run(
        request, caller, lambda session: create_feature(session, caller, layer_id, feature)
    )
    location = {"Location": collection(request, layer_id, f"/items/{feature_id}")}
    if prefers_representation(request):
        shown = await _show(request, caller, feature_id, crs, 201, location)
        if shown is not None:
            return shown
    return Response(status_code=201, headers={**common_headers(request, caller), **location})


@_told
async def answer_replace(request: Request) -> Response:
    """Replace a feature: 204, or 200 with the feature as it now is."""
    caller, feature_id = await _enter(request, "replace")
    layer_id, expected = request.path_params["collection"], request.headers.get("If-Match")
    feature = await read_feature(request, feature_id)
    return await _change(
        request,
        caller,
        feature_id,
        lambda session: replace_feature(session, caller, layer_id, feature_id, feature, expected),
    )


@_told
async def answer_update(request: Request) -> Response:
    """Update a feature by a JSON merge patch: 204, or 200 with the feature as it now is."""
    caller, feature_id = await _enter(request, "update")
    layer_id, expected = request.path_params["collection"], request.headers.get("If-Match")
    changes = await read_patch(request, feature_id)
    return await _change(
        request,
        caller,
        feature_id,
        lambda session: update_feature(session, caller, layer_id, feature_id, changes, expected),
    )


@_told
async def answer_delete(request: Request) -> Response:
    """Delete a feature: 204."""
    caller, feature_id = await _enter(request, "delete")
    layer_id, expected = request.path_params["collection"], request.headers.get("If-Match")
    await _run(
        request, caller, lambda session: delete_feature(session, caller, layer_id, feature_id, expected)
    )
    return Response(status_code=204, headers=common_headers(request, caller))


async def answer_edit_options(request: Request) -> Response:
    """Answer which methods the caller may use on features; ids need not exist (QGIS asks so).

    A browser's question before a request from another site carries no token: it is told what the layer offers at
    all, and the request itself is then answered by right.
    """
    caller, layer_id = await identify(request), request.path_params["collection"]
    layer = offered(layer_id)
    methods = _methods(request, await _find_abilities(request, caller))
    response = options_response(request, methods, _methods(request, layer), HEADERS_TAKEN)
    if "POST" in methods:
        response.headers["Accept-Post"] = ", ".join(FEATURE_TYPES)
    if "PATCH" in methods:
        response.headers["Accept-Patch"] = ", ".join(PATCH_TYPES)
    return response


async def _find_abilities(request: Request, caller: Caller) -> Abilities:
    layer_id, text = request.path_params["collection"], request.path_params.get("feature")
    found = abilities(caller, layer_id)
    if text is None or found == Abilities():
        return found
    try:
        feature_id = read_feature_id(get_layer(layer_id), text)
    except FeatureNotFoundError:
        return found
    return await _run(
        request, caller, lambda session: feature_abilities(session, caller, layer_id, feature_id)
    )


def _methods(request: Request, allowed: Abilities) -> str:
    """Return the methods of this address, of the collection's items or of one of them."""
    if "feature" in request.path_params:
        named = {"PUT": allowed.replace, "PATCH": allowed.update, "DELETE": allowed.delete}
    else:
        named = {"POST": allowed.create}
    return ", ".join([READ_METHODS, *(method for method, may in named.items() if may)])


async def _enter(request: Request, ability: str) -> tuple[Caller, int]:
    """Return who wants to edit which feature; who may not is told before the body is read."""
    caller, layer_id = await identify(request), request.path_params["collection"]
    read_parameters(request, ("crs",))
    get_editable(layer_id, ability)
    read_crs(request, "crs")
    feature_id = read_feature_id(get_layer(layer_id), request.path_params["feature"])
    if not getattr(abilities(caller, layer_id), ability):
        await _run(request, caller, lambda session: check_may_edit(session, caller, layer_id, feature_id))
    return caller, feature_id


async def _change(
    request: Request, caller: Caller, feature_id: int, work: Callable[[Session], None]
) -> Response:
    await _run(request, caller, work)
    if prefers_representation(request):
        shown = await _show(request, caller, feature_id, read_crs(request, "crs"), 200, {})
        if shown is not None:
            return shown
    return Response(status_code=204, headers=common_headers(request, caller))


async def _run(request: Request, caller: Caller, work: Callable[[Session], T]) -> T:
    return await anyio.to_thread.run_sync(_in_transaction, request, caller, work)


def _in_transaction(request: Request, caller: Caller, work: Callable[[Session], T]) -> T:
    state = state_of(request)
    try:
        with open_session(state.engine, actor=caller.login) as session:
            return work(session)
    except MoveRefusedError as error:
        with open_session(state.engine, actor=caller.login) as session:
            thing = f"{request.path_params['collection']} {request.path_params['feature']}"
            record_audit(session, caller, "feature.refused", thing, after={"reason": error.en})
        raise


async def _show(
    request: Request, caller: Caller, feature_id: int, crs: Crs, status: int, headers: dict[str, str]
) -> Response | None:
    """Answer the feature as it now is; None where the layer does not show it, as before its first valid day."""
    selection = select_rows(caller, request.path_params["collection"]).selection
    try:
        async with open_connection(request) as connection:
            item = await get_item(connection, selection, feature_id, crs)
    except FeatureNotFoundError:
        return None
    layer = selection.layer
    address = collection(request, layer.id, f"/items/{feature_id}")
    links = [
        link("self", address, GEOJSON),
        link("collection", collection(request, layer.id), JSON, layer.title_zh),
    ]
    further = {
        "Content-Crs": f"<{crs.uri}>",
        "Content-Location": address,
        "Preference-Applied": "return=representation",
    }
    body = with_members(item.body, {"links": links})
    return answer_bytes(
        request, caller, body, GEOJSON, headers={**headers, **further}, state=item.tag, status=status
    )
