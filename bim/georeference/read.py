"""Read from an open model what it says about its position."""

from collections.abc import Iterator
from typing import Any

import ifcopenshell.util.placement
import numpy as np

from bim.georeference.angles import compound_to_degrees, has_mixed_signs, plane_angles_to_degrees
from bim.georeference.facts import CrsText, GeoFacts, MapConversion, Matrix, Point, RigidOperation, SitePoint
from bim.model import Instance, Model
from bim.properties import PropertyReader
from bim.units import Units, compute_factor, unwrap

_CONVERSION_SET, _CRS_SET = "epset_mapconversion", "epset_projectedcrs"
_MAP_UNITS = {
    "METRE": 1.0, "METER": 1.0, "METRES": 1.0, "METERS": 1.0, "M": 1.0, "MILLIMETRE": 0.001, "MILLIMETER": 0.001, "MM": 0.001, "CENTIMETRE": 0.01,
    "CENTIMETER": 0.01, "CM": 0.01, "KILOMETRE": 1000.0, "KILOMETER": 1000.0, "KM": 1000.0, "FOOT": 0.3048,
    "FEET": 0.3048, "FT": 0.3048, "INCH": 0.0254, "US SURVEY FOOT": 1200 / 3937, "FTUS": 1200 / 3937, "米": 1.0, "毫米": 0.001,
}  # fmt: skip


def read_geo_facts(
    model: Model,
    units: Units,
    properties: PropertyReader,
    long_conversions: dict[int, tuple[str, ...]],
    middle: Point | None,
) -> GeoFacts:
    """Read everything a model says about its position.

    Parameters
    ----------
    model, units, properties
        Open model.
    long_conversions : dict
        Raw values of map conversions of release candidates, which the opened schema cuts short.
    middle : Point or None
        Median middle of the drawn elements, metres.
    """
    context = _model_context(model)
    conversions, notes = _conversions(model, long_conversions)
    conversions += list(_pset_conversions(model, properties))
    return GeoFacts(
        unit_m=units.length_m,
        conversions=tuple(conversions),
        rigid=tuple(_rigid_operations(model, units)),
        sites=tuple(_site_points(model, units)),
        world=_world(model, context, units),
        true_north=_true_north(model, context),
        address=_address(model),
        middle=middle,
        offset=_topmost_location(model, units),
        notes=tuple(notes),
    )


def _contexts(model: Model) -> list[Instance]:
    return model.by_type("IfcGeometricRepresentationContext")


def _is_model(context: Instance | None) -> bool:
    if context is None or not context.is_a("IfcGeometricRepresentationContext"):
        return False
    parent = (
        getattr(context, "ParentContext", None)
        if context.is_a("IfcGeometricRepresentationSubContext")
        else None
    )
    kind = (parent or context).ContextType
    return kind is None or str(kind).lower() in ("model", "3d", "design", "")


def _model_context(model: Model) -> Instance | None:
    plain = [each for each in _contexts(model) if not each.is_a("IfcGeometricRepresentationSubContext")]
    named = [each for each in plain if str(each.ContextType).lower() == "model"]
    return (named or plain or [None])[0]


def _world(model: Model, context: Instance | None, units: Units) -> Matrix | None:
    placement = model.value(context, "WorldCoordinateSystem") if context is not None else None
    if placement is None or not placement.is_a("IfcAxis2Placement3D"):
        return None
    matrix = _axis_matrix(placement, units)
    return None if np.allclose(matrix, np.eye(4), atol=1e-12) else matrix


def _axis_matrix(placement: Instance, units: Units) -> Matrix:
    _check_axes(placement)
    matrix = np.array(ifcopenshell.util.placement.get_axis2placement(placement), dtype=np.float64)
    matrix[:3, 3] *= units.length_m
    return matrix


def _true_north(model: Model, context: Instance | None) -> tuple[float, float] | None:
    direction = model.value(context, "TrueNorth") if context is not None else None
    if direction is None or len(direction.DirectionRatios) < 2:
        return None
    x, y = (float(each) for each in direction.DirectionRatios[:2])
    length = float(np.hypot(x, y))
    return (x / length, y / length) if length > 1e-12 else None


