"""`twin up`: the Python half of `./scripts/up`."""

import json
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.cli.say import quiet_log, told
from api.samples import SampleModel, ingest_sample_model, list_sample_models
from api.service import base_url, supervised
from api.site import Site, open_site
from api.state import AppSettings
from api.summary import render_summary
from twin.db import open_session
from twin.errors import UnavailableError
from twin.identity.admin_token import find_admin_token
from twin.jobs.workroom import Workroom, open_workroom
from twin.samples.files import SampleFolder
from twin.samples.load import FOLDER, load_samples

READY_WAIT_S = 60.0
err = Console(stderr=True)


@told
def up(
    once: Annotated[
        bool, typer.Option("--once", help="Prove that it answers, then stop. 验证后退出")
    ] = False,
) -> None:
    """Set everything up with the sample data, and serve. 一键启动（含示例数据）

    The database is started and migrated, data/samples is loaded, the sample models are ingested, database,
    API and worker run, and a summary is printed. It may be run again after any interruption.
    """
    quiet_log()
    settings = AppSettings()
    with ExitStack() as stack:
        err.print("Starting the database … 正在启动数据库……")
        site = stack.enter_context(open_site(settings))
        log = settings.home.home / "log" / "service.log"
        supervisor = stack.enter_context(supervised(site, log))
        err.print(f"Log 日志: {log}", soft_wrap=True)
        _load_tables(site)
        if not once:
            supervisor.run(on_ready=lambda: _in_background(site))
            return
        with supervisor:
            supervisor.wait_ready(READY_WAIT_S)
            _finish(site)
        err.print("Everything works; stopped. 一切正常，已停止。")


def _in_background(site: Site) -> None:
    """Ingest beside the supervisor's loop, which goes on looking after its children."""

    def work() -> None:
        try:
            _finish(site)
        except UnavailableError as error:
            err.print(f"error: {error.en}\n错误：{error.zh}")

    threading.Thread(target=work, name="samples", daemon=True).start()


def _finish(site: Site) -> None:
    _ingest_models(site)
    prove(site)
    typer.echo(render_summary(site))


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err)


def _load_tables(site: Site) -> None:
    room = open_workroom(site.service_url, site.settings.home, site.settings.jobs)
    try:
        with _bar() as bar, open_session(room.engine, "samples") as session:
            line = bar.add_task("Loading data/samples 装载示例数据", total=100.0)

            def show(what: str, done: int, total: int) -> None:
                bar.update(line, description=what, completed=done, total=total)

            load_samples(session, FOLDER, show)
            bar.update(line, description="data/samples is loaded 示例数据已装载", completed=1, total=1)
    finally:
        room.engine.dispose()


def _ingest_models(site: Site) -> None:
    room = open_workroom(site.service_url, site.settings.home, site.settings.jobs)
    folder = SampleFolder(FOLDER)
    try:
        with _bar() as bar:
            for model in list_sample_models(folder):
                _ingest_model(bar, room, folder, model)
    finally:
        room.engine.dispose()


def _ingest_model(bar: Progress, room: Workroom, folder: SampleFolder, model: SampleModel) -> None:
    line = bar.add_task(f"Ingesting {model.name} 模型入库", total=100.0)

    def show(_name: str, percent: float) -> None:
        bar.update(line, completed=percent)

    ended = ingest_sample_model(room, folder, model, show)
    show(model.name, 100.0)
    if ended is not None and ended.state != "succeeded":
        verdict = ended.verdict or {}
        raise UnavailableError(
            f"The sample model {model.file} was not ingested: {verdict.get('message')}",
            f"示例模型 {model.file} 入库失败：{verdict.get('message_zh')}",
        )


def prove(site: Site) -> None:
    """Ask the running service over HTTP for what a client would.

    Raises
    ------
    UnavailableError
        A door does not answer as it should; the message names it.
    """
    items = json.loads(_get(site, "/ogc/collections/projects/items?limit=1"))
    if not items["features"]:
        raise UnavailableError("The service serves no project.", "服务没有返回任何项目。")
    for path in (
        "/readyz",
        "/",
        "/tiles/projects.json",
        "/ogc/styles/projects-progress?f=mapbox",
        "/embed/projects.geojson",
    ):
        _get(site, path)


def _get(site: Site, path: str) -> bytes:
    request = urllib.request.Request(f"{base_url(site)}{path}")  # noqa: S310  our own address
    token = find_admin_token(site.admin_token_file) or site.settings.server.admin_token
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  our own address
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, OSError) as error:
        raise UnavailableError(f"{path} does not answer: {error}.", f"{path} 没有应答：{error}。") from error
