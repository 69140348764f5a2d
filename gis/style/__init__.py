"""One colouring rule per theme; MapLibre, SLD, QML, Esri, simplestyle and the legend are made from it."""

from gis.style.esri import drawing_info
from gis.style.legend import legend
from gis.style.legend_image import render_legend
from gis.style.maplibre import maplibre_style
from gis.style.maplibre_plain import maplibre_plain_style
from gis.style.qml import qml_document
from gis.style.rule import Pattern, Stop, StyleClass, StyleRule
from gis.style.simplestyle import simplestyle_document
from gis.style.sld import sld_document

__all__ = [
    "Pattern",
    "Stop",
    "StyleClass",
    "StyleRule",
    "drawing_info",
    "legend",
    "maplibre_plain_style",
    "maplibre_style",
    "qml_document",
    "render_legend",
    "simplestyle_document",
    "sld_document",
]
