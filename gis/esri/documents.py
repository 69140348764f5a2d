"""What a feature service and its one layer say of themselves.

A capability stands here only if a test proves it. Titles are Chinese; the description carries the English name.
Source: Esri REST API, "Feature Service", "Layer (Feature Service)".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gis.esri.fields import OBJECT_ID, field_document, with_object_id
from gis.esri.figures import Extent
from gis.esri.page import MAX_RECORD_COUNT
from gis.esri.pbf import GEOMETRY_TYPES
from gis.esri.reference import STORED, reference_document
from gis.layer import Choice, Field, Layer

CURRENT_VERSION: Final = 11.1
FORMATS: Final = "JSON, geoJSON, PBF"
_UTC: Final = {"timeZone": "UTC", "respectsDaylightSaving": False}
_TOOLS: Final = {
    "point": "esriFeatureEditToolPoint",
    "line": "esriFeatureEditToolLine",
    "polygon": "esriFeatureEditToolPolygon",
}
_SYMBOLS: Final = {
    "point": {
        "type": "esriSMS",
        "style": "esriSMSCircle",
        "color": [31, 91, 138, 255],
        "size": 7,
        "angle": 0,
        "xoffset": 0,
        "yoffset": 0,
        "outline": {"type": "esriSLS", "style": "esriSLSSolid", "color": [255, 255, 255, 255], "width": 1},
    },
    "line": {"type": "esriSLS", "style": "esriSLSSolid", "color": [31, 91, 138, 255], "width": 1.5},
    "polygon": {
        "type": "esriSFS",
        "style": "esriSFSSolid",
        "color": [31, 91, 138, 64],
        "outline": {"type": "esriSLS", "style": "esriSLSSolid", "color": [31, 91, 138, 255], "width": 1},
    },
}


@dataclass(frozen=True)
class Powers:
    """What a caller may do with a layer beside reading it, and which fields it may write."""

    create: bool = False
    update: bool = False
    delete: bool = False
    shapes: bool = True
    """Whether an update may move a feature; in some layers the shape comes from elsewhere."""
    fields: frozenset[str] = frozenset()

    @property
    def words(self) -> str:
        """Return the `capabilities` of the service; QGIS unlocks its tools word by word."""
        words = [
            word
            for word, held in (
                ("Create", self.create),
                ("Delete", self.delete),
                ("Query", True),
                ("Update", self.update),
                ("Editing", self.create or self.update or self.delete),
            )
            if held
        ]
        return ",".join(words)


@dataclass(frozen=True)
class TimeFields:
    """The fields that a client's time slider looks at, and the first and last time in them (ms)."""

    start: Field
    end: Field | None
    extent: tuple[int, int]


@dataclass(frozen=True)
class Facts:
    """What is known of a layer beside its catalogue entry: data, rights, colours."""

    extent: Extent | None = None
    powers: Powers = field(default_factory=Powers)
    drawing_info: Mapping[str, Any] | None = None
    times: TimeFields | None = None
    choices: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    """Values of fields that have names in a colouring rule; those of the layer itself stand above them."""


def catalogue_document(layers: Collection[Layer]) -> dict[str, Any]:
    """Return the list of services: one per layer."""
    services = [{"name": layer.id, "type": "FeatureServer"} for layer in layers]
    return {"currentVersion": CURRENT_VERSION, "folders": [], "services": services}


def service_document(layer: Layer, facts: Facts) -> dict[str, Any]:
    """Return the service of a layer."""
    reference = reference_document(STORED)
    return {
        "currentVersion": CURRENT_VERSION,
        "serviceDescription": _description(layer),
        "hasVersionedData": False,
        "maxRecordCount": MAX_RECORD_COUNT,
        "supportedQueryFormats": FORMATS,
        "supportsDisconnectedEditing": False,
        "syncEnabled": False,
        "supportsRelationshipsResource": False,
        "capabilities": facts.powers.words,
        "description": _description(layer),
        "copyrightText": "",
        "spatialReference": reference,
        "initialExtent": extent_document(facts.extent),
        "fullExtent": extent_document(facts.extent),
        "allowGeometryUpdates": facts.powers.update and facts.powers.shapes,
        "allowTrueCurvesUpdates": False,
        "units": "esriDecimalDegrees",
        "supportsApplyEditsWithGlobalIds": False,
        "supportedExportFormats": "",
        "dateFieldsTimeReference": _UTC,
        "layers": [_layer_entry(layer)],
        "tables": [],
    }


def _description(layer: Layer) -> str:
    return f"{layer.title_en}. {layer.description}".strip()


def _layer_entry(layer: Layer) -> dict[str, Any]:
    return {
        "id": 0,
        "name": layer.title_zh,
        "parentLayerId": -1,
        "defaultVisibility": True,
        "subLayerIds": None,
        "minScale": 0,
        "maxScale": 0,
        "type": "Feature Layer",
        "geometryType": GEOMETRY_TYPES[layer.geometry_type],
    }


