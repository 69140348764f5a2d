"""Progress carried over 进度继承 to elements that go on under another GlobalId, by a person's word alone.

Under a kept GlobalId nothing is to be done: progress belongs to the identity. What nobody takes over is orphaned.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final, Literal

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.elements.compare import KINDS, Pair, make_comparison, planned_for_sets
from twin.identity.audit import record_audit
from twin.identity.caller import Caller

SOURCE: Final = "carry_over"

_PROPOSALS = """,
newest AS MATERIALIZED (
  SELECT DISTINCT ON (p.identity_id) p.identity_id, p.as_of, p.status, p.percent
  FROM element_progress p JOIN matched m ON m.from_identity_id = p.identity_id
  ORDER BY p.identity_id, p.as_of DESC, p.id DESC),
words AS MATERIALIZED (
  SELECT DISTINCT ON (c.from_identity_id, c.to_identity_id) c.from_identity_id, c.to_identity_id, c.approved,
    c.decided_at, c.decided_by
  FROM element_carry_over c JOIN matched m ON m.identity_id = c.to_identity_id
  ORDER BY c.from_identity_id, c.to_identity_id, c.id DESC),
taken AS MATERIALIZED (
  SELECT w.to_identity_id, w.from_identity_id FROM words w WHERE w.approved)
SELECT m.from_identity_id, m.identity_id AS to_identity_id, f.global_id AS from_global_id, t.global_id AS to_global_id,
  e.ifc_class, e.name, e.storey, m.confidence::float8 AS confidence, m.what, h.status, h.percent::float8 AS progress,
  h.as_of,
  CASE WHEN w.approved THEN 'approved' WHEN x.from_identity_id IS NOT NULL THEN 'taken'
       WHEN NOT w.approved THEN 'refused' ELSE 'proposed' END AS state, w.decided_at, w.decided_by
FROM matched m
JOIN newest h ON h.identity_id = m.from_identity_id AND (h.percent > 0 OR h.status <> 'not_started')
JOIN element_identity f ON f.id = m.from_identity_id AND f.model_id = :model_id
JOIN element_identity t ON t.id = m.identity_id AND t.model_id = :model_id
JOIN bim_element e ON e.id = m.id AND e.revision_id = :to_id
LEFT JOIN words w ON w.from_identity_id = m.from_identity_id AND w.to_identity_id = m.identity_id
LEFT JOIN taken x ON x.to_identity_id = m.identity_id AND x.from_identity_id <> m.from_identity_id
ORDER BY m.confidence DESC, f.global_id COLLATE "C"
"""

_DECIDE = text("""
INSERT INTO element_carry_over
  (from_identity_id, to_identity_id, from_revision_id, to_revision_id, approved, confidence, decided_by)
SELECT p.from_id, p.to_id, :from_id, :to_id, :approved, p.confidence, :decided_by
FROM jsonb_to_recordset(CAST(:pairs AS jsonb)) AS p(from_id bigint, to_id bigint, confidence float8)
ORDER BY p.from_id
""")

# What was reported of the new element itself stands: of the old one's history only what lies before it is taken over.
_COPY = text("""
INSERT INTO element_progress (identity_id, as_of, status, percent, actual_start, actual_finish, recorded_by, source,
  step_template, step, step_percent, evidence)
SELECT p.to_id, h.as_of, h.status, h.percent, h.actual_start, h.actual_finish, :decided_by, :source, h.step_template,
  h.step, h.step_percent, h.evidence
FROM jsonb_to_recordset(CAST(:pairs AS jsonb)) AS p(from_id bigint, to_id bigint)
JOIN element_progress h ON h.identity_id = p.from_id
WHERE NOT EXISTS (SELECT FROM element_progress o WHERE o.identity_id = p.to_id AND o.as_of <= h.as_of)
ORDER BY h.id
""")

_SHOW = text("""
UPDATE element_identity i SET status = h.status, progress = h.percent, actual_start = h.actual_start,
  actual_finish = h.actual_finish, step_template = h.step_template, step = h.step, step_percent = h.step_percent,
  updated_at = clock_timestamp()
FROM jsonb_to_recordset(CAST(:pairs AS jsonb)) AS p(to_id bigint)
CROSS JOIN LATERAL (
  SELECT * FROM element_progress x WHERE x.identity_id = p.to_id ORDER BY x.as_of DESC, x.id DESC LIMIT 1) h
WHERE i.id = p.to_id
""")

_KEPT = text("""
SELECT count(*) FROM element_identity i
WHERE i.model_id = :model_id AND (i.progress > 0 OR i.status <> 'not_started')
  AND EXISTS (SELECT FROM element_print p WHERE p.revision_id = :from_id AND p.identity_id = i.id)
  AND EXISTS (SELECT FROM element_print p WHERE p.revision_id = :to_id AND p.identity_id = i.id)
