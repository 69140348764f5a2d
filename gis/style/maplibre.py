"""A rule as a MapLibre style document.

There is no glyph server: `glyphs` is left out and the browser draws text with its own fonts, so
`text-font` is set everywhere. There is no sprite either, so the second cue is the label's text.
Source: MapLibre style specification, version 8.
"""

from typing import Any

from gis.style.legend import legend
from gis.style.rule import FONTS, Language, StyleRule


def maplibre_style(rule: StyleRule, tilejson_url: str, language: Language = "zh") -> dict[str, Any]:
    """Return the style document of one rule.

    Parameters
    ----------
    rule : StyleRule
        The rule; its field and label field must be in the layer's tiles.
    tilejson_url : str
        Template with ``{layer}`` for the collection, such as ``/tiles/{layer}.json``.
    language : {"zh", "en"}
        Of the class names that labels carry.
    """
    sources = {
        name: {"type": "vector", "url": tilejson_url.replace("{layer}", name)}
        for name in dict.fromkeys((rule.layer, rule.label_layer or rule.layer))
    }
    return {
        "version": 8,
        "name": f"{rule.title_zh} {rule.title_en}",
        "metadata": {"legend": legend(rule)},
        "sources": sources,
        "layers": [*_shapes(rule), *_labels(rule, language)],
    }


def colour_expression(rule: StyleRule) -> list[Any]:
    """Return the expression that gives a feature the colour of its class, or of its place on the ramp."""
    if rule.ramp:
        field = ["get", rule.field]
        stops = [part for stop in rule.ramp for part in (stop.value, stop.colour)]
        ramp = ["interpolate", ["linear"], field, *stops]
        return ["case", ["!=", ["typeof", field], "number"], rule.other.colour, ramp]
    return _by_class(rule, [item.colour for item in rule.all_classes])


def _by_class(rule: StyleRule, outputs: list[str]) -> list[Any]:
    *results, otherwise = outputs
    field = ["get", rule.field]
    if not rule.graded:
        pairs = zip(rule.classes, results, strict=True)
        # Each label as a list: QGIS 3.22 reads no other form and would draw everything as the rest.
        return [
            "match",
            field,
            *(part for item, result in pairs for part in ([item.value], result)),
            otherwise,
        ]
    # A missing or null number would be an error in a comparison, so it is sorted out first.
    expression: list[Any] = ["case", ["!=", ["typeof", field], "number"], otherwise]
    for item, result in zip(rule.classes, results, strict=True):
        least = [[">=", field, item.least]] if item.least is not None else []
        below = [["<", field, item.below]] if item.below is not None else []
        expression += [["all", *least, *below], result]
    return [*expression, otherwise]


def _shapes(rule: StyleRule) -> list[dict[str, Any]]:
    colour = colour_expression(rule)
    place = {"source": rule.layer, "source-layer": rule.layer}
    fill = {"fill-color": colour, "fill-opacity": rule.opacity}
    outline = {"line-color": colour, "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.8, 16, 2]}
    line = {"line-color": colour, "line-width": ["interpolate", ["linear"], ["zoom"], 8, 1.5, 16, 5]}
    circle = {
        "circle-color": colour,
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 6, 3, 14, 7],
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 1,
    }
    if rule.geometry == "point":
        return [{"id": f"{rule.id}-circle", "type": "circle", **place, "paint": circle}]
    if rule.geometry == "line":
        round_ends = {"line-cap": "round", "line-join": "round"}
        return [{"id": f"{rule.id}-line", "type": "line", **place, "layout": round_ends, "paint": line}]
    return [
        {"id": f"{rule.id}-fill", "type": "fill", **place, "paint": fill},
        {"id": f"{rule.id}-outline", "type": "line", **place, "paint": outline},
    ]


def _labels(rule: StyleRule, language: Language) -> list[dict[str, Any]]:
    if rule.label_field is None:
        return []
    source = rule.label_layer or rule.layer
    names = _by_class(rule, [item.title(language) for item in rule.all_classes])
    text = ["concat", ["to-string", ["coalesce", ["get", rule.label_field], ""]], "\n", names]
    along = "line" if rule.geometry == "line" and rule.label_layer is None else "point"
    layout = {
        "text-field": text,
        "text-font": list(FONTS),
        "text-size": 12,
        "text-max-width": 8,
        "symbol-placement": along,
        "text-anchor": "center" if along == "line" else "top",
        "text-optional": True,
    }
    paint = {"text-color": "#212121", "text-halo-color": "#ffffff", "text-halo-width": 1.5}
    label = {
        "id": f"{rule.id}-label",
        "type": "symbol",
        "source": source,
        "source-layer": source,
        "minzoom": rule.label_min_zoom,
        "layout": layout,
        "paint": paint,
    }
    return [label]
