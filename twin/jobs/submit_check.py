"""Ask for a check of a model: the run, its job and the audit row in one transaction."""

from importlib.resources import files
from typing import Final

from sqlalchemy.orm import Session

from twin.checks.models import ModelCheck
from twin.checks.runs import AddedCheck, NewCheck, add_check
from twin.elements.models import BimModel
from twin.errors import NotFoundError
from twin.identity.audit import record_audit
from twin.identity.caller import SYSTEM, Caller
from twin.jobs.queue import enqueue
from twin.objects import ObjectStore, Stored

KIND: Final = "check_model"
STARTER: Final = "key-works"


def submit_check(
    session: Session, caller: Caller, model_id: int, revision_id: int | None, new: NewCheck
) -> AddedCheck:
    """Add a run and its job; a question that is answered, or being answered, already leads to that run.

    Raises
    ------
    ConflictError
        The model has no published revision.
    """
    actor = caller.login
    added = add_check(session, model_id, revision_id, new, actor)
    if not added.is_new:
        return added
    check = added.check
    project_id = session.get_one(BimModel, model_id).project_id
    check.job_id = enqueue(session, KIND, {"check_id": check.id}, project_id, actor)
    record_audit(session, caller, "model.check", f"model {model_id}", after=_told(check))
    session.flush()
    return added


def submit_automatic_checks(
    session: Session, store: ObjectStore, kinds: str, model_id: int, revision_id: int
) -> list[int]:
    """Ask for the checks that follow every publication; return the numbers of the runs.

    Parameters
    ----------
    kinds : str
        Comma-separated, of ``schema`` and ``ids`` (the starter requirements); empty asks for none.
    """
    wanted = [word.strip() for word in kinds.split(",") if word.strip() in ("schema", "ids")]
    numbers = []
    for kind in wanted:
        new = NewCheck(kind)
        if kind == "ids":
            new = NewCheck(kind, ids=store_starter(store, STARTER), ids_name=STARTER)
        numbers.append(submit_check(session, SYSTEM, model_id, revision_id, new).check.number)
    return numbers


def list_starters() -> list[str]:
    """List the names of the IDS files that the service ships.

    Examples
    --------
    >>> STARTER in list_starters()
    True
    """
    names = (each.name for each in files("bim.checks").joinpath("starter").iterdir())
    return sorted(name.removesuffix(".ids") for name in names if name.endswith(".ids"))


def read_starter(name: str) -> bytes:
    """Return a shipped IDS file.

    Raises
    ------
    NotFoundError
        There is none of that name.
    """
    if name not in list_starters():
        shown = ", ".join(list_starters())
        raise NotFoundError(
            f"There is no IDS file {name[:60]!r} here; shipped are {shown}. Upload your own instead.",
            f"没有名为 {name[:60]!r} 的 IDS 文件；内置：{shown}。也可上传自己的文件。",
        )
    return files("bim.checks").joinpath("starter", f"{name}.ids").read_bytes()


def store_starter(store: ObjectStore, name: str) -> Stored:
    """Put a shipped IDS file into the object store, where every run's requirements lie."""
    with store.receive() as incoming:
        incoming.write(read_starter(name))
        return incoming.keep()


def _told(check: ModelCheck) -> dict[str, object]:
    return {
        "check": check.number,
        "kind": check.kind,
        "options": check.options,
        "ids": check.ids_name,
        "job_id": check.job_id,
    }
