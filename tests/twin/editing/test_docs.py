"""The reference names what is writable, and what is not."""

import re
from pathlib import Path

import pytest

from twin.editing import writable_fields
from twin.editing.rules import EDITABLE
from twin.layers import LAYERS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "editing.md"


def row(layer: str) -> list[str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"| `{layer}` |")).split(" | ")


@pytest.mark.parametrize("layer", list(EDITABLE))
def test_every_writable_property_is_in_the_reference_with_what_it_demands(layer: str) -> None:
    _, right, writable, computed = row(layer)
    assert EDITABLE[layer].right in right
    fields = writable_fields(layer)
    named = {name for name in re.findall(r"`(\w+)`", writable) if LAYERS[layer].has_field(name)}
    assert named == {field.name for field in fields}
    if layer != "bim_elements":
        assert set(re.findall(r"`(\w+)`\\\*", writable)) == {field.name for field in fields if field.required}
        assert set(re.findall(r"`(\w+)`†", writable)) == {field.name for field in fields if field.default}
        rest = {field.name for field in LAYERS[layer].fields} - named
        assert set(re.findall(r"`(\w+)`", computed)) == rest


def test_every_writable_property_is_one_of_its_layer() -> None:
    for layer, rule in EDITABLE.items():
        for field in rule.fields:
            assert LAYERS[layer].has_field(field.name), (layer, field.name)
