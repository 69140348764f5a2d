"""`/classic/wms`, `/classic/wfs`, `/classic/wmts`: served where `twin serve --ogc-classic` asked for them."""

import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.classic.configuration import TITLE, Configuration, write_configuration
from api.classic.engine import Engine, Reply
from api.deps import identify
from api.errors import lang_of
from api.maps.addresses import ogc, root
from api.maps.answers import answer_bytes, answer_options, common_headers
from api.maps.finished import answer_finished, finish
from api.maps.styles import load_themes
from api.maps.tile_cache import groups_of, tiles_of
from api.maps.tile_disk import TileKey
from api.plain_route import PlainRoute, read_route
from api.state import state_of
from gis.classic import (
    Query,
    RasterTile,
    ServiceError,
    exception_report,
    read_body,
    read_wfs,
    read_wms,
    read_wmts,
    with_long_names,
    wmts_capabilities,
)
from gis.classic.filter_xml import MOST_BYTES
from gis.style import render_legend
from twin.errors import NotFoundError
from twin.identity import Caller

XML: Final = "text/xml; charset=UTF-8"
PNG: Final = "image/png"
_LONGEST_QUERY: Final = 65_536
_HOST: Final = re.compile(r"[A-Za-z0-9.\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


async def answer_wms(request: Request) -> Response:
    """Answer a WMS 1.3.0 or 1.1.1 request."""
    return await _answer(request, "WMS", _wms)


async def answer_wfs(request: Request) -> Response:
    """Answer a WFS 2.0.0, 1.1.0 or 1.0.0 request; POST takes the same as XML."""
    return await _answer(request, "WFS", _wfs)


async def answer_wmts(request: Request) -> Response:
    """Answer a WMTS 1.0.0 request, by parameters or by path."""
    return await _answer(request, "WMTS", _wmts)


async def _answer(request: Request, service: str, answer: "_Answer") -> Response:
    caller = await identify(request)
    if not state_of(request).settings.server.ogc_classic:
        raise NotFoundError(
            "WMS, WFS and WMTS are switched off; an administrator starts them with `twin serve --ogc-classic`.",
            "WMS、WFS、WMTS 未启用；请管理员用 `twin serve --ogc-classic` 启动。",
        )
    try:
        given = await _given(request)
        themes = list((await load_themes(state_of(request))).values())
        folder = _folder(request)
        configuration = await anyio.to_thread.run_sync(write_configuration, folder, caller, themes)
        return await answer(request, caller, given, configuration)
    except ServiceError as error:
        headers = common_headers(request, caller)
        body = exception_report(service, error)
        return Response(body, 400, headers={**headers, "Content-Type": XML})


_Answer = Callable[[Request, Caller, Mapping[str, str], Configuration], Awaitable[Response]]


async def _given(request: Request) -> dict[str, str]:
    """Return the parameters of the address, or of a body sent as XML."""
    if len(request.url.query) > _LONGEST_QUERY:
        raise ServiceError("OperationProcessingFailed", "query", "The query is too long.", "查询过长。")
    if request.method != "POST":
        return {**request.query_params, **request.path_params}
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ServiceError("OperationProcessingFailed", "body", "The body is too large.", "请求体过大。")
    return read_body(body)


async def _wms(
    request: Request, caller: Caller, given: Mapping[str, str], configuration: Configuration
) -> Response:
    query = read_wms(given, configuration.offer)
    if query.request == "GetLegendGraphic":
        return await _answer_legend(request, caller, query, configuration)
    return await _proxy(request, caller, query, configuration)


async def _wfs(
    request: Request, caller: Caller, given: Mapping[str, str], configuration: Configuration
) -> Response:
    return await _proxy(request, caller, read_wfs(given, configuration.offer), configuration)


async def _wmts(
    request: Request, caller: Caller, given: Mapping[str, str], configuration: Configuration
) -> Response:
    asked = dict(given)
    if "tile" in asked:  # by path: {layer}/{style}/{set}/{z}/{y}/{x}.png
        asked = _by_path(asked.pop("tile"))
    tile = read_wmts(asked, configuration.offer)
    if tile is None:
        layers = [(item.layer, item.rules) for item in configuration.layers]
        legend = ogc(request, "/styles/{style}/legend?f=png")
        body = wmts_capabilities(TITLE, f"{root(request)}/classic/wmts", layers, legend)
        return answer_bytes(request, caller, body, XML)
    return await _answer_tile(request, caller, tile, configuration)


def _by_path(path: str) -> dict[str, str]:
    names = ("LAYER", "STYLE", "TILEMATRIXSET", "TILEMATRIX", "TILEROW", "TILECOL")
    parts = path.removesuffix(".png").split("/")
    if path.endswith("WMTSCapabilities.xml"):
        return {"REQUEST": "GetCapabilities"}
    if len(parts) != len(names):
        raise ServiceError("InvalidParameterValue", "path", "This is no tile.", "不是瓦片地址。")
    return {"REQUEST": "GetTile", **dict(zip(names, parts, strict=True))}


async def _answer_legend(
    request: Request, caller: Caller, query: Query, configuration: Configuration
) -> Response:
    rules = {
        rule.id: rule for item in configuration.layers for rule in item.rules if item.layer.id == query.layer
    }
    if query.style not in rules:
        raise ServiceError("StyleNotDefined", "STYLE", "This layer has no legend.", "该图层没有图例。")
    image = await anyio.to_thread.run_sync(render_legend, rules[str(query.style)], lang_of(request))
    return answer_bytes(request, caller, image.png, PNG, headers={"Content-Language": image.language})


async def _answer_tile(
    request: Request, caller: Caller, tile: RasterTile, configuration: Configuration
) -> Response:
    """Answer a tile, kept like vector tiles for as long as nothing under it changed."""
    cache = tiles_of(request)
    group = groups_of(caller, (tile.layer,))
    key = TileKey(f"wmts {configuration.name} {tile.layer} {tile.style}", group, tile.z, tile.x, tile.y)
    version = cache.currency.tiles_version((tile.layer,), tile.z, tile.x, tile.y)
    found = None if version is None else cache.memory.find(key, version)
    if found is None:
        reply = await _run(request, tile.query(), configuration)
        body = b"".join([chunk async for chunk in reply.chunks])
        if not reply.media_type.startswith(PNG):
            return _answer_whole(request, caller, body, reply.media_type)
        found = finish(body)
        if version is not None:
            cache.memory.keep(key, version, found)
    return answer_finished(request, caller, found, PNG)


async def _proxy(request: Request, caller: Caller, query: Query, configuration: Configuration) -> Response:
    reply = await _run(request, query, configuration)
    if query.request == "GetCapabilities":
        body = b"".join([chunk async for chunk in reply.chunks])
        return _answer_whole(request, caller, body, reply.media_type)
    chunks = reply.chunks
    if query.service == "WFS" and query.parameters["VERSION"] == "1.1.0":
        chunks = with_long_names(chunks)
    headers = {**common_headers(request, caller), "Content-Type": reply.media_type}
    return StreamingResponse(chunks, headers=headers)


def _answer_whole(request: Request, caller: Caller, body: bytes, media_type: str) -> Response:
    return answer_bytes(request, caller, body, media_type)


async def _run(request: Request, query: Query, configuration: Configuration) -> Reply:
    return await _engine(request).run(configuration.path, query.parameters, _address(request))


def _address(request: Request) -> dict[str, str]:
    """Return what the engine writes into its links: the address that the client used, if it is one."""
    url = request.base_url
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    secure = url.scheme == "https"
    return {
        "SERVER_NAME": host if _HOST.fullmatch(host) else "localhost",
        "SERVER_PORT": str(url.port or (443 if secure else 80)),
        "SCRIPT_NAME": request.url.path,
        **({"HTTPS": "on"} if secure else {}),
    }


def _folder(request: Request) -> Path:
    return state_of(request).settings.home.home / "classic"


def _engine(request: Request) -> Engine:
    """Return the engine of this application, made when it is first asked for."""
    found = getattr(request.app.state, "classic", None)
    if found is None:
        state = state_of(request)
        found = Engine(_folder(request), state.url)
        request.app.state.classic = found
    return cast("Engine", found)


async def stop_engine(app: Any) -> None:
    """End what still runs, when the application ends."""
    engine: Engine | None = getattr(app.state, "classic", None)
    if engine is not None:
        await engine.stop()


ROUTES: Final = [
    read_route("/classic/wms", answer_wms, answer_options),
    PlainRoute("/classic/wfs", answer_wfs, methods=["GET", "POST"]),
    read_route("/classic/wmts", answer_wmts, answer_options),
    read_route("/classic/wmts/1.0.0/{tile:path}", answer_wmts, answer_options),
]
