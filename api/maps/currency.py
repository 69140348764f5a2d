"""What this process knows of the database's changes: the version of every tile, or that it knows none.

One connection of its own listens. What it heard is read again as absolute sums, never added up, so that nothing
is counted twice or missed. What is known holds for `LEASE_S` after the question that confirmed it was sent: a lost
connection, a database that hangs, a process that was stopped for a while all end in "unknown" by themselves, and
whoever asks then renders without the cache.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import date
from typing import Final

from psycopg import AsyncConnection, OperationalError

from api.log import LOG
from gis.statement import Connection, Statement, fetch_row, fetch_rows
from twin.db.urls import for_psycopg
from twin.layers.currency import (
    CHANNEL,
    DATED_LAYERS,
    WHOLE_LAYER,
    Cell,
    CellSums,
    all_sums_statement,
    cell_sums_statement,
    dataset_statement,
    dated,
    layer_sums_statement,
    parse_change,
    reporting_date_statement,
)

LEASE_S: Final = 0.8
BEAT_S: Final = 0.2
GATHER_S: Final = 0.01
"""How long notifications are gathered before their cells are read: a storm of edits costs one question."""

BACKOFF_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
CELLS_AT_ONCE: Final = 2_000
CONNECT_TIMEOUT_S: Final = 5
READ_ALL_TIMEOUT_S: Final = 30.0
BEAT_TIMEOUT_S: Final = 5.0
CANCEL_AGAIN_S: Final = 0.5


class Currency:
    """The versions of all tiles in one process.

    Attributes
    ----------
    dataset : str
        Which dataset the versions count; empty until the database was reached once.
    """

    def __init__(self, url: str) -> None:
        self.dataset = ""
        self._url = for_psycopg(url)
        self._sums: dict[str, CellSums] = {}
        self._day = date.min
        self._known_until = 0.0
        self._confirmed = 0.0
        self._pending: dict[str, set[Cell]] = {}
        self._task: asyncio.Task[None] | None = None

    def tile_version(self, layer_id: str, z: int, x: int, y: int) -> int | None:
        """Return the version of a tile, or None where it is not known for certain."""
        if time.monotonic() >= self._known_until:
            return None
        sums = self._sums.get(layer_id)
        version = 0 if sums is None else sums.version(z, x, y)
        return dated(version, self._day) if layer_id in DATED_LAYERS else version

    def tiles_version(self, layer_ids: Iterable[str], z: int, x: int, y: int) -> int | None:
        """Return one version for a tile of several layers: the sum of theirs, None where one is not known."""
        total = 0
        for layer_id in layer_ids:
            version = self.tile_version(layer_id, z, x, y)
            if version is None:
                return None
            total += version
        return total

    @property
    def is_known(self) -> bool:
        """Whether versions are known now."""
        return time.monotonic() < self._known_until

    def age_s(self) -> float:
        """Return how long ago the newest confirmed state was asked for, in seconds; infinite before the first."""
        return time.monotonic() - self._confirmed if self._confirmed else float("inf")

    def start(self) -> None:
        """Begin to listen, in the running event loop; the database need not be there."""
        self._task = asyncio.create_task(self._run(), name="currency")

    async def stop(self) -> None:
        """Stop listening. Python 3.11 loses a cancellation that meets a finished wait: ask until it is heard."""
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CANCEL_AGAIN_S)
        self._task = None
        self._known_until = 0.0

    async def _run(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001  whatever the reason: unknown now, and try again
                LOG.warning(
                    "tile versions unknown: tiles are rendered anew",
                    reason=type(error).__name__,
                    detail=str(error),
                )
            self._known_until = 0.0
            failures = 0 if time.monotonic() - began > BACKOFF_S[-1] else failures + 1
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    async def _listen(self) -> None:
        connection = await AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, application_name="twin currency"
        )
        async with connection:
            self._pending.clear()
            asked = time.monotonic()
            await connection.execute(f"LISTEN {CHANNEL}".encode())
            async with asyncio.timeout(READ_ALL_TIMEOUT_S):
                await self._read_all(connection)
            self._confirm(asked)
            while True:
                async for notice in connection.notifies(timeout=BEAT_S, stop_after=1):
                    self._note(notice.payload)
                if self._pending:
                    await asyncio.sleep(GATHER_S)
                async with asyncio.timeout(BEAT_TIMEOUT_S):
                    await self._beat(connection)

    async def _beat(self, connection: Connection) -> None:
        """Ask for the day, then for the cells that were named until the answer came.

        Every change that was committed when the question left is among them: a backend hands its notifications
        over before it says that it is ready again.
        """
        asked = time.monotonic()
        day = await self._fetch_day(connection)
        async for notice in connection.notifies(timeout=0):
            self._note(notice.payload)
        if self._pending:
            pending, self._pending = self._pending, {}
            await self._read_again(connection, pending)
        self._day = day
        self._confirm(asked)

    def _confirm(self, asked: float) -> None:
        self._confirmed = asked
        self._known_until = asked + LEASE_S

    def _note(self, payload: str) -> None:
        change = parse_change(payload)
        self._pending.setdefault(change.layer, set()).update(change.cells or (WHOLE_LAYER,))

    async def _read_all(self, connection: Connection) -> None:
        row = await fetch_row(connection, dataset_statement())
        if row is None or row[1] != connection.info.backend_pid:
            raise OperationalError("a pooler stands between: notifications may be lost")
        day = await self._fetch_day(connection)
        sums = await _fetch_sums(connection, all_sums_statement())
        self.dataset, self._day, self._sums = str(row[0]), day, sums

    async def _read_again(self, connection: Connection, pending: dict[str, set[Cell]]) -> None:
        whole = [layer for layer, cells in pending.items() if WHOLE_LAYER in cells]
        if whole:
            fresh = await _fetch_sums(connection, layer_sums_statement(whole))
            self._sums.update(fresh)
        cells = [(layer, cell) for layer, named in pending.items() if layer not in whole for cell in named]
        for start in range(0, len(cells), CELLS_AT_ONCE):
            statement = cell_sums_statement(cells[start : start + CELLS_AT_ONCE])
            for layer, x, y, total in await fetch_rows(connection, statement):
                self._sums.setdefault(layer, CellSums()).assign((x, y), total)

    async def _fetch_day(self, connection: Connection) -> date:
        row = await fetch_row(connection, reporting_date_statement())
        if row is None or not isinstance(row[0], date):
            raise OperationalError("no reporting date")
        return row[0]


async def _fetch_sums(connection: Connection, statement: Statement) -> dict[str, CellSums]:
    """Read sums into new values, letting others run in between when there are many."""
    found: dict[str, CellSums] = {}
    for number, (layer, x, y, total) in enumerate(await fetch_rows(connection, statement)):
        found.setdefault(layer, CellSums()).assign((x, y), total)
        if number % CELLS_AT_ONCE == CELLS_AT_ONCE - 1:
            await asyncio.sleep(0)
    return found