def _conversions(
    model: Model, long_conversions: dict[int, tuple[str, ...]]
) -> tuple[list[MapConversion], list[str]]:
    found, notes = [], []
    for one in model.by_type("IfcMapConversion"):
        crs, source = one.TargetCRS, one.SourceCRS
        if crs is None or one.Eastings is None or one.Northings is None:
            continue
        unit = model.value(crs, "MapUnit")
        factor, doubtful = _unit_factor(model, unit)
        raw = long_conversions.get(one.id(), ())
        if len(raw) == 10 and len({*raw[7:10]} - {"$"}) > 1:
            notes.append(f"#{one.id()}: separate scales {', '.join(raw[7:10])} of a release candidate")
        found.append(
            MapConversion(
                evidence=f"#{one.id()}",
                crs=_crs_text(model, crs),
                eastings=float(one.Eastings),
                northings=float(one.Northings),
                height=float(one.OrthogonalHeight or 0.0),
                abscissa=one.XAxisAbscissa,
                ordinate=one.XAxisOrdinate,
                scale=one.Scale,
                factors=_factors(model, one, raw),
                map_unit_m=factor,
                map_unit_doubtful=doubtful,
                on_model=_is_model(source),
            )
        )
    return found, notes


def _factors(model: Model, one: Instance, raw: tuple[str, ...]) -> Point:
    """Factors per axis: of IfcMapConversionScaled, or of a release candidate's ScaleY and ScaleZ over Scale."""
    if len(raw) == 10:
        scale, *others = (_number(each) for each in raw[7:10])
        if scale:
            y, z = (other / scale if other else 1.0 for other in others)
            return 1.0, y, z
    values = [model.value(one, name) for name in ("FactorX", "FactorY", "FactorZ")]
    x, y, z = (1.0 if value is None else float(unwrap(value)) for value in values)
    return x, y, z


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _rigid_operations(model: Model, units: Units) -> Iterator[RigidOperation]:
    for one in model.by_type("IfcRigidOperation"):
        crs = one.TargetCRS
        if crs is None or one.FirstCoordinate is None or one.SecondCoordinate is None:
            continue
        first, second = float(unwrap(one.FirstCoordinate)), float(unwrap(one.SecondCoordinate))
        angles, height = one.FirstCoordinate.is_a("IfcPlaneAngleMeasure"), float(one.Height or 0.0)
        if angles:
            unit = model.value(crs, "AngleUnit")
            radian = compute_factor(model, unit) if unit is not None else None
            first, second = plane_angles_to_degrees(first, second, radian or units.angle_rad)
            height *= _unit_factor(model, model.value(crs, "HeightUnit"))[0] or units.length_m
        factor, doubtful = _unit_factor(model, model.value(crs, "MapUnit"))
        yield RigidOperation(
            evidence=f"#{one.id()}",
            crs=_crs_text(model, crs),
            first=first,
            second=second,
            height=height,
            angles=angles,
            map_unit_m=factor,
            map_unit_doubtful=doubtful,
            on_model=_is_model(one.SourceCRS),
        )


def _unit_factor(model: Model, unit: Instance | None) -> tuple[float | None, bool]:
    if unit is None:
        return None, False
    factor = compute_factor(model, unit)
    name = str(model.value(unit, "Name") or "").upper()
    doubtful = (
        factor is not None and name in ("METRE", "METER") and not unit.is_a("IfcSIUnit") and factor != 1.0
    )
    return factor, doubtful


def _crs_text(model: Model, crs: Instance) -> CrsText:
    texts = (each for each in model.by_type("IfcWellKnownText") if each.CoordinateReferenceSystem == crs)
    wkt = next(texts, None)
    return CrsText(
        name=crs.Name,
        geodetic_datum=model.value(crs, "GeodeticDatum"),
        vertical_datum=model.value(crs, "VerticalDatum"),
        map_projection=model.value(crs, "MapProjection"),
        map_zone=model.value(crs, "MapZone"),
        wkt=model.value(wkt, "WellKnownText") if wkt is not None else None,
        geographic=crs.is_a("IfcGeographicCRS"),
    )


def _pset_conversions(model: Model, properties: PropertyReader) -> Iterator[MapConversion]:
    """Read the property sets of the IFC2X3 user guide, in any spelling, on project or site."""
    found: list[tuple[Instance, dict[str, dict[str, Any]]]] = []
    for holder in model.by_type("IfcProject") + model.by_type("IfcSite"):
        sets: dict[str, dict[str, Any]] = {}
        for definition in properties.list_definitions(holder):
            if (definition.Name or "").strip().lower() in (_CONVERSION_SET, _CRS_SET):
                name = definition.Name.strip().lower()
                sets.setdefault(name, {}).update(_nominal_values(definition))
        found.append((holder, sets))
    # The two sets may hang on different holders.
    anywhere = next((sets[_CRS_SET] for _, sets in found if _CRS_SET in sets), {})
    for holder, sets in found:
        if _CONVERSION_SET in sets:
            conversion = _pset_conversion(holder, sets[_CONVERSION_SET], sets.get(_CRS_SET, anywhere))
            if conversion is not None:
                yield conversion


