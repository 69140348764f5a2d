"""Runs of checks: what asking for one adds, and what a finished one leaves."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson
from psycopg2.extensions import connection as Psycopg2Connection  # noqa: N812
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bim.checks.values import Summary
from twin.checks.models import CheckReport, ModelCheck
from twin.elements.models import BimModel, BimRevision
from twin.elements.revisions import record_object
from twin.errors import ConflictError
from twin.objects import Stored

# Quote and delimiter that JSON never holds raw, so that each line enters whole.
_STAGE = """CREATE TEMPORARY TABLE check_staging (
  n integer GENERATED ALWAYS AS IDENTITY, doc jsonb NOT NULL) ON COMMIT DROP"""
_COPY = (
    r"COPY check_staging (doc) FROM STDIN "
    r"WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02', ENCODING 'UTF8')"
)
_INSERT = text("""
INSERT INTO check_result (check_id, row_number, group_number, passed, global_id, other_global_id, step_id, ifc_class,
  name, message, detail)
SELECT :check_id, s.n, e."group", e.passed, e.global_id, e.other_global_id, e.step_id, e.ifc_class, e.name, e.message,
  coalesce(e.detail, '{}')
FROM check_staging s CROSS JOIN LATERAL jsonb_to_record(s.doc) AS e (
  "group" integer, passed boolean, global_id text, other_global_id text, step_id bigint, ifc_class text, name text,
  message text, detail jsonb)
""")
_SAME = text("""
SELECT c.id FROM model_check c LEFT JOIN job_run j ON j.job_id = c.job_id
WHERE c.model_id = :model_id AND c.fingerprint = :fingerprint
  AND (c.finished_at IS NOT NULL OR j.state IN ('queued', 'running'))
ORDER BY c.number DESC LIMIT 1
""")
_WITHOUT_SHAPE = text("""
SELECT split_part(global_id, '#', 1) FROM bim_element WHERE revision_id = :revision_id AND geometry_error IS NOT NULL
""")


@dataclass(frozen=True)
class NewCheck:
    """What is asked for.

    Attributes
    ----------
    options : dict
        As `bim.checks` reads them for the kind.
    ids, ids_name : Stored or None, str or None
        The IDS file in the object store, and what it is called.
    against_revision_id : int or None
        The second model's revision of a clash.
    again : bool
        Run even if nothing has changed since the last run.
    """

    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    ids: Stored | None = None
    ids_name: str | None = None
    against_revision_id: int | None = None
    again: bool = False


@dataclass(frozen=True)
class AddedCheck:
    """A run, and whether it is new: the same question about unchanged models leads to the run that is there."""

    check: ModelCheck
    is_new: bool


def add_check(
    session: Session, model_id: int, revision_id: int | None, new: NewCheck, actor: str | None
) -> AddedCheck:
    """Add a run on a revision of a model, or return the one that answers already.

    Raises
    ------
    ConflictError
        The model has no published revision to check.
    """
    if revision_id is None:
        raise ConflictError(
            f"Model {model_id} has no published revision to check; ask its job.",
            f"模型 {model_id} 尚无已发布的版本，无法检查；请查看其任务。",
        )
    session.execute(select(BimModel.id).where(BimModel.id == model_id).with_for_update(key_share=True))
    fingerprint = compute_fingerprint(session, revision_id, new)
    same = session.scalar(_SAME, {"model_id": model_id, "fingerprint": fingerprint})
    if same is not None and not new.again:
        return AddedCheck(session.get_one(ModelCheck, same), is_new=False)
    if new.ids is not None:
        record_object(session, new.ids)
    last = select(func.coalesce(func.max(ModelCheck.number), 0)).where(ModelCheck.model_id == model_id)
    check = ModelCheck(
        model_id=model_id,
        number=session.scalars(last).one() + 1,
        revision_id=revision_id,
        against_revision_id=new.against_revision_id,
        kind=new.kind,
        options=new.options,
        ids_sha256=new.ids.sha256 if new.ids else None,
        ids_name=new.ids_name,
        fingerprint=fingerprint,
        requested_by=actor,
    )
    session.add(check)
    session.flush()
    return AddedCheck(check, is_new=True)


def compute_fingerprint(session: Session, revision_id: int, new: NewCheck) -> str:
    """Name a question by all that its answer depends on: bytes, places, requirements, options."""
    revisions = [_state(session, each) for each in (revision_id, new.against_revision_id) if each is not None]
    asked = [new.kind, new.options, new.ids.sha256 if new.ids else None, revisions]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def check_context(session: Session, check: ModelCheck) -> dict[str, Any]:
    """Return what the database knows of the models of a run: places, and elements without a shape."""
    revision = session.get_one(BimRevision, check.revision_id)
    context: dict[str, Any] = {
        "georeference": _place(revision.georeference),
        "without_shape": _without_shape(session, revision.id),
    }
    if check.against_revision_id is not None:
        other = session.get_one(BimRevision, check.against_revision_id)
        context["other_georeference"] = _place(other.georeference)
        context["other_without_shape"] = _without_shape(session, other.id)
    return context


def stage_results(session: Session, rows: Path) -> None:
    """Bring the rows of a finished check into a temporary table of the transaction."""
    connection = session.connection()
    connection.execute(text(_STAGE))
    driver = cast(Psycopg2Connection, connection.connection.driver_connection)
    with driver.cursor() as cursor, rows.open("rb") as stream:
        cursor.copy_expert(_COPY, stream)


def publish_check(
    session: Session, check: ModelCheck, summary: Summary, reports: Mapping[str, Stored]
) -> None:
    """Write the result of a run; its rows have been staged before."""
    session.execute(_INSERT, {"check_id": check.id})
    for name, stored in reports.items():
        record_object(session, stored)
        session.add(CheckReport(check_id=check.id, format=name, sha256=stored.sha256))
    check.outcome = summary.outcome
    check.title = summary.title
    check.truncated = summary.truncated
    check.summary = {
        "groups": [vars(group) for group in summary.groups],
        "counts": summary.counts,
        "notes": summary.notes,
    }
    check.finished_at = func.clock_timestamp()
    session.flush()


def _state(session: Session, revision_id: int) -> list[Any]:
    revision = session.get_one(BimRevision, revision_id)
    place = _place(revision.georeference) or {}
    return [revision.id, revision.sha256, place.get("crs"), place.get("matrix"), place.get("warnings")]


def _place(georeference: dict[str, Any] | None) -> dict[str, Any] | None:
    if georeference is None:
        return None
    return {
        name: georeference.get(name)
        for name in ("crs", "matrix", "confidence", "warnings", "level", "method")
    }


def _without_shape(session: Session, revision_id: int) -> list[str]:
    return list(session.scalars(_WITHOUT_SHAPE, {"revision_id": revision_id}))
