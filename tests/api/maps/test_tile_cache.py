"""Keeping finished tiles: one render at a time, the right version, bounded memory, a disk that may be damaged."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from api.maps.finished import Finished, finish
from api.maps.tile_cache import ENTRY_BYTES, TileCache, TileMemory, group_of
from api.maps.tile_disk import TEMPORARY, Kept, TileDisk, TileKey, pack, unpack
from gis.tiles import TileAddress
from twin.identity import ANONYMOUS, Caller
from twin.layers import LAYERS

KEY: Final = TileKey("projects", "public", 12, 3363, 1647)
TILE: Final = TileAddress(12, 3363, 1647)
MANY: Final = 10_000_000


class KnownVersion:
    """What the cache asks of the keeper of versions, set by hand."""

    def __init__(self) -> None:
        self.dataset = "one"
        self.version: int | None = 1

    def tile_version(self, layer_id: str, z: int, x: int, y: int) -> int | None:
        return self.version

    def tiles_version(self, layer_ids: tuple[str, ...], z: int, x: int, y: int) -> int | None:
        return self.version


class Kitchen:
    """Counts renderings; each takes the state of the world when it begins, and waits to be let go."""

    def __init__(self, state: str = "old") -> None:
        self.state = state
        self.begun = 0
        self.go = asyncio.Event()

    async def render(self) -> bytes:
        self.begun += 1
        seen = self.state.encode()
        await self.go.wait()
        return seen


def cache(folder: Path, disk_bytes: int = 0) -> tuple[TileCache, KnownVersion]:
    known = KnownVersion()
    return TileCache(known, TileMemory(MANY), TileDisk(folder, disk_bytes)), known  # type: ignore[arg-type]


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]


def test_many_who_ask_at_once_wait_for_one_rendering(tmp_path: Path) -> None:
    async def story() -> None:
        tiles, _ = cache(tmp_path)
        kitchen = Kitchen()
        asked = [
            asyncio.create_task(tiles.get(ANONYMOUS, "projects", TILE, kitchen.render)) for _ in range(50)
        ]
        await asyncio.sleep(0.01)
        asked[0].cancel()  # the first one goes away
        kitchen.go.set()
        answers = await asyncio.gather(*asked[1:])
        assert kitchen.begun == 1
        assert {answer.plain() for answer in answers} == {b"old"}

    run(story)


def test_a_rendering_that_fails_fails_for_those_who_wait_and_is_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        tiles, _ = cache(tmp_path)

        async def fail() -> bytes:
            await asyncio.sleep(0)
            raise OSError("away")

        failed = await asyncio.gather(
            *(tiles.get(ANONYMOUS, "projects", TILE, fail) for _ in range(3)), return_exceptions=True
        )
        assert [type(each) for each in failed] == [OSError] * 3
        kitchen = Kitchen()
        kitchen.go.set()
        assert (await tiles.get(ANONYMOUS, "projects", TILE, kitchen.render)).plain() == b"old"

    run(story)


def test_a_change_during_a_rendering_is_never_hidden_by_what_it_kept(tmp_path: Path) -> None:
    async def story() -> None:
        tiles, known = cache(tmp_path)
        slow, fresh = Kitchen("old"), Kitchen("new")
        first = asyncio.create_task(tiles.get(ANONYMOUS, "projects", TILE, slow.render))
        await asyncio.sleep(0.01)
        known.version = 2  # committed while the old state is on its way
        fresh.go.set()
        assert (await tiles.get(ANONYMOUS, "projects", TILE, fresh.render)).plain() == b"new"
        slow.go.set()
        assert (await first).plain() == b"old"  # kept last, but for version 1
        again = Kitchen("new")
        again.go.set()
        assert (await tiles.get(ANONYMOUS, "projects", TILE, again.render)).plain() == b"new"

    run(story)


def test_nothing_is_kept_or_found_while_the_version_is_unknown(tmp_path: Path) -> None:
    async def story() -> None:
        tiles, known = cache(tmp_path)
        kitchen = Kitchen()
        kitchen.go.set()
        await tiles.get(ANONYMOUS, "projects", TILE, kitchen.render)
        known.version = None
        for _ in range(3):
            await tiles.get(ANONYMOUS, "projects", TILE, kitchen.render)
        assert kitchen.begun == 4
        assert tiles.counts["uncached"] == 3

    run(story)


def test_another_database_meets_nothing_of_the_first(tmp_path: Path) -> None:
    async def story() -> None:
        tiles, known = cache(tmp_path, MANY)
        kitchen = Kitchen()
        kitchen.go.set()
        await tiles.get(ANONYMOUS, "projects", TILE, kitchen.render)
        await tiles._write()
        known.dataset, kitchen.state = "two", "other"
        assert tiles.find(KEY, ("projects",)) is None
        assert (await tiles.get(ANONYMOUS, "projects", TILE, kitchen.render)).plain() == b"other"
        assert kitchen.begun == 2

    run(story)


def test_callers_with_the_same_sight_share_and_no_others() -> None:
    def contractor(*projects: int, login: str = "a") -> Caller:
        return Caller(user_id=1, login=login, own_roles=frozenset({"contractor"}), own_projects=projects)

    admin = Caller(user_id=2, roles=frozenset({"admin"}))
    assert group_of(contractor(1, 2), "projects") == group_of(contractor(1, 2, login="b"), "projects")
    groups = [
        group_of(each, "projects")
        for each in (contractor(1), contractor(12), contractor(1, 2), ANONYMOUS, admin)
    ]
    assert len(set(groups)) == 5
    assert group_of(contractor(1), "land_parcels") == group_of(ANONYMOUS, "land_parcels")


def test_memory_stays_within_its_bound_and_forgets_what_was_asked_for_least_recently() -> None:
    memory = TileMemory(10 * (1000 + ENTRY_BYTES))
    for number in range(30):
        memory.keep(KEY._replace(x=number), 1, Finished("t", b"x" * 1000, is_packed=False))
        assert memory.find(KEY._replace(x=0), 1) is not None
    assert len(memory) == 10
    assert memory.size == 10 * (1000 + ENTRY_BYTES)
    assert memory.find(KEY._replace(x=29), 1) is not None
    assert memory.find(KEY._replace(x=2), 1) is None
    memory.keep(KEY._replace(x=29), 2, Finished("t", b"", is_packed=False))
    assert memory.find(KEY._replace(x=29), 1) is None
    assert memory.size == 9 * (1000 + ENTRY_BYTES) + ENTRY_BYTES


def test_a_tile_larger_than_the_memory_is_not_held() -> None:
    memory = TileMemory(1000)
    memory.keep(KEY, 1, Finished("t", b"x" * 5000, is_packed=False))
    assert (len(memory), memory.size) == (0, 0)


def test_every_damaged_file_is_a_miss(tmp_path: Path) -> None:
    disk = TileDisk(tmp_path, MANY)
    whole = finish("滨河路".encode() * 400)
    disk.write("set", [Kept(KEY, 7, whole)])
    path = Path(disk.path("set", KEY))
    content = path.read_bytes()
    assert disk.find("set", KEY, 7) == whole
    assert disk.find("set", KEY, 8) is None
    for damaged in (b"", content[:10], content[:-1], content + b"x", b"X" + content[1:], bytes(len(content))):
        path.write_bytes(damaged)
        assert disk.find("set", KEY, 7) is None
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert disk.find("set", KEY, 7) is None


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    disk = TileDisk(tmp_path / "tiles", MANY)
    disk.write("set", [Kept(KEY, 1, finish(b"a"))])
    path = Path(disk.path("set", KEY))
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_disk_is_swept_to_its_cap_oldest_first(tmp_path: Path) -> None:
    one = len(pack(1, Finished("t", b"x" * 1000, is_packed=False)))
    disk = TileDisk(tmp_path, 10 * one)
    for number in range(40):
        key = KEY._replace(x=number)
        disk.write("set", [Kept(key, 1, Finished("t", b"x" * 1000, is_packed=False))])
        os.utime(disk.path("set", key), (1_000_000 + number, 1_000_000 + number))
    left = sorted(int(path.name.split("-")[0]) for path in tmp_path.rglob("*.tile"))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.tile")) <= 10 * one
    assert len(left) >= 8
    assert left == list(range(40 - len(left), 40))


def test_what_a_killed_process_left_half_written_is_swept(tmp_path: Path) -> None:
    disk = TileDisk(tmp_path, MANY)
    old, new = tmp_path / f"1-1.aa{TEMPORARY}", tmp_path / f"1-1.bb{TEMPORARY}"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    disk.sweep()
    assert (old.exists(), new.exists()) == (False, True)


WRITER = """
import sys
from pathlib import Path
from api.maps.finished import Finished
from api.maps.tile_disk import Kept, TileDisk, TileKey
disk = TileDisk(Path(sys.argv[1]), 10**9)
for version in range(10**9):
    body = str(version % 10).encode() * 3_000_000
    disk.write("set", [Kept(TileKey("projects", "public", 12, 3363, 1647), version % 10, Finished("t", body, False))])
    print(version, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_file_or_none(tmp_path: Path) -> None:
    disk = TileDisk(tmp_path, MANY)
    found = 0
    for attempt in range(4):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        for _ in range(attempt + 1):
            writer.stdout.readline()
        time.sleep(0.003 * attempt)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        content = Path(disk.path("set", KEY)).read_bytes()
        tiles = {version: unpack(content, version) for version in range(10)}
        for version, tile in tiles.items():
            if tile is not None:
                assert tile.body == str(version).encode() * 3_000_000
                found += 1
    assert found == 4, "the file that was there stays until the new one is whole"


def test_a_disk_that_cannot_be_written_to_stops_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "file").write_text("", encoding="utf-8")
        tiles, _ = cache(tmp_path / "file", MANY)
        kitchen = Kitchen()
        kitchen.go.set()
        await tiles.get(ANONYMOUS, "projects", TILE, kitchen.render)
        await tiles._write()
        assert tiles.find(KEY, ("projects",)) is not None

    run(story)


@pytest.mark.parametrize("layer_id", sorted(LAYERS))
def test_a_group_is_a_folder_name(layer_id: str) -> None:
    for caller in (ANONYMOUS, Caller(user_id=1, own_roles=frozenset({"contractor"}), own_projects=(1, 2))):
        assert all(part.isalnum() for part in group_of(caller, layer_id).split("-"))