def _nominal_values(definition: Instance) -> dict[str, Any]:
    return {
        (each.Name or "").lower(): each.NominalValue
        for each in definition.HasProperties or ()
        if each.is_a("IfcPropertySingleValue")
    }


def _pset_conversion(
    holder: Instance, conversion: dict[str, Any], crs: dict[str, Any]
) -> MapConversion | None:
    def number(name: str) -> float | None:
        value = unwrap(conversion.get(name))
        return _number(str(value)) if value is not None else None

    def text(values: dict[str, Any], name: str) -> str | None:
        value = unwrap(values.get(name))
        return str(value) if value not in (None, "") else None

    eastings, northings = number("eastings"), number("northings")
    if eastings is None or northings is None:
        return None
    unit = text(crs, "mapunit")
    factor = _MAP_UNITS.get(unit.strip().upper()) if unit else None
    typed = conversion["eastings"]
    return MapConversion(
        evidence=f"ePSet_MapConversion on #{holder.id()} {holder.is_a()}",
        crs=CrsText(
            name=text(crs, "name") or text(conversion, "targetcrs"),
            geodetic_datum=text(crs, "geodeticdatum"),
            vertical_datum=text(crs, "verticaldatum"),
            map_projection=text(crs, "mapprojection"),
            map_zone=text(crs, "mapzone"),
        ),
        eastings=eastings,
        northings=northings,
        height=number("orthogonalheight") or 0.0,
        abscissa=number("xaxisabscissa"),
        ordinate=number("xaxisordinate"),
        scale=number("scale"),
        # Exact match: "MILLIMETRE" contains "METRE".
        map_unit_m=factor,
        typed_as_length=hasattr(type(typed), "is_a") and "LengthMeasure" in typed.is_a(),
        from_pset=True,
        problem=f"MapUnit {unit!r} is not understood" if unit and factor is None else None,
    )


def _site_points(model: Model, units: Units) -> Iterator[SitePoint]:
    for site in model.by_type("IfcSite"):
        latitude, longitude = model.value(site, "RefLatitude"), model.value(site, "RefLongitude")
        if not latitude or not longitude:
            continue
        elevation = model.value(site, "RefElevation")
        yield SitePoint(
            evidence=f"#{site.id()}",
            lat=compound_to_degrees(latitude),
            lon=compound_to_degrees(longitude),
            parts=min(len(latitude), len(longitude)),
            elevation_m=None if elevation is None else float(elevation) * units.length_m,
            origin=_location(site, units),
            mixed_signs=has_mixed_signs(latitude) or has_mixed_signs(longitude),
        )


def _location(product: Instance, units: Units) -> Point:
    if product.ObjectPlacement is None:
        return 0.0, 0.0, 0.0
    link = product.ObjectPlacement
    while link is not None:
        _check_axes(getattr(link, "RelativePlacement", None))
        link = getattr(link, "PlacementRelTo", None)
    matrix = ifcopenshell.util.placement.get_local_placement(product.ObjectPlacement)
    x, y, z = (float(matrix[row][3]) * units.length_m for row in range(3))
    return x, y, z


def _check_axes(axes: Instance | None) -> None:
    """Refuse axes whose place is no point: the library would have the kernel draw it, which ends the process."""
    location = getattr(axes, "Location", None)
    if location is not None and not location.is_a("IfcPoint"):
        raise TypeError(f"#{location.id()} {location.is_a()} stands where a point is needed")


def _topmost_location(model: Model, units: Units) -> Point:
    for name in ("IfcSite", "IfcFacility", "IfcBuilding"):
        for product in model.by_type(name):
            return _location(product, units)
    return 0.0, 0.0, 0.0


def _address(model: Model) -> str | None:
    for address in model.by_type("IfcPostalAddress"):
        parts = [*(address.AddressLines or ()), address.Town, address.Region, address.Country]
        text = " ".join(str(part) for part in parts if part)
        if text:
            return text
    return None
