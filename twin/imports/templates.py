"""Mappings that were saved by name 映射模板, and proposed again for a file with the same columns."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from twin.errors import InvalidInputError, NotFoundError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.imports.targets import Target
from twin.uploads.models import MappingTemplate


def find_template(session: Session, target: Target, columns: Iterable[str]) -> MappingTemplate | None:
    """Return the newest template of a layer that was saved for exactly these columns."""
    statement = select(MappingTemplate).where(
        MappingTemplate.layer == target.name, MappingTemplate.columns == sorted(set(columns))
    )
    return session.scalar(statement.order_by(MappingTemplate.updated_at.desc()).limit(1))


def list_templates(session: Session, layer: str | None = None) -> list[MappingTemplate]:
    """List the templates, of one layer or of all, by layer and name."""
    statement = select(MappingTemplate).order_by(MappingTemplate.layer, MappingTemplate.name).limit(1_000)
    return list(session.scalars(statement.where(MappingTemplate.layer == layer) if layer else statement))


def save_template(
    session: Session,
    caller: Caller,
    target: Target,
    name: str,
    columns: Iterable[str],
    mapping: Mapping[str, Any],
    fixed: Mapping[str, Any],
    units: Mapping[str, str] | None = None,
) -> None:
    """Save a mapping under a name; one of that name in the layer is replaced.

    Raises
    ------
    InvalidInputError
        The name is blank or too long.
    """
    called = name.strip()
    if not 0 < len(called) <= 100:
        raise InvalidInputError(
            "A template's name has 1 to 100 characters.", "模板名称应为 1 至 100 个字符。", "template"
        )
    values = {
        "columns": sorted(set(columns)),
        "mapping": dict(mapping),
        "fixed": dict(fixed),
        "units": dict(units or {}),
    }
    row = insert(MappingTemplate).values(
        layer=target.name, name=called, created_by=caller.login, updated_by=caller.login, **values
    )
    changed = {
        **{key: row.excluded[key] for key in values},
        "updated_by": caller.login,
        "updated_at": func.now(),
        "row_version": MappingTemplate.row_version + 1,
    }
    session.execute(row.on_conflict_do_update(index_elements=["layer", "name"], set_=changed))
    record_audit(session, caller, "template.save", f"mapping_template {target.name} {called}", after=values)


def remove_template(session: Session, caller: Caller, layer: str, name: str) -> None:
    """Remove a template.

    Raises
    ------
    NotFoundError
        There is none of that name in the layer.
    """
    found = session.scalar(
        select(MappingTemplate).where(MappingTemplate.layer == layer, MappingTemplate.name == name)
    )
    if found is None:
        raise NotFoundError(
            f"Layer {layer[:60]} has no mapping template {name[:100]!r}.",
            f"图层 {layer[:60]} 没有映射模板 {name[:100]!r}。",
        )
    session.delete(found)
    session.flush()
    record_audit(session, caller, "template.remove", f"mapping_template {layer} {name}")
