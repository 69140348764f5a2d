"""Which rows a spatial question is put to: a closed list of layers, rows and fields by the one rule of sight."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gis.cql2 import compile_filter, parse_filter
from gis.layer import Field
from gis.questions import Form, Source
from gis.statement import Condition
from twin.errors import InvalidInputError
from twin.identity.caller import Caller
from twin.land.models import CONTROL_LAYERS
from twin.layers import LAYERS, select_rows

MOST_LAYERS: Final = 12
NAMES: Final = (*LAYERS, *CONTROL_LAYERS)
CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "projects": ("light",),
    "project_points": ("light",),
    "bim_models": ("discipline",),
    "bim_elements": ("status",),
    "land_parcels": ("state",),
    "control_areas": ("layer",),
    **dict.fromkeys(CONTROL_LAYERS, ("class_code", "class_name")),
}
KIND_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "projects": ("category",),
    "project_points": (),
    "bim_models": ("discipline",),
    "bim_elements": ("ifc_class",),
    "land_parcels": ("kind",),
    "control_areas": ("layer",),
    **dict.fromkeys(CONTROL_LAYERS, ()),
}
"""What two features must share to be of the same kind, where the question does not say."""


@dataclass(frozen=True)
class About:
    """What a question is about: a project, a shape with its CRS (east or longitude first), an upload of the caller,
    or a feature of a layer.
    """

    project: str | None = None
    geometry: Mapping[str, Any] | None = None
    crs: str = "EPSG:4490"
    upload: str | None = None
    layer: str | None = None
    feature_id: int | None = None


@dataclass(frozen=True)
class Wanted:
    """Which rows of which layers, how many, and how they are written.

    Parameters
    ----------
    filter : str, optional
        CQL2 text over fields that every layer of the question has.
    at : datetime, optional
        State as known at that time; None is now.
    next : str, optional
        Where the page before ended.
    """

    layers: tuple[str, ...] = ("land_parcels",)
    filter: str | None = None
    at: datetime | None = None
    limit: int = 100
    next: str | None = None
    form: Form = "geojson"


def make_sources(caller: Caller, wanted: Wanted, others_than: About | None = None) -> list[Source]:
    """Return the rows of the named layers that the caller may see and asked for, each layer once.

    Parameters
    ----------
    others_than : About, optional
        A project or feature that is no answer to a question about itself.

    Raises
    ------
    InvalidInputError
        An unknown layer, none, or too many.
    """
    names = list(dict.fromkeys(wanted.layers))
    unknown = [name for name in names if name not in NAMES]
    if unknown or not 1 <= len(names) <= MOST_LAYERS:
        asked = ", ".join(unknown) or f"({len(names)})"
        raise InvalidInputError(
            f"Layers {asked} cannot be asked; choose 1 to {MOST_LAYERS} of {', '.join(NAMES)}.",
            f"图层 {asked} 不可用；请从以下选择 1 至 {MOST_LAYERS} 个：{'、'.join(NAMES)}。",
            where="layers",
        )
    return [_source(caller, name, wanted, others_than) for name in names]


def _source(caller: Caller, name: str, wanted: Wanted, others_than: About | None) -> Source:
    layer_id = "control_areas" if name in CONTROL_LAYERS else name
    selection = select_rows(caller, layer_id, wanted.at).selection
    if layer_id != name:
        selection = selection.filtered(Condition("f.layer = %(control_layer)s", {"control_layer": name}))
    if wanted.filter:
        selection = selection.filtered(compile_filter(selection.layer, parse_filter(wanted.filter)))
    if others_than is not None and name in ("projects", "project_points") and others_than.project:
        selection = selection.filtered(Condition("f.code <> %(own_code)s", {"own_code": others_than.project}))
    if others_than is not None and others_than.layer == name and others_than.feature_id is not None:
        selection = selection.filtered(Condition("f.id <> %(own_id)s", {"own_id": others_than.feature_id}))
    return Source(name, selection, CLASSES[name])


def get_source(caller: Caller, wanted: Wanted, where: str = "layer") -> Source:
    try:
        sources = make_sources(caller, wanted)
    except InvalidInputError as error:
        error.where = where
        raise
    return sources[0]


def get_kind_field(source: Source, name: str) -> Field:
    field = source.layer.field(name)
    if field.type in ("string", "integer", "boolean", "date"):
        return field
    raise InvalidInputError(
        f"Field {name} of {source.name} is a {field.type}; kinds are told apart by texts, whole numbers and dates.",
        f"{source.name} 的字段 {name} 类型为 {field.type}；仅可按文本、整数或日期区分类型。",
        where=name,
    )
