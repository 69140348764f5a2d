"""Which functions write the rows of which layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from twin.editing import elements, land, projects
from twin.editing.change import Change
from twin.editing.place import Place
from twin.editing.rows import Row
from twin.editing.trail import survey_note
from twin.editing.values import Values
from twin.identity import Caller


@dataclass(frozen=True)
class Table:
    """How rows of one layer are locked, added, edited, removed, and named in the audit trail.

    `add` and `remove` are None where the layer does not offer it.
    """

    lock: Callable[[Session, int], bool]
    add: Callable[[Session, Caller, Values, Place | None], int] | None
    edit: Callable[[Session, Caller, Row, Change], None]
    remove: Callable[[Session, Row], None] | None
    name: Callable[[Mapping[str, Any]], str]
    survey_note: Callable[[Session, int], dict[str, Any]]


def _noted(layer_id: str) -> Callable[[Session, int], dict[str, Any]]:
    return lambda session, feature_id: survey_note(session, layer_id, feature_id)


TABLES: Final[Mapping[str, Table]] = {
    "land_parcels": Table(
        land.lock_parcel,
        land.add_parcel,
        land.edit_parcel,
        land.remove_parcel,
        land.parcel_name,
        _noted("land_parcels"),
    ),
    "control_areas": Table(
        land.lock_area,
        land.add_area,
        land.edit_area,
        land.remove_area,
        land.area_name,
        _noted("control_areas"),
    ),
    "projects": Table(
        projects.lock_project,
        projects.add_project,
        projects.edit_project,
        projects.remove_project,
        projects.project_name,
        _noted("projects"),
    ),
    "bim_elements": Table(
        elements.lock_element,
        None,
        elements.edit_element,
        None,
        elements.element_name,
        _noted("bim_elements"),
    ),
}
