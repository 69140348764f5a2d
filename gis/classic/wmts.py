"""A thin WMTS 1.0.0 in front of WMS: what it offers, and which map a tile is (OGC 07-057r7)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi
from typing import Final
from xml.sax.saxutils import escape

from gis.classic.errors import ServiceError, invalid, missing
from gis.classic.kvp import Offer, Query
from gis.layer import Layer
from gis.style.rule import StyleRule

MATRIX_SET: Final = "WebMercatorQuad"
MAX_ZOOM: Final = 20
_HALF_M: Final = 6378137.0 * pi
_SCALE_0: Final = 559_082_264.0287178
_ALIASES: Final = (MATRIX_SET, "GoogleMapsCompatible", "EPSG:3857", "w")


@dataclass(frozen=True)
class RasterTile:
    """One tile, and the map that it is."""

    layer: str
    style: str
    z: int
    x: int
    y: int

    def query(self) -> Query:
        """Return the WMS request whose answer is the tile."""
        cell = 2 * _HALF_M / 2**self.z
        west, north = self.x * cell - _HALF_M, _HALF_M - self.y * cell
        box = (west, north - cell, west + cell, north)
        parameters = {
            "SERVICE": "WMS",
            "VERSION": "1.3.0",
            "REQUEST": "GetMap",
            "LAYERS": self.layer,
            "STYLES": self.style,
            "CRS": "EPSG:3857",
            "BBOX": ",".join(map(repr, box)),
            "WIDTH": "256",
            "HEIGHT": "256",
            "FORMAT": "image/png",
            "TRANSPARENT": "TRUE",
        }
        return Query("WMTS", "GetTile", parameters, self.layer, self.style)


def read_wmts(given: Mapping[str, str], offer: Offer) -> RasterTile | None:
    """Read a WMTS request: a tile, or None where the capabilities are asked for.

    Raises
    ------
    ServiceError
        It names what is not offered, or lacks what must be given.
    """
    asked = {name.upper(): value for name, value in given.items()}
    request = asked.get("REQUEST", "")
    if request.lower() == "getcapabilities":
        return None
    if request.lower() != "gettile":
        en, zh = f"{request[:40]!r} is not offered.", f"不提供操作 {request[:40]!r}。"
        raise ServiceError("OperationNotSupported", "REQUEST", en, zh)
    for name in ("LAYER", "TILEMATRIX", "TILEROW", "TILECOL"):
        if not asked.get(name):
            raise missing(name)
    layer, style = asked["LAYER"], asked.get("STYLE", "")
    if layer not in offer.styles:
        raise invalid("LAYER", layer, f"there are {', '.join(offer.styles)}", "没有该图层")
    if style in ("", "default"):
        style = next(iter(offer.styles[layer]), "")
    elif style not in offer.styles[layer]:
        raise invalid("STYLE", style, f"there are {', '.join(offer.styles[layer])}", "没有该样式")
    if asked.get("TILEMATRIXSET", MATRIX_SET) not in _ALIASES:
        raise invalid("TILEMATRIXSET", asked["TILEMATRIXSET"], f"only {MATRIX_SET}", f"仅提供 {MATRIX_SET}")
    zoom = _number("TILEMATRIX", asked["TILEMATRIX"].rpartition(":")[2], MAX_ZOOM)
    most = 2**zoom - 1
    return RasterTile(
        layer,
        style,
        zoom,
        _number("TILECOL", asked["TILECOL"], most),
        _number("TILEROW", asked["TILEROW"], most),
    )


def _number(where: str, text: str, most: int) -> int:
    if re.fullmatch("[0-9]{1,9}", text) and int(text) <= most:
        return int(text)
    raise ServiceError(
        "TileOutOfRange", where, f"{where}: a number from 0 to {most}.", f"{where}：应为 0 至 {most}。"
    )


def wmts_capabilities(
    title: str, address: str, layers: Sequence[tuple[Layer, Sequence[StyleRule]]], legend: str
) -> bytes:
    """Return the capabilities document.

    Parameters
    ----------
    address : str
        Of the service, without a question mark; tiles lie below it.
    legend : str
        Template of a legend's address with ``{style}``.
    """
    offered = "".join(_layer(layer, rules, address, legend) for layer, rules in layers)
    matrices = "".join(_matrix(zoom) for zoom in range(MAX_ZOOM + 1))
    operations = "".join(
        f'<ows:Operation name="{name}"><ows:DCP><ows:HTTP><ows:Get xlink:href="{escape(address)}?">'
        '<ows:Constraint name="GetEncoding"><ows:AllowedValues><ows:Value>KVP</ows:Value></ows:AllowedValues>'
        "</ows:Constraint></ows:Get></ows:HTTP></ows:DCP></ows:Operation>"
        for name in ("GetCapabilities", "GetTile")
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" version="1.0.0">'
        f"<ows:ServiceIdentification><ows:Title>{escape(title)}</ows:Title>"
        "<ows:ServiceType>OGC WMTS</ows:ServiceType><ows:ServiceTypeVersion>1.0.0</ows:ServiceTypeVersion>"
        f"</ows:ServiceIdentification><ows:OperationsMetadata>{operations}</ows:OperationsMetadata>"
        f"<Contents>{offered}<TileMatrixSet><ows:Identifier>{MATRIX_SET}</ows:Identifier>"
        "<ows:SupportedCRS>urn:ogc:def:crs:EPSG::3857</ows:SupportedCRS>"
        "<WellKnownScaleSet>urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible</WellKnownScaleSet>"
        f"{matrices}</TileMatrixSet></Contents>"
        f'<ServiceMetadataURL xlink:href="{escape(address)}/1.0.0/WMTSCapabilities.xml"/></Capabilities>\n'
    ).encode()


def _layer(layer: Layer, rules: Sequence[StyleRule], address: str, legend: str) -> str:
    styles = "".join(
        f'<Style isDefault="{"true" if rule is rules[0] else "false"}"><ows:Title>'
        f"{escape(f'{rule.title_zh} {rule.title_en}')}</ows:Title><ows:Identifier>{rule.id}</ows:Identifier>"
        f'<LegendURL format="image/png" xlink:href="{escape(legend.replace("{style}", rule.id))}"/></Style>'
        for rule in rules
    )
    styles = styles or '<Style isDefault="true"><ows:Identifier>default</ows:Identifier></Style>'
    template = (
        f"{address}/1.0.0/{layer.id}/{{Style}}/{{TileMatrixSet}}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}.png"
    )
    return (
        f"<Layer><ows:Title>{escape(f'{layer.title_zh} {layer.title_en}')}</ows:Title>"
        "<ows:WGS84BoundingBox><ows:LowerCorner>73 3</ows:LowerCorner><ows:UpperCorner>136 54</ows:UpperCorner>"
        f"</ows:WGS84BoundingBox><ows:Identifier>{layer.id}</ows:Identifier>{styles}<Format>image/png</Format>"
        f"<TileMatrixSetLink><TileMatrixSet>{MATRIX_SET}</TileMatrixSet></TileMatrixSetLink>"
        f'<ResourceURL format="image/png" resourceType="tile" template="{escape(template)}"/></Layer>'
    )


def _matrix(zoom: int) -> str:
    return (
        f"<TileMatrix><ows:Identifier>{zoom}</ows:Identifier>"
        f"<ScaleDenominator>{_SCALE_0 / 2**zoom!r}</ScaleDenominator>"
        f"<TopLeftCorner>{-_HALF_M!r} {_HALF_M!r}</TopLeftCorner><TileWidth>256</TileWidth>"
        f"<TileHeight>256</TileHeight><MatrixWidth>{2**zoom}</MatrixWidth>"
        f"<MatrixHeight>{2**zoom}</MatrixHeight></TileMatrix>"
    )
