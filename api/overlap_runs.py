"""Overlap runs 整层压占分析 over HTTP: what was asked, how far it is, and its answers."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final, Literal, cast

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.deps import CallerDep, SessionDep
from api.maps.asked import choose_format
from api.overlap_run_files import RUN_OFFERED, RunFormat, answer_run
from twin.errors import ConflictError
from twin.identity.audit import record_audit
from twin.identity.rights import require
from twin.jobs import status
from twin.land.run_models import OverlapRun
from twin.land.runs import MOST_ANSWERS, get_run, list_answers, list_runs, remove_run

router: Final = APIRouter(prefix="/api/v1/overlap/runs", tags=["overlap"])
MOST_RUNS: Final = 200


class RunAnswer(BaseModel):
    """A run; `totals` come with its end, `data_changed` tells that data changed under it."""

    job_id: str
    request: dict[str, Any]
    requested_by: str | None
    created_at: datetime
    finished_at: datetime | None
    data_versions: dict[str, Any] | None
    data_changed: bool
    totals: dict[str, Any] | None


@router.get("", summary="压占分析任务 Overlap runs")
def read_runs(
    caller: CallerDep, session: SessionDep, limit: Annotated[int, Query(ge=1, le=MOST_RUNS)] = 50
) -> list[RunAnswer]:
    """List the newest runs: one's own, or all for who may run overlaps everywhere."""
    if caller.is_anonymous:
        require(caller, "overlap:run")
    return [_run_json(run) for run in list_runs(session, caller, limit)]


@router.get("/{job_id}", summary="压占分析任务 An overlap run")
def read_run(job_id: uuid.UUID, caller: CallerDep, session: SessionDep) -> RunAnswer:
    """Return a run; `GET /api/v1/jobs/{job_id}` tells how far it is, and `DELETE` there cancels it."""
    return _run_json(_known(caller, session, job_id))


@router.get("/{job_id}/answers", summary="压占分析结果 Answers of an overlap run", response_class=Response)
def read_answers(
    request: Request,
    job_id: uuid.UUID,
    caller: CallerDep,
    session: SessionDep,
    after: Annotated[int, Query(ge=0, le=2**62, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ANSWERS)] = 100,
    code: Annotated[str, Query(max_length=200, description="One subject alone")] = "",
    geometry: Annotated[bool, Query(description="Shapes in `f=csv` and `f=parquet`")] = False,
    f: Annotated[  # noqa: ARG001  read with Accept
        Literal["json"] | RunFormat | None, Query(description="The whole run as a file; `Accept` else")
    ] = None,
) -> Response:
    """Return the answers of a finished run, each as one overlap answers it, without geometry; 409 before the end.

    `f` or `Accept` asks for the whole run as a file: a summary to print (`html`, `pdf`), a workbook, or all pairs of
    subject and feature as CSV, GeoPackage, GeoParquet.
    """
    run = _known(caller, session, job_id)
    key = choose_format(request, RUN_OFFERED)
    if key != "json":
        answer = answer_run(request, session, caller, run, cast("RunFormat", key), geometry=geometry)
        record_audit(
            session, caller, "overlap.run", f"run {run.job_id}", after={"format": key, "geometry": geometry}
        )
        return answer
    answers = list_answers(session, run, after, limit, code)
    following = answers[-1]["id"] if len(answers) == limit else None
    body = orjson.dumps({"answers": answers, "next": following})
    return Response(
        body,
        headers={"Cache-Control": "private, no-store", "Content-Type": "application/json", "Vary": "Accept"},
    )


@router.delete("/{job_id}", status_code=204, summary="删除压占分析结果 Forget an overlap run")
def delete_run(job_id: uuid.UUID, caller: CallerDep, session: SessionDep) -> None:
    """Forget a run that has ended, with its answers: one's own, or any with the right to write land."""
    run = _known(caller, session, job_id)
    if run.requested_by != caller.login:
        require(caller, "land:write")
    if status(session, run.job_id).is_open:
        raise ConflictError(
            f"The run {run.job_id} is still being worked on; cancel its job first.",
            f"任务 {run.job_id} 仍在执行；请先取消任务。",
        )
    record_audit(session, caller, "overlap.forget", f"run {run.job_id}", before=run.request)
    remove_run(session, run)


def _known(caller: CallerDep, session: SessionDep, job_id: uuid.UUID) -> OverlapRun:
    if caller.is_anonymous:
        require(caller, "overlap:run")
    return get_run(session, caller, str(job_id))


def _run_json(run: OverlapRun) -> RunAnswer:
    return RunAnswer(
        job_id=run.job_id,
        request=run.request,
        requested_by=run.requested_by,
        created_at=run.created_at,
        finished_at=run.finished_at,
        data_versions=run.data_versions,
        data_changed=run.data_changed,
        totals=run.totals,
    )
