"""Progress that a model file proposes: by the property set of an export of ours, or by the completion of its tasks.

A planning-phase property is never progress, and a proposal is never applied by itself (`bim.md` §12.1).
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bim.progress_set import ACTUAL_FINISH, ACTUAL_START, PERCENT, SET_NAME, STATUS
from twin.elements.models import ELEMENT_STATUSES, ProgressDecision

_MICRO: Final = Decimal("0.000001")

_ELEMENTS: Final = text("""
SELECT e.global_id, e.ifc_class, e.name, e.storey, i.id AS identity_id, i.status, i.progress, i.actual_start,
  i.actual_finish, e.psets -> :set_name AS stated
FROM bim_element e JOIN element_identity i ON i.id = e.identity_id
WHERE e.revision_id = :revision_id AND coalesce(e.planning_status, '') <> 'EXISTING'
  AND (e.psets ? :set_name OR e.global_id = ANY (:built))
ORDER BY e.id""")
_TASKS: Final = text("SELECT tasks FROM bim_revision WHERE id = :revision_id")
_DECIDED: Final = text("""
SELECT d.identity_id, d.proposal, d.accepted FROM progress_decision d
JOIN bim_element e ON e.identity_id = d.identity_id AND e.revision_id = :revision_id""")


@dataclass(frozen=True)
class Proposal:
    """What the file says of one element beside what is known; percent 0–100.

    Attributes
    ----------
    source : str
        ``WT_ConstructionProgress``, or ``IfcTaskTime.Completion`` with the codes of the tasks.
    key : str
        Names this very proposal; a file that says something else proposes anew.
    """

    global_id: str
    identity_id: int
    ifc_class: str
    name: str | None
    storey: str | None
    status: str
    percent: Decimal
    actual_start: date | None
    actual_finish: date | None
    source: str
    known_status: str
    known_percent: Decimal

    @property
    def key(self) -> str:
        """Return the hash by which a decision is remembered."""
        said = [
            self.status,
            str(self.percent.normalize()),
            self.actual_start,
            self.actual_finish,
            self.source,
        ]
        return hashlib.sha256(orjson.dumps(said)).hexdigest()[:32]

    def as_row(self) -> dict[str, Any]:
        """Return it as a row of a progress table."""
        return {
            "global_id": self.global_id if "#" in self.global_id else f"{self.global_id}#1",
            "status": self.status,
            "percent": str(self.percent),
            "actual_start": self.actual_start,
            "actual_finish": self.actual_finish,
            "evidence": self.source[:500],
        }


@dataclass(frozen=True)
class _Said:
    percent: Decimal
    status: str
    actual_start: date | None
    actual_finish: date | None
    source: str


def list_proposals(session: Session, revision_id: int, *, decided: bool = False) -> list[Proposal]:
    """List what the file of a revision proposes and what is not known so already, in file order.

    Parameters
    ----------
    decided : bool
        Those a person has decided about before, too.
    """
    tasks = session.scalar(_TASKS, {"revision_id": revision_id}) or []
    by_element = _by_element(tasks)
    values = {"revision_id": revision_id, "set_name": SET_NAME, "built": list(by_element)}
    rows = session.execute(_ELEMENTS, values).all()
    found = [each for row in rows if (each := _proposal(row, by_element)) is not None]
    known = {
        (row.identity_id, row.proposal) for row in session.execute(_DECIDED, {"revision_id": revision_id})
    }
    return [each for each in found if decided or (each.identity_id, each.key) not in known]


def record_decisions(
    session: Session, proposals: Iterable[Proposal], *, accepted: bool, actor: str | None
) -> int:
    """Remember what was decided about proposals; the newest word on one holds."""
    rows = [
        {"identity_id": each.identity_id, "proposal": each.key, "accepted": accepted, "decided_by": actor}
        for each in proposals
    ]
    for start in range(0, len(rows), 5_000):
        statement = insert(ProgressDecision).values(rows[start : start + 5_000])
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["identity_id", "proposal"],
                set_={"accepted": accepted, "decided_by": actor, "decided_at": text("now()")},
            )
        )
    return len(rows)


def _proposal(row: Any, by_element: Mapping[str, Sequence[Mapping[str, Any]]]) -> Proposal | None:
    said = _stated(row.stated) if row.stated else None
    if said is None:
        said = _completed(by_element.get(row.global_id, ()))
    if said is None:
        return None
    start = said.actual_start if said.status != "not_started" else None
    finish = said.actual_finish if said.status == "done" else None
    known = (row.status, row.progress, row.actual_start, row.actual_finish)
    if (said.status, said.percent) == known[:2] and start in (None, known[2]) and finish in (None, known[3]):
        return None
    return Proposal(
        row.global_id,
        row.identity_id,
        row.ifc_class,
        row.name,
        row.storey,
        said.status,
        said.percent,
        start,
        finish,
        said.source,
        row.status,
        row.progress,
    )


def _stated(values: Mapping[str, Any]) -> _Said | None:
    """Read the property set that an export of ours wrote."""
    try:
        percent = Decimal(str(values[PERCENT])).quantize(_MICRO)
    except (KeyError, InvalidOperation):
        return None
    status = values.get(STATUS)
    if not 0 <= percent <= 100 or status not in ELEMENT_STATUSES:
        return None
    return _Said(
        percent, str(status), _day(values.get(ACTUAL_START)), _day(values.get(ACTUAL_FINISH)), SET_NAME
    )


def _by_element(tasks: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Tasks that tell a completion, by the elements they build."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for task in tasks:
        if task.get("completion") is not None:
            for global_id in task["products"]:
                found[global_id].append(task)
    return found


def _completed(tasks: Sequence[Mapping[str, Any]]) -> _Said | None:
    """Weigh the completions of an element's tasks by their planned days, alike where one has none."""
    if not tasks:
        return None
    days = [_days(task) for task in tasks]
    weights = days if all(days) else [Decimal(1)] * len(tasks)
    earned = sum(
        (w * Decimal(str(task["completion"])) for w, task in zip(weights, tasks, strict=True)), Decimal(0)
    )
    percent = (100 * earned / sum(weights, Decimal(0))).quantize(_MICRO, ROUND_HALF_EVEN)
    starts = [day for task in tasks if (day := _day(task.get("actual_start"))) is not None]
    finishes = [day for task in tasks if (day := _day(task.get("actual_finish"))) is not None]
    status = "done" if percent == 100 else "in_progress" if percent or starts else "not_started"
    return _Said(
        percent,
        status,
        min(starts, default=None),
        max(finishes) if len(finishes) == len(tasks) else None,
        f"IfcTaskTime.Completion: {', '.join(str(task['code']) for task in tasks)}"[:400],
    )


def _days(task: Mapping[str, Any]) -> Decimal:
    start, finish = _day(task.get("schedule_start")), _day(task.get("schedule_finish"))
    return Decimal((finish - start).days + 1) if start and finish and finish >= start else Decimal(0)


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return None
