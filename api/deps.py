"""What routes ask for: the caller, a database session, a connection of the hot read path."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import urlsplit

import anyio.to_thread
from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from api.errors import SESSION_COOKIE
from api.state import AppState, state_of
from gis.statement import Connection
from twin.db import open_session
from twin.db.hot import borrow
from twin.errors import ForbiddenError, UnauthenticatedError
from twin.identity import ANONYMOUS, Caller
from twin.identity.tokens import find_caller

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_TOKEN: Final = 512


async def identify(request: Request) -> Caller:
    """Return who calls: the holder of the bearer token, else of the session cookie, else anonymous.

    Raises
    ------
    UnauthenticatedError
        A token was sent that is malformed, unknown, expired or revoked: never silently anonymous.
    ForbiddenError
        A cookie came with a change that another site may have made the browser send.
    """
    found: Caller | None = getattr(request.state, "caller", None)
    if found is None:
        found = replace(await _identify(request), address=request.client.host if request.client else None)
        request.state.caller = found
    return found


async def identify_by(request: Request, secret: str | None) -> Caller:
    """Return who calls where a door takes the token in a place of its own; the Authorization header goes first.

    Parameters
    ----------
    secret : str, optional
        The token as the client sent it; without one the call is identified as any other.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        As for `identify`.
    """
    if secret is None or "Authorization" in request.headers:
        return await identify(request)
    address = request.client.host if request.client else None
    found = replace(await _find(request, secret), address=address)
    request.state.caller = found
    return found


async def _identify(request: Request) -> Caller:
    header = request.headers.get("Authorization")
    cookie = request.cookies.get(SESSION_COOKIE)
    if header is not None:
        return await _find(request, read_bearer(header))
    if not cookie:
        return ANONYMOUS
    if request.method not in SAFE_METHODS and not is_same_origin(request):
        raise ForbiddenError(
            "The change came with a cookie but not from one of our own pages; send a bearer token instead.",
            "该修改请求带有登录 Cookie，但不是由本站页面发出；请改用 Authorization 令牌。",
        )
    return await _find(request, cookie)


def read_bearer(header: str) -> str:
    """Return the token of an Authorization header.

    Raises
    ------
    UnauthenticatedError
        The header holds no bearer token.
    """
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    raise UnauthenticatedError(
        "The Authorization header must read `Bearer <token>`.",
        "Authorization 头应为 `Bearer <令牌>`。",
    )


async def _find(request: Request, secret: str) -> Caller:
    state = state_of(request)
    kept = state.callers.find(secret)
    if kept is not None:
        return kept
    caller = None
    if secret.isascii() and len(secret) <= LONGEST_TOKEN:
        caller = await anyio.to_thread.run_sync(_look_up, state, secret)
    if caller is None:
        raise UnauthenticatedError(
            "The token is unknown, expired or revoked; ask an administrator for a new one.",
            "令牌不存在、已过期或已吊销；请向管理员索取新令牌。",
        )
    state.callers.keep(secret, caller)
    return caller


def _look_up(state: AppState, secret: str) -> Caller | None:
    with open_session(state.engine) as session:
        return find_caller(session, secret)


def is_same_origin(request: HTTPConnection) -> bool:
    """Tell whether a browser sent this from one of our own pages; it names the origin with every change."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") == "same-origin"
    return urlsplit(origin).netloc == request.headers.get("Host")


def get_state(request: Request) -> AppState:
    """Return the state of the application."""
    return state_of(request)


CallerDep = Annotated[Caller, Depends(identify)]
StateDep = Annotated[AppState, Depends(get_state)]


def open_request_session(state: StateDep, caller: CallerDep) -> Iterator[Session]:
    """Open a session in one transaction: committed when the route returns, rolled back on any error."""
    with open_session(state.engine, actor=caller.login) as session:
        yield session


# Scope "function": committed before the answer leaves. With FastAPI's default an acknowledged write could
# still fail to commit.
SessionDep = Annotated[Session, Depends(open_request_session, scope="function")]


@asynccontextmanager
async def open_connection(request: HTTPConnection) -> AsyncIterator[Connection]:
    """Borrow a connection of the hot read path.

    Raises
    ------
    psycopg_pool.PoolTimeout
        No connection is free, or the database is away.
    """
    async with borrow(state_of(request).pool) as connection:
        yield connection
