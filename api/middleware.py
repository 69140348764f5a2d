"""What happens around every request: its number, its log line, its headers, its size, its last error."""

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import answer_error
from api.log import LOG, write_request
from api.metrics import Metrics
from api.rendering import SECURITY_HEADERS

REQUEST_ID: Final = "X-Request-ID"
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_REQUEST_ID: Final = REQUEST_ID.lower().encode("ascii")
_SECURITY: Final = tuple(
    (name.lower().encode("ascii"), value.encode("ascii")) for name, value in SECURITY_HEADERS.items()
)
_NUL: Final = re.compile(rb"%00|\x00")
QUIET_ROUTES: Final = frozenset({"/livez", "/readyz", "/metrics"})
MEGABYTE: Final = 1_048_576


@dataclass
class _Exchange:
    """One request on its way: what will be logged of it."""

    scope: Scope
    request_id: str
    started: float = field(default_factory=time.perf_counter)
    status: int = 0


class RecordRequests:
    """Give each request a number, add the security headers, log and count it, answer what nobody foresaw."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and record what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, choose_request_id(Headers(scope=scope).get(REQUEST_ID, "")))
        sender = _sender(exchange, send)
        with structlog.contextvars.bound_contextvars(request_id=exchange.request_id):
            try:
                await self._pass_on(scope, receive, sender)
            except Exception as error:  # noqa: BLE001  the last wall: everything unforeseen ends here
                LOG.error("unhandled error", path=scope["path"], exc_info=error)
                if not exchange.status:
                    response = await answer_error(Request(scope), error)
                    await response(scope, receive, sender)
            finally:
                self._record(exchange)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _NUL.search(scope.get("raw_path") or b"") or _NUL.search(scope["query_string"]):
            error = HTTPException(400, "an address cannot hold the character NUL")
            response = await answer_error(Request({**scope, "query_string": b""}), error)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _record(self, exchange: _Exchange) -> None:
        seconds = time.perf_counter() - exchange.started
        route = route_of(exchange.scope)
        self._metrics.record(exchange.scope["method"], route, exchange.status, seconds)
        if route in QUIET_ROUTES:
            return
        scope = exchange.scope
        client, caller = scope.get("client"), scope.get("state", {}).get("caller")
        write_request(
            exchange.request_id,
            scope["method"],
            scope["path"],
            route,
            exchange.status,
            seconds,
            client[0] if client else None,
            caller.login if caller else None,
        )


def choose_request_id(given: str) -> str:
    """Return the number a client gave its request if it looks like one, else a new one.

    Examples
    --------
    >>> choose_request_id("abcdef-12345678")
    'abcdef-12345678'
    """
    return given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _sender(exchange: _Exchange, send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            headers = [pair for pair in message.get("headers", ()) if pair[0] != _REQUEST_ID]
            headers.append((_REQUEST_ID, exchange.request_id.encode("ascii")))
            names = {name for name, _ in headers}
            headers += [pair for pair in _SECURITY if pair[0] not in names]
            message["headers"] = headers
        await send(message)

    return send_with_headers


def route_of(scope: Scope) -> str:
    """Return the pattern of the route that answered, never the address itself: metrics stay few."""
    route = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return str(path) if path else "unmatched"


class LimitBodies:
    """Refuse bodies larger than a route may need, whether they say their size or not."""

    def __init__(self, app: ASGIApp, upload_max_mb: int) -> None:
        self._app = app
        self._upload_max = upload_max_mb * MEGABYTE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes that come in."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        limit = body_limit(scope["path"], self._upload_max)
        told = Headers(scope=scope).get("Content-Length", "0")
        if not told.isdigit() or int(told) > limit:
            response = await answer_error(Request(scope), _too_large(limit))
            await response(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)


def body_limit(path: str, upload_max: int) -> int:
    """Return how many bytes a route takes: files by the setting, element progress 64 MB, all else 8 MB.

    Examples
    --------
    >>> body_limit("/api/v1/overlap", 2**31) == 8 * MEGABYTE
    True
    """
    if path.startswith(("/api/v1/uploads", "/upload")) or (
        path.startswith("/api/v1/projects/") and path.endswith("/models")
    ):
        return upload_max
    return (64 if path.endswith("/elements") else 8) * MEGABYTE


def _counted(receive: Receive, limit: int) -> Receive:
    total = 0

    async def receive_counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise _too_large(limit)
        return message

    return receive_counted


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"{limit // MEGABYTE} MB is the most that is taken here")
