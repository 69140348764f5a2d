"""Layers of the service as QGIS documents: a layer definition to drag onto the map, and a whole project.

Source: what QGIS 3.22 writes itself (`.qlr`, `.qgs`), cut down to what it needs to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from xml.etree import ElementTree as ET

from gis.crs import WEB_MERCATOR_SRID
from gis.layer import Layer
from gis.style.qml import add_style, add_tile_style
from gis.style.rule import SCALE_AT_ZOOM_0, StyleRule

Kind = Literal["oapif", "tiles"]
Extent = tuple[float, float, float, float]

_VERSION: Final = "3.22.16"
_WKB: Final = {"point": "Point", "line": "MultiLineString", "polygon": "MultiPolygon"}
_GEOMETRIES: Final = {"point": "Point", "line": "Line", "polygon": "Polygon"}
_QLR_DOCTYPE: Final = b"<!DOCTYPE qgis-layer-definition>\n"
_QGS_DOCTYPE: Final = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


@dataclass(frozen=True)
class QgisLayer:
    """One layer of a QGIS document.

    Parameters
    ----------
    layer : Layer
        As the caller may see it: its fields get their Chinese names as aliases.
    rule : StyleRule, optional
        Its colours, made for this layer's geometry; without it QGIS chooses some.
    kind : {"oapif", "tiles"}
        Features that can be asked and edited, or vector tiles to look at.
    shown : bool
        Whether it is ticked.
    """

    layer: Layer
    rule: StyleRule | None
    kind: Kind = "oapif"
    shown: bool = True

    @property
    def id(self) -> str:
        """Name of the layer inside the document."""
        return f"worktwin_{self.layer.id}_{self.kind}"

    @property
    def title(self) -> str:
        """Name that the planner reads."""
        if self.rule is None:
            return self.layer.title_zh
        return f"{self.layer.title_zh} · {self.rule.title_zh}"

    @property
    def provider(self) -> str:
        """QGIS's name of the way it reads the layer."""
        return "OAPIF" if self.kind == "oapif" else "vectortile"

    def source(self, root: str) -> str:
        """Return the data source, for a service at this address."""
        root = root.replace("'", "%27").replace("&", "%26")
        if self.kind == "oapif":
            return (
                f"pagingEnabled='true' restrictToRequestBBOX='1' typename='{self.layer.id}' url='{root}/ogc'"
            )
        zooms = f"zmin={self.layer.min_zoom}&zmax={self.layer.max_zoom}"
        return f"type=xyz&url={root}/tiles/{self.layer.id}/{{z}}/{{x}}/{{y}}.mvt&{zooms}"


def layer_definition(item: QgisLayer, root: str) -> bytes:
    """Return a layer definition file: dragged into QGIS it adds the layer with its colours.

    Parameters
    ----------
    root : str
        Address of the service, without a slash at its end.
    """
    document = ET.Element("qlr")
    group = ET.SubElement(document, "layer-tree-group", {"name": "", "checked": "Qt::Checked"})
    _tree_layer(group, item, root)
    _map_layer(ET.SubElement(document, "maplayers"), item, root)
    return _QLR_DOCTYPE + _written(document)


def project_document(title: str, items: Sequence[QgisLayer], root: str, extent: Extent | None) -> bytes:
    """Return a QGIS project with these layers, the first on top.

    Parameters
    ----------
    extent : tuple of float, optional
        West, south, east, north in metres of Web Mercator (EPSG:3857) that the map opens at.
    """
    document = ET.Element("qgis", {"projectname": title, "version": _VERSION})
    ET.SubElement(document, "title").text = title
    _crs(ET.SubElement(document, "projectCrs"), f"EPSG:{WEB_MERCATOR_SRID}")
    group = ET.SubElement(document, "layer-tree-group")
    for item in items:
        _tree_layer(group, item, root)
    if extent is not None:
        _canvas(document, extent)
    layers = ET.SubElement(document, "projectlayers")
    order = ET.SubElement(document, "layerorder")
    for item in items:
        _map_layer(layers, item, root)
        ET.SubElement(order, "layer", {"id": item.id})
    system = ET.SubElement(ET.SubElement(document, "properties"), "SpatialRefSys")
    ET.SubElement(system, "ProjectionsEnabled", {"type": "int"}).text = "1"  # else projectCrs is not read
    return _QGS_DOCTYPE + _written(document)


