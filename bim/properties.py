"""Property sets (属性集) of elements and types, each definition read once however often it is shared."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bim.model import Instance, Model
from bim.quantities import read_quantities
from bim.results import QuantityValue
from bim.units import Units, unwrap

Values = dict[str, Any]


@dataclass
class Definitions:
    """Property sets and quantities by instance number of the definition."""

    psets: dict[int, tuple[str, Values]] = field(default_factory=dict)
    quantities: dict[int, dict[str, QuantityValue]] = field(default_factory=dict)


class PropertyReader:
    """Reads the properties of all elements of one model.

    Parameters
    ----------
    model : Model
        Open model.
    units : Units
        Units of its quantities.
    """

    def __init__(self, model: Model, units: Units) -> None:
        self._model, self._units = model, units
        self._read = Definitions()
        self._by_element: dict[int, list[Instance]] = defaultdict(list)
        for relation in model.by_type("IfcRelDefinesByProperties"):
            for definition in _definitions(relation.RelatingPropertyDefinition):
                for element in relation.RelatedObjects or ():
                    self._by_element[element.id()].append(definition)

    def get_psets(self, element: Instance, kind: Instance | None) -> dict[str, Values]:
        """Get the property sets of an element over those of its type."""
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
            if definition.is_a("IfcElementQuantity"):
                merged.update(self._quantity_set(definition))
        return merged

    def list_definitions(self, element: Instance) -> list[Instance]:
        """List the property definitions attached to an object itself."""
        return list(self._by_element.get(element.id(), ()))

    def _all(self, element: Instance, kind: Instance | None) -> list[Instance]:
        of_type = (self._model.value(kind, "HasPropertySets") or ()) if kind is not None else ()
        return [*of_type, *self._by_element.get(element.id(), ())]

    def _pset(self, definition: Instance) -> tuple[str, Values]:
        number = definition.id()
        if number not in self._read.psets:
            self._read.psets[number] = (definition.Name or definition.is_a(), self._values(definition))
        return self._read.psets[number]

    def _values(self, definition: Instance) -> Values:
        if definition.is_a("IfcElementQuantity"):
            return {}
        properties = self._model.value(definition, "HasProperties")
        if properties is not None:
            return {each.Name or "": self._property(each) for each in properties}
        return _predefined(definition)

    def _property(self, one: Instance, depth: int = 0) -> Any:
        reader = _READERS.get(one.is_a())
        if reader is not None:
            return reader(one)
        if one.is_a("IfcComplexProperty") and depth < 16:
            return {each.Name or "": self._property(each, depth + 1) for each in one.HasProperties or ()}
        return None

    def _quantity_set(self, definition: Instance) -> dict[str, QuantityValue]:
        number = definition.id()
        if number not in self._read.quantities:
            self._read.quantities[number] = read_quantities(self._model, definition, self._units)
        return self._read.quantities[number]


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
    if definition is None:
        return ()
    if isinstance(definition, tuple):
        return definition
    return tuple(definition.wrappedValue) if definition.id() == 0 else (definition,)


def _predefined(definition: Instance) -> Values:
    skipped = {"id", "type", "GlobalId", "OwnerHistory", "Name", "Description"}
    return {
        name: value
        for name, value in definition.get_info(recursive=False).items()
        if name not in skipped and isinstance(value, str | int | float | bool)
    }


def _single(one: Instance) -> Any:
    return unwrap(one.NominalValue)


def _listed(attribute: str) -> Callable[[Instance], Any]:
    def read(one: Instance) -> Any:
        values = getattr(one, attribute)
        return None if values is None else [unwrap(value) for value in values]

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
