"""What an overlap run is asked: the subjects, the layers, the rules; as JSON in the run's row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gis.overlap import OverlapOptions, SubjectRows
from gis.overlap.target import Adjust
from gis.statement import ROW, Condition
from twin.errors import InvalidInputError
from twin.identity.caller import Caller
from twin.identity.rights import may, require
from twin.land.models import CONTROL_LAYERS
from twin.land.targets import TITLES, expand_layers
from twin.projects.models import Project
from twin.projects.queries import get_project

MOST_PROJECTS: Final = 10_000
_ROWS: Final = {
    "projects": """SELECT p.id, p.code, p.name, f.stated_area_m2 FROM project p
      JOIN project_footprint f ON f.project_id = p.id AND f.valid_to IS NULL
      WHERE (:every OR p.id = ANY(:ids))""",
    "land_parcels": """SELECT f.id, f.parcel_no AS code, f.name, f.stated_area_m2 FROM layer_land_parcels(NULL) f
      WHERE :every AND f.geom IS NOT NULL""",
    "control": """SELECT f.id, f.code, f.name, f.registered_area_m2 AS stated_area_m2 FROM layer_control_areas(NULL) f
      WHERE :every AND f.layer = :layer""",
}


@dataclass(frozen=True)
class RunOrder:
    """A question over many subjects.

    Attributes
    ----------
    subject_layer : str
        Layer whose rows are the subjects.
    project_ids : tuple of int, optional
        These projects alone; None for every row of the layer.
    layers : tuple of str
        Answer rows.
    """

    subject_layer: str
    layers: tuple[str, ...]
    project_ids: tuple[int, ...] | None = None
    buffer_m: float = 0.0
    min_area_m2: float = 1.0
    adjust: Adjust | None = None

    @property
    def options(self) -> OverlapOptions:
        """The rules of the overlay; runs keep figures, no geometry."""
        return OverlapOptions(buffer_m=self.buffer_m, min_area_m2=self.min_area_m2, adjust=self.adjust)

    def as_json(self) -> dict[str, Any]:
        """Return the order as it is stored."""
        return {
            "subject": {
                "layer": self.subject_layer,
                "project_ids": None if self.project_ids is None else list(self.project_ids),
            },
            "layers": list(self.layers),
            "buffer_m": self.buffer_m,
            "min_area_m2": self.min_area_m2,
            "adjust": self.adjust,
        }


@dataclass(frozen=True)
class SubjectKey:
    """One subject of a run."""

    id: int
    code: str
    name: str | None
    stated_area_m2: float | None


def read_order(stored: Mapping[str, Any]) -> RunOrder:
    """Return the order of a run's row."""
    ids = stored["subject"]["project_ids"]
    return RunOrder(
        subject_layer=stored["subject"]["layer"],
        layers=tuple(stored["layers"]),
        project_ids=None if ids is None else tuple(ids),
        buffer_m=stored["buffer_m"],
        min_area_m2=stored["min_area_m2"],
        adjust=stored["adjust"],
    )


def order_layer(caller: Caller, layer: str, layers: Sequence[str], options: OverlapOptions) -> RunOrder:
    """Return the order of a whole layer.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        The caller may not run overlaps everywhere.
    InvalidInputError
        No such layer.
    """
    require(caller, "overlap:run")
    if layer not in TITLES:
        raise InvalidInputError(
            f"Unknown layer {layer}; subjects are rows of one of {', '.join(TITLES)}.",
            f"未知图层 {layer}；整层分析可选：{'、'.join(TITLES)}。",
            where="subject.layer",
        )
    return _order(layer, None, layers, options)


def order_projects(
    session: Session, caller: Caller, codes: Sequence[str], layers: Sequence[str], options: OverlapOptions
) -> RunOrder:
    """Return the order of some projects, for each of which the caller must hold the right.

    Raises
    ------
    NotFoundError, UnauthenticatedError, ForbiddenError
        A project does not exist for the caller, or no overlaps may be run for it.
    InvalidInputError
        None, or too many.
    """
    names = list(dict.fromkeys(codes))
    if not 1 <= len(names) <= MOST_PROJECTS:
        raise InvalidInputError(
            f"Name 1 to {MOST_PROJECTS} projects.",
            f"请指定 1 至 {MOST_PROJECTS} 个项目。",
            where="subject.projects",
        )
    rows = session.execute(select(Project.code, Project.id).where(Project.code.in_(names)))
    found = {str(row.code): int(row.id) for row in rows}
    everywhere = may(caller, "overlap:run")
    for code in names:
        if code not in found or not everywhere:
            require(caller, "overlap:run", get_project(session, caller, code).id)
    return _order("projects", tuple(found[code] for code in names), layers, options)


def _order(
    layer: str, ids: tuple[int, ...] | None, layers: Sequence[str], options: OverlapOptions
) -> RunOrder:
    return RunOrder(
        subject_layer=layer,
        layers=tuple(expand_layers(layers)),
        project_ids=ids,
        buffer_m=options.buffer_m,
        min_area_m2=options.min_area_m2,
        adjust=options.adjust,
    )


def list_subject_keys(session: Session, order: RunOrder) -> list[SubjectKey]:
    """List the subjects of an order, by id."""
    kind = order.subject_layer if order.subject_layer in _ROWS else "control"
    params: dict[str, Any] = {"every": order.project_ids is None}
    if kind == "projects":
        params["ids"] = list(order.project_ids or ())
    if kind == "control":
        params["layer"] = order.subject_layer
    rows = session.execute(text(f"{_ROWS[kind]} ORDER BY 1"), params)
    return [SubjectKey(int(row.id), str(row.code), row.name, row.stated_area_m2) for row in rows]


def subject_rows(order: RunOrder, keys: Sequence[SubjectKey]) -> SubjectRows:
    """Return some subjects of an order as rows of their layer."""
    relation = {"projects": "layer_projects", "land_parcels": "layer_land_parcels"}.get(
        order.subject_layer, "layer_control_areas"
    )
    everything = Condition("TRUE")
    layer = Condition(f"{ROW}.layer = %(layer)s", {"layer": order.subject_layer})
    return SubjectRows(
        relation=relation,
        condition=layer if order.subject_layer in CONTROL_LAYERS else everything,
        keys=tuple(key.id for key in keys),
        plane_column="geom_survey",
        temporal=True,
    )
