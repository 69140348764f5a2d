"""OGC filters, read element by element against closed lists and written anew.

What is written holds names of the lists, properties of the layer, numbers and escaped text, and no namespaces: the
engine goes by local names. Sources: OGC 09-026r2 (FES 2.0), 04-095 (Filter 1.1), 02-059 (Filter 1.0).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from gis.classic.coordinates import read_crs, urn
from gis.classic.errors import ServiceError, invalid
from gis.crs import parse_crs

MOST_BYTES: Final = 262_144
_MOST_NODES: Final = 2_000
_MOST_DEPTH: Final = 32
_MOST_TEXT: Final = 1_000
_NUMBERS: Final = re.compile(r"[-+0-9.eE,\s]+")

_OPERATORS: Final = frozenset(
    [
        "Filter",
        "And",
        "Or",
        "Not",
        "PropertyIsEqualTo",
        "PropertyIsNotEqualTo",
        "PropertyIsLessThan",
        "PropertyIsGreaterThan",
        "PropertyIsLessThanOrEqualTo",
        "PropertyIsGreaterThanOrEqualTo",
        "PropertyIsLike",
        "PropertyIsNull",
        "PropertyIsNil",
        "PropertyIsBetween",
        "LowerBoundary",
        "UpperBoundary",
        "BBOX",
        "Intersects",
        "Within",
        "Contains",
        "Disjoint",
        "Touches",
        "Crosses",
        "Overlaps",
        "Equals",
    ]
)
_GEOMETRIES: Final = frozenset(
    [
        "Envelope",
        "Box",
        "Point",
        "LineString",
        "Polygon",
        "LinearRing",
        "exterior",
        "interior",
        "outerBoundaryIs",
        "innerBoundaryIs",
        "MultiPolygon",
        "MultiSurface",
        "polygonMember",
        "surfaceMember",
        "MultiPoint",
        "pointMember",
        "MultiLineString",
        "MultiCurve",
        "curveMember",
        "lineStringMember",
    ]
)
_COORDINATES: Final = frozenset(["lowerCorner", "upperCorner", "pos", "posList", "coordinates"])
_IDS: Final = {"ResourceId": "rid", "FeatureId": "fid", "GmlObjectId": "id"}
_KEPT: Final = {
    "matchCase": {"true", "false"},
    "matchAction": {"Any", "All", "One"},
    "srsDimension": {"2"},
}
_SIGNS: Final = ("wildCard", "singleChar", "escapeChar", "escape")


def read_filter(
    text: str, fields: Collection[str], geometry: str, srids: Collection[int], *, modern: bool = True
) -> str:
    """Return the filter written anew.

    The engine reads the coordinates of WFS 1.1 and later in the order of the authority, whatever the name, and those
    of 1.0.0 east first: they are written so, from the order that the name of their system means.

    Parameters
    ----------
    fields : collection of str
        Properties it may name.
    geometry : str
        Name of the geometry property.
    modern : bool
        Whether it belongs to WFS 1.1 or later.

    Raises
    ------
    ServiceError
        It is no filter, too large, or names what is not offered.

    Examples
    --------
    >>> read_filter("<Filter><PropertyIsEqualTo><PropertyName>name</PropertyName><Literal>桥</Literal>"
    ...             "</PropertyIsEqualTo></Filter>", ["name"], "geom", [4490])
    '<Filter><PropertyIsEqualTo><PropertyName>name</PropertyName><Literal>桥</Literal></PropertyIsEqualTo></Filter>'
    """
    root = parse_xml(text.strip().encode())
    if local(root.tag) != "Filter":
        raise _refused(local(root.tag))
    if sum(1 for _ in root.iter()) > _MOST_NODES:
        raise _refused("…", "too many elements", "元素过多")
    anew = _Rewriter(frozenset(fields), geometry, frozenset(srids), modern).element(root, 0)
    return ET.tostring(anew, encoding="unicode")


def parse_xml(content: bytes) -> ET.Element:
    """Parse a request's XML without definitions: no entity is ever expanded, no file ever read.

    Raises
    ------
    ServiceError
        It is too large, not well-formed, or has a document type.
    """
    if len(content) > MOST_BYTES:
        raise _refused("…", f"more than {MOST_BYTES} bytes", "内容过大")
    parser = ET.XMLParser(target=_Plain())  # noqa: S314  the builder below refuses every definition
    try:
        parser.feed(content)
        root: ET.Element = parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise _refused("…", f"not well-formed XML ({error})", "XML 格式有误") from None
    return root


class _Plain(ET.TreeBuilder):
    """A builder that stops at a document type: entities need one."""

    def doctype(self, name: str, *_: str | None) -> None:
        """Refuse."""
        raise _refused(name, "a document type is not taken", "不接受文档类型定义")


def local(tag: str) -> str:
    """Return a name without its namespace.

    Examples
    --------
    >>> local("{http://www.opengis.net/fes/2.0}Filter")
    'Filter'
    """
    return str(tag).rpartition("}")[2]


@dataclass(frozen=True)
class _Rewriter:
    fields: frozenset[str]
    geometry: str
    srids: frozenset[int]
    modern: bool

    def element(self, old: ET.Element, depth: int, *, flip: bool = False) -> ET.Element:
        name = local(old.tag)
        if depth > _MOST_DEPTH:
            raise _refused(name, "too deep", "层次过深")
        if name in _IDS:
            return self._id(old, name)
        attributes = dict(self._attributes(old))
        stated = next((value for key, value in old.attrib.items() if local(key) == "srsName"), None)
        if stated is not None:
            attributes["srsName"], flip = self._system(stated)
        new = ET.Element(name, attributes)
        if name in ("PropertyName", "ValueReference"):
            new.text = self._property(old.text)
        elif name == "Literal":
            if len(old):  # a geometry may be wrapped in a literal
                new.extend([self.element(item, depth + 1, flip=flip) for item in old])
                return new
            new.text = _text(name, old.text)
        elif name in _COORDINATES:
            new.text = _coordinates(name, old.text, flip=flip)
        elif name in _OPERATORS or name in _GEOMETRIES:
            new.extend([self.element(item, depth + 1, flip=flip) for item in old])
        else:
            raise _refused(name)
        return new

    def _system(self, stated: str) -> tuple[str, bool]:
        """Return the name that the engine is told, and whether each pair must change places for it."""
        crs = read_crs("FILTER", stated, self.srids)
        name = urn(crs.srid) if self.modern else f"EPSG:{crs.srid}"
        return name, self.modern != crs.swapped and parse_crs(urn(crs.srid)).swapped

    def _property(self, text: str | None) -> str:
        name = (text or "").strip().rpartition(":")[2]
        if name == "msGeometry":
            return self.geometry
        if name in self.fields or name == self.geometry:
            return name
        raise invalid("FILTER", name, f"there are {', '.join(sorted(self.fields))}", "没有该属性")

    def _id(self, old: ET.Element, name: str) -> ET.Element:
        value = next((text for key, text in old.attrib.items() if local(key) in ("rid", "fid", "id")), "")
        if not re.fullmatch(r"[a-z_]{1,63}\.\d{1,16}", value):
            raise invalid("FILTER", value, "an id like projects.12 is needed", "应为 projects.12 形式的编号")
        return ET.Element(name, {_IDS[name]: value})

    def _attributes(self, old: ET.Element) -> Iterator[tuple[str, str]]:
        for key, value in old.attrib.items():
            name = local(key)
            if (name in _SIGNS and len(value) == 1 and value.isprintable()) or value in _KEPT.get(name, ()):
                yield name, value


def _text(name: str, text: str | None) -> str:
    text = text or ""
    if len(text) > _MOST_TEXT or "\0" in text:
        raise _refused(name, "too long", "过长")
    return text


def _coordinates(name: str, text: str | None, *, flip: bool) -> str:
    text = (text or "").strip()
    if not _NUMBERS.fullmatch(text):
        raise _refused(name, "numbers are needed", "应为数字")
    if not flip:
        return " ".join(text.split())
    if name == "coordinates":  # GML 2: tuples with commas
        return " ".join(",".join(reversed(pair.split(","))) for pair in text.split())
    numbers = text.split()
    if len(numbers) % 2:
        raise _refused(name, "pairs of coordinates are needed", "坐标应成对")
    return " ".join(f"{second} {first}" for first, second in zip(numbers[::2], numbers[1::2], strict=True))


def _refused(name: str, en: str = "not taken in a filter", zh: str = "过滤条件中不接受") -> ServiceError:
    return ServiceError("OperationParsingFailed", "FILTER", f"{name[:40]}: {en}.", f"{name[:40]}：{zh}。")
