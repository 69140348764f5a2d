"""Property sets (属性集) of elements and types, each definition read once however often it is shared."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ifcopenshell

from bim.measures import SiValue, compute_si
from bim.model import NAME, Instance, Model, list_instances
from bim.quantities import Quantities, read_quantities
from bim.results import QuantityValue
from bim.units import Units, unwrap

Values = dict[str, Any]


@dataclass
class Properties:
    """What a file says of an element: values by set and name, SI values of measures, names that come from the type."""

    values: dict[str, Values] = field(default_factory=dict)
    si: dict[str, Values] = field(default_factory=dict)
    of_type: dict[str, list[str]] = field(default_factory=dict)


_QUANTITY_SET = "IfcElementQuantity"
# Positions in IfcRelDefinesByProperties and IfcPropertySingleValue, the same in every schema.
_RELATED, _RELATING = 4, 5
_NOMINAL, _UNIT = 2, 3
_NO_MEASURES = frozenset((type(None), bool, str))
_PLAIN = frozenset((type(None), bool, int, float))
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
        self._psets: dict[int, _Pset] = {}
        self._properties: dict[int, tuple[str, Any, SiValue | None]] = {}
        self._quantities: dict[int, tuple[str, dict[str, QuantityValue]]] = {}
        self._by_element: dict[int, list[Instance]] = defaultdict(list)
        for relation in model.by_type("IfcRelDefinesByProperties"):
            definitions = _definitions(relation.get_argument(_RELATING))
            for element in list_instances(relation.get_argument(_RELATED)):
                self._by_element[element.id()].extend(definitions)

    def get_properties(self, element: Instance, kind: Instance | None) -> Properties:
        """Get the property sets of an element over those of its type, fit for JSON."""
        merged = Properties()
        for definition in self._of_type(kind):
            pset = self._pset(definition)
            _merge(merged, pset)
            if pset.values:
                merged.of_type[pset.name] = list(pset.values)
        for definition in self._by_element.get(element.id(), ()):
            pset = self._pset(definition)
            _merge(merged, pset)
            _take_over(merged.of_type, pset)
        return merged

    def get_quantities(self, element: Instance, kind: Instance | None) -> Quantities:
        """Get the quantities of an element over those of its type, by set, in SI units."""
        merged: Quantities = {}
        for definition in (*self._of_type(kind), *self._by_element.get(element.id(), ())):
            name, values = self._quantity_set(definition)
            if values:
                merged[name] = {**merged[name], **values} if name in merged else values
        return merged

    def list_definitions(self, element: Instance) -> list[Instance]:
        """List the property definitions attached to an object itself."""
        return list(self._by_element.get(element.id(), ()))

    def _of_type(self, kind: Instance | None) -> list[Instance]:
        return list_instances(self._model.value(kind, "HasPropertySets")) if kind is not None else []

    def _pset(self, definition: Instance) -> "_Pset":
        number = definition.id()
        found = self._psets.get(number)
        if found is None:
            name = clean(definition.get_argument(NAME)) or definition.is_a()
            found = self._psets[number] = _Pset(name, *self._values(definition))
        return found

    def _values(self, definition: Instance) -> tuple[Values, Values]:
        if definition.is_a() == _QUANTITY_SET:
            return {}, {}
        properties = self._model.value(definition, "HasProperties")
        if properties is None:
            return {name: clean(value) for name, value in _predefined(definition).items()}, {}
        read = [self._property(each) for each in list_instances(properties)]
        return {name: value for name, value, _ in read}, {name: si for name, _, si in read if si is not None}

    def _property(self, one: Instance, depth: int = 0) -> tuple[str, Any, SiValue | None]:
        number = one.id()
        found = self._properties.get(number)
        if found is None:
            name = clean(one.get_argument(0)) or ""
            value = self._property_value(one, depth)
            si = None if type(value) in _NO_MEASURES else self._si(one)
            found = self._properties[number] = (name, value, si)
        return found

    def _property_value(self, one: Instance, depth: int) -> Any:
        reader = _READERS.get(one.is_a())
        if reader is not None:
            return clean(reader(one))
        if one.is_a("IfcComplexProperty") and depth < _DEPTH:
            parts = (self._property(each, depth + 1) for each in list_instances(one.HasProperties))
            return {name: value for name, value, _ in parts}
        return None

    def _si(self, one: Instance) -> SiValue | None:
        typed = _TYPED.get(one.is_a())
        return compute_si(self._model, *typed(one), self._units) if typed is not None else None

    def _quantity_set(self, definition: Instance) -> tuple[str, dict[str, QuantityValue]]:
        number = definition.id()
        found = self._quantities.get(number)
        if found is None:
            if definition.is_a() != _QUANTITY_SET:
                return self._quantities.setdefault(number, ("", {}))
            values = read_quantities(self._model, definition, self._units)
            name = clean(definition.get_argument(NAME)) or _QUANTITY_SET
            found = self._quantities[number] = (name, clean(values))
        return found


@dataclass(frozen=True)
class _Pset:
    """One definition as read: its name, its values, and the SI values of its measures."""

    name: str
    values: Values
    si: Values


def _merge(merged: "Properties", pset: _Pset) -> None:
    name = pset.name
    before = merged.si.get(name)
    if name not in merged.values:
        if pset.values:
            merged.values[name] = pset.values
        if pset.si:
            merged.si[name] = pset.si
        return
    merged.values[name] = {**merged.values[name], **pset.values}
    if pset.si or before:
        kept = {key: value for key, value in (before or {}).items() if key not in pset.values}
        merged.si[name] = {**kept, **pset.si}


def _take_over(of_type: dict[str, list[str]], pset: _Pset) -> None:
    """An occurrence's own value is no longer the type's."""
    inherited = of_type.pop(pset.name, None)
    left = [name for name in inherited or () if name not in pset.values]
    if left:
        of_type[pset.name] = left


def clean(value: Any) -> Any:
    """Make a value fit for JSON in PostgreSQL: no NUL, no lone surrogate, nothing but plain types.

    >>> clean({"名": ("a\\x00b", 1.5)})
    {'名': ['ab', 1.5]}
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is str:
        if value.isascii() and "\x00" not in value:
            return value
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if kind is dict:
        return {clean(str(key)): clean(each) for key, each in value.items()}
    if kind is list or kind is tuple:
        return [clean(each) for each in value]
    return clean(str(value))


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


def _typed_single(one: Instance) -> tuple[list[Instance], Any]:
    return _wrapped((one.get_argument(_NOMINAL),)), one.get_argument(_UNIT)


def _typed_listed(one: Instance) -> tuple[list[Instance], Any]:
    return _wrapped(one.ListValues or ()), one.Unit


def _typed_bounded(one: Instance) -> tuple[list[Instance], Any]:
    return _wrapped((one.LowerBoundValue, one.UpperBoundValue)), one.Unit


def _wrapped(values: tuple[Any, ...]) -> list[Instance]:
    return [value for value in values if isinstance(value, ifcopenshell.entity_instance)]


_TYPED: dict[str, Callable[[Instance], tuple[list[Instance], Any]]] = {
    "IfcPropertySingleValue": _typed_single,
    "IfcPropertyListValue": _typed_listed,
    "IfcPropertyBoundedValue": _typed_bounded,
}
