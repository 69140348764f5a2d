# ruff: noqa: S608 (names come from the layer catalogue; no value of a request is in here)
"""The MapServer configuration of one visibility group, made from the layer catalogue and the colouring rules.

Rights stand in each layer's own SQL, which is written here whole: nothing of a request ever gets into it.
A feature's class is chosen in SQL as well, by the expression that the feeds use, because MapServer takes an empty
number for 0. Source: MapServer 8.0, mapfile reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gis.classic.literals import inlined
from gis.layer import Layer, Selection
from gis.statement import Statement
from gis.style.rule import SCALE_AT_ZOOM_0, Pattern, StyleClass, StyleRule, rgb
from gis.style.simplestyle import class_sql

MAX_PIXELS: Final = 4_096
MAX_FEATURES: Final = 10_000
FONT: Final = "cjk"
NAMESPACE: Final = "urn:worktwin:classic"
PREFIX: Final = "twin"
_KINDS: Final = {"point": "POINT", "line": "LINE", "polygon": "POLYGON"}
_GML_TYPES: Final = {
    "string": "Character",
    "integer": "Integer",
    "number": "Real",
    "boolean": "Boolean",
    "date": "Character",  # as what GML 3.2 makes of dates GDAL reads no schema at all, and guesses every type
    "date-time": "Character",
}
_ANGLES: Final[dict[Pattern, tuple[int, ...]]] = {
    "solid": (),
    "horizontal": (0,),
    "vertical": (90,),
    "diagonal": (45,),
    "back_diagonal": (135,),
    "cross": (0, 90),
    "diagonal_cross": (45, 135),
}
_PLAIN: Final = StyleClass("all", "全部", "All", "#4a5568")


@dataclass(frozen=True)
class ClassicLayer:
    """One layer of the older services.

    Parameters
    ----------
    selection : Selection
        The rows and fields that the group may see.
    rules : sequence of StyleRule
        Its styles, made for its geometry; the first is the default. Without any it is drawn grey.
    """

    selection: Selection
    rules: Sequence[StyleRule]

    @property
    def layer(self) -> Layer:
        """The layer as the group may see it."""
        return self.selection.layer


def render_mapfile(
    title: str, layers: Sequence[ClassicLayer], crs_names: Sequence[str], *, has_font: bool
) -> str:
    """Return the mapfile.

    Parameters
    ----------
    layers : sequence of ClassicLayer
        The first is drawn first, so lies lowest.
    crs_names : sequence of str
        Offered systems, ``EPSG:4490`` first: the default of WFS.
    has_font : bool
        Whether the font list beside the file names a font with Chinese; labels are left out otherwise.
    """
    head = _HEAD.format(
        title=quoted(title),
        srs=" ".join(crs_names),
        pixels=MAX_PIXELS,
        features=MAX_FEATURES,
        namespace=NAMESPACE,
        prefix=PREFIX,
        fonts='  FONTSET "fonts.list"\n' if has_font else "",
    )
    return head + "".join(_layer(item, crs_names, has_font=has_font) for item in layers) + "END\n"


_HEAD: Final = """MAP
  NAME "worktwin"
  SIZE 400 400
  MAXSIZE {pixels}
  EXTENT 73 3 136 54
  UNITS DD
  PROJECTION "init=epsg:4490" END
  IMAGECOLOR 255 255 255
{fonts}  SYMBOL NAME "hatch" TYPE HATCH END
  SYMBOL NAME "circle" TYPE ELLIPSE FILLED TRUE POINTS 1 1 END END
  OUTPUTFORMAT
    NAME "png" DRIVER AGG/PNG MIMETYPE "image/png" IMAGEMODE RGBA EXTENSION "png"
  END
  OUTPUTFORMAT
    NAME "jpeg" DRIVER AGG/JPEG MIMETYPE "image/jpeg" IMAGEMODE RGB EXTENSION "jpg" FORMATOPTION "QUALITY=90"
  END
  OUTPUTFORMAT
    NAME "geojson" DRIVER "OGR/GEOJSON" MIMETYPE "application/json; subtype=geojson"
    FORMATOPTION "STORAGE=stream" FORMATOPTION "FORM=simple"
  END
  WEB
    METADATA
      "ows_title" "{title}"
      "ows_srs" "{srs}"
      "ows_encoding" "UTF-8"
      "ows_namespace_uri" "{namespace}"
      "ows_namespace_prefix" "{prefix}"
      "ows_updatesequence" "0"
      "wms_enable_request" "GetCapabilities GetMap GetFeatureInfo GetLegendGraphic"
      "wms_getmap_formatlist" "image/png,image/jpeg"
      "wms_feature_info_mime_type" "text/plain"
      "wfs_enable_request" "*"
      "wfs_maxfeatures" "{features}"
      "wfs_getfeature_formatlist" "gml,geojson"
      "wfs_compute_number_matched" "true"
    END
  END
