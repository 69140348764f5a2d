"""Tiles, answered before the framework sees the request: from memory, else by the tile's own endpoint.

Nothing is decided here: who calls, what is fresh, which headers an answer carries come from where the ordinary way
has them. Whatever is unusual about a request goes that way.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from api.deps import read_bearer
from api.errors import HANDLED, SESSION_COOKIE, answer_error
from api.log import write_request
from api.maps.answers import VARY, cross_origin_headers, is_unchanged, takes_gzip
from api.maps.asked import MVT
from api.maps.finished import Finished
from api.maps.tile_cache import TileCache, groups_of
from api.maps.tile_disk import TileKey
from api.maps.tiles import answer_tile
from api.metrics import Metrics
from api.middleware import REQUEST_ID, RecordRequests, choose_request_id
from api.rendering import SECURITY_HEADERS
from api.state import CallerCache
from gis.tiles import layers_at
from twin.errors import UnauthenticatedError
from twin.identity import ANONYMOUS, Caller
from twin.layers import LAYERS

Headers = list[tuple[bytes, bytes]]

_PLAIN: Final = re.compile(r"/tiles/([a-z_,]{1,200})/([0-9]{1,2})/([0-9]{1,8})/([0-9]{1,8})(\.mvt|\.pbf)?")
_OGC: Final = re.compile(
    r"/ogc/collections/([a-z_]{1,64})/tiles/WebMercatorQuad/([0-9]{1,2})/([0-9]{1,8})/([0-9]{1,8})"
)
_OGC_ROUTE: Final = "/ogc/collections/{collection}/tiles/WebMercatorQuad/{z}/{y}/{x}"
_READ: Final = frozenset(
    {b"authorization", b"cookie", b"origin", b"if-none-match", b"accept-encoding", b"x-request-id"}
)
_REQUEST_ID: Final = REQUEST_ID.lower().encode()


@dataclass(frozen=True, slots=True)
class Address:
    """A tile as its address names it, and the pattern of that address."""

    layer_ids: tuple[str, ...]
    z: int
    x: int
    y: int
    path_format: str

    def parameters(self) -> dict[str, str]:
        """Return what the router would have read."""
        numbers = {name: str(getattr(self, name)) for name in "zxy"}
        return {"collection": ",".join(self.layer_ids), **numbers}


@dataclass(frozen=True, slots=True)
class HotAnswer:
    """What is sent, and what is recorded of it."""

    status: int
    headers: Headers
    body: bytes
    route: str
    request_id: str
    login: str


def parse_address(path: str) -> Address | None:
    """Read the address of a tile; None for every other address.

    Examples
    --------
    >>> parse_address("/ogc/collections/projects/tiles/WebMercatorQuad/12/1647/3363").x
    3363
    >>> parse_address("/tiles/projects/12/3363/1647.png") is None
    True
    """
    if path.startswith("/tiles/"):
        found = _PLAIN.fullmatch(path)
        if found is None:
            return None
        layers, z, x, y, ending = found.groups()
        route = f"/tiles/{{collection}}/{{z}}/{{x}}/{{y}}{ending or ''}"
    else:
        found = _OGC.fullmatch(path)
        if found is None:
            return None
        layers, z, y, x = found.groups()
        route = _OGC_ROUTE
    layer_ids = tuple(layers.split(","))
    if any(layer_id not in LAYERS for layer_id in layer_ids):
        return None
    return Address(layer_ids, int(z), int(x), int(y), route)


class HotTiles:
    """Answers requests for tiles."""

    def __init__(self, app: ASGIApp, cache: TileCache, callers: CallerCache, metrics: Metrics) -> None:
        self._app = app
        self._cache = cache
        self._callers = callers
        self._metrics = metrics
        self._cross_origin = lru_cache(maxsize=256)(self._find_cross_origin)
        self._endpoint = RecordRequests(_answer, metrics)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer a plain request for a tile; say whether it was one."""
        if scope["method"] != "GET" or scope["query_string"] or scope.get("root_path"):
            return False
        address = parse_address(scope["path"])
        if address is None:
            return False
        began = time.perf_counter()
        answer = self.find(scope, address)
        if answer is not None:
            await self._send(scope, answer, send, began)
            return True
        scope.update(app=self._app, route=address, path_params=address.parameters())
        await self._endpoint(scope, receive, send)
        return True

    def find(self, scope: Scope, address: Address) -> HotAnswer | None:
        """Return the answer that lies in memory, or None where the endpoint has to find it."""
        given = _read_headers(scope["headers"])
        caller = None if given is None else self._identify(given)
        if given is None or caller is None:
            return None
        finished = self._find_tile(address, caller)
        if finished is None:
            return None
        return self._answer(scope, address, caller, given, finished)

    def _find_tile(self, address: Address, caller: Caller) -> Finished | None:
        drawn = _drawn(address.layer_ids, address.z)
        key = TileKey(",".join(drawn), groups_of(caller, drawn), address.z, address.x, address.y)
        return self._cache.find(key, drawn) if drawn else None

    def _identify(self, given: dict[bytes, bytes]) -> Caller | None:
        """Return the caller by the rules of `api.deps.identify`, if met a moment ago."""
        authorization, cookie = given.get(b"authorization"), given.get(b"cookie")
        if authorization is not None:
            try:
                return self._callers.find(read_bearer(authorization.decode("latin-1")))
            except UnauthenticatedError:
                return None
        secret = None if cookie is None else cookie_parser(cookie.decode("latin-1")).get(SESSION_COOKIE)
        return self._callers.find(secret) if secret else ANONYMOUS

    def _answer(
        self, scope: Scope, address: Address, caller: Caller, given: dict[bytes, bytes], finished: Finished
    ) -> HotAnswer:
        request_id = choose_request_id(given.get(b"x-request-id", b"").decode("latin-1"))
        tag = finished.tag.encode("ascii")
        headers = [
            *(_SHARED_PUBLIC if caller.is_anonymous else _SHARED_PRIVATE),
            (b"etag", tag),
            (_REQUEST_ID, request_id.encode("ascii")),
        ]
        if b"origin" in given:
            headers += self._cross_origin(given[b"origin"])
        status, body = 200, b""
        if b"if-none-match" in given and (
            given[b"if-none-match"] == tag or is_unchanged(Request(scope), finished.tag)
        ):
            status = 304
        else:
            body = finished.body
            if finished.is_packed:
                if _takes_gzip(given.get(b"accept-encoding", b"")):
                    headers.append((b"content-encoding", b"gzip"))
                else:
                    body = finished.plain()
            headers += ((b"content-type", _MVT), (b"content-length", str(len(body)).encode("ascii")))
        return HotAnswer(status, headers, body, address.path_format, request_id, caller.login)

    def _find_cross_origin(self, origin: bytes) -> Headers:
        request = Request({"type": "http", "headers": [(b"origin", origin)], "app": self._app})
        return _encoded(cross_origin_headers(request))

    async def _send(self, scope: Scope, answer: HotAnswer, send: Send, began: float) -> None:
        """Send an answer, count it and write its line."""
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})
        seconds = time.perf_counter() - began
        self._metrics.record("GET", answer.route, answer.status, seconds)
        client = scope.get("client")
        address = client[0] if client else None
        write_request(
            answer.request_id,
            "GET",
            scope["path"],
            answer.route,
            answer.status,
            seconds,
            address,
            answer.login,
        )


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Run the tile's endpoint as the router would, foreseen exceptions answered as problem documents."""
    request = Request(scope, receive, send)
    try:
        response = await answer_tile(request)
    except HANDLED as error:
        response = await answer_error(request, error)
    await response(scope, receive, send)


def _read_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes] | None:
    """Return the headers that matter here; None where one of them stands twice."""
    given: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _READ:
            if name in given:
                return None
            given[name] = value
    return given


@lru_cache(maxsize=1_024)
def _drawn(layer_ids: tuple[str, ...], z: int) -> tuple[str, ...]:
    """Return the layers that have tiles at a zoom, each once."""
    layers = [LAYERS[layer_id] for layer_id in dict.fromkeys(layer_ids)]
    return tuple(layer.id for layer in layers_at(layers, z))


@lru_cache(maxsize=256)
def _takes_gzip(accept_encoding: bytes) -> bool:
    return takes_gzip(Request({"type": "http", "headers": [(b"accept-encoding", accept_encoding)]}))


def _encoded(headers: dict[str, str]) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


_MVT: Final = MVT.encode("ascii")
_SHARED_PUBLIC: Final = tuple(_encoded({"Cache-Control": "no-cache", "Vary": VARY, **SECURITY_HEADERS}))
_SHARED_PRIVATE: Final = tuple(
    _encoded({"Cache-Control": "private, no-cache", "Vary": VARY, **SECURITY_HEADERS})
)
