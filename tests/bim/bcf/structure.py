"""Hold an XML document against a class of bcf-client as its schema would: names, order, required, patterns.

The classes are generated from the published schemas; the schemas themselves ship with no package.
"""

import dataclasses
import re
import typing
import xml.etree.ElementTree as ElementTree
from typing import Any


def list_faults(element: ElementTree.Element, kind: type[Any], path: str = "") -> list[str]:
    """List what the class does not allow in the element."""
    here = f"{path}/{element.tag}"
    hints = typing.get_type_hints(kind)
    fields = [(field, hints[field.name]) for field in dataclasses.fields(kind)]
    elements = [pair for pair in fields if pair[0].metadata.get("type") != "Attribute"]
    faults = _attribute_faults(
        element, [field for field, _ in fields if field.metadata.get("type") == "Attribute"], here
    )
    order = [field.metadata["name"] for field, _ in elements]
    tags = [child.tag for child in element]
    faults += [f"{here}: unknown {tag}" for tag in tags if tag not in order]
    known = [order.index(tag) for tag in tags if tag in order]
    if known != sorted(known):
        faults.append(f"{here}: wrong order {tags}")
    for field, hint in elements:
        faults += _element_faults(element, field, hint, here)
    return faults


def _attribute_faults(element: ElementTree.Element, fields: list[Any], here: str) -> list[str]:
    names = {field.metadata["name"]: field.metadata for field in fields}
    faults = [f"{here}: unknown attribute {name}" for name in element.attrib if name not in names]
    for name, metadata in names.items():
        if name not in element.attrib:
            faults += [f"{here}: attribute {name} is missing"] if metadata.get("required") else []
        else:
            faults += _value_faults(element.attrib[name], metadata, f"{here}@{name}")
    return faults


def _element_faults(element: ElementTree.Element, field: Any, hint: Any, here: str) -> list[str]:
    metadata = field.metadata
    found = element.findall(metadata["name"])
    least = 1 if metadata.get("required") else metadata.get("min_occurs", 0)
    faults = [f"{here}: {metadata['name']} is missing"] if len(found) < least else []
    inner = _class_in(hint)
    for child in found:
        if inner is not None:
            faults += list_faults(child, inner, here)
        else:
            faults += _value_faults(child.text or "", metadata, f"{here}/{child.tag}")
    return faults


def _value_faults(text: str, metadata: Any, here: str) -> list[str]:
    faults = []
    pattern = metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, text):
        faults.append(f"{here}: {text!r} does not match {pattern}")
    if len(text.strip()) < metadata.get("min_length", 0):
        faults.append(f"{here}: empty")
    if "length" in metadata and len(text) != metadata["length"]:
        faults.append(f"{here}: {text!r} is not {metadata['length']} long")
    return faults


def _class_in(hint: Any) -> Any:
    if dataclasses.is_dataclass(hint):
        return hint if hint.__module__.startswith("bcf.") else None
    return next((found for part in typing.get_args(hint) if (found := _class_in(part))), None)