""")


@dataclass(frozen=True)
class Proposal:
    """A match whose old element has progress, and what was decided of it; percent 0–100.

    `state` is ``proposed``, ``approved``, ``refused``, or ``taken``: another element was carried over to the new one.
    """

    from_identity_id: int
    to_identity_id: int
    from_global_id: str
    to_global_id: str
    ifc_class: str
    name: str | None
    storey: str | None
    confidence: float
    what: list[str]
    status: str
    progress: float
    as_of: date
    state: Literal["proposed", "approved", "refused", "taken"]
    decided_at: datetime | None
    decided_by: str | None


@dataclass(frozen=True)
class Chosen:
    """Which proposals a person means: pairs of GlobalIds, or None for all, from a confidence on."""

    pairs: Sequence[tuple[str, str]] | None
    min_confidence: float = 0.0


@dataclass(frozen=True)
class Decided:
    """What became of the proposals named: decided now, decided so before, and those of which it cannot be said."""

    decided: int
    unchanged: int
    refused: list[tuple[str, str, str, str]]  # from, to, why in English and Chinese


def list_proposals(session: Session, pair: Pair) -> list[Proposal]:
    """List the matches of two revisions whose old element has progress, the surest first."""
    scope = {"model_id": pair.model_id, "from_id": pair.from_id, "to_id": pair.to_id}
    with planned_for_sets(session):
        rows = session.execute(make_comparison(KINDS, _PROPOSALS), scope).all()
    return [Proposal(**row._mapping) for row in rows]


def count_kept(session: Session, pair: Pair) -> int:
    """Count the elements with progress that go on under the same GlobalId."""
    return session.scalar(_KEPT, asdict(pair)) or 0


def decide_carry_over(session: Session, caller: Caller, pair: Pair, chosen: Chosen, approve: bool) -> Decided:
    """Approve or refuse proposals; an approved one takes over the whole history of the old element.

    Decided twice the same way, nothing changes. An approval cannot be taken back; progress is corrected by
    reporting it.

    Parameters
    ----------
    pair : Pair
        The revisions that were compared; the matches are made anew, whatever the caller saw.
    """
    session.execute(text("SELECT FROM bim_model WHERE id = :id FOR NO KEY UPDATE"), {"id": pair.model_id})
    wanted, refused = _choose(list_proposals(session, pair), chosen)
    open_ones: list[Proposal] = []
    unchanged = 0
    for each in wanted:
        if each.state == ("approved" if approve else "refused"):
            unchanged += 1
        elif each.state in ("proposed", "refused"):
            open_ones.append(each)
        elif chosen.pairs is not None:
            refused.append(_closed(each))
    if open_ones:
        _write(session, caller, pair, open_ones, approve)
        _audit(session, caller, pair, open_ones, approve)
    return Decided(len(open_ones), unchanged, refused)


def _choose(
    proposals: Iterable[Proposal], chosen: Chosen
) -> tuple[list[Proposal], list[tuple[str, str, str, str]]]:
    sure = [each for each in proposals if each.confidence >= chosen.min_confidence]
    if chosen.pairs is None:
        return sure, []
    known = {(each.from_global_id, each.to_global_id): each for each in sure}
    asked = list(dict.fromkeys(chosen.pairs))
    refused = [
        (old, new, "No match of these two is proposed.", "这两个构件没有匹配建议。")
        for old, new in asked
        if (old, new) not in known
    ]
    return [known[each] for each in asked if each in known], refused


def _closed(proposal: Proposal) -> tuple[str, str, str, str]:
    names = proposal.from_global_id, proposal.to_global_id
    if proposal.state == "taken":
        return (
            *names,
            "Another element was carried over to the new one already.",
            "已有其他构件的进度继承到该构件。",
        )
    return (
        *names,
        "An approval cannot be taken back; report the progress instead.",
        "放行后不能收回；请改为填报进度。",
    )


def _write(session: Session, caller: Caller, pair: Pair, decided: list[Proposal], approve: bool) -> None:
    pairs = [
        {"from_id": each.from_identity_id, "to_id": each.to_identity_id, "confidence": each.confidence}
        for each in decided
    ]
    told = {"pairs": orjson.dumps(pairs).decode()}
    by = {"decided_by": caller.login}
    revisions = {"from_id": pair.from_id, "to_id": pair.to_id}
    session.execute(_DECIDE, {**told, **by, **revisions, "approved": approve})
    if approve:
        session.execute(_COPY, {**told, **by, "source": SOURCE})
        session.execute(_SHOW, told)


def _audit(session: Session, caller: Caller, pair: Pair, decided: list[Proposal], approve: bool) -> None:
    after = {
        "from_revision_id": pair.from_id,
        "to_revision_id": pair.to_id,
        "elements": len(decided),
        "lowest_confidence": min(each.confidence for each in decided),
    }
    action = "progress.carry_over" if approve else "progress.refuse_carry_over"
    record_audit(session, caller, action, f"model {pair.model_id}", after=after)
