"""Requests of WMS and WFS, read against closed lists and written anew: nothing of their text goes further.

Names of parameters are case-insensitive; those nobody knows are left out, as WMS 1.3.0 (6.8.1) asks, but what would
make the engine load something is refused. Sources: OGC 06-042 (WMS 1.3.0), 01-068r3 (1.1.1), 09-025r2 (WFS 2.0.2),
04-094 (WFS 1.1.0), 02-058 (WFS 1.0.0).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gis.classic.coordinates import read_box, read_crs, written
from gis.classic.errors import ServiceError, invalid, missing
from gis.classic.filter_xml import read_filter
from gis.classic.mapfile import MAX_FEATURES, MAX_PIXELS
from gis.classic.post import parameters_of

Parameters = Mapping[str, str]

_REFUSED: Final = ("MAP", "MAPFILE", "CONTEXT", "SLD", "SLD_BODY", "MODE", "QSTRING", "QITEM")
_IMAGES: Final = {
    "image/png": "image/png",
    "image/png; mode=8bit": "image/png",
    "image/png;mode=8bit": "image/png",
    "image/jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
}
_FEATURE_FORMATS: Final = {
    "gml2": "GML2",
    "gml3": "GML3",
    "gml32": "application/gml+xml; version=3.2",
    "text/xml; subtype=gml/2.1.2": "text/xml; subtype=gml/2.1.2",
    "text/xml; subtype=gml/3.1.1": "text/xml; subtype=gml/3.1.1",
    "text/xml; subtype=gml/3.2": "application/gml+xml; version=3.2",
    "text/xml; subtype=gml/3.2.1": "application/gml+xml; version=3.2",
    "application/gml+xml; version=3.2": "application/gml+xml; version=3.2",
    "application/json": "geojson",
    "application/json; subtype=geojson": "geojson",
    "application/geo+json": "geojson",
    "geojson": "geojson",
    "json": "geojson",
}
_BY_ID: Final = "urn:ogc:def:query:OGC-WFS::GetFeatureById"
_MOST_IDS: Final = 1_000


@dataclass(frozen=True)
class Offer:
    """What one caller may ask for.

    Parameters
    ----------
    styles : mapping
        Style ids by layer, the default first.
    fields : mapping
        Property names by layer.
    geometry : str
        Name of the geometry property.
    srids : sequence of int
        EPSG codes offered.
    """

    styles: Mapping[str, Sequence[str]]
    fields: Mapping[str, Sequence[str]]
    geometry: str
    srids: Sequence[int]


@dataclass(frozen=True)
class Query:
    """A request as the engine gets it, and what it is about."""

    service: str
    request: str
    parameters: Mapping[str, str]
    layer: str | None = None
    style: str | None = None


def read_wms(given: Parameters, offer: Offer) -> Query:
    """Read a WMS request.

    Raises
    ------
    ServiceError
        It names what is not offered, or lacks what must be given.
    """
    asked = _upper(given)
    request = _one_of("REQUEST", asked, ("GetCapabilities", "GetMap", "GetFeatureInfo", "GetLegendGraphic"))
    version = "1.1.1" if asked.get("VERSION", asked.get("WMTVER", "")).startswith(("1.0", "1.1")) else "1.3.0"
    head = {"SERVICE": "WMS", "VERSION": version, "REQUEST": request}
    if request == "GetCapabilities":
        return Query("WMS", request, head)
    if request == "GetLegendGraphic":
        layer = _layer("LAYER", asked.get("LAYER"), offer)
        style = _style(asked.get("STYLE", ""), layer, offer)
        return Query("WMS", request, head, layer, style)
    picture = {**head, **_picture(asked, version, offer)}
    if request == "GetMap":
        return Query("WMS", request, picture)
    return Query("WMS", request, {**picture, **_info(asked, version, offer)})


def _picture(asked: Parameters, version: str, offer: Offer) -> dict[str, str]:
    layers = [_layer("LAYERS", name, offer) for name in _needed("LAYERS", asked).split(",")]
    styles = asked.get("STYLES", "")
    names = styles.split(",") if styles else [""] * len(layers)
    if len(names) != len(layers) or len(layers) > len(offer.styles):
        raise invalid("STYLES", styles, "one per layer, each layer once", "样式数应与图层数一致且图层不重复")
    chosen = [_style(name, layer, offer) or "" for name, layer in zip(names, layers, strict=True)]
    key = "CRS" if version == "1.3.0" else "SRS"
    found = {
        "LAYERS": ",".join(layers),
        "STYLES": ",".join(chosen),
        key: _wms_crs(key, _needed(key, asked), offer),
        "BBOX": ",".join(_floats("BBOX", _needed("BBOX", asked), 4)),
        "WIDTH": _whole("WIDTH", _needed("WIDTH", asked), MAX_PIXELS, 1),
        "HEIGHT": _whole("HEIGHT", _needed("HEIGHT", asked), MAX_PIXELS, 1),
        "FORMAT": _from("FORMAT", asked.get("FORMAT", "image/png"), _IMAGES),
        "TRANSPARENT": "TRUE" if asked.get("TRANSPARENT", "").upper() == "TRUE" else "FALSE",
    }
    if re.fullmatch("0x[0-9A-Fa-f]{6}", asked.get("BGCOLOR", "")):
        found["BGCOLOR"] = asked["BGCOLOR"]
    return found


def _info(asked: Parameters, version: str, offer: Offer) -> dict[str, str]:
    layers = [_layer("QUERY_LAYERS", name, offer) for name in _needed("QUERY_LAYERS", asked).split(",")]
    across, down = ("I", "J") if version == "1.3.0" else ("X", "Y")
    forms = {"text/plain": "text/plain", "application/vnd.ogc.gml": "application/vnd.ogc.gml"}
    return {
        "QUERY_LAYERS": ",".join(layers),
        across: _whole(across, _needed(across, asked), MAX_PIXELS),
        down: _whole(down, _needed(down, asked), MAX_PIXELS),
        "FEATURE_COUNT": _whole("FEATURE_COUNT", asked.get("FEATURE_COUNT", "1"), 1_000, 1),
        "INFO_FORMAT": forms.get(asked.get("INFO_FORMAT", "").lower(), "text/plain"),
    }


def _wms_crs(where: str, text: str, offer: Offer) -> str:
    name = text.upper().replace("OGC:CRS84", "CRS:84")
    if name == "CRS:84" or name in {f"EPSG:{srid}" for srid in offer.srids}:
        return name
    raise ServiceError("InvalidCRS", where, f"{text[:40]!r} is not offered.", f"不提供坐标系 {text[:40]!r}。")


def read_body(body: bytes) -> dict[str, str]:
    """Read a WFS request sent as XML into the parameters that ask for the same.

    Raises
    ------
    ServiceError
        It is no well-formed request, or has a document type definition.
    """
    return parameters_of(body)


def read_wfs(given: Parameters, offer: Offer) -> Query:
    """Read a WFS request.

    Raises
    ------
    ServiceError
        It names what is not offered, or lacks what must be given.
    """
    asked = _upper(given)
    requests = ("GetCapabilities", "DescribeFeatureType", "GetFeature", "GetPropertyValue", "ListStoredQueries",
                "DescribeStoredQueries")  # fmt: skip
    request = _one_of("REQUEST", asked, requests)
    version = _version(asked)
    head = {"SERVICE": "WFS", "VERSION": version, "REQUEST": request}
    match request:
        case "GetCapabilities" | "ListStoredQueries":
            return Query("WFS", request, head)
        case "DescribeStoredQueries":
            return Query("WFS", request, {**head, "STOREDQUERY_ID": _BY_ID})
        case "DescribeFeatureType":
            return Query("WFS", request, {**head, **_types(asked, version, offer, needed=False)})
    if "STOREDQUERY_ID" in asked:
        return Query("WFS", request, {**head, **_stored(asked, offer)})
    return Query("WFS", request, {**head, **_features(asked, version, offer, request)})


def _version(asked: Parameters) -> str:
    text = asked.get("VERSION") or asked.get("ACCEPTVERSIONS", "").partition(",")[0]
    return next((known for known in ("1.0.0", "1.1.0") if text.startswith(known[:3])), "2.0.0")


def _types(asked: Parameters, version: str, offer: Offer, *, needed: bool) -> dict[str, str]:
    text = asked.get("TYPENAMES") or asked.get("TYPENAME") or ""
    if not text:
        if needed:
            raise missing("TYPENAMES")
        return {}
    names = [_layer("TYPENAMES", _local(name), offer) for name in text.strip("()").split(",")]
    return {"TYPENAMES" if version == "2.0.0" else "TYPENAME": ",".join(dict.fromkeys(names))}


def _features(asked: Parameters, version: str, offer: Offer, request: str) -> dict[str, str]:
    ids = asked.get("RESOURCEID") or asked.get("FEATUREID")
    if ids and not (asked.get("TYPENAMES") or asked.get("TYPENAME")):
        asked = {**asked, "TYPENAME": ids.partition(".")[0]}
    types = _types(asked, version, offer, needed=True)
    (layer, *more) = next(iter(types.values())).split(",")
    if more:
        raise invalid("TYPENAMES", ",".join([layer, *more]), "one type a query", "每次查询一个要素类型")
    found = {**types, **_paging(asked, version)}
    if sum(name in asked for name in ("BBOX", "FILTER")) + bool(ids) > 1:
        raise invalid("FILTER", "", "only one of BBOX, FILTER and ids", "BBOX、FILTER、要素编号三者择一")
    if ids:
        found["RESOURCEID" if version == "2.0.0" else "FEATUREID"] = _ids(ids, offer)
    modern = version != "1.0.0"
    if "FILTER" in asked:
        fields = offer.fields[layer]
        found["FILTER"] = read_filter(asked["FILTER"], fields, offer.geometry, offer.srids, modern=modern)
    if "BBOX" in asked:
        found["BBOX"] = read_box(asked["BBOX"], offer.srids, modern=modern)
    if "SRSNAME" in asked:
        found["SRSNAME"] = written(read_crs("SRSNAME", asked["SRSNAME"], offer.srids))
    found |= _projection(asked, layer, offer)
    if request == "GetPropertyValue":
        found["VALUEREFERENCE"] = _property("VALUEREFERENCE", _needed("VALUEREFERENCE", asked), layer, offer)
    if "OUTPUTFORMAT" in asked:
        found["OUTPUTFORMAT"] = _from("OUTPUTFORMAT", asked["OUTPUTFORMAT"], _FEATURE_FORMATS)
    return found


def _paging(asked: Parameters, version: str) -> dict[str, str]:
    count = asked.get("COUNT") or asked.get("MAXFEATURES")
    found: dict[str, str] = {}
    if count:
        found["COUNT" if version == "2.0.0" else "MAXFEATURES"] = _whole("COUNT", count, 10**9)
    if "STARTINDEX" in asked:
        found["STARTINDEX"] = _whole("STARTINDEX", asked["STARTINDEX"], 10**9)
    if asked.get("RESULTTYPE", "").lower() == "hits":
        found["RESULTTYPE"] = "hits"
    elif not count:
        found["COUNT" if version == "2.0.0" else "MAXFEATURES"] = str(MAX_FEATURES)
    return found


def _projection(asked: Parameters, layer: str, offer: Offer) -> dict[str, str]:
    found: dict[str, str] = {}
    if asked.get("PROPERTYNAME", "*").strip("()") not in ("", "*"):
        names = asked["PROPERTYNAME"].strip("()").split(",")
        found["PROPERTYNAME"] = ",".join(_property("PROPERTYNAME", name, layer, offer) for name in names)
    if asked.get("SORTBY"):
        found["SORTBY"] = ",".join(_sort(part, layer, offer) for part in asked["SORTBY"].split(","))
    return found


def _sort(text: str, layer: str, offer: Offer) -> str:
    name, *direction = text.strip().split()
    down = bool(direction) and direction[0].upper().startswith("D")
    return f"{_property('SORTBY', name, layer, offer)} {'DESC' if down else 'ASC'}"


def _stored(asked: Parameters, offer: Offer) -> dict[str, str]:
    if asked["STOREDQUERY_ID"].rpartition(":")[2] != "GetFeatureById":
        raise invalid("STOREDQUERY_ID", asked["STOREDQUERY_ID"], f"only {_BY_ID}", f"仅提供 {_BY_ID}")
    return {"STOREDQUERY_ID": _BY_ID, "ID": _ids(_needed("ID", asked), offer)}


def _ids(text: str, offer: Offer) -> str:
    ids = text.split(",")
    if len(ids) > _MOST_IDS:
        raise invalid("RESOURCEID", text, f"at most {_MOST_IDS}", f"至多 {_MOST_IDS} 个")
    for each in ids:
        layer, _, number = each.partition(".")
        _layer("RESOURCEID", layer, offer)
        _whole("RESOURCEID", number, 2**53)
    return ",".join(ids)


def _property(where: str, text: str, layer: str, offer: Offer) -> str:
    name = _local(text.strip())
    if name in (*offer.fields[layer], offer.geometry):
        return name
    raise invalid(where, text, f"{layer} has {', '.join(offer.fields[layer])}", f"{layer} 没有该属性")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _upper(given: Parameters) -> dict[str, str]:
    asked = {name.upper(): value for name, value in given.items()}
    for name in _REFUSED:
        if name in asked:
            raise ServiceError(
                "OperationNotSupported", name, f"{name} is not taken here.", f"不接受参数 {name}。"
            )
    return asked


def _needed(name: str, asked: Parameters) -> str:
    value = asked.get(name, "")
    if not value:
        raise missing(name)
    return value


def _one_of(name: str, asked: Parameters, offered: Sequence[str]) -> str:
    text = _needed(name, asked)
    found = next((item for item in offered if item.lower() == text.lower()), None)
    if found is None:
        en, zh = f"{text[:40]!r} is not offered.", f"不提供操作 {text[:40]!r}。"
        raise ServiceError("OperationNotSupported", name, en, zh)
    return found


def _layer(where: str, name: str | None, offer: Offer) -> str:
    if name in offer.styles:
        return str(name)
    shown = str(name)[:40]
    raise ServiceError("LayerNotDefined", where, f"There is no layer {shown!r}.", f"没有图层 {shown!r}。")


def _style(name: str, layer: str, offer: Offer) -> str | None:
    if name in ("", "default"):
        return next(iter(offer.styles[layer]), None)
    if name in offer.styles[layer]:
        return name
    raise ServiceError(
        "StyleNotDefined",
        "STYLES",
        f"Layer {layer} has no style {name[:40]!r}.",
        f"图层 {layer} 没有样式 {name[:40]!r}。",
    )


def _from(where: str, text: str, offered: Mapping[str, str]) -> str:
    found = offered.get(re.sub(r"\s*;\s*", "; ", text.strip().lower()))
    if found is None:
        raise invalid(where, text, "this format is not offered", "不提供该格式")
    return found


def _whole(where: str, text: str, most: int, least: int = 0) -> str:
    if text.isascii() and text.isdigit() and len(text) <= 17 and least <= int(text) <= most:
        return str(int(text))
    raise invalid(where, text, f"a whole number from {least} to {most}", f"应为 {least} 至 {most} 的整数")


def _floats(where: str, text: str, number: int) -> list[str]:
    parts = text.split(",")
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = []
    if len(values) != number or not all(map(math.isfinite, values)):
        raise invalid(where, text, f"{number} numbers are needed", f"应为 {number} 个数")
    return [repr(value) for value in values]
