"""Finished tiles, in memory and then on disk, for as long as nothing under them changed.

A tile is stored under the version that was known *before* its rendering began. A change that is committed while it
renders may or may not be in it, but raises the version, and then nobody asks for the old one any more.
"""

import asyncio
import hashlib
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import anyio.to_thread
from starlette.requests import HTTPConnection

import gis
import twin
from api.log import LOG
from api.maps.currency import Currency
from api.maps.finished import Finished, finish
from api.maps.tile_disk import Kept, TileDisk, TileKey
from gis.tiles import TileAddress
from twin.identity import Caller
from twin.identity.visibility import sight
from twin.layers.catalogue import LAYERS, READING_RIGHT

MEGABYTE: Final = 1_048_576
ENTRY_BYTES: Final = 600
"""What an entry costs beside its body: key, tag, objects."""

FINISH_APART_FROM_BYTES: Final = 131_072
WRITE_EVERY_S: Final = 1.0

Render = Callable[[], Awaitable[bytes]]
Make = Callable[[int | None], Coroutine[Any, Any, Finished]]


@lru_cache(maxsize=4_096)
def group_of(caller: Caller, layer_id: str) -> str:
    """Return the visibility group of a caller for a layer: two callers of one group see the same bytes.

    Examples
    --------
    >>> group_of(Caller(), "projects")
    'public'
    """
    seen = sight(caller, READING_RIGHT[layer_id])
    parts = [seen.group, *(["internal"] if seen.internal_fields else [])]
    if seen.group == "own":
        projects = ",".join(map(str, sorted(caller.own_projects)))
        parts.append(hashlib.blake2b(projects.encode(), digest_size=12).hexdigest())
    return "-".join(parts)


def groups_of(caller: Caller, layer_ids: Sequence[str]) -> str:
    """Return the visibility group for several layers together."""
    return "+".join([group_of(caller, layer_id) for layer_id in layer_ids])


