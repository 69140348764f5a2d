# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""One row of a layer as it now stands: seen through the one visibility rule, with the tag of its state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.errors import FeatureNotFoundError
from gis.statement import ROW
from gis.tag import row_tag_sql
from twin.identity import Caller
from twin.layers import get_layer, select_rows


@dataclass(frozen=True)
class Row:
    """A row with everything the layer shows, internal fields included; geometry in EPSG:4490, longitude first."""

    id: int
    project_id: int | None
    values: Mapping[str, Any]
    geometry: BaseGeometry | None
    tag: str


def find_row(session: Session, caller: Caller, layer_id: str, feature_id: int) -> Row | None:
    """Return the row if it exists and the caller may see it."""
    layer = get_layer(layer_id)
    selection = replace(select_rows(caller, layer_id).selection, layer=layer)
    rows = selection.rows()
    sql = (
        f"SELECT {ROW}.row_project_id, ST_AsBinary({layer.geometry_sql()}), {row_tag_sql()}, {layer.columns()} "
        f"FROM {rows.sql} AND {layer.id_sql()} = %(feature_id)s"
    )
    found = session.connection().exec_driver_sql(sql, {**rows.params, "feature_id": feature_id}).first()
    if found is None:
        return None
    project_id, wkb, tag, *values = found
    named = {field.name: value for field, value in zip(layer.fields, values, strict=True)}
    return Row(feature_id, project_id, named, None if wkb is None else shapely.from_wkb(bytes(wkb)), tag)


def get_row(session: Session, caller: Caller, layer_id: str, feature_id: int) -> Row:
    """Return the row.

    Raises
    ------
    FeatureNotFoundError
        There is none, or the caller may not see it: the two are not told apart.
    """
    row = find_row(session, caller, layer_id, feature_id)
    if row is not None:
        return row
    raise FeatureNotFoundError(
        f"Layer {layer_id} has no feature {feature_id}.", f"图层 {layer_id} 没有编号为 {feature_id} 的要素。"
    )


def feature_tag(session: Session, caller: Caller, layer_id: str, feature_id: int) -> str:
    """Return the tag of a feature's present state; every strong entity tag of it begins with this.

    Raises
    ------
    FeatureNotFoundError
        There is none, or the caller may not see it.
    """
    return get_row(session, caller, layer_id, feature_id).tag
