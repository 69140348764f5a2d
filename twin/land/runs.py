"""Overlap runs 整层压占分析: kept questions over many subjects, answered piece by piece and shown whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from gis.errors import InvalidGeometryError
from gis.overlap import (
    OverlapAnswer,
    OverlapSubject,
    OverlapTarget,
    overlaps_statement,
    read_overlap,
    render_overlap,
)
from twin.errors import ConflictError, NotFoundError
from twin.identity.caller import SYSTEM, Caller
from twin.identity.rights import may
from twin.land.queries import list_data_versions, plan_sets
from twin.land.review import review_json
from twin.land.run_models import OverlapRun, OverlapRunAnswer
from twin.land.run_order import RunOrder, SubjectKey, list_subject_keys, read_order, subject_rows
from twin.land.targets import make_targets

MOST_ANSWERS: Final = 500


@dataclass(frozen=True)
class Todo:
    """What of a run is still to be answered, and how many subjects it has."""

    order: RunOrder
    keys: list[SubjectKey]
    total: int


def add_run(session: Session, job_id: str, order: RunOrder, actor: str | None) -> None:
    """Keep a question under its job."""
    session.add(OverlapRun(job_id=job_id, request=order.as_json(), requested_by=actor))
    session.flush()


def get_run(session: Session, caller: Caller, job_id: str) -> OverlapRun:
    """Return a run of the caller, or any for who may run overlaps everywhere.

    Raises
    ------
    NotFoundError
        There is none, or the caller may not know of it.
    """
    run = session.get(OverlapRun, job_id)
    seen = may(caller, "overlap:run") or (
        not caller.is_anonymous and run is not None and run.requested_by == caller.login
    )
    if run is None or not seen:
        raise NotFoundError(
            f"There is no overlap run {job_id} that you may see.", f"没有您可查看的压占分析任务 {job_id}。"
        )
    return run


def list_runs(session: Session, caller: Caller, limit: int) -> list[OverlapRun]:
    """List the newest runs that the caller may see."""
    statement = select(OverlapRun).order_by(OverlapRun.created_at.desc(), OverlapRun.job_id).limit(limit)
    if not may(caller, "overlap:run"):
        statement = statement.where(OverlapRun.requested_by == caller.login)
    return list(session.scalars(statement))


def remove_run(session: Session, run: OverlapRun) -> None:
    """Forget a run and its answers."""
    session.delete(run)
    session.flush()


def begin_run(session: Session, job_id: str) -> Todo:
    """Return what is to be answered; what an earlier attempt answered of older data is dropped.

    Raises
    ------
    NotFoundError
        The run was removed.
    """
    run = session.get(OverlapRun, job_id, with_for_update=True)
    if run is None:
        raise NotFoundError(f"The overlap run {job_id} was removed.", f"压占分析任务 {job_id} 已删除。")
    order = read_order(run.request)
    versions = run_versions(session, order)
    if run.data_versions != versions:
        session.execute(delete(OverlapRunAnswer).where(OverlapRunAnswer.job_id == job_id))
        run.data_versions = versions
    keys = list_subject_keys(session, order)
    done = set(session.scalars(select(OverlapRunAnswer.subject_id).where(OverlapRunAnswer.job_id == job_id)))
    return Todo(order, [key for key in keys if key.id not in done], len(keys))


def answer_subjects(session: Session, job_id: str, order: RunOrder, keys: Sequence[SubjectKey]) -> None:
    """Answer some subjects of a run in one statement, set by set; the caller commits."""
    targets = run_targets(order)
    statement = overlaps_statement(subject_rows(order, keys), targets, order.options)
    sql = f"""INSERT INTO overlap_run_answer (job_id, subject_id, code, name, stated_area_m2, items, answer)
      SELECT %(job)s::uuid, a.sid, k.code, k.name, k.stated_area_m2, a.items, a.answer FROM ({statement.sql}) a
      JOIN unnest(%(ids)s::int8[], %(codes)s::text[], %(names)s::text[], %(stated)s::float8[])
        AS k(id, code, name, stated_area_m2) ON k.id = a.sid"""  # noqa: S608  our own text; every value is bound
    params = {
        **statement.params,
        "job": job_id,
        "ids": [key.id for key in keys],
        "codes": [key.code for key in keys],
        "names": [key.name for key in keys],
        "stated": [key.stated_area_m2 for key in keys],
    }
    plan_sets(session)
    session.connection().exec_driver_sql(sql, params)


def finish_run(session: Session, job_id: str) -> dict[str, Any]:
    """Sum the answers up and let them be seen; returns the totals."""
    run = session.get_one(OverlapRun, job_id)
    order = read_order(run.request)
    run.totals = _totals(session, job_id, order)
    run.data_changed = run.data_versions != run_versions(session, order)
    run.finished_at = session.scalar(select(func.clock_timestamp()))
    session.flush()
    return dict(run.totals)


def clear_unfinished(session: Session) -> None:
    """Drop the answers of runs whose jobs ended without finishing: nobody will ever see them."""
    session.execute(
        text("""DELETE FROM overlap_run_answer a USING overlap_run r, job_run j
          WHERE r.job_id = a.job_id AND r.finished_at IS NULL AND j.job_id = r.job_id
            AND j.state IN ('failed','quarantined','cancelled')""")
    )


def _totals(session: Session, job_id: str, order: RunOrder) -> dict[str, Any]:
    layers = {name: {"subjects": 0, "items": 0, "area_m2": 0.0, "critical": 0} for name in order.layers}
    subjects = hits = failed = 0
    for _, answer in _iter_answers(session, job_id, order):
        subjects += 1
        if answer is None:
            failed += 1
            continue
        hits += any(layer.hit for layer in answer.layers)
        for layer in answer.layers:
            row = layers[layer.target.layer]
            row["subjects"] += layer.hit
            row["items"] += len(layer.items)
            row["area_m2"] += layer.area_m2
            row["critical"] += layer.critical
    rows = [{"layer": name, **row, "area_m2": round(row["area_m2"], 4)} for name, row in layers.items()]
    return {"subjects": subjects, "hits": hits, "without_area": failed, "layers": rows}


def _iter_answers(
    session: Session, job_id: str, order: RunOrder
) -> Iterator[tuple[OverlapRunAnswer, OverlapAnswer | None]]:
    targets = run_targets(order)
    rows = session.scalars(
        select(OverlapRunAnswer).where(OverlapRunAnswer.job_id == job_id).execution_options(yield_per=200)
    )
    for row in rows:
        yield row, read_answer(row, order, targets)


def finished_at(run: OverlapRun) -> datetime:
    """Return when a run was finished.

    Raises
    ------
    ConflictError
        It has not finished.
    """
    if run.finished_at is not None:
        return run.finished_at
    raise ConflictError(
        f"The overlap run {run.job_id} has not finished; see /api/v1/jobs/{run.job_id}.",
        f"压占分析任务 {run.job_id} 尚未完成；进度见 /api/v1/jobs/{run.job_id}。",
    )


def list_answers(
    session: Session, run: OverlapRun, after: int, limit: int, code: str = ""
) -> list[dict[str, Any]]:
    """List the answers of a finished run by subject, each as one overlap answers it, without geometry.

    Parameters
    ----------
    after : int
        Subject id behind which the page begins.
    code : str, optional
        The subject of this code alone.

    Raises
    ------
    ConflictError
        The run has not finished.
    """
    finished = finished_at(run)
    order = read_order(run.request)
    targets = run_targets(order)
    statement = select(OverlapRunAnswer).where(
        OverlapRunAnswer.job_id == run.job_id, OverlapRunAnswer.subject_id > after
    )
    if code:
        statement = statement.where(OverlapRunAnswer.code == code)
    rows = session.scalars(statement.order_by(OverlapRunAnswer.subject_id).limit(min(limit, MOST_ANSWERS)))
    return [
        _answer_json(row, read_answer(row, order, targets), run.data_versions or {}, finished) for row in rows
    ]


def read_answer(
    row: OverlapRunAnswer, order: RunOrder, targets: Sequence[OverlapTarget]
) -> OverlapAnswer | None:
    """Read an answer; None for a subject that encloses no area."""
    subject = OverlapSubject(b"", 0, 0.0, 0, id=row.subject_id, stated_area_m2=row.stated_area_m2)
    try:
        return read_overlap(row.answer, subject, targets, order.options)
    except InvalidGeometryError:
        return None


def _answer_json(
    row: OverlapRunAnswer, answer: OverlapAnswer | None, versions: dict[str, Any], finished: datetime
) -> dict[str, Any]:
    head = {"id": row.subject_id, "code": row.code, "name": row.name}
    if answer is None:
        return {**head, "error": {"en": "The subject encloses no area.", "zh": "分析对象没有面积。"}}
    return {**head, **render_overlap(answer, versions, finished), **review_json(answer)}


def run_targets(order: RunOrder) -> list[OverlapTarget]:
    """Return what the subjects of a run are laid over."""
    # Who may ask may see every layer whole (`order_layer`), or gets the whole result of its own projects.
    return make_targets(order.layers, SYSTEM, order.subject_layer)


def run_versions(session: Session, order: RunOrder) -> dict[str, Any]:
    """Return the state of the data that a run looks at."""
    names = list(dict.fromkeys((*order.layers, order.subject_layer)))
    return dict(list_data_versions(session, names))
