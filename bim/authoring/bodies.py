"""Geometry of the parts: placements, swept sections, walls with axis, plates, holes."""

from dataclasses import dataclass
from typing import Any

import ifcopenshell.api.feature
import ifcopenshell.api.geometry
import ifcopenshell.api.profile
import ifcopenshell.api.root
import ifcopenshell.util.unit
import numpy as np
import numpy.typing as npt

from bim.authoring.design import Opening, Plate, Polygonal, Rectangle, Section, Swept, Vector, WallBody

Entity = Any
Matrix = npt.NDArray[np.float64]
HOLE_MARGIN_M = 0.1


@dataclass(frozen=True)
class Contexts:
    """The contexts that shapes belong to."""

    body: Entity
    axis: Entity

    @staticmethod
    def place_at_origin(model: Any, product: Entity, elevation: float) -> None:
        """Place a spatial element straight above the model's origin."""
        matrix = frame((0.0, 0.0, elevation), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
        ifcopenshell.api.geometry.edit_object_placement(model, product=product, matrix=matrix)


def frame(origin: Vector, x_axis: Vector, z_axis: Vector) -> Matrix:
    """Return the placement matrix with these axes; y completes them right-handed."""
    x, z = np.array(x_axis), np.array(z_axis)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = x, np.cross(z, x), z
    matrix[:3, 3] = origin
    return matrix


def shape_part(model: Any, contexts: Contexts, entity: Entity, body: Swept | WallBody | Plate) -> None:
    """Give an element its placement and its body; a wall gets its axis as well."""
    if isinstance(body, WallBody):
        _shape_wall(model, contexts, entity, body)
    elif isinstance(body, Plate):
        _shape_plate(model, contexts, entity, body)
    else:
        _shape_swept(model, contexts, entity, body)


def _shape_wall(model: Any, contexts: Contexts, entity: Entity, body: WallBody) -> None:
    matrix = wall_frame(body)
    ifcopenshell.api.geometry.edit_object_placement(model, product=entity, matrix=matrix)
    axis = ifcopenshell.api.geometry.add_axis_representation(
        model, context=contexts.axis, axis=[(0.0, 0.0), (_millimetre(body.length), 0.0)]
    )
    solid = ifcopenshell.api.geometry.add_wall_representation(
        model,
        context=contexts.body,
        length=_millimetre(body.length),
        height=_millimetre(body.height),
        offset=-body.thickness / 2,
        thickness=body.thickness,
    )
    for representation in (axis, solid):
        ifcopenshell.api.geometry.assign_representation(model, product=entity, representation=representation)


def wall_frame(body: WallBody) -> Matrix:
    """Return the placement of a wall: origin at its axis' start, x along it."""
    direction = (
        (body.end[0] - body.start[0]) / body.length,
        (body.end[1] - body.start[1]) / body.length,
        0.0,
    )
    return frame((body.start[0], body.start[1], body.base), direction, (0.0, 0.0, 1.0))


def _shape_plate(model: Any, contexts: Contexts, entity: Entity, body: Plate) -> None:
    x0, y0 = body.outline[0]
    matrix = frame((x0, y0, body.base), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    ifcopenshell.api.geometry.edit_object_placement(model, product=entity, matrix=matrix)
    outline = [(_millimetre(x - x0), _millimetre(y - y0)) for x, y in body.outline]
    solid = ifcopenshell.api.geometry.add_slab_representation(
        model, context=contexts.body, depth=body.thickness, polyline=[*outline, outline[0]]
    )
    ifcopenshell.api.geometry.assign_representation(model, product=entity, representation=solid)


def _shape_swept(model: Any, contexts: Contexts, entity: Entity, body: Swept) -> None:
    ifcopenshell.api.geometry.edit_object_placement(model, product=entity, matrix=_swept_frame(body))
    solid = _sweep(model, contexts, body.section, body.length)
    ifcopenshell.api.geometry.assign_representation(model, product=entity, representation=solid)


def _swept_frame(body: Swept) -> Matrix:
    if body.along is None:
        return frame(body.origin, (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    forward = (body.along[0], body.along[1], 0.0)
    # x = y × z with y upwards, so that a section drawn upright stands upright.
    return frame(body.origin, (-body.along[1], body.along[0], 0.0), forward)


def _sweep(model: Any, contexts: Contexts, section: Section, length: float) -> Entity:
    return ifcopenshell.api.geometry.add_profile_representation(
        model,
        context=contexts.body,
        profile=_profile(model, section),
        depth=_millimetre(length),
        cardinal_point=None,
    )


def _profile(model: Any, section: Section) -> Entity:
    scale = 1 / ifcopenshell.util.unit.calculate_unit_scale(model)
    if isinstance(section, Polygonal):
        points = [(_scaled(x, scale), _scaled(y, scale)) for x, y in (*section.points, section.points[0])]
        return model.create_entity("IfcArbitraryClosedProfileDef", "AREA", None, _polyline(model, points))
    if isinstance(section, Rectangle):
        profile = ifcopenshell.api.profile.add_parameterized_profile(
            model, ifc_class="IfcRectangleProfileDef"
        )
        profile.XDim, profile.YDim = _scaled(section.width, scale), _scaled(section.height, scale)
        return profile
    hollow = section.wall is not None
    profile = ifcopenshell.api.profile.add_parameterized_profile(
        model, ifc_class="IfcCircleHollowProfileDef" if hollow else "IfcCircleProfileDef"
    )
    profile.Radius = _scaled(section.radius, scale)
    if section.wall is not None:
        profile.WallThickness = _scaled(section.wall, scale)
    return profile


def _polyline(model: Any, points: list[tuple[float, float]]) -> Entity:
    return model.create_entity("IfcPolyline", [model.create_entity("IfcCartesianPoint", p) for p in points])


def _scaled(value: float, scale: float) -> float:
    return round(value * scale, 6)


def _millimetre(value: float) -> float:
    return round(value, 6)


def open_wall(
    model: Any,
    contexts: Contexts,
    wall: Entity,
    body: Swept | WallBody | Plate,
    opening: Opening,
    filling: Entity,
) -> Entity:
    """Cut a hole into a wall, put the filling into it, and return the hole."""
    if not isinstance(body, WallBody):
        raise TypeError(f"{opening.host} is no wall; openings are cut into walls only")
    hole = ifcopenshell.api.root.create_entity(
        model, ifc_class="IfcOpeningElement", predefined_type="OPENING"
    )
    middle = opening.along + opening.width / 2
    local = frame((middle, 0.0, opening.sill), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    matrix = wall_frame(body) @ local
    ifcopenshell.api.geometry.edit_object_placement(model, product=hole, matrix=matrix)
    solid = _sweep(
        model, contexts, Rectangle(opening.width, body.thickness + 2 * HOLE_MARGIN_M), opening.height
    )
    ifcopenshell.api.geometry.assign_representation(model, product=hole, representation=solid)
    ifcopenshell.api.feature.add_feature(model, feature=hole, element=wall)
    ifcopenshell.api.geometry.edit_object_placement(model, product=filling, matrix=matrix)
    ifcopenshell.api.feature.add_filling(model, opening=hole, element=filling)
    return hole
