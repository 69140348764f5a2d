"""Ask for the reading of a large file: its job, known to the upload, which at most one job reads at a time."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from gis.exchange import ExchangeError, Finding
from twin.errors import ConflictError, NotFoundError, TwinError
from twin.identity.caller import Caller
from twin.jobs.callers import kept_caller
from twin.jobs.queue import JobStatus, enqueue, status
from twin.jobs.read_file import KIND
from twin.uploads.answers import first_choices, merge_choices
from twin.uploads.models import Upload
from twin.uploads.read import UnreadableFileError
from twin.uploads.readings import find_reading
from twin.uploads.uploads import get_upload, require_complete


def submit_reading(
    session: Session, caller: Caller, token: str, told: Mapping[str, Any] | None, most_bytes: int
) -> str | None:
    """Return the job that reads a large file; None where it is small, or was read with these choices already.

    Parameters
    ----------
    told : mapping or None
        What its owner decides now; None only asks, and does not begin again what has failed.
    most_bytes : int
        Files up to this size are read while their owner waits.

    Raises
    ------
    NotFoundError
        The caller has no such upload.
    ConflictError
        Bytes of it are missing, or it is being read with other choices.
    """
    upload = get_upload(session, caller, token, lock=True)
    if require_complete(upload).size_bytes <= most_bytes:
        return None
    reading = find_reading(session, upload)
    before = first_choices(upload) if reading is None else reading.choices
    wanted = merge_choices(before, told or {})
    if reading is not None and before == wanted:
        return None
    last = _last_job(session, upload)
    if last is not None and _is_the_answer(last, (upload.result or {}).get("choices") == wanted, told):
        return last.job_id
    payload = {"upload_id": token, "choices": wanted, "caller": kept_caller(caller)}
    job = enqueue(session, KIND, payload, None, caller.login)
    upload.result = {"job_id": job, "choices": wanted}
    session.flush()
    return job


def explain_unread(job: JobStatus) -> TwinError:
    """Return the error of a reading that ended without one, as if it had been read while its owner waits."""
    verdict = job.verdict or {}
    faults = verdict.get("detail", {}).get("errors", [])
    if verdict.get("code") == "unreadable" and faults:
        found = [Finding(each["where"], each["message"], each["message_zh"], "error") for each in faults]
        return UnreadableFileError(ExchangeError(found))
    return ConflictError(
        f"The file was not read: {verdict.get('message', job.state)} Send PATCH with {{}} to read it again.",
        f"文件未读取：{verdict.get('message_zh', job.state)}以 PATCH 发送 {{}} 可重新读取。",
        "upload_id",
    )


def _is_the_answer(last: JobStatus, is_same: bool, told: Mapping[str, Any] | None) -> bool:
    """Say whether the last job, whether it runs or has failed, is what is asked for now."""
    if last.is_open and not is_same:
        raise ConflictError(
            f"The file is being read with other choices; wait for job {last.job_id}, or cancel it.",
            f"文件正按其他选择读取；请等待任务 {last.job_id} 结束，或取消该任务。",
            "upload_id",
        )
    if last.is_open or not is_same:
        return is_same
    is_final = (last.verdict or {}).get("code") == "unreadable"
    return last.state != "succeeded" and (is_final or told is None)


def _last_job(session: Session, upload: Upload) -> JobStatus | None:
    job = (upload.result or {}).get("job_id")
    if job is None:
        return None
    try:
        return status(session, job)
    except NotFoundError:
        return None
