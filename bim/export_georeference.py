"""Write where a model lies into its file: IfcMapConversion and IfcProjectedCRS, or the property sets of IFC2X3.

The formula is that of the standard (IFC 4.3.2, IfcMapConversion): local coordinates in project units, freed of the
context's WorldCoordinateSystem, scaled, turned, shifted. `Scale` bridges project units to metres and holds the grid
factor; `MapUnit` is always written, as metre.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import ifcopenshell.util.placement
import numpy as np

from bim.errors import JobError
from bim.export_additions import Additions
from bim.export_order import ExportPlace
from bim.export_sets import remove_sets
from bim.georeference.facts import Matrix
from bim.model import Instance, Model, list_instances
from bim.units import read_units

SETS: Final = ("epset_mapconversion", "epset_projectedcrs")
_FLAT: Final = 1e-9  # of a turn: a conversion has no tilt and no mirror
_HEIGHT_NOTE_M: Final = 0.001  # over 10 m of height


@dataclass(frozen=True)
class _Conversion:
    """A map conversion; metres, and the direction of the model's x axis on the map."""

    eastings: float
    northings: float
    height: float
    abscissa: float
    ordinate: float
    scale: float


def write_georeference(model: Model, additions: Additions, place: ExportPlace) -> list[str]:
    """Write a place in the way of the file's schema, in place of the one it states; return remarks.

    Raises
    ------
    JobError
        The place mirrors or tilts the model, which a map conversion cannot say, or the file has no context for it.
    """
    context = _model_context(model)
    if context is None and not additions.old:
        raise JobError(
            "The file has no geometric representation context to which a map conversion could belong.",
            "文件没有可挂接地图转换的几何表达上下文。",
        )
    unit_m = read_units(model).length_m
    matrix = np.array(place.matrix, dtype=np.float64).reshape(4, 4) @ _world(model, context, unit_m)
    conversion, notes = _conversion(matrix, unit_m)
    if additions.old:
        _write_sets(model, additions, place, conversion)
    else:
        _write_entities(model, additions, context, place, conversion)
    return notes


def _conversion(matrix: Matrix, unit_m: float) -> tuple[_Conversion, list[str]]:
    a, b = float(matrix[0, 0]), float(matrix[1, 0])
    factor = math.hypot(a, b)
    turned = np.array([[a, -b, 0.0], [b, a, 0.0]])
    tilted = np.abs(matrix[2, :2]).max() > _FLAT or np.abs(matrix[:2, :3] - turned).max() > _FLAT * max(
        1.0, factor
    )
    if tilted or factor <= 0 or matrix[2, 2] <= 0:
        raise JobError(
            "The model's place mirrors or tilts it; a map conversion can only scale, turn and shift. Place the model "
            "by hand first.",
            "该模型的定位含镜像或倾斜，地图转换只能缩放、旋转和平移；请先人工定位。",
        )
    notes = []
    height_error = abs(float(matrix[2, 2]) - factor) * 10
    if height_error > _HEIGHT_NOTE_M:
        notes.append(f"heights are scaled like lengths: {height_error * 1000:.1f} mm over 10 m")
    east, north, height = (float(value) for value in matrix[:3, 3])
    return _Conversion(east, north, height, a / factor, b / factor, unit_m * factor), notes


def _write_entities(
    model: Model, additions: Additions, context: Any, place: ExportPlace, conversion: _Conversion
) -> None:
    """Give the context one conversion; what stood there is taken away."""
    metre = _metre(model, additions)
    for old in [*model.by_type("IfcMapConversion"), *model.by_type("IfcRigidOperation")]:
        if any(each.id() == context.id() for each in list_instances(old.SourceCRS)):
            _remove_operation(model, old)
    crs = additions.create(
        "IfcProjectedCRS", Name=place.crs, VerticalDatum=place.vertical_datum, MapUnit=metre
    )
    additions.create(
        "IfcMapConversion",
        SourceCRS=context,
        TargetCRS=crs,
        Eastings=conversion.eastings,
        Northings=conversion.northings,
        OrthogonalHeight=conversion.height,
        XAxisAbscissa=conversion.abscissa,
        XAxisOrdinate=conversion.ordinate,
        Scale=conversion.scale,
    )


def _remove_operation(model: Model, operation: Instance) -> None:
    targets = list_instances(operation.TargetCRS)
    model.file.remove(operation)
    for crs in targets:
        texts = [each for each in model.file.get_inverse(crs) if each.is_a("IfcWellKnownText")]
        if model.file.get_total_inverses(crs) == len(texts):
            for each in texts:
                model.file.remove(each)
            model.file.remove(crs)


def _write_sets(model: Model, additions: Additions, place: ExportPlace, conversion: _Conversion) -> None:
    """Write the property sets of the IFC2X3 user guide on the project, in place of those in any spelling."""
    remove_sets(model, SETS, ("IfcProject", "IfcSite"))
    projects = model.by_type("IfcProject")
    numbers = {
        "Eastings": conversion.eastings,
        "Northings": conversion.northings,
        "OrthogonalHeight": conversion.height,
        "XAxisAbscissa": conversion.abscissa,
        "XAxisOrdinate": conversion.ordinate,
        "Scale": conversion.scale,
    }
    texts = {"Name": place.crs, "MapUnit": "METRE"}
    texts |= {"VerticalDatum": place.vertical_datum} if place.vertical_datum else {}
    additions.define(
        "ePSet_MapConversion", {name: additions.real(value) for name, value in numbers.items()}, projects
    )
    additions.define(
        "ePSet_ProjectedCRS", {name: additions.label(text) for name, text in texts.items()}, projects
    )


def _model_context(model: Model) -> Instance | None:
    plain = [
        each
        for each in model.by_type("IfcGeometricRepresentationContext")
        if not each.is_a("IfcGeometricRepresentationSubContext")
    ]
    named = [each for each in plain if str(each.ContextType).lower() == "model"]
    return next(iter([*named, *plain]), None)


def _world(model: Model, context: Instance | None, unit_m: float) -> Matrix:
    placement = model.value(context, "WorldCoordinateSystem") if context is not None else None
    if placement is None or not placement.is_a("IfcAxis2Placement3D"):
        return np.eye(4)
    matrix = np.array(ifcopenshell.util.placement.get_axis2placement(placement), dtype=np.float64)
    matrix[:3, 3] *= unit_m
    return matrix


def _metre(model: Model, additions: Additions) -> Instance:
    for unit in model.by_type("IfcSIUnit"):
        if unit.UnitType == "LENGTHUNIT" and unit.Prefix is None and unit.Name == "METRE":
            return unit
    return additions.create("IfcSIUnit", UnitType="LENGTHUNIT", Name="METRE")
