"""A request's process is bounded, knows nothing of ours, and never outlives its request."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.classic import engine as room
from api.classic.engine import Engine, database_environment
from api.classic.obtain import obtain_engine
from api.cli import make_app
from api.service import prepare
from api.state import AppSettings
from twin.errors import UnavailableError
from twin.settings import HomeSettings, ServerSettings

HEAD = "printf 'Content-Type: text/plain\\r\\n\\r\\n'\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Engine]:
    """Put a script in MapServer's place."""

    def make(script: str) -> Engine:
        path = tmp_path / "mapserv"
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)
        monkeypatch.setattr(room, "find_program", lambda: str(path))
        return Engine(tmp_path, "postgresql://reader:geheim@db.example:5433/twin")

    return make


def run(work: Callable[[], Awaitable[str]]) -> str:
    return asyncio.run(work())  # type: ignore[arg-type]


async def whole(engine: Engine) -> str:
    reply = await engine.run(Path("/x.map"), {"REQUEST": "GetMap", "TITLE": "桥 &"}, {"SERVER_NAME": "h"})
    assert reply.media_type == "text/plain"
    return b"".join([chunk async for chunk in reply.chunks]).decode()


def test_it_gets_what_it_needs_and_nothing_of_our_environment(
    program: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIN_ADMIN_TOKEN", "secret")
    engine = program(HEAD + "env; ulimit -v; ulimit -t")
    lines = run(lambda: whole(engine)).splitlines()
    assert not [line for line in lines if "TWIN" in line or "secret" in line]
    assert {"PGHOST=db.example", "PGPORT=5433", "PGUSER=reader", "PGPASSWORD=geheim", "SERVER_NAME=h"} <= set(
        lines
    )
    assert "MS_MAPFILE=/x.map" in lines
    assert "QUERY_STRING=REQUEST=GetMap&TITLE=%E6%A1%A5+%26" in lines
    assert lines[-2:] == ["2097152", "30"]  # kB of memory, seconds of processor time


def test_its_session_only_reads() -> None:
    options = database_environment("postgresql+psycopg2://u@h/d")["PGOPTIONS"]
    assert "default_transaction_read_only=on" in options
    assert "statement_timeout=30000" in options


def test_it_is_ended_when_its_time_is_up(
    program: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WALL_S", 0.5)
    engine = program("exec sleep 60")
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        run(lambda: whole(engine))
    assert time.monotonic() - began < 30


def test_it_is_ended_when_nobody_reads_on(program: Callable[[str], Engine], tmp_path: Path) -> None:
    engine = program(f"{HEAD}echo $$ > {tmp_path}/pid\nexec yes")

    async def leave() -> str:
        reply = await engine.run(Path("/x.map"), {}, {})
        await anext(reply.chunks)
        await reply.chunks.aclose()  # type: ignore[attr-defined]
        pid = int((tmp_path / "pid").read_text())
        for _ in range(200):
            if not Path(f"/proc/{pid}").exists():
                return "gone"
            await asyncio.sleep(0.05)
        return "there"

    assert run(leave) == "gone"


def test_a_few_run_at_once_and_the_others_wait(program: Callable[[str], Engine]) -> None:
    engine = program(HEAD + "sleep 0.2\necho done")

    async def many() -> str:
        return "".join(await asyncio.gather(*(whole(engine) for _ in range(3 * room.AT_ONCE))))

    assert run(many).split() == ["done"] * (3 * room.AT_ONCE)


@pytest.mark.parametrize("script", ["exit 1", "echo", "printf 'X: y\\r\\n\\r\\n'", "kill -9 $$"])
def test_an_end_without_an_answer_is_an_error_that_says_so(
    program: Callable[[str], Engine], script: str
) -> None:
    engine = program(script)
    with pytest.raises(UnavailableError, match="ended without an answer"):
        run(lambda: whole(engine))


def test_where_it_is_missing_the_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("api.classic.obtain.find_program", lambda: None)
    with pytest.raises(UnavailableError, match="cgi-mapserver"):
        obtain_engine(HomeSettings(home=tmp_path, system_packages=False), lambda line: None)


def test_every_way_to_start_the_service_asks_for_it_and_only_where_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("api.classic.obtain.find_program", lambda: None)
    home = HomeSettings(home=tmp_path, system_packages=False)
    prepare(AppSettings(home=home, server=ServerSettings(port=0, ogc_classic=False)), lambda line: None)
    with pytest.raises(UnavailableError, match="cgi-mapserver"):
        prepare(AppSettings(home=home, server=ServerSettings(port=0, ogc_classic=True)), lambda line: None)


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_service_that_cannot_have_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setattr("api.classic.obtain.find_program", lambda: None)
    for name, value in {
        "HOME": str(tmp_path),
        "PORT": "0",
        "SYSTEM_PACKAGES": "false",
        "OGC_CLASSIC": "true",
    }.items():
        monkeypatch.setenv(f"TWIN_{name}", value)
    result = CliRunner().invoke(make_app(command), [command])
    assert result.exit_code != 0
    assert "cgi-mapserver" in result.output
    assert not list(tmp_path.iterdir()), "nothing was set up"
