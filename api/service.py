"""The running service: database, API and worker under one supervisor."""

import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.classic.obtain import obtain_engine
from api.site import Site
from api.state import AppSettings
from twin.cluster.packages import Say
from twin.db import make_engine
from twin.errors import UnavailableError
from twin.jobs import run_sweeper
from twin.supervisor import Child, Chore, Supervisor

DATABASE_WATCH_S = 0.5
API_STOP_WAIT_S = 15.0
# Longer than clients and proxies keep an idle connection, which is 60 s at most as a rule: where the server closes first,
# a request sent at that moment is lost without an answer.
KEEP_ALIVE_S = 75
WORKER_STOP_WAIT_S = 15.0


def base_url(settings: AppSettings) -> str:
    """Return the address at which this machine reaches the service."""
    host = settings.server.host
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  compared, not bound
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{settings.server.port}"


def require_free_port(settings: AppSettings) -> None:
    """Refuse to start where something else listens already.

    Raises
    ------
    UnavailableError
        The port is taken, or the address is not this machine's.
    """
    server = settings.server
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as error:
            raise UnavailableError(
                f"Cannot listen on {server.host}:{server.port} ({error.strerror}): is the service running already? "
                "TWIN_PORT chooses another port.",
                f"无法监听 {server.host}:{server.port}（{error.strerror}）：服务可能已在运行；可用 TWIN_PORT 换一个端口。",
            ) from error


def prepare(settings: AppSettings, say: Say) -> None:
    """See to what the service needs before anything starts: its port, and MapServer where that is wanted.

    Raises
    ------
    UnavailableError
        The port is taken, or MapServer is missing and we may not install it.
    InstallError
        apt failed.
    """
    require_free_port(settings)
    if settings.server.ogc_classic:
        obtain_engine(settings.home, say)


def is_ready(site: Site) -> bool:
    """Tell whether the service answers and has its database."""
    try:
        with urllib.request.urlopen(f"{base_url(site.settings)}/readyz", timeout=2) as answer:  # noqa: S310  our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def children(site: Site) -> list[Child]:
    """Return the processes of the service."""
    server = site.settings.server
    api = [sys.executable, "-m", "uvicorn", "api.app:create_app", "--factory", "--host", server.host]
    api += ["--port", str(server.port), "--no-access-log", "--timeout-graceful-shutdown", "5"]
    api += ["--timeout-keep-alive", str(KEEP_ALIVE_S)]
    switches = {"TWIN_OGC_CLASSIC": "true"} if server.ogc_classic else {}
    worker = [sys.executable, "-m", "api.cli", "worker"]
    return [
        Child("api", api, {**site.environment, **switches}, lambda: is_ready(site), API_STOP_WAIT_S),
        Child("worker", worker, site.environment, None, WORKER_STOP_WAIT_S),
    ]


@contextmanager
def supervised(site: Site, output: Path | None = None) -> Iterator[Supervisor]:
    """Return the supervisor of a site: nothing runs yet, the caller runs or starts it.

    Parameters
    ----------
    output : Path, optional
        File for the log of the children; by default it goes to our own standard error.

    Notes
    -----
    The sweeper works here and not in the queue: a sweeper that waits behind other jobs rescues nobody. The
    database, when it is ours, is started again if it dies.
    """
    engine = make_engine(site.service_url, pool_size=1)
    jobs = site.settings.jobs
    chores = [Chore("sweeper", jobs.sweep_every_s, lambda: run_sweeper(engine, jobs))]
    if site.cluster is not None:
        chores.append(Chore("database", DATABASE_WATCH_S, site.cluster.keep))
    try:
        yield Supervisor(children(site), chores, output=output)
    finally:
        engine.dispose()
