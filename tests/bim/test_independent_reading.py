"""Every element against a second reading: the library's own helpers, on every readable file there is."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.element
import ifcopenshell.util.unit
import pytest

from bim.limits import FileLimits
from bim.prepare import prepare
from bim.results import ElementFacts
from tests.bim.conftest import PUBLIC_FILES
from tests.bim.reading import read_facts

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "models"
_REFUSED = ("bad-illegal.ifc", "bad-multibyte.ifc")
FILES = sorted(SAMPLES.glob("*.ifc")) + sorted(
    path for path in PUBLIC_FILES.glob("*.ifc*") if path.name not in _REFUSED
)
_DEFINES = "IfcRelDefinesByProperties"
_UNIT_TYPES = {
    "IfcQuantityLength": "LENGTHUNIT",
    "IfcQuantityArea": "AREAUNIT",
    "IfcQuantityVolume": "VOLUMEUNIT",
    "IfcQuantityWeight": "MASSUNIT",
    "IfcQuantityTime": "TIMEUNIT",
}

files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


@pytest.mark.skipif(not PUBLIC_FILES.is_dir(), reason="the optional folder of public IFC files is not there")
def test_the_optional_folder_is_read_as_well() -> None:
    assert len(FILES) >= 20


@cache
def _both(path: Path) -> tuple[ifcopenshell.file, dict[int, ElementFacts]]:
    """Open twice what the kernel would open: schema names are rewritten for both."""
    spool = Path(_SPOOLS[0]) / path.name
    spool.mkdir(parents=True)
    prepared = prepare(path, spool, FileLimits()).path
    return ifcopenshell.open(str(prepared)), read_facts(prepared)[1]


_SPOOLS: list[Path] = []


@pytest.fixture(autouse=True, scope="module")
def _spool(tmp_path_factory: pytest.TempPathFactory) -> None:
    _SPOOLS[:] = [tmp_path_factory.mktemp("spools")]


@files
def test_counts_per_class_equal_a_second_reading(path: Path) -> None:
    file, rows = _both(path)
    second = Counter(each.is_a() for each in file.by_type("IfcProduct"))
    assert Counter(row.ifc_class for row in rows.values()) == second


@files
def test_storeys_types_and_materials_equal_a_second_reading(path: Path) -> None:
    file, rows = _both(path)
    for product in file.by_type("IfcProduct"):
        row = rows[product.id()]
        assert row.storey == _storey(product), row
        kind = ifcopenshell.util.element.get_type(product) if not product.is_a("IfcTypeProduct") else None
        assert row.type_global_id == (kind.GlobalId if kind else None), row
        assert set(row.materials) == _materials(product), row


@files
def test_property_sets_equal_a_second_reading(path: Path) -> None:
    file, rows = _both(path)
    for product in file.by_type("IfcProduct"):
        stated = ifcopenshell.util.element.get_psets(product, psets_only=True)
        second = {name: _without_id(values) for name, values in stated.items() if len(values) > 1}
        # Predefined sets (door lining and the like) are no property sets to the library.
        ours = {name: values for name, values in rows[product.id()].psets.items() if name in second}
        assert _plain(ours) == _plain(second), product


@files
def test_quantities_equal_a_second_reading_in_si(path: Path) -> None:
    file, rows = _both(path)
    for product in file.by_type("IfcProduct"):
        second = {name: values for name, values in _quantities(file, product).items() if values}
        ours = {
            name: {key: each["value"] for key, each in values.items()}
            for name, values in rows[product.id()].quantities.items()
        }
        assert ours.keys() == second.keys(), product
        for name, values in second.items():
            assert ours[name] == pytest.approx(values, rel=1e-12), (product, name)


def _storey(product: Any) -> str | None:
    """Climb with the library: contained in, part of, voids, fills, nested in."""
    node, seen = product, set()
    while node is not None and node.id() not in seen:
        seen.add(node.id())
        if node is not product and node.is_a("IfcBuildingStorey"):
            return str(node.GlobalId)
        container = ifcopenshell.util.element.get_container(node, should_get_direct=True)
        node = container or ifcopenshell.util.element.get_parent(node)
    return None


def _materials(product: Any) -> set[str]:
    return {each.Name or "" for each in ifcopenshell.util.element.get_materials(product)}


def _without_id(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "id"}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if name not in ("id", "type")}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _quantities(file: ifcopenshell.file, product: Any) -> dict[str, dict[str, float]]:
    kind = ifcopenshell.util.element.get_type(product)
    relations = [each for each in getattr(product, "IsDefinedBy", None) or () if each.is_a(_DEFINES)]
    definitions = [
        *(getattr(kind, "HasPropertySets", None) or ()),
        *(each.RelatingPropertyDefinition for each in relations),
    ]
    found: dict[str, dict[str, float]] = {}
    for each in definitions:
        if each.is_a("IfcElementQuantity"):
            found.setdefault(each.Name or "IfcElementQuantity", {}).update(_values(file, each.Quantities))
    return found


def _values(file: ifcopenshell.file, quantities: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in quantities or ():
        if each.is_a("IfcPhysicalComplexQuantity"):
            found.update(_values(file, each.HasQuantities))
            continue
        unit_type = _UNIT_TYPES.get(each.is_a())
        found[each.Name] = each[3] * (_scale(file, unit_type) if unit_type else 1.0)
    return found


@cache
def _scale(file: ifcopenshell.file, unit_type: str) -> float:
    if ifcopenshell.util.unit.get_project_unit(file, unit_type) is None:
        power = {"AREAUNIT": 2, "VOLUMEUNIT": 3}.get(unit_type, 0)
        return float(ifcopenshell.util.unit.calculate_unit_scale(file, "LENGTHUNIT") ** power)
    return float(ifcopenshell.util.unit.calculate_unit_scale(file, unit_type))