def _written(document: ET.Element) -> bytes:
    ET.indent(document)
    body: bytes = ET.tostring(document, encoding="utf-8")
    return body + b"\n"


def _tree_layer(parent: ET.Element, item: QgisLayer, root: str) -> None:
    attributes = {
        "id": item.id,
        "name": item.title,
        "providerKey": item.provider,
        "source": item.source(root),
        "checked": "Qt::Checked" if item.shown else "Qt::Unchecked",
        "expanded": "1" if item.shown else "0",
    }
    ET.SubElement(parent, "layer-tree-layer", attributes)


def _map_layer(parent: ET.Element, item: QgisLayer, root: str) -> None:
    layer = ET.SubElement(
        parent, "maplayer", {"styleCategories": "AllStyleCategories", **_scales(item.layer)}
    )
    ET.SubElement(layer, "id").text = item.id
    ET.SubElement(layer, "datasource").text = item.source(root)
    ET.SubElement(layer, "layername").text = item.title
    if item.kind == "tiles":
        layer.set("type", "vector-tile")
        _crs(ET.SubElement(layer, "srs"), f"EPSG:{WEB_MERCATOR_SRID}")
        ET.SubElement(layer, "provider").text = item.provider
        if item.rule is not None:
            add_tile_style(layer, item.rule)
        return
    kind = item.layer.geometry_type
    for name, value in (("type", "vector"), ("geometry", _GEOMETRIES[kind]), ("wkbType", _WKB[kind])):
        layer.set(name, value)
    _crs(ET.SubElement(layer, "srs"), "OGC:CRS84")
    ET.SubElement(layer, "provider", {"encoding": "UTF-8"}).text = item.provider
    _aliases(layer, item.layer)
    if item.rule is not None:
        add_style(layer, item.rule)


def _scales(layer: Layer) -> dict[str, str]:
    """Return from which scale on the layer is drawn: a layer of details is not asked for whole districts."""
    if layer.min_zoom == 0:
        return {"hasScaleBasedVisibilityFlag": "0"}
    coarsest = round(2 * SCALE_AT_ZOOM_0 / 2**layer.min_zoom)  # tiles count by 256 pixels
    return {"hasScaleBasedVisibilityFlag": "1", "minScale": str(coarsest), "maxScale": "0"}


def _aliases(parent: ET.Element, layer: Layer) -> None:
    aliases = ET.SubElement(parent, "aliases")
    for number, field in enumerate(layer.fields):
        name = f"{field.title_zh}（{field.unit}）" if field.unit else field.title_zh
        ET.SubElement(aliases, "alias", {"index": str(number), "field": field.name, "name": name})


def _crs(parent: ET.Element, name: str) -> None:
    element = ET.SubElement(parent, "spatialrefsys")
    ET.SubElement(element, "srsid").text = "1"  # QGIS looks at the name only where a number stands, whichever
    ET.SubElement(element, "authid").text = name


def _canvas(document: ET.Element, extent: Extent) -> None:
    canvas = ET.SubElement(document, "mapcanvas", {"name": "theMapCanvas", "annotationsVisible": "1"})
    ET.SubElement(canvas, "units").text = "meters"
    box = ET.SubElement(canvas, "extent")
    names = ("xmin", "ymin", "xmax", "ymax")
    for name, value in zip(names, extent, strict=True):
        ET.SubElement(box, name).text = f"{value:.3f}"
    _crs(ET.SubElement(canvas, "destinationsrs"), f"EPSG:{WEB_MERCATOR_SRID}")
    view = ET.SubElement(document, "ProjectViewSettings", {"UseProjectScales": "0"})
    corners = {name: f"{value:.3f}" for name, value in zip(names, extent, strict=True)}
    _crs(ET.SubElement(view, "DefaultViewExtent", corners), f"EPSG:{WEB_MERCATOR_SRID}")
