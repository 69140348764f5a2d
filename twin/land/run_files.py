"""The answers of a finished overlap run as files: read subject by subject, so that memory stays that of one portion."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal

import shapely
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID
from gis.export.stamp import AREA_BASIS, SECRECY_KM2, box_km2, crs_name
from gis.overlap import OverlapSubject, overlaps_statement, read_overlap
from gis.report import Lang
from gis.report.form import Form
from gis.report.pairs import Pair, iter_pairs, write_csv, write_geopackage, write_parquet
from gis.report.run import PRINTED_SUBJECTS, RunHead, RunSubject, RunSums, run_form
from gis.report.run_xlsx import check_rows, write_run_xlsx
from twin.errors import ConflictError, NotOfferedError
from twin.land.queries import plan_sets
from twin.land.run_models import OverlapRun, OverlapRunAnswer
from twin.land.run_order import RunOrder, SubjectKey, read_order, subject_rows
from twin.land.runs import finished_at, read_answer, run_targets, run_versions
from twin.land.targets import TITLES
from twin.projects.models import Project

TableKey = Literal["xlsx", "csv", "gpkg", "parquet"]
RUN_TITLES: Final = {**TITLES, "projects": ("项目红线", "Projects' red lines")}
ROWS_AT_ONCE: Final = 10
"""Answers read at a time: one of thousands of features weighs megabytes."""

PAIRS_AT_ONCE: Final = 2_000
SUBJECTS_AT_ONCE: Final = 100
GEOMETRY: Final[tuple[TableKey, ...]] = ("csv", "gpkg", "parquet")
Progress = Callable[[int], None]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class RunSize:
    """How many subjects and pairs a run has; of a file with shapes also the box around them in degrees."""

    subjects: int
    pairs: int
    box: Box | None = None

    @property
    def secrecy_note(self) -> str:
        """The warning for shapes that spread over more than 25 km² at full precision; empty below."""
        if self.box is None or box_km2(self.box) <= SECRECY_KM2:
            return ""
        km2 = f"{box_km2(self.box):.0f}"
        return (
            f"The overlaps lie in a box of {km2} km² at full precision: check the rules for surveying results before "
            f"passing the file on. 压占图形外接范围约 {km2} 平方千米且为全精度，对外提供前请核对测绘成果管理规定。"
        )


class _Boxed:
    """Pairs on their way into a file, and the box around their shapes."""

    def __init__(self, pairs: Iterator[Pair]) -> None:
        self._pairs = pairs
        self.box: Box | None = None

    def __iter__(self) -> Iterator[Pair]:
        for pair in self._pairs:
            if pair[-1] is not None:
                west, south, east, north = (
                    float(side) for side in shapely.bounds(shapely.from_wkb(pair[-1]))
                )
                box = self.box or (west, south, east, north)
                self.box = (min(box[0], west), min(box[1], south), max(box[2], east), max(box[3], north))
            yield pair


def size_of_run(session: Session, run: OverlapRun) -> RunSize:
    """Count a run's subjects and pairs."""
    counted = select(func.count(), func.coalesce(func.sum(OverlapRunAnswer.items), 0))
    subjects, pairs = session.execute(counted.where(OverlapRunAnswer.job_id == run.job_id)).one()
    return RunSize(int(subjects), int(pairs))


def make_run_head(session: Session, run: OverlapRun, lang: Lang = "zh") -> RunHead:
    """Return what was asked of a finished run.

    Raises
    ------
    ConflictError
        The run has not finished.
    """
    order = read_order(run.request)
    return RunHead(
        number=run.job_id,
        subjects=RUN_TITLES[order.subject_layer],
        titles={name: TITLES[name] for name in order.layers},
        asked_at=run.created_at,
        finished_at=finished_at(run),
        options=order.options,
        versions=run.data_versions or {},
        operator=run.requested_by or "",
        data_changed=run.data_changed,
        synthetic=bool(session.scalar(select(exists().where(Project.synthetic)))),
        lang=lang,
    )


def make_run_form(session: Session, run: OverlapRun, lang: Lang = "zh") -> Form:
    """Return the printed summary of a finished run."""
    head, sums = make_run_head(session, run, lang), RunSums()
    printed: list[RunSubject] = []
    for subject in iter_subjects(session, run):
        sums.add(subject)
        if subject.hits and len(printed) < PRINTED_SUBJECTS:
            printed.append(subject)
    return run_form(head, sums, printed)


def write_run(
    session: Session,
    run: OverlapRun,
    kind: TableKey,
    path: Path,
    *,
    geometry: bool = False,
    lang: Lang = "zh",
    on_progress: Progress | None = None,
) -> RunSize:
    """Write a finished run into a file, in constant memory; returns its size.

    Parameters
    ----------
    path : Path
        New, in a folder of its own.
    geometry : bool
        Whether the overlaps come with their shapes; a GeoPackage always has them. They are made anew, for runs keep
        figures alone.
    on_progress : callable, optional
        Told the pairs written so far; what it raises stops the work.

    Raises
    ------
    ConflictError
        The run has not finished; or shapes are asked for and the data is no more that of the run.
    TooComplexError
        More rows than the format holds.
    NotOfferedError
        A workbook has no shapes.
    """
    head, size = make_run_head(session, run, lang), size_of_run(session, run)
    if kind == "xlsx":
        if geometry:
            raise NotOfferedError(
                "A workbook holds no geometry: take f=gpkg, f=parquet or f=csv.",
                "Excel 不含几何；请改用 f=gpkg、f=parquet 或 f=csv。",
            )
        check_rows(size.pairs, "pairs of subject and feature", "个对象与图斑组合")
        check_rows(size.subjects, "subjects", "个分析对象")
        subjects = _watched(iter_subjects(session, run), on_progress)
        write_run_xlsx(head, subjects, path)
        return size
    drawn = geometry or kind == "gpkg"
    found = iter_drawn(session, run) if drawn else iter_subjects(session, run)
    boxed = _Boxed(iter_pairs(_watched(found, on_progress)))
    _write_pairs(iter(boxed), kind, path, _stamp(head), drawn, size)
    return replace(size, box=boxed.box)


