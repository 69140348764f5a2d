"""Georeference rules 地理参考规则 under the names of buildingSMART's validation service (GRF…), and our own verdict.

Source: buildingSMART validation rules, functional part GRF (feature texts GRF001, 003–007); each is applied to
every schema that has the entities, not to IFC4X3 alone.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from bim.checks.values import Group, GroupStatus, ResultRow
from bim.model import Instance, Model, list_instances
from bim.units import compute_factor, read_units

_PLACES = ("IfcBuilding", "IfcFacility", "IfcAlignment")
_SITE_PLACE = ("RefLatitude", "RefLongitude", "RefElevation")
_SCALE_TOLERANCE = 1e-3  # a ground-to-grid factor of a city lies within 1 ± 0.001

Fault = tuple[Instance | None, str]


def check_georeference(
    model: Model, first_number: int, place: dict[str, Any] | None
) -> tuple[list[Group], list[ResultRow]]:
    """Apply the rules.

    Parameters
    ----------
    first_number : int
        Number of the first group.
    place : dict or None
        The georeference as it was resolved at the model's conversion.

    Returns
    -------
    groups, rows
        A group per rule, a row per fault.
    """
    groups, rows = [], []
    for number, (key, title, status, rule) in enumerate(_RULES, first_number):
        faults = list(rule(model))
        groups.append(_group(number, key, title, status, len(faults)))
        rows += [_row(number, instance, message) for instance, message in faults]
    number = first_number + len(_RULES)
    verdict, message = _resolved(place)
    found = int(verdict in ("warning", "fail"))
    title = "Position on the map 模型定位结果"
    groups.append(
        Group(number, "TWIN001", f"TWIN001 {title}", verdict, applicable=1, failed=found, description=message)
    )
    rows += [ResultRow(number, passed=False, message=message)] * found
    return groups, rows


def _group(number: int, key: str, title: str, status: GroupStatus, faults: int) -> Group:
    return Group(
        number, key, f"{key} {title}", status if faults else "pass", failed=faults, applicable=faults
    )


def _row(number: int, instance: Instance | None, message: str) -> ResultRow:
    return ResultRow(
        number,
        passed=False,
        message=message,
        step_id=instance.id() if instance is not None else None,
        ifc_class=instance.is_a() if instance is not None else None,
    )


def _contexts(model: Model) -> list[Instance]:
    return [each for each in model.by_type("IfcGeometricRepresentationContext") if not _is_sub(each)]


def _is_sub(context: Instance) -> bool:
    return bool(context.is_a("IfcGeometricRepresentationSubContext"))


def _operations(model: Model) -> list[Instance]:
    return model.by_type("IfcCoordinateOperation")


def _systems(model: Model) -> list[Instance]:
    return model.by_type("IfcCoordinateReferenceSystem")


def _identical_operations(model: Model) -> Iterator[Fault]:
    seen: dict[str, Instance] = {}
    known = {context.id() for context in _contexts(model)}
    for operation in _operations(model):
        source = next(iter(list_instances(model.value(operation, "SourceCRS"))), None)
        if source is None or source.id() not in known:
            continue
        values = {name: str(value) for name, value in operation.get_info().items()}
        text = str(sorted((k, v) for k, v in values.items() if k not in ("id", "SourceCRS")))
        seen.setdefault(text, operation)
    for operation in list(seen.values())[1:]:
        yield (
            operation,
            (
                "Contexts of this model are placed by different coordinate operations; one is to hold for all. "
                "各几何上下文的坐标操作不一致；应使用同一坐标操作。"
            ),
        )


def _crs_present(model: Model) -> Iterator[Fault]:
    if _systems(model) or _converted_sets(model):
        return
    located = next((each for name in _PLACES for each in model.by_type(name)), None)
    for site in model.by_type("IfcSite"):
        if located is None and any(model.value(site, name) is not None for name in _SITE_PLACE):
            located = site
    if located is not None:
        yield (
            located,
            (
                "No coordinate reference system is given: latitude and longitude of the site are no georeference. "
                "Export with IfcMapConversion and IfcProjectedCRS (for example EPSG:4527). "
                "未给出坐标参考系：场地经纬度不构成地理参考；请导出 IfcMapConversion 与 IfcProjectedCRS（如 EPSG:4527）。"
            ),
        )


def _converted_sets(model: Model) -> bool:
    """Whether an IFC2X3 file carries the agreed property set instead of the entity."""
    names = {str(model.value(each, "Name") or "").lower() for each in model.by_type("IfcPropertySet")}
    return bool(names & {"epset_projectedcrs", "epset_mapconversion"})


def _valid_code(model: Model) -> Iterator[Fault]:
    for system in _systems(model):
        name = str(model.value(system, "Name") or "")
        if name.upper().startswith("EPSG:") and _crs_of(name) is None:
            yield system, f"{name[:60]} is no code of the EPSG data set. {name[:60]} 不是有效的 EPSG 代码。"


def _unit_scale(model: Model) -> Iterator[Fault]:
    length_m = read_units(model).length_m
    for operation in model.by_type("IfcMapConversion"):
        system = next(iter(list_instances(model.value(operation, "TargetCRS"))), None)
        unit = None if system is None else next(iter(list_instances(model.value(system, "MapUnit"))), None)
        factor = 1.0 if unit is None else compute_factor(model, unit)
        scale = model.value(operation, "Scale")
        given = 1.0 if scale is None else scale
        if not factor or not isinstance(given, int | float):
            continue
        wanted = length_m / factor
        if given <= 0 or abs(math.log(given / wanted)) > _SCALE_TOLERANCE:
            yield (
                operation,
                (
                    f"Scale is {given:g} and must be {wanted:g}: project length unit over map unit. "
                    f"Scale 为 {given:g}，应为 {wanted:g}（工程长度单位 ÷ 地图单位）。"
                ),
            )


def _wkt_present(model: Model) -> Iterator[Fault]:
    described = {
        each.id()
        for text in model.by_type("IfcWellKnownText")
        for each in list_instances(model.value(text, "CoordinateReferenceSystem"))
    }
    for system in _systems(model):
        name = str(model.value(system, "Name") or "")
        if not name.upper().startswith("EPSG:") and system.id() not in described:
            yield (
                system,
                (
                    f"The system is called {name[:60]!r}: give its EPSG code, or its definition as well-known text. "
                    f"坐标系名称为 {name[:60]!r}：请给出 EPSG 代码，或以 WKT 描述。"
                ),
            )


def _vertical_datum(model: Model) -> Iterator[Fault]:
    for system in _systems(model):
        name = str(model.value(system, "VerticalDatum") or "")
        crs = _crs_of(name) if name.upper().startswith("EPSG:") else None
        if crs is not None and not (crs.is_vertical or crs.is_compound):
            yield (
                system,
                f"{name[:60]} is no vertical system. 高程基准 {name[:60]} 不是高程坐标系（如 EPSG:5737）。",
            )


def _crs_of(name: str) -> CRS | None:
    try:
        return CRS.from_user_input(name.strip())
    except CRSError:
        return None


def _resolved(place: dict[str, Any] | None) -> tuple[GroupStatus, str]:
    if place is None:
        return "skipped", "The model has no converted revision. 模型尚无已转换的版本。"
    warnings = "; ".join(str(each) for each in place.get("warnings") or [])[:1000]
    confidence = place.get("confidence")
    if place.get("crs") is None or confidence == "none":
        return "fail", f"The model has no place on the map. 模型未能定位到地图上。 {warnings}".strip()
    if confidence != "high" or warnings:
        return (
            "warning",
            f"Placed with {confidence} confidence. 定位置信度：{confidence}。 {warnings}".strip(),
        )
    return "pass", ""


_Rule = Callable[[Model], Iterator[Fault]]
_RULES: tuple[tuple[str, str, GroupStatus, _Rule], ...] = (
    ("GRF001", "Identical coordinate operations 坐标操作一致", "warning", _identical_operations),
    ("GRF003", "CRS presence with spatial entities 应有坐标参考系", "warning", _crs_present),
    ("GRF004", "Valid EPSG code 有效的 EPSG 代码", "fail", _valid_code),
    ("GRF005", "CRS unit type differences 单位与比例一致", "warning", _unit_scale),
    ("GRF006", "WKT specification for missing EPSG 无 EPSG 代码时应有 WKT", "warning", _wkt_present),
    ("GRF007", "Valid vertical datum 有效的高程基准", "warning", _vertical_datum),
)
