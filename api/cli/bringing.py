"""Loading the sample set with bars, for every command that does it."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.samples import SampleModel, ingest_sample_model, list_sample_models
from api.site import Site
from twin.db import open_session
from twin.errors import UnavailableError
from twin.jobs.workroom import Workroom, open_workroom
from twin.samples.files import SampleFolder
from twin.samples.load import load_samples

err = Console(stderr=True)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err)


def bring_tables(site: Site, folder: SampleFolder) -> None:
    """Load the tables and replay their history."""
    room = open_workroom(site.service_url, site.settings.home, site.settings.jobs)
    try:
        with _bar() as bar, open_session(room.engine, "samples") as session:
            line = bar.add_task("Loading the sample tables 装载示例数据", total=100.0)

            def show(what: str, done: int, total: int) -> None:
                bar.update(line, description=what, completed=done, total=total)

            load_samples(session, folder.path, show)
            bar.update(line, description="The sample tables are loaded 示例数据已装载", completed=1, total=1)
    finally:
        room.engine.dispose()


def bring_models(site: Site, folder: SampleFolder) -> None:
    """Ingest the models and record what their sites have reported.

    Raises
    ------
    UnavailableError
        A sample model was not published; the message holds its verdict.
    """
    room = open_workroom(site.service_url, site.settings.home, site.settings.jobs)
    try:
        with _bar() as bar:
            for model in list_sample_models(folder):
                _bring_model(bar, room, folder, model)
    finally:
        room.engine.dispose()


def _bring_model(bar: Progress, room: Workroom, folder: SampleFolder, model: SampleModel) -> None:
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
