"""What an import will do, decided before its job begins: rights, open questions, the mapping, the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin.errors import ForbiddenError
from twin.identity.caller import Caller
from twin.identity.rights import reach, require
from twin.imports.ledgers import check_ledger, headers_of, is_ledger
from twin.imports.mapping import Mapped, check_mapping, propose_mapping
from twin.imports.targets import LAYERS, Target, get_target
from twin.imports.templates import find_template, save_template
from twin.uploads.models import LayerImport, Reading, Upload
from twin.uploads.readings import require_answers

_TXT_SHAPE: Final = "kind"  # of a boundary-point TXT: 点, 线 or 面, not the kind of a parcel


@dataclass(frozen=True)
class Proposal:
    """Which column would be which property, and where that comes from: ``answer``, ``template``, ``names``, ``ledger``."""

    mapping: Mapping[str, str]
    fixed: Mapping[str, str]
    source: str
    template: str | None = None


@dataclass(frozen=True)
class ImportPlan:
    """An import that may begin."""

    target: Target
    mapped: Mapped
    reading: Reading
    upload: Upload


def check_may_import(caller: Caller, target: Target) -> None:
    """Refuse a caller who may not write to a layer.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        Nobody signed in; the caller may not.
    """
    if not _may_import(caller, target):
        require(caller, target.editable.right)
        raise ForbiddenError(f"You may not write to {target.name}.", f"您不能写入 {target.name}。")


def list_importable(caller: Caller) -> list[str]:
    """List the layers that a caller may bring files into."""
    return [name for name in LAYERS if _may_import(caller, get_target(name))]


def _may_import(caller: Caller, target: Target) -> bool:
    held = reach(caller, target.editable.right)
    return held == "all" or (held == "own" and target.collection == "projects")


def columns_of(reading: Reading) -> list[str]:
    """Return the names of a file's columns."""
    return [str(each["name"]) for each in reading.summary.get("columns", [])]


def propose(session: Session, reading: Reading, target: Target) -> Proposal:
    """Return the mapping a file would be imported with: the owner's answer, a saved template, the names of columns."""
    columns = columns_of(reading)
    fixed = {name: value for name, value in reading.fixed.items() if name in target.fields}
    if is_ledger(reading):
        source = "template" if "template" in reading.choices else "ledger"
        return Proposal({name: name for name in columns if name in target.fields}, fixed, source)
    if reading.mapping is not None:
        return Proposal(reading.mapping, fixed, "answer")
    template = find_template(session, target, columns)
    if template is not None:
        return Proposal(template.mapping, {**template.fixed, **fixed}, "template", template.name)
    known = [name for name in columns if not (reading.kind == "txt" and name == _TXT_SHAPE)]
    return Proposal(propose_mapping(target, known), fixed, "names")


def plan_import(session: Session, caller: Caller, upload: Upload, reading: Reading, layer: str) -> ImportPlan:
    """Check that a file may be imported into a layer, and how.

    Raises
    ------
    InvalidInputError
        There is no such layer, or the mapping leaves its key open; `where` is the field to answer.
    UnauthenticatedError, ForbiddenError
        The caller may not write there.
    ConflictError
        A question about the file is open; `where` is its field.
    """
    target = get_target(layer)
    check_may_import(caller, target)
    require_answers(reading)
    if is_ledger(reading):
        check_ledger(session, reading, target)
    found = propose(session, reading, target)
    mapped = check_mapping(target, columns_of(reading), found.mapping, found.fixed)
    return ImportPlan(target, mapped, reading, upload)


def add_import(session: Session, plan: ImportPlan) -> LayerImport:
    """Add the record of an import; its job fills in what came of it."""
    record = LayerImport(**describe_import(plan))
    session.add(record)
    session.flush()
    return record


def describe_import(plan: ImportPlan) -> dict[str, Any]:
    """Return what is recorded of an import before it begins."""
    reading, upload = plan.reading, plan.upload
    if upload.sha256 is None:
        raise ValueError("an upload that was read has its bytes")
    return {
        "layer": plan.target.name,
        "sha256": upload.sha256,
        "file_name": upload.file_name,
        "kind": reading.kind,
        "crs": reading.crs,
        "choices": {**reading.choices, "repairs": reading.repairs},
        "mapping": dict(plan.mapped.columns),
        "fixed": dict(plan.mapped.fixed),
    }


def find_same(session: Session, plan: ImportPlan, actor: str) -> LayerImport | None:
    """Return the newest import of the same file into the same layer with the same answers by the same person."""
    same: Mapping[str, Any] = {
        "layer": plan.target.name,
        "sha256": plan.upload.sha256,
        "created_by": actor,
        "mapping": dict(plan.mapped.columns),
        "fixed": dict(plan.mapped.fixed),
        "choices": {**plan.reading.choices, "repairs": plan.reading.repairs},
    }
    statement = select(LayerImport).filter_by(**same).order_by(LayerImport.id.desc())
    return session.scalar(statement.limit(1))


def save_plan(session: Session, caller: Caller, plan: ImportPlan, name: str) -> None:
    """Save the mapping of an import under a name, to be proposed for the next file with the same columns.

    Raises
    ------
    InvalidInputError
        The name is blank or too long.
    """
    reading, target = plan.reading, plan.target
    fixed = {key: value for key, value in plan.mapped.fixed.items() if key not in target.fixed}
    if not is_ledger(reading):
        mapping = {column: name for name, column in plan.mapped.columns.items()}
        save_template(session, caller, target, name, columns_of(reading), mapping, fixed)
        return
    columns = reading.summary["ledger"]["template"]["columns"]
    mapping = {each["header"]: each["field"] for each in columns}
    units = {each["header"]: each["unit"] for each in columns if each["unit"] is not None}
    whole = get_target(target.collection)
    save_template(session, caller, whole, name, headers_of(reading), mapping, fixed, units)
