"""Routes outside of FastAPI, for what must be fast or must answer without a database."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

Answer = Callable[[Request], Awaitable[Response]]


class PlainRoute(Route):
    """A Starlette route that leaves its pattern in the scope, as FastAPI's do: the log and figures name it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a request."""
        match, child_scope = super().matches(scope)
        if match is not Match.NONE:
            child_scope["route"] = self
        return match, child_scope


def read_route(path: str, answer: Answer, answer_options: Answer) -> PlainRoute:
    """Return a route that is read only and says so when asked with OPTIONS."""

    @wraps(answer)
    async def endpoint(request: Request) -> Response:
        return await (answer_options if request.method == "OPTIONS" else answer)(request)

    return PlainRoute(path, endpoint, methods=["GET", "OPTIONS"])


def method_route(path: str, answers: Mapping[str, Answer]) -> PlainRoute:
    """Return a route with an answer for each method; HEAD is answered as GET."""

    async def endpoint(request: Request) -> Response:
        return await answers["GET" if request.method == "HEAD" else request.method](request)

    return PlainRoute(path, endpoint, methods=list(answers))
