"""`twin overlap --of LAYER -o FILE` and `--run NUMBER -o FILE`: runs over many subjects as files, in constant memory."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import cast

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from sqlalchemy.orm import Session

from api.cli.opened import opened_session
from api.overlap_report import render_form_page
from api.overlap_run_files import RUN_FORMATS, RunFormat, format_of_path
from gis.report import Lang
from gis.report.pdf import render_form
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM
from twin.jobs.run_overlap import FIRST_PORTION, next_size
from twin.land.run_files import TableKey, make_run_form, size_of_run, write_run
from twin.land.run_models import OverlapRun
from twin.land.run_order import RunOrder
from twin.land.runs import add_run, answer_subjects, begin_run, finish_run, get_run


def run_format(output: Path) -> RunFormat:
    """Return the format that the end of a file's name asks for.

    Raises
    ------
    InvalidInputError
        There is none with this end.
    """
    found = format_of_path(output)
    if found is not None:
        return found
    ends = ", ".join(f".{key}" for key in RUN_FORMATS)
    raise InvalidInputError(
        f"The run of a layer is written as {ends}, not {output.name}.",
        f"整层结果可写为 {ends}，而不是 {output.name}。",
    )


def write_layer_run(order: RunOrder, output: Path, *, geometry: bool, lang: Lang) -> None:
    """Answer an order and write it; nothing of it stays in the database."""
    key = run_format(output)
    with opened_session() as session, _bar() as (bar, task):
        run = _answered(session, order, bar, task)
        _write(session, run, key, output, geometry, lang, bar, task)
        session.rollback()


def write_kept_run(number: str, output: Path, *, geometry: bool, lang: Lang) -> None:
    """Write a run that a job has answered."""
    key = run_format(output)
    try:
        job_id = str(uuid.UUID(number))
    except ValueError as error:
        raise InvalidInputError(
            f"{number} is no number of a run.", f"{number} 不是任务编号。", where="run"
        ) from error
    with opened_session() as session, _bar() as (bar, task):
        _write(session, get_run(session, SYSTEM, job_id), key, output, geometry, lang, bar, task)


@contextmanager
def _bar() -> Iterator[tuple[Progress, TaskID]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield bar, bar.add_task("压占 overlap", total=None)


def _answered(session: Session, order: RunOrder, bar: Progress, task: TaskID) -> OverlapRun:
    """Answer every subject, some at a time, within the session's transaction."""
    job_id = str(uuid.uuid4())
    add_run(session, job_id, order, None)
    todo = begin_run(session, job_id)
    size, done = FIRST_PORTION, 0
    while done < todo.total:
        bar.update(task, completed=done, total=todo.total)
        portion = todo.keys[done : done + size]
        began = monotonic()
        answer_subjects(session, job_id, todo.order, portion)
        done += len(portion)
        size = next_size(size, monotonic() - began)
    finish_run(session, job_id)
    return get_run(session, SYSTEM, job_id)


def _write(
    session: Session,
    run: OverlapRun,
    key: RunFormat,
    output: Path,
    geometry: bool,
    lang: Lang,
    bar: Progress,
    task: TaskID,
) -> None:
    """Write the file in a folder beside its place: it appears when it is complete."""
    if not output.parent.is_dir():
        raise InvalidInputError(f"There is no folder {output.parent}.", f"没有文件夹 {output.parent}。")
    size = size_of_run(session, run)
    bar.update(task, description=f"写入 write {output.name}", completed=0, total=size.pairs)
    with TemporaryDirectory(prefix=".twin-overlap-", dir=output.parent) as folder:
        path = Path(folder) / f"overlap_pairs.{key}"
        if key in ("html", "pdf"):
            form = make_run_form(session, run, lang)
            path.write_bytes(render_form(form) if key == "pdf" else render_form_page(form))
        else:
            table = cast("TableKey", key)
            size = write_run(session, run, table, path, geometry=geometry, lang=lang,
                             on_progress=lambda done: bar.update(task, completed=done))  # fmt: skip
        path.replace(output)
    typer.echo(f"{output}: {size.subjects:,} subjects 个对象, {size.pairs:,} pairs 对", err=True)
    if size.secrecy_note:
        typer.echo(f"! {size.secrecy_note}", err=True)
