"""Property sets (属性集) of elements and types, each definition read once however often it is shared."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import ifcopenshell

from bim.model import NAME, Instance, Model, list_instances
from bim.quantities import read_quantities
from bim.results import QuantityValue
from bim.units import Units, unwrap

Values = dict[str, Any]

_QUANTITY_SET = "IfcElementQuantity"
# Positions in IfcRelDefinesByProperties and IfcPropertySingleValue, the same in every schema.
_RELATED, _RELATING = 4, 5
_NOMINAL = 2
_DEPTH = 16


class PropertyReader:
    """Reads the properties of all elements of one model; what is shared is read and cleaned once.

    Parameters
    ----------
    model : Model
        Open model.
    units : Units
        Units of its quantities.
    """

    def __init__(self, model: Model, units: Units) -> None:
        self._model, self._units = model, units
        self._psets: dict[int, tuple[str, Values]] = {}
        self._properties: dict[int, Any] = {}
        self._quantities: dict[int, dict[str, QuantityValue]] = {}
        self._by_element: dict[int, list[Instance]] = defaultdict(list)
        for relation in model.by_type("IfcRelDefinesByProperties"):
            definitions = _definitions(relation.get_argument(_RELATING))
            for element in list_instances(relation.get_argument(_RELATED)):
                self._by_element[element.id()].extend(definitions)

    def get_psets(self, element: Instance, kind: Instance | None) -> dict[str, Values]:
        """Get the property sets of an element over those of its type, fit for JSON."""
        merged: dict[str, Values] = {}
        for definition in self._all(element, kind):
            name, values = self._pset(definition)
            if name in merged:
                merged[name] = {**merged[name], **values}
            elif values:
                merged[name] = values
        return merged

    def get_quantities(self, element: Instance, kind: Instance | None) -> dict[str, QuantityValue]:
        """Get the quantities of an element over those of its type, in SI units."""
        merged: dict[str, QuantityValue] = {}
        for definition in self._all(element, kind):
            merged.update(self._quantity_set(definition))
        return merged

    def list_definitions(self, element: Instance) -> list[Instance]:
        """List the property definitions attached to an object itself."""
        return list(self._by_element.get(element.id(), ()))

    def _all(self, element: Instance, kind: Instance | None) -> list[Instance]:
        own = self._by_element.get(element.id(), [])
        of_type = self._model.value(kind, "HasPropertySets") if kind is not None else None
        return [*list_instances(of_type), *own] if of_type else own

    def _pset(self, definition: Instance) -> tuple[str, Values]:
        number = definition.id()
        found = self._psets.get(number)
        if found is None:
            name = clean(definition.get_argument(NAME)) or definition.is_a()
            found = self._psets[number] = (name, self._values(definition))
        return found

    def _values(self, definition: Instance) -> Values:
        if definition.is_a() == _QUANTITY_SET:
            return {}
        properties = self._model.value(definition, "HasProperties")
        if properties is None:
            return {name: clean(value) for name, value in _predefined(definition).items()}
        return dict(self._property(each) for each in list_instances(properties))

    def _property(self, one: Instance, depth: int = 0) -> tuple[str, Any]:
        number = one.id()
        found = self._properties.get(number)
        if found is None:
            name = clean(one.get_argument(0)) or ""
            found = self._properties[number] = (name, self._property_value(one, depth))
        return found

    def _property_value(self, one: Instance, depth: int) -> Any:
        reader = _READERS.get(one.is_a())
        if reader is not None:
            return clean(reader(one))
        if one.is_a("IfcComplexProperty") and depth < _DEPTH:
            return dict(self._property(each, depth + 1) for each in list_instances(one.HasProperties))
        return None

    def _quantity_set(self, definition: Instance) -> dict[str, QuantityValue]:
        number = definition.id()
        found = self._quantities.get(number)
        if found is None:
            stated = definition.is_a() == _QUANTITY_SET
            values = read_quantities(self._model, definition, self._units) if stated else {}
            found = self._quantities[number] = clean(values)
        return found


def clean(value: Any) -> Any:
    """Make a value fit for JSON in PostgreSQL: no NUL, no lone surrogate, nothing but plain types.

    >>> clean({"名": ("a\\x00b", 1.5)})
    {'名': ['ab', 1.5]}
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            return value
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {clean(str(key)): clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    return str(value)


def find_planning_status(psets: dict[str, Values]) -> str | None:
    """Find the planning phase (NEW, EXISTING, DEMOLISH …) in a common property set; it is never progress.

    >>> find_planning_status({"Pset_WallCommon": {"Status": ["EXISTING"]}})
    'EXISTING'
    """
    for name, values in psets.items():
        if not (name.startswith("Pset_") and name.endswith("Common")) or "Status" not in values:
            continue
        status = values["Status"]
        first = status[0] if isinstance(status, list) and status else status
        return str(first).upper() if first else None
    return None


def _definitions(definition: Any) -> tuple[Instance, ...]:
    # A set of definitions (IFC4) is a value without a number of its own.
    unnamed = isinstance(definition, ifcopenshell.entity_instance) and definition.id() == 0
    return tuple(list_instances(definition.get_argument(0) if unnamed else definition))


def _predefined(definition: Instance) -> Values:
    skipped = {"id", "type", "GlobalId", "OwnerHistory", "Name", "Description"}
    return {
        name: value
        for name, value in definition.get_info(recursive=False).items()
        if name not in skipped and isinstance(value, str | int | float | bool)
    }


def _single(one: Instance) -> Any:
    value = one.get_argument(_NOMINAL)
    return value.get_argument(0) if isinstance(value, ifcopenshell.entity_instance) else value


def _listed(attribute: str) -> Callable[[Instance], Any]:
    def read(one: Instance) -> Any:
        values = getattr(one, attribute)
        return [unwrap(value) for value in values] if isinstance(values, tuple) else values

    return read


def _bounded(one: Instance) -> Values:
    info = one.get_info(recursive=False)
    names = ("UpperBoundValue", "LowerBoundValue", "SetPointValue")
    return {name: unwrap(info[name]) for name in names if info.get(name) is not None}


def _table(one: Instance) -> Values:
    return {
        "defining": [unwrap(value) for value in one.DefiningValues or ()],
        "defined": [unwrap(value) for value in one.DefinedValues or ()],
    }


_READERS: dict[str, Callable[[Instance], Any]] = {
    "IfcPropertySingleValue": _single,
    "IfcPropertyEnumeratedValue": _listed("EnumerationValues"),
    "IfcPropertyListValue": _listed("ListValues"),
    "IfcPropertyBoundedValue": _bounded,
    "IfcPropertyTableValue": _table,
}