"""


def _layer(item: ClassicLayer, crs_names: Sequence[str], *, has_font: bool) -> str:
    layer = item.layer
    names = ",".join(field.name for field in layer.fields)
    metadata = {
        "ows_title": f"{layer.title_zh} {layer.title_en}",
        "ows_abstract": layer.description,
        "ows_srs": " ".join(crs_names),
        "wfs_geometry_precision": "9",
        "gml_featureid": layer.id_column,
        "gml_include_items": names,
        "wms_include_items": names,
        "gml_geometries": layer.geometry_column,
        f"gml_{layer.geometry_column}_type": "multipolygon" if layer.geometry_type == "polygon" else "point",
        **{f"gml_{field.name}_type": _GML_TYPES[field.type] for field in layer.fields},
        **{f"wms_style_{rule.id}_title": f"{rule.title_zh} {rule.title_en}" for rule in item.rules},
    }
    lines = [
        "  LAYER",
        f'    NAME "{layer.id}"',
        f"    TYPE {_KINDS[layer.geometry_type]}",
        "    STATUS OFF",
        "    CONNECTIONTYPE POSTGIS",
        '    CONNECTION ""',  # all of it is in the environment, so that no secret lies in a file
        f'    DATA "{_data(item)}"',
        f'    PROJECTION "init=epsg:{layer.srid}" END',
        '    TEMPLATE "none"',
        *([f"    MAXSCALEDENOM {round(2 * SCALE_AT_ZOOM_0 / 2**layer.min_zoom)}"] if layer.min_zoom else []),
        "    METADATA",
        *(f'      "{name}" "{quoted(value)}"' for name, value in metadata.items()),
        "    END",
        *_classes(item, has_font=has_font),
        "  END",
    ]
    return "\n".join(lines) + "\n"


def _data(item: ClassicLayer) -> str:
    layer = item.layer
    rows = item.selection.rows()
    chosen = [
        Statement(f"{class_sql(rule).sql} AS {_column(rule)}", class_sql(rule).params) for rule in item.rules
    ]
    parts = [layer.id_sql(), layer.geometry_sql(), layer.columns(), *(inlined(part) for part in chosen)]
    source = f"SELECT {', '.join(parts)} FROM {inlined(rows)} AND {layer.geometry_sql()} IS NOT NULL"
    data = (
        f"{layer.geometry_column} FROM ({source}) AS t USING UNIQUE {layer.id_column} USING SRID={layer.srid}"
    )
    if '"' in data or "\\" in data:
        raise ValueError(f"layer {layer.id}: its SQL cannot stand in a mapfile")
    return data


def _column(rule: StyleRule) -> str:
    return "style_" + rule.id.replace("-", "_")


def _classes(item: ClassicLayer, *, has_font: bool) -> list[str]:
    if not item.rules:
        rule = StyleRule(
            "default", "", "", item.layer.id, item.layer.geometry_type, "id", (_PLAIN_VALUE,), _PLAIN
        )
        return _class(rule, _PLAIN, None, has_font=False)
    lines = [f'    CLASSGROUP "{item.rules[0].id}"']
    labelled = item.layer.label_field if has_font else None
    if labelled:
        lines.append(f'    LABELITEM "{labelled}"')
    for rule in item.rules:
        drawn = rule.in_bands()
        for number, entry in enumerate(drawn.all_classes):
            lines += _class(drawn, entry, number, has_font=bool(labelled and rule.label_field))
    return lines


_PLAIN_VALUE: Final = StyleClass("none", "", "", "#000000", value=0)


def _class(rule: StyleRule, item: StyleClass, number: int | None, *, has_font: bool) -> list[str]:
    test = [] if number is None else [f'      EXPRESSION ("[{_column(rule)}]" = "{number}")']
    return [
        "    CLASS",
        f'      NAME "{quoted(f"{item.title_zh} {item.title_en}")}"',
        f'      GROUP "{rule.id}"',
        *test,
        *_styles(rule, item),
        *(_label(rule) if has_font else []),
        "    END",
    ]


def _styles(rule: StyleRule, item: StyleClass) -> list[str]:
    colour = "{} {} {}".format(*rgb(item.colour))
    if rule.geometry == "point":
        return [f'      STYLE SYMBOL "circle" SIZE 9 COLOR {colour} OUTLINECOLOR 255 255 255 END']
    if rule.geometry == "line":
        return [f"      STYLE COLOR {colour} WIDTH 3 END"]
    hatches = [
        f'      STYLE SYMBOL "hatch" COLOR {colour} ANGLE {angle} SIZE 8 WIDTH 1 END'
        for angle in _ANGLES[item.pattern]
    ]
    fill = f"      STYLE COLOR {colour} OPACITY {round(100 * rule.opacity)} END"
    return [fill, *hatches, f"      STYLE OUTLINECOLOR {colour} WIDTH 1 END"]


def _label(rule: StyleRule) -> list[str]:
    scale = round(SCALE_AT_ZOOM_0 / 2**rule.label_min_zoom)
    return [
        f'      LABEL TYPE TRUETYPE FONT "{FONT}" SIZE 9 COLOR 33 33 33 OUTLINECOLOR 255 255 255 OUTLINEWIDTH 2',
        f'        ENCODING "UTF-8" POSITION CC PARTIALS FALSE MAXSCALEDENOM {scale} END',
    ]


def quoted(text: str) -> str:
    """Return a title as it may stand between the quotation marks of a mapfile.

    Examples
    --------
    >>> quoted('红灯 "问责"')
    "红灯 '问责'"
    """
    spoken = "".join(sign if sign.isprintable() else " " for sign in text)
    return spoken.replace('"', "'").replace("\\", "/")