def extent_document(extent: Extent | None) -> dict[str, Any]:
    """Return an extent in degrees; one of a layer without any geometry is the whole of China.

    QGIS takes a layer without an extent for broken.
    """
    west, south, east, north = extent or (73.0, 18.0, 136.0, 54.0)
    box = {"xmin": west, "ymin": south, "xmax": east, "ymax": north}
    return {**box, "spatialReference": reference_document(STORED)}


def layer_document(layer: Layer, facts: Facts) -> dict[str, Any]:
    """Return the layer, as this caller may see and edit it."""
    known = with_object_id(layer)
    powers = facts.powers
    renderer = {"renderer": {"type": "simple", "symbol": _SYMBOLS[layer.geometry_type]}}
    document: dict[str, Any] = {
        "currentVersion": CURRENT_VERSION,
        "id": 0,
        "name": layer.title_zh,
        "type": "Feature Layer",
        "description": _description(layer),
        "copyrightText": "",
        "parentLayer": None,
        "subLayers": [],
        "minScale": 0,
        "maxScale": 0,
        "defaultVisibility": True,
        "geometryType": GEOMETRY_TYPES[layer.geometry_type],
        "extent": extent_document(facts.extent),
        "sourceSpatialReference": reference_document(STORED),
        "drawingInfo": dict(facts.drawing_info or renderer),
        "hasZ": False,
        "hasM": False,
        "hasAttachments": False,
        "htmlPopupType": "esriServerHTMLPopupTypeAsHTMLText",
        "objectIdField": OBJECT_ID,
        "uniqueIdField": {"name": OBJECT_ID, "isSystemMaintained": True},
        "globalIdField": "",
        "displayField": layer.label_field or OBJECT_ID,
        "typeIdField": "",
        "subtypeField": "",
        "fields": [field_document(known, _named(item, facts), powers.fields) for item in known.fields],
        "indexes": [],
        "relationships": [],
        "types": [],
        "templates": _templates(known, powers),
        "dateFieldsTimeReference": _UTC,
        "maxRecordCount": MAX_RECORD_COUNT,
        "standardMaxRecordCount": MAX_RECORD_COUNT,
        "supportedQueryFormats": FORMATS,
        "capabilities": powers.words,
        "isDataVersioned": False,
        "useStandardizedQueries": True,
        "allowGeometryUpdates": powers.update and powers.shapes,
        **_QUERY_POWERS,
    }
    if facts.times:
        document["timeInfo"] = _time_document(facts.times)
    return document


def _named(item: Field, facts: Facts) -> Field:
    return item if item.choices else replace(item, choices=facts.choices.get(item.name, ()))


_QUERY_POWERS: Final[dict[str, Any]] = {
    "supportsStatistics": True,
    "supportsAdvancedQueries": True,
    "supportsCoordinatesQuantization": True,
    "supportsRollbackOnFailureParameter": True,
    "supportsApplyEditsWithGlobalIds": False,
    "supportsCalculate": False,
    "supportsTruncate": False,
    "supportsAttachmentsByUploadId": False,
    "supportsValidateSql": False,
    "advancedQueryCapabilities": {
        "supportsPagination": True,
        "supportsPaginationOnAggregatedQueries": True,
        "supportsOrderBy": True,
        "supportsStatistics": True,
        "supportsDistinct": True,
        "supportsCountDistinct": True,
        "supportsReturningQueryExtent": True,
        "supportsQueryWithDistance": True,
        "supportsSqlExpression": False,
        "supportsHavingClause": False,
        "supportsQueryWithResultType": False,
        "supportsReturningGeometryCentroid": False,
        "supportsReturningGeometryProperties": False,
        "supportsPercentileStatistics": False,
        "supportsTopFeaturesQuery": False,
        "supportsFullTextSearch": False,
        "supportsQueryAttachments": False,
        "supportsQueryWithCacheHint": False,
        "useStandardizedQueries": True,
    },
}


def _templates(layer: Layer, powers: Powers) -> list[dict[str, Any]]:
    if not powers.create:
        return []
    attributes = {item.name: None for item in layer.fields if item.name in powers.fields}
    prototype = {"attributes": attributes}
    tool = _TOOLS[layer.geometry_type]
    return [
        {"name": layer.title_zh, "description": layer.title_en, "prototype": prototype, "drawingTool": tool}
    ]


def _time_document(times: TimeFields) -> dict[str, Any]:
    return {
        "startTimeField": times.start.name,
        "endTimeField": times.end.name if times.end else None,
        "trackIdField": None,
        "timeExtent": list(times.extent),
        "timeReference": _UTC,
        "timeInterval": 1,
        "timeIntervalUnits": "esriTimeUnitsMonths",
        "hasLiveData": False,
    }


def answer_head(
    layer: Layer, fields: Sequence[dict[str, Any]], reference: dict[str, Any] | None
) -> dict[str, Any]:
    """Return what stands before the features of an answer.

    Parameters
    ----------
    reference : dict, optional
        Of the coordinates; left out, with the type of geometry, where none are written.
    """
    head: dict[str, Any] = {"objectIdFieldName": OBJECT_ID, "globalIdFieldName": ""}
    if reference is not None:
        head |= {"geometryType": GEOMETRY_TYPES[layer.geometry_type], "spatialReference": reference}
    return {**head, "hasZ": False, "hasM": False, "fields": list(fields)}
