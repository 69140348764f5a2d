"""Record what was reported of elements: a new row for every change, never over an older one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Date, bindparam, text
from sqlalchemy.orm import Session

from twin.elements.progress_rows import ProgressRow, Refused

# `X#1` names the first of several elements that share the GlobalId X; the others carry `#2`, `#3` themselves.
_MATCH = text("""
SELECT a.n, i.id AS identity_id, i.progress, i.actual_start, i.actual_finish,
  CASE WHEN d.id IS NOT NULL THEN ARRAY(
    SELECT c.global_id FROM bim_element c
    WHERE c.revision_id = :revision_id AND starts_with(c.global_id, a.global_id || '#') ORDER BY c.id) END AS others
FROM jsonb_to_recordset(CAST(:asked AS jsonb)) AS a(n integer, global_id text)
LEFT JOIN bim_element e ON e.revision_id = :revision_id AND e.global_id = regexp_replace(a.global_id, '#1$', '')
LEFT JOIN bim_element d ON d.revision_id = :revision_id AND d.global_id = a.global_id || '#2'
LEFT JOIN element_identity i ON i.id = e.identity_id
ORDER BY a.n
""")

# An element is known to be done from the day it was finished on, and to be begun from the day it was started on, as
# far as nothing that was reported for a later day is overtaken; all else is known for the day the rows speak of.
_RECORD = text("""
WITH asked AS (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS a(identity_id bigint, status text, percent numeric(9, 6), actual_start date, actual_finish date)),
changed AS (
  UPDATE element_identity i SET status = a.status, progress = a.percent, actual_start = a.actual_start,
    actual_finish = a.actual_finish, updated_at = clock_timestamp()
  FROM asked a
  WHERE i.id = a.identity_id
    AND (i.status, i.progress, i.actual_start, i.actual_finish)
      IS DISTINCT FROM (a.status, a.percent, a.actual_start, a.actual_finish)
  RETURNING i.id, i.status, i.progress, i.actual_start, i.actual_finish),
dated AS (
  SELECT c.*, k.last,
    greatest(k.last, CASE WHEN c.status = 'done' THEN least(c.actual_finish, :as_of) ELSE :as_of END) AS known_on
  FROM changed c CROSS JOIN LATERAL (
    SELECT max(p.as_of) AS last FROM element_progress p WHERE p.identity_id = c.id) k),
written AS (
  INSERT INTO element_progress
    (identity_id, as_of, status, percent, actual_start, actual_finish, recorded_by, source)
  SELECT id, actual_start, 'in_progress', 0, actual_start, NULL::date, :recorded_by, :source FROM dated
  WHERE last IS NULL AND actual_start < known_on
  UNION ALL
  SELECT id, known_on, status, progress, actual_start, actual_finish, :recorded_by, :source FROM dated)
SELECT count(*) FROM changed
""").bindparams(bindparam("as_of", type_=Date))

HALF = Decimal(50)  # what counts for work in progress that tells no percent


@dataclass(frozen=True)
class Recorded:
    """What became of a table's rows: every row is in exactly one of the four."""

    updated: int
    unchanged: int
    unmatched: list[tuple[str, str]] = field(default_factory=list)  # where, GlobalId
    refused: list[Refused] = field(default_factory=list)


def record_element_progress(
    session: Session,
    revision_id: int,
    rows: Sequence[ProgressRow],
    as_of: date,
    recorded_by: str | None,
    source: str,
) -> Recorded:
    """Record rows by GlobalId, set-based; a row that says what is known already adds nothing.

    Parameters
    ----------
    revision_id : int
        The model's current revision; only its elements match.
    rows : sequence of ProgressRow
        Checked by `check_rows`.
    as_of : date
        The day the rows speak of, the reporting date as a rule.
    source : str
        Where the rows come from, such as ``"table"``.
    """
    matched, unmatched, refused = _match(session, revision_id, rows)
    params = {
        "rows": orjson.dumps(matched).decode(),
        "as_of": as_of,
        "recorded_by": recorded_by,
        "source": source,
    }
    updated = session.scalar(_RECORD, params) or 0 if matched else 0
    return Recorded(updated, len(matched) - updated, unmatched, refused)


def _match(
    session: Session, revision_id: int, rows: Sequence[ProgressRow]
) -> tuple[list[dict[str, Any]], list[tuple[str, str]], list[Refused]]:
    asked = [{"n": n, "global_id": row.global_id} for n, row in enumerate(rows)]
    found = session.execute(_MATCH, {"revision_id": revision_id, "asked": orjson.dumps(asked).decode()})
    matched: dict[int, dict[str, Any]] = {}
    unmatched: list[tuple[str, str]] = []
    refused: list[Refused] = []
    for known in found:
        row = rows[known.n]
        if known.identity_id is None:
            unmatched.append((row.where, row.global_id))
        elif known.others is not None:
            refused.append(_ambiguous(row, [f"{row.global_id}#1", *known.others]))
        elif known.identity_id in matched:
            refused.append(_named_twice(row))
        else:
            state = complete_row(row, known.progress, known.actual_start, known.actual_finish)
            if state is None:
                refused.append(_finished_too_early(row, known.actual_start))
            else:
                matched[known.identity_id] = {"identity_id": known.identity_id, **state}
    return list(matched.values()), unmatched, refused


def complete_row(
    row: ProgressRow, progress: Decimal, actual_start: date | None, actual_finish: date | None
) -> dict[str, Any] | None:
    """Complete a row by what is known of its element; None when its dates contradict the known ones.

    Without a percent, work in progress keeps the percent it has, or counts half. Dates that the row does
    not give stay, as far as the new status allows them.

    Examples
    --------
    >>> row = ProgressRow("row 1", "X", "in_progress", None, None, None)
    >>> complete_row(row, Decimal(30), date(2025, 3, 1), None)["percent"]
    '30'
    """
    percent = row.percent
    if percent is None:
        kept = progress if 0 < progress < 100 else HALF
        percent = {"done": Decimal(100), "not_started": Decimal(0)}.get(row.status, kept)
    start = None if row.status == "not_started" else row.actual_start or actual_start
    finish = (row.actual_finish or actual_finish) if row.status == "done" else None
    if start and finish and finish < start:
        return None
    return {"status": row.status, "percent": str(percent), "actual_start": start, "actual_finish": finish}


def _finished_too_early(row: ProgressRow, known_start: date | None) -> Refused:
    return Refused(
        row.where,
        row.global_id,
        f"Its finish would lie before its start (known start {known_start}); give both dates.",
        f"完成日期将早于开始日期（已知开始 {known_start}）；请同时填写两个日期。",
    )


def _ambiguous(row: ProgressRow, candidates: list[str]) -> Refused:
    names = ", ".join(candidates)
    return Refused(
        row.where,
        row.global_id,
        f"Several elements share this GlobalId; name one of {names}.",
        f"多个构件共用此 GlobalId；请指明其一：{names}。",
    )


def _named_twice(row: ProgressRow) -> Refused:
    return Refused(
        row.where,
        row.global_id,
        "Another row names the same element under its other name.",
        "另有一行以别名填报了同一构件。",
    )
