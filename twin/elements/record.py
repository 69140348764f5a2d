"""Record what was reported of elements: a new row for every change, never over an older one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Date, bindparam, text
from sqlalchemy.orm import Session

from twin.elements.progress_rows import NO_STEP, ProgressRow, Refused
from twin.elements.steps import Template, find_template, list_templates

# `X#1` names the first of several elements that share the GlobalId X; the others carry `#2`, `#3` themselves.
_MATCH = text("""
SELECT a.n, i.id AS identity_id, i.progress, i.actual_start, i.actual_finish, i.step_template, i.step, i.step_percent,
  e.ifc_class, e.planning_status,
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
    AS a(identity_id bigint, status text, percent numeric(9, 6), actual_start date, actual_finish date,
      step_template text, step text, step_percent numeric(9, 6), evidence text)),
changed AS (
  UPDATE element_identity i SET status = a.status, progress = a.percent, actual_start = a.actual_start,
    actual_finish = a.actual_finish, step_template = a.step_template, step = a.step, step_percent = a.step_percent,
    updated_at = clock_timestamp()
  FROM asked a
  WHERE i.id = a.identity_id
    AND (i.status, i.progress, i.actual_start, i.actual_finish, i.step_template, i.step, i.step_percent)
      IS DISTINCT FROM (a.status, a.percent, a.actual_start, a.actual_finish, a.step_template, a.step, a.step_percent)
  RETURNING i.id, i.status, i.progress, i.actual_start, i.actual_finish, i.step_template, i.step, i.step_percent,
    a.evidence),
dated AS (
  SELECT c.*, k.last,
    greatest(k.last, CASE WHEN c.status = 'done' THEN least(c.actual_finish, :as_of) ELSE :as_of END) AS known_on
  FROM changed c CROSS JOIN LATERAL (
    SELECT max(p.as_of) AS last FROM element_progress p WHERE p.identity_id = c.id) k),
written AS (
  INSERT INTO element_progress
    (identity_id, as_of, status, percent, actual_start, actual_finish, recorded_by, source, step_template, step,
     step_percent, evidence)
  SELECT id, actual_start, 'in_progress', 0, actual_start, NULL::date, :recorded_by, :source, NULL, NULL,
    NULL::numeric, evidence FROM dated
  WHERE last IS NULL AND actual_start < known_on
  UNION ALL
  SELECT id, known_on, status, progress, actual_start, actual_finish, :recorded_by, :source, step_template, step,
    step_percent, evidence FROM dated)
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
    templates = list_templates(session) if any(row.step for row in rows) else []
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
            state = _state(row, known, templates)
            if isinstance(state, Refused):
                refused.append(state)
            else:
                matched[known.identity_id] = {"identity_id": known.identity_id, **state}
    return list(matched.values()), unmatched, refused


def _state(row: ProgressRow, known: Any, templates: Sequence[Template]) -> dict[str, Any] | Refused:
    """Complete a row by its accepted step, and by what is known of its element."""
    accepted = accept_step(row, known, templates)
    if isinstance(accepted, Refused):
        return accepted
    state = complete_row(accepted.row, known.progress, known.actual_start, known.actual_finish)
    if state is None:
        return _finished_too_early(row, known.actual_start)
    cap = accepted.percent
    if cap is not None and Decimal(state["percent"]) > cap:
        return _beyond_step(row, state["percent"], accepted.step, cap)
    return {
        **state,
        "step_template": accepted.template,
        "step": accepted.step,
        "step_percent": None if cap is None else str(cap),
        "evidence": row.evidence,
    }


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


@dataclass(frozen=True)
class Accepted:
    """A row with what its step says filled in, and the step that holds from now on."""

    row: ProgressRow
    template: str | None
    step: str | None
    percent: Decimal | None


def accept_step(row: ProgressRow, known: Any, templates: Sequence[Template]) -> Accepted | Refused:
    """Accept the step that a row names, with all before it; without one the last accepted step goes on to hold.

    The percent is what the accepted steps are worth, unless the row gives a smaller one. An element that is set back
    to not started has no accepted step any more.
    """
    if row.step is None:
        gone = row.status == "not_started"
        kept = (None, None, None) if gone else (known.step_template, known.step, known.step_percent)
        capped = row
        if kept[2] is not None and row.percent is None and row.status == "in_progress":
            begun = 0 < known.progress < 100
            capped = replace(row, percent=known.progress if begun else min(HALF, kept[2]))
        return Accepted(capped, *kept)
    if row.step == NO_STEP:
        return Accepted(replace(row, status="not_started", percent=Decimal(0)), None, None, None)
    template = find_template(templates, known.ifc_class, known.planning_status)
    step = template.find_step(row.step) if template is not None else None
    if template is None or step is None:
        return _unknown_step(row, template)
    earned = template.percent_at(step.key)
    percent = earned if row.percent is None else row.percent
    status = "done" if percent == 100 else "in_progress"
    return Accepted(replace(row, status=status, percent=percent), template.key, step.key, earned)


def _unknown_step(row: ProgressRow, template: Template | None) -> Refused:
    if template is None:
        return Refused(
            row.where,
            row.global_id,
            "No step template fits this kind of element; give a percent, or add a template.",
            "没有适用于此类构件的工序模板；请填写 percent，或先添加模板。",
        )
    known = ", ".join(each.key for each in template.steps)
    return Refused(
        row.where,
        row.global_id,
        f"Its work ({template.key}) has no step {row.step!r}; the steps are {known}.",
        f"该构件（{template.title_zh}）没有工序 {row.step!r}；工序为 {known}。",
    )


def _beyond_step(row: ProgressRow, percent: str, step: str | None, cap: Decimal) -> Refused:
    return Refused(
        row.where,
        row.global_id,
        f"{percent} % exceeds what is accepted (step {step}: {cap.normalize():f} %); have the next step accepted first.",
        f"{percent} % 超过已验收工序（{step}：{cap.normalize():f} %）；请先验收下一道工序。",
    )


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
