"""The plain MapLibre style: every value falls into the layer of its class, and into no other."""

from typing import Any

import pytest

from gis.style import StyleClass, StyleRule, maplibre_plain_style
from tests.gis.style.readers import filter_holds

GRADED = StyleRule(
    "p", "进度", "Progress", "projects", "polygon", "progress",
    (StyleClass("low", "低", "low", "#111111", below=20.0), StyleClass("mid", "中", "mid", "#222222", least=20.0, below=100.0),
     StyleClass("done", "完", "done", "#333333", least=100.0)),
    StyleClass("none", "无", "none", "#999999"),
)  # fmt: skip
GAPS = StyleRule(
    "g", "间断", "With gaps", "projects", "polygon", "progress",
    (StyleClass("a", "甲", "a", "#111111", least=0.0, below=10.0), StyleClass("b", "乙", "b", "#222222", least=20.0, below=30.0)),
    StyleClass("none", "无", "none", "#999999"),
)  # fmt: skip
KINDS = StyleRule(
    "k", "状态", "State", "elements", "line", "state",
    (StyleClass("a", "甲", "a", "#111111", value="a"), StyleClass("b", "乙", "b", "#222222", value="b")),
    StyleClass("none", "无", "none", "#999999"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "properties", "key"),
    [
        (GRADED, {"progress": 0}, "p-low"), (GRADED, {"progress": 20}, "p-mid"), (GRADED, {"progress": 99.9}, "p-mid"),
        (GRADED, {"progress": 100}, "p-done"), (GRADED, {}, "p-none"),
        (KINDS, {"state": "a"}, "k-a"), (KINDS, {"state": "b"}, "k-b"), (KINDS, {"state": "其他"}, "k-none"), (KINDS, {}, "k-none"),
    ],
)  # fmt: skip
def test_a_value_is_drawn_by_the_layer_of_its_class_alone(
    rule: StyleRule, properties: dict[str, Any], key: str
) -> None:
    layers = maplibre_plain_style(rule, "/tiles/{layer}.json")["layers"]
    assert [layer["id"] for layer in layers if filter_holds(layer["filter"], properties)] == [key]
