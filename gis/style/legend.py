"""A rule as a legend: what the page, the feed and the metadata of a style say about the colours."""

from typing import Any

from gis.style.rule import StyleClass, StyleRule


def legend(rule: StyleRule) -> dict[str, Any]:
    """Return the legend as a plain value: one entry per class, the one for the rest last."""
    document = {
        "id": rule.id,
        "layer": rule.layer,
        "field": rule.field,
        "title": {"zh": rule.title_zh, "en": rule.title_en},
        "opacity": rule.opacity,
        "entries": [_entry(item, other=item is rule.other) for item in rule.all_classes],
    }
    if not rule.ramp:
        return document
    return {**document, "ramp": [{"value": stop.value, "colour": stop.colour} for stop in rule.ramp]}


def _entry(item: StyleClass, *, other: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "key": item.key,
        "title": {"zh": item.title_zh, "en": item.title_en},
        "colour": item.colour,
        "pattern": item.pattern,
    }
    if other:
        return {**entry, "other": True}
    if item.is_band:
        return {**entry, "least": item.least, "below": item.below}
    return {**entry, "value": item.value}
