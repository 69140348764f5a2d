"""Ask for an overlap of many subjects 整层压占分析: the question, its job and the audit row in one transaction."""

from typing import Final

from sqlalchemy.orm import Session

from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.jobs.queue import enqueue
from twin.land.run_order import RunOrder
from twin.land.runs import add_run, clear_unfinished

KIND: Final = "run_overlap"


def submit_overlap(session: Session, caller: Caller, order: RunOrder) -> str:
    """Add a run and its job; returns the number of both."""
    clear_unfinished(session)
    job_id = enqueue(session, KIND, {}, None, caller.login)
    add_run(session, job_id, order, caller.login)
    record_audit(session, caller, "overlap.run", f"layer {order.subject_layer}", after=order.as_json())
    return job_id
