"""XML of BCF to the classes of bcf-client and back: defused, forgiving, and nothing unknown thrown away."""

import dataclasses
import typing
import xml.etree.ElementTree as ElementTree
from functools import lru_cache
from typing import Any, TypeVar

import defusedxml.ElementTree
from bcf.xml_parser import build_serializer, build_xml_parser
from defusedxml.common import DefusedXmlException
from xsdata.exceptions import ParserError
from xsdata.formats.dataclass.context import XmlContext
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.serializers import XmlSerializer

from bim.errors import BcfError, Place

T = TypeVar("T")
_UNKNOWN_BYTES = 64_000
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

Unknown = list[dict[str, str]]


def parse_tree(data: bytes, member: str) -> ElementTree.Element:
    """Parse XML that may be hostile.

    Raises
    ------
    BcfError
        Not well-formed, or with a DTD, an entity or an external reference.
    """
    try:
        root: ElementTree.Element = defusedxml.ElementTree.fromstring(data, forbid_dtd=True)
    except ElementTree.ParseError as error:
        raise BcfError(
            f"This is no well-formed XML ({error.msg}). Export the file again.",
            f"不是格式良好的 XML（{error.msg}），请重新导出。",
            Place(line=error.position[0], member=member),
        ) from error
    except (DefusedXmlException, LookupError, ValueError) as error:
        raise BcfError(
            f"The XML holds a DTD, an entity or an unknown encoding ({type(error).__name__}), which BCF has no use "
            "for. The file is refused.",
            f"XML 含有 DTD、实体或未知编码（{type(error).__name__}），BCF 不需要这些内容，拒绝读取。",
            Place(member=member),
        ) from error
    return root


def bind(root: ElementTree.Element, kind: type[T], member: str) -> T:
    """Make an object of a parsed tree; what the class does not know is passed over.

    Raises
    ------
    BcfError
        A required value is missing or of the wrong kind.
    """
    try:
        return _parser().from_bytes(ElementTree.tostring(root, encoding="utf-8"), kind)
    except (ParserError, TypeError, ValueError, AttributeError) as error:
        raise BcfError(
            f"A value that BCF requires is missing or wrong ({str(error)[:200]}). Export the file again.",
            f"缺少 BCF 必需的值或其值有误（{str(error)[:200]}），请重新导出。",
            Place(member=member),
        ) from error


def render(value: object) -> bytes:
    """Write an object as XML."""
    return _serializer().render(value, {"xs": "http://www.w3.org/2001/XMLSchema"}).encode("utf-8")


def list_unknown(element: ElementTree.Element, kind: type[Any]) -> Unknown:
    """List what an element holds that the class does not know: ``path``, and ``xml`` or ``attribute`` and ``value``.

    Paths are relative to the element; nothing of the element's own known children is listed.
    """
    found: Unknown = []
    _collect(element, kind, "", found)
    kept: Unknown = []
    size = 0
    for each in found:
        size += sum(len(value) for value in each.values())
        if size <= _UNKNOWN_BYTES:
            kept.append(each)
    return kept


def put_back(element: ElementTree.Element, unknown: Unknown) -> None:
    """Write what `list_unknown` found right below the element into it again."""
    for each in unknown:
        if each["path"]:
            continue
        if "xml" in each:
            element.append(defusedxml.ElementTree.fromstring(each["xml"], forbid_dtd=True))
        else:
            element.set(each["attribute"], each["value"])


def local(tag: str) -> str:
    """Return a tag without its namespace.

    >>> local("{urn:x}Topic")
    'Topic'
    """
    return tag.rpartition("}")[2]


def _collect(element: ElementTree.Element, kind: type[Any], path: str, found: Unknown) -> None:
    elements, attributes = _known(typing.cast("typing.Hashable", kind))
    for name, value in element.attrib.items():
        if name not in attributes and not name.startswith(_XSI):
            found.append({"path": path, "attribute": name, "value": value})
    counts: dict[str, int] = {}
    for child in element:
        name = local(child.tag)
        counts[name] = counts.get(name, 0) + 1
        if child.tag not in elements:
            text = ElementTree.tostring(child, encoding="unicode").strip()
            found.append({"path": path, "xml": text})
            continue
        inner = elements[child.tag]
        if inner is not None:
            _collect(child, inner, f"{path}/{name}[{counts[name]}]".lstrip("/"), found)


@lru_cache(maxsize=256)
def _known(kind: Any) -> tuple[dict[str, type[Any] | None], frozenset[str]]:
    """Names of a class's elements, each with the class behind it, and of its attributes."""
    hints = typing.get_type_hints(kind)
    elements: dict[str, type[Any] | None] = {}
    attributes = set()
    for each in dataclasses.fields(kind):
        name = each.metadata.get("name", each.name)
        if each.metadata.get("type") == "Attribute":
            attributes.add(name)
        else:
            elements[name] = _class_in(hints[each.name])
    return elements, frozenset(attributes)


def _class_in(hint: Any) -> type[Any] | None:
    if dataclasses.is_dataclass(hint):
        return typing.cast("type[Any]", hint)
    return next((found for part in typing.get_args(hint) if (found := _class_in(part))), None)


@lru_cache(maxsize=1)
def _context() -> XmlContext:
    return XmlContext()


@lru_cache(maxsize=1)
def _parser() -> XmlParser:
    parser: XmlParser = build_xml_parser(_context())
    parser.config.fail_on_unknown_properties = False
    parser.config.fail_on_unknown_attributes = False
    parser.config.fail_on_converter_warnings = True
    return parser


@lru_cache(maxsize=1)
def _serializer() -> XmlSerializer:
    serializer: XmlSerializer = build_serializer(_context())
    return serializer
