"""MapServer as a program of one request: started, bounded, streamed from, ended.

Each request is a process of its own below the API process. The kernel ends it with its parent (`setpriv
--pdeathsig`), holds its memory and processor time (`prlimit`), and we end it when its time is up. It gets nothing
of our environment; its session with the database is read-only.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from psycopg.conninfo import conninfo_to_dict

from twin.db.urls import for_psycopg
from twin.errors import UnavailableError

PACKAGE: Final = "cgi-mapserver"
PROGRAM: Final = "mapserv"
FOLDERS: Final = ("/usr/lib/cgi-bin", "/usr/libexec")
AT_ONCE: Final = 3
MEMORY_BYTES: Final = 2_147_483_648
PROCESSOR_S: Final = 30
WALL_S: Final = 60.0
STATEMENT_MS: Final = 30_000
_CHUNK: Final = 65_536
_LONGEST_HEAD: Final = 8_192
_LIBPQ: Final = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


@dataclass(frozen=True)
class Reply:
    """The head of an answer and its body as it comes."""

    media_type: str
    chunks: AsyncIterator[bytes]


@cache
def find_program() -> str | None:
    """Return where MapServer is; None where it is not installed."""
    return shutil.which(PROGRAM) or shutil.which(PROGRAM, path=os.pathsep.join(FOLDERS))


def database_environment(url: str) -> dict[str, str]:
    """Return the connection as libpq reads it from the environment, read-only and with a time limit.

    Examples
    --------
    >>> database_environment("postgresql://u@h/d")["PGUSER"]
    'u'
    """
    parts = conninfo_to_dict(for_psycopg(url))
    found = {name: str(parts[key]) for key, name in _LIBPQ.items() if parts.get(key) is not None}
    settings = {"default_transaction_read_only": "on", "statement_timeout": str(STATEMENT_MS)}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {**found, "PGOPTIONS": options, "PGAPPNAME": "twin classic", "PGCONNECT_TIMEOUT": "5"}


class Engine:
    """Runs MapServer, a few at once.

    Parameters
    ----------
    folder : Path
        Where configurations lie.
    url : str
        Connection to the database.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._environment = {
            **database_environment(url),
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "MAPSERVER_CONFIG_FILE": str(folder / "mapserver.conf"),
            "REQUEST_METHOD": "GET",
        }
        self._free = asyncio.Semaphore(AT_ONCE)
        self._watches: set[asyncio.Task[None]] = set()

    async def run(self, mapfile: Path, parameters: Mapping[str, str], address: Mapping[str, str]) -> Reply:
        """Start a request and return its answer when the head is there.

        Parameters
        ----------
        parameters : mapping of str to str
            Checked and written by us.
        address : mapping of str to str
            `SERVER_NAME`, `SERVER_PORT`, `SCRIPT_NAME` and perhaps `HTTPS`: what links begin with.

        Raises
        ------
        UnavailableError
            It is not installed, or ended without an answer.
        """
        program = find_program()
        if program is None:
            raise not_installed()
        await self._free.acquire()
        try:
            process = await self._start(program, mapfile, parameters, address)
        except BaseException:
            self._free.release()
            raise
        watch = asyncio.create_task(self._watch(process), name="mapserver")
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        out = _output(process)
        try:
            return Reply(await _media_type(out), _body(process))
        except BaseException:
            _kill(process)
            raise

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """See to it that a process ends in time, whoever reads from it or has gone; then another may start."""
        try:
            async with asyncio.timeout(WALL_S):
                await process.wait()
        finally:
            _kill(process)
            self._free.release()

    async def stop(self) -> None:
        """End what runs."""
        for watch in list(self._watches):
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    async def _start(
        self, program: str, mapfile: Path, parameters: Mapping[str, str], address: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        environment = {
            **self._environment,
            **address,
            "MS_MAPFILE": str(mapfile),
            "QUERY_STRING": urlencode(parameters),
        }
        limits = [f"--as={MEMORY_BYTES}", f"--cpu={PROCESSOR_S}", "--core=0", "--nofile=256"]
        return await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig", "KILL", "--no-new-privs"),
            *("prlimit", *limits, "--", program),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            cwd=self._folder,
        )


async def _body(process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
    whole = False
    try:
        while chunk := await _output(process).read(_CHUNK):
            yield chunk
        whole = True
    finally:
        if not whole:
            _kill(process)


def _output(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise ValueError("the process has no pipe")
    return process.stdout


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()


async def _media_type(out: asyncio.StreamReader) -> str:
    """Read the head of a CGI answer and return its media type."""
    found, size = "", 0
    while line := await out.readline():
        size += len(line)
        if size > _LONGEST_HEAD:
            break
        name, _, value = line.decode("latin-1").partition(":")
        if not line.strip():
            break
        if name.lower() == "content-type":
            found = value.strip()
    if not found:
        raise _no_answer()
    return found


def not_installed() -> UnavailableError:
    """Return the error that says what an administrator adds."""
    return UnavailableError(
        f"MapServer is not installed: an administrator runs `apt-get install --no-install-recommends {PACKAGE}`.",
        f"未安装 MapServer：请管理员执行 `apt-get install --no-install-recommends {PACKAGE}`。",
    )


def _no_answer() -> UnavailableError:
    return UnavailableError(
        "MapServer ended without an answer: the request is too large or took too long; ask for less at once.",
        "MapServer 未返回结果：请求过大或超时，请缩小范围。",
    )
