"""What one running application holds: settings, connections, the callers it has just met."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import Engine
from starlette.requests import HTTPConnection

from twin.db import make_engine, make_pool
from twin.db.hot import Pool
from twin.db.service import service_url
from twin.identity import Caller
from twin.settings import (
    DatabaseSettings,
    HomeSettings,
    JobSettings,
    ReadSettings,
    ServerSettings,
    TileSettings,
)

CALLER_TTL_S = 5.0
CALLERS_KEPT = 4_096


@dataclass(frozen=True)
class AppSettings:
    """Every setting the application reads, gathered once."""

    home: HomeSettings = field(default_factory=HomeSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    jobs: JobSettings = field(default_factory=JobSettings)
    tiles: TileSettings = field(default_factory=TileSettings)
    reading: ReadSettings = field(default_factory=ReadSettings)


class CallerCache:
    """Callers by their secret, for a few seconds: a map asks for dozens of tiles at once.

    A revoked token therefore works for up to `CALLER_TTL_S` more; signing out works at once.
    """

    def __init__(self, ttl_s: float = CALLER_TTL_S, size: int = CALLERS_KEPT) -> None:
        self._ttl_s = ttl_s
        self._size = size
        self._kept: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    def find(self, secret: str) -> Caller | None:
        """Return the caller if met a moment ago."""
        kept = self._kept.get(_key(secret))
        if kept is None or kept[0] < time.monotonic():
            return None
        return kept[1]

    def keep(self, secret: str, caller: Caller) -> None:
        """Remember a caller, forgetting the oldest when there are too many."""
        self._kept[_key(secret)] = (time.monotonic() + self._ttl_s, caller)
        self._kept.move_to_end(_key(secret))
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def forget(self, secret: str) -> None:
        """Forget a caller at once."""
        self._kept.pop(_key(secret), None)


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


@dataclass(frozen=True)
class AppState:
    """One running application.

    Attributes
    ----------
    url : str
        The service role's connection, for who needs one of its own.
    reading_turns : asyncio.Semaphore
        Taken by each reading of a planner's file while it runs.
    """

    settings: AppSettings
    url: str
    engine: Engine
    pool: Pool
    callers: CallerCache
    reading_turns: asyncio.Semaphore


def make_state(settings: AppSettings) -> AppState:
    """Return the state with its connections still closed; nothing is asked of the database yet."""
    url = service_url(settings.home, settings.database)
    database = settings.database
    return AppState(
        settings=settings,
        url=url,
        engine=make_engine(url, database.pool_size, database.statement_timeout_ms),
        pool=make_pool(url, database.pool_size, database.statement_timeout_ms),
        callers=CallerCache(),
        reading_turns=asyncio.Semaphore(settings.reading.at_once),
    )


def state_of(connection: HTTPConnection) -> AppState:
    """Return the state of the application that serves this request."""
    return cast("AppState", connection.app.state.twin)