class TileMemory:
    """The tiles used last, at most so many bytes of them; of each only the newest version."""

    def __init__(self, most_bytes: int) -> None:
        self.size = 0
        self._most_bytes = most_bytes
        self._kept: OrderedDict[TileKey, tuple[int, Finished]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many tiles are held."""
        return len(self._kept)

    def find(self, key: TileKey, version: int) -> Finished | None:
        """Return the tile if it is held in this version."""
        kept = self._kept.get(key)
        if kept is None or kept[0] != version:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def keep(self, key: TileKey, version: int, finished: Finished) -> None:
        """Hold a tile, forgetting those that were not asked for longest."""
        self._forget(key)
        self._kept[key] = (version, finished)
        self.size += finished.size + ENTRY_BYTES
        while self.size > self._most_bytes and self._kept:
            self._forget(next(iter(self._kept)))

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self.size = 0

    def _forget(self, key: TileKey) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.size -= kept[1].size + ENTRY_BYTES


class TileCache:
    """Every kept tile of one process, with the disk below it.

    Attributes
    ----------
    counts : Counter of str
        ``memory`` and ``disk`` hits, tiles ``rendered`` to be kept, tiles rendered ``uncached``.
    """

    def __init__(self, currency: Currency, memory: TileMemory, disk: TileDisk) -> None:
        self.currency = currency
        self.memory = memory
        self.disk = disk
        self.counts: Counter[str] = Counter()
        self._dataset = ""
        self._running: dict[tuple[TileKey, int], asyncio.Task[Finished]] = {}
        self._unsaved: dict[TileKey, Kept] = {}
        self._writer: asyncio.Task[None] | None = None

    def find(self, key: TileKey, layer_ids: Sequence[str]) -> Finished | None:
        """Return a tile that is in memory and current; nothing is awaited."""
        version = self.currency.tiles_version(layer_ids, key[2], key[3], key[4])
        if version is None or self._dataset != self.currency.dataset:
            return None
        found = self.memory.find(key, version)
        if found is not None:
            self.counts["memory"] += 1
        return found

    async def get(self, caller: Caller, layer_id: str, tile: TileAddress, render: Render) -> Finished:
        """Return the tile of one layer: kept, or rendered once however many ask for it meanwhile."""
        key = TileKey(layer_id, group_of(caller, layer_id), tile.z, tile.x, tile.y)
        return await self._get(key, (layer_id,), lambda version: self._find_or_render(key, version, render))

    async def get_joined(
        self, caller: Caller, layer_ids: Sequence[str], tile: TileAddress, render: Render
    ) -> Finished:
        """Return the tile of several layers; `render` joins them, and only the result is kept, in memory."""
        key = TileKey(",".join(layer_ids), groups_of(caller, layer_ids), tile.z, tile.x, tile.y)
        return await self._get(key, layer_ids, lambda _: _finished(render))

    async def get_whole(self, name: str, caller: Caller, layer_id: str, render: Render) -> Finished:
        """Return what is made of all of a layer, such as a feed; kept in memory until anything of it changes.

        Parameters
        ----------
        name : str
            Tells it from everything else that is made of the layer.
        """
        key = TileKey(f"{layer_id} {name}", group_of(caller, layer_id), 0, 0, 0)
        return await self._get(key, (layer_id,), lambda _: _finished(render))

    async def _get(self, key: TileKey, layer_ids: Sequence[str], make: Make) -> Finished:
        found = self.find(key, layer_ids)
        if found is not None:
            return found
        version = self.currency.tiles_version(layer_ids, key.z, key.x, key.y)
        if version is None:
            self.counts["uncached"] += 1
            return await make(None)
        self._meet_dataset()
        running = self._running.get((key, version))
        if running is None:
            running = asyncio.create_task(self._make(key, version, make))
            self._running[key, version] = running
            running.add_done_callback(lambda _: self._running.pop((key, version), None))
        return await asyncio.shield(running)  # whoever goes away takes nobody's tile along

    async def _make(self, key: TileKey, version: int, make: Make) -> Finished:
        dataset = self._dataset
        finished = await make(version)
        if dataset == self._dataset:
            self.memory.keep(key, version, finished)
        return finished

    async def _find_or_render(self, key: TileKey, version: int | None, render: Render) -> Finished:
        if version is None:
            return await _finished(render)
        dataset = self._dataset
        if self.disk.may_have(_folder_name(dataset), key):
            found = await anyio.to_thread.run_sync(self.disk.find, _folder_name(dataset), key, version)
            if found is not None:
                self.counts["disk"] += 1
                return found
        finished = await _finished(render)
        self.counts["rendered"] += 1
        if self.disk.is_on and finished.size and dataset == self._dataset:
            self._unsaved[key] = Kept(key, version, finished)
        return finished

    def _meet_dataset(self) -> None:
        """Forget everything when the database behind the service has become another one."""
        if self._dataset != self.currency.dataset:
            self._dataset = self.currency.dataset
            self.memory.clear()
            self._unsaved.clear()

    def start(self) -> None:
        """Begin to write what was rendered to disk, in the running event loop."""
        if self.disk.is_on:
            self._writer = asyncio.create_task(self._write_on(), name="tile writer")

    async def stop(self) -> None:
        """Write what is left and stop."""
        if self._writer is None:
            return
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        self._writer = None
        await self._write()

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self._write()

    async def _write(self) -> None:
        tiles, self._unsaved = list(self._unsaved.values()), {}
        if not tiles:
            return
        try:
            await anyio.to_thread.run_sync(self.disk.write, _folder_name(self._dataset), tiles)
        except OSError as error:
            LOG.warning("tiles not written to disk", reason=str(error))


async def _finished(render: Render) -> Finished:
    body = await render()
    if len(body) < FINISH_APART_FROM_BYTES:
        return finish(body)
    return await anyio.to_thread.run_sync(finish, body)  # packing this takes milliseconds


@lru_cache(maxsize=8)
def _folder_name(dataset: str) -> str:
    """Name the folder of a dataset as this code renders it: other code may write other bytes for the same rows."""
    digest = hashlib.blake2b(f"{dataset} {twin.__version__} {LAYERS!r}".encode(), digest_size=12)
    for path in sorted(Path(str(gis.__file__)).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def tiles_of(connection: HTTPConnection) -> TileCache:
    """Return the tile cache of the application that serves this request."""
    return cast("TileCache", connection.app.state.tiles)
