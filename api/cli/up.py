"""`twin up`: the Python half of `./scripts/up`."""

import json
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import Annotated

import typer

from api.cli.bringing import bring_models, bring_tables, err
from api.cli.say import quiet_log, told
from api.service import base_url, prepare, supervised
from api.site import Site, open_site
from api.state import AppSettings
from api.summary import render_summary
from twin.errors import TwinError, UnavailableError
from twin.identity.admin_token import find_admin_token
from twin.samples.files import SampleFolder
from twin.samples.load import FOLDER

READY_WAIT_S = 60.0
DOORS = (
    "/readyz",
    "/",
    "/tiles/projects.json",
    "/ogc/styles/projects-progress?f=mapbox",
    "/embed/projects.geojson",
)


@told
def up(
    once: Annotated[
        bool, typer.Option("--once", help="Prove that it answers, then stop. 验证后退出")
    ] = False,
) -> None:
    """Set everything up with the sample data, and serve. 一键启动（含示例数据）

    The database is started and migrated, data/samples is loaded, database, API and worker run, the sample models
    are ingested, the doors are tried, and a summary is printed. It may be run again after any interruption.
    """
    quiet_log()
    settings = AppSettings()
    prepare(settings, err.print)
    with ExitStack() as stack:
        err.print("Starting the database … 正在启动数据库……")
        site = stack.enter_context(open_site(settings))
        bring_tables(site, SampleFolder(FOLDER))
        log = settings.home.home / "log" / "service.log"
        err.print(f"Starting the service … 正在启动服务…… (log 日志: {log})", soft_wrap=True)
        supervisor = stack.enter_context(supervised(site, log))
        if not once:
            supervisor.run(on_ready=lambda: _finish_beside(site))
            return
        with supervisor:
            supervisor.wait_ready(READY_WAIT_S)
            _finish(site)
        err.print("Everything works; stopped. 一切正常，已停止。")


def _finish_beside(site: Site) -> None:
    """Finish in a thread: the supervisor's loop goes on looking after its children meanwhile."""

    def work() -> None:
        try:
            _finish(site)
            err.print("Runs until Ctrl-C. 运行中，按 Ctrl-C 停止。")
        except TwinError as error:
            err.print(f"error: {error.en}\n错误：{error.zh}", soft_wrap=True)

    threading.Thread(target=work, name="samples", daemon=True).start()


def _finish(site: Site) -> None:
    bring_models(site, SampleFolder(FOLDER))
    prove(site)
    typer.echo(render_summary(site))


def prove(site: Site) -> None:
    """Ask the running service over HTTP for what a client would.

    Raises
    ------
    UnavailableError
        A door does not answer as it should; the message names it.
    """
    if not json.loads(_get(site, "/ogc/collections/projects/items?limit=1"))["features"]:
        raise UnavailableError("The service serves no project.", "服务没有返回任何项目。")
    for path in DOORS:
        _get(site, path)


def _get(site: Site, path: str) -> bytes:
    request = urllib.request.Request(f"{base_url(site.settings)}{path}")  # noqa: S310  our own address
    token = find_admin_token(site.admin_token_file) or site.settings.server.admin_token
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  our own address
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, OSError) as error:
        raise UnavailableError(f"{path} does not answer: {error}.", f"{path} 没有应答：{error}。") from error