def _write_pairs(
    pairs: Iterator[Pair], kind: TableKey, path: Path, stamp: dict[str, str], drawn: bool, size: RunSize
) -> None:
    # The first pair is asked for here, so that a refusal is not hidden in the writer's own error.
    first = next(pairs, None)
    whole = iter(()) if first is None else chain([first], pairs)
    if kind == "csv":
        write_csv(whole, path, geometry=drawn)
    elif kind == "parquet":
        write_parquet(whole, path, stamp, geometry=drawn)
    else:
        write_geopackage(whole, path, stamp, size.pairs)


def _watched(subjects: Iterator[RunSubject], on_progress: Progress | None) -> Iterator[RunSubject]:
    done = 0
    for subject in subjects:
        yield subject
        done += sum(len(layer.items) for layer in subject.hits)
        if on_progress is not None:
            on_progress(done)


def iter_subjects(session: Session, run: OverlapRun) -> Iterator[RunSubject]:
    """Yield the subjects of a run with their answers, by id, from a cursor of the server."""
    order = read_order(run.request)
    targets = run_targets(order)
    statement = select(OverlapRunAnswer).where(OverlapRunAnswer.job_id == run.job_id)
    rows = session.scalars(
        statement.order_by(OverlapRunAnswer.subject_id).execution_options(yield_per=ROWS_AT_ONCE)
    )
    for row in rows:
        answer = read_answer(row, order, targets)
        session.expunge(row)
        yield RunSubject(row.subject_id, row.code, row.name, answer)


def iter_drawn(session: Session, run: OverlapRun) -> Iterator[RunSubject]:
    """Yield the subjects that lie on something with the shapes of their overlaps, made anew by portions.

    Raises
    ------
    ConflictError
        The data is no more that of the run: shapes and figures would not belong together.
    """
    order = read_order(run.request)
    _check_data(session, run, order)
    for keys in _portions(session, run):
        yield from _drawn(session, order, keys)
    _check_data(session, run, order)


def _check_data(session: Session, run: OverlapRun, order: RunOrder) -> None:
    if run.data_versions == run_versions(session, order):
        return
    raise ConflictError(
        f"Data has changed since the run {run.job_id}: shapes made now would not be those of its figures. Ask for the "
        "run again, or take the figures without geometry.",
        f"任务 {run.job_id} 完成后数据已变动，此时生成的图形与原结果不一致。请重新分析，或下载不含几何的结果。",
    )


def _portions(session: Session, run: OverlapRun) -> Iterator[list[SubjectKey]]:
    """Yield the keys of subjects that hit something, so many that their pairs fit into memory."""
    row = OverlapRunAnswer
    columns = (row.subject_id, row.code, row.name, row.stated_area_m2, row.items)
    statement = select(*columns).where(row.job_id == run.job_id, row.items > 0).order_by(row.subject_id)
    keys: list[SubjectKey] = []
    pairs = 0
    for found in session.execute(statement).all():
        if keys and (pairs + found.items > PAIRS_AT_ONCE or len(keys) >= SUBJECTS_AT_ONCE):
            yield keys
            keys, pairs = [], 0
        keys.append(SubjectKey(found.subject_id, found.code, found.name, found.stated_area_m2))
        pairs += found.items
    if keys:
        yield keys


def _drawn(session: Session, order: RunOrder, keys: list[SubjectKey]) -> Iterator[RunSubject]:
    options = replace(order.options, geometry=True)
    targets = run_targets(order)
    statement = overlaps_statement(subject_rows(order, keys), targets, options)
    plan_sets(session)
    texts: dict[int, Any] = {
        int(sid): answer
        for sid, answer, _ in session.connection().exec_driver_sql(statement.sql, dict(statement.params))
    }
    for key in keys:
        subject = OverlapSubject(b"", 0, 0.0, 0, id=key.id, stated_area_m2=key.stated_area_m2)
        yield RunSubject(
            key.id, key.code, key.name, read_overlap(texts.pop(key.id), subject, targets, options)
        )


def _stamp(head: RunHead) -> dict[str, str]:
    """Return what a data file says of itself."""
    options = head.options
    members = {
        "title": "整层压占分析 Overlap of many subjects",
        "run": head.number,
        "subjects": f"{head.subjects[0]} {head.subjects[1]}",
        "data_versions": "; ".join(f"{layer} {version or '—'}" for layer, version in head.versions.items()),
        "data_changed": "true" if head.data_changed else "",
        "computed_at": head.finished_at.isoformat(timespec="seconds"),
        "crs": crs_name(STORED_SRID),
        "area_basis": AREA_BASIS,
        "buffer_m": f"{options.buffer_m:g}" if options.buffer_m else "",
        "min_area_m2": f"{options.min_area_m2:g}",
        "min_thickness_m": f"{options.min_thickness_m:g}",
        "adjust": options.adjust or "",
        "operator": head.operator,
        "synthetic": "true" if head.synthetic else "",
    }
    return {name: value for name, value in members.items() if value}
