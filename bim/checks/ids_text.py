"""Read an IDS file (Information Delivery Specification 1.0) that anybody may have written, without the network.

The library's own loader fetches schemas from the web; ours is built from the schema it ships, locally.
"""

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.handler import ContentHandler

import defusedxml.ElementTree
import defusedxml.sax
import ifctester.ids
from defusedxml.common import DefusedXmlException
from ifctester.ids import Ids
from xmlschema import XMLResource, XMLSchema

from bim.errors import IdsError, Place

NAMESPACE = "http://standards.buildingsmart.org/IDS"
MAX_BYTES = 4 << 20
_SHOWN = 5


def read_ids(path: Path) -> Ids:
    """Read and validate an IDS file.

    Raises
    ------
    IdsError
        No XML, entities or a DTD in it, another namespace, or against the IDS 1.0 schema; the message names
        line and place of the first faults.
    """
    data = path.read_bytes()
    _check_text(data)
    # The schema reads prefixes inside values (base="xs:string"), which a bare element does not know any more.
    text = XMLResource(io.BytesIO(data), allow="none", defuse="always")
    faults = list(_faults(data, text))
    if faults:
        raise _refused(faults)
    decoded: Any = ids_schema().decode(text, strip_namespaces=True, namespaces={"": NAMESPACE})
    ids = Ids().parse(decoded)
    specifications = decoded["specifications"]["specification"]
    held = specifications if isinstance(specifications, list) else [specifications]
    for specification, values in zip(ids.specifications, held, strict=True):
        specification.identifier = values.get("@identifier")  # the library leaves it out
    _check_patterns(ids)
    return ids


@lru_cache(maxsize=1)
def ids_schema() -> XMLSchema:
    """Build the schema of IDS 1.0 from the file that the library ships; nothing is fetched."""
    return XMLSchema(Path(ifctester.ids.__file__).with_name("ids.xsd"), allow="local", defuse="always")


def _check_text(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise IdsError(
            f"The IDS file is larger than {MAX_BYTES >> 20} MB. Split its specifications into several files.",
            f"IDS 文件超过 {MAX_BYTES >> 20} MB，请拆分为多个文件。",
        )
    try:
        root: ElementTree.Element = defusedxml.ElementTree.fromstring(data, forbid_dtd=True)
    except ElementTree.ParseError as error:
        line = error.position[0]
        raise IdsError(
            f"The file is no well-formed XML ({error.msg}). Save it again from an IDS editor.",
            f"文件不是格式良好的 XML（{error.msg}），请用 IDS 编辑器重新保存。",
            Place(line=line),
        ) from error
    except (DefusedXmlException, LookupError, ValueError) as error:
        raise IdsError(
            f"The file holds a DTD, an entity or an unknown encoding ({type(error).__name__}), which an IDS has no "
            "use for. Remove it.",
            f"文件含有 DTD、实体或未知编码（{type(error).__name__}），IDS 不需要这些内容，请删除。",
        ) from error
    if root.tag != f"{{{NAMESPACE}}}ids":
        raise IdsError(
            f"The root element is {root.tag[:80]}, expected is ids in the namespace {NAMESPACE}. "
            "Only IDS 1.0 is read; convert older drafts with an IDS editor.",
            f"根元素为 {root.tag[:80]}，应为命名空间 {NAMESPACE} 中的 ids。仅支持 IDS 1.0。",
            Place(line=1),
        )


def _faults(data: bytes, text: XMLResource) -> Iterator[tuple[int | None, str, str]]:
    lines: dict[str, int] | None = None
    for count, error in enumerate(ids_schema().iter_errors(text)):
        if count >= _SHOWN:
            return
        if lines is None:
            lines = _lines_of(data)
        path = re.sub(r"\{[^}]*\}", "", error.path or "/ids")
        yield lines.get(path), path, str(error.reason or error.message).replace(f"{{{NAMESPACE}}}", "")[:300]


def _refused(faults: list[tuple[int | None, str, str]]) -> IdsError:
    line, path, reason = faults[0]
    more = "".join(f" Also line {line}, {path}: {reason}" for line, path, reason in faults[1:])
    more_zh = "".join(f" 另：第 {line} 行 {path}：{reason}" for line, path, reason in faults[1:])
    return IdsError(
        f"{path}: {reason} Correct it in an IDS editor; the schema is IDS 1.0.{more}",
        f"{path}：{reason} 请按 IDS 1.0 在编辑器中修正。{more_zh}",
        Place(line=line),
    )


def _check_patterns(ids: Ids) -> None:
    """Refuse a pattern that cannot be compiled here, not in the middle of a check."""
    for specification in ids.specifications:
        for facet in [*specification.applicability, *specification.requirements]:
            for value in vars(facet).values():
                options = getattr(value, "options", None)
                if isinstance(options, dict) and "pattern" in options:
                    _check_pattern(specification.name, options["pattern"])


def _check_pattern(specification: str, pattern: Any) -> None:
    for each in pattern if isinstance(pattern, list) else [pattern]:
        try:
            re.compile(ifctester.facet.translate_pattern(str(each)))
        except Exception as error:
            raise IdsError(
                f"Specification {specification!r}: the pattern {str(each)[:100]!r} cannot be read ({error}). "
                "Write it as an XML Schema regular expression.",
                f"规范 {specification!r}：模式 {str(each)[:100]!r} 无法解析（{error}），请改写为 XML Schema 正则表达式。",
            ) from error


class _Lines(ContentHandler):
    """Notes the line of every element under its path, with and without its position among its like."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}
        self._stack: list[tuple[str, dict[str, int]]] = [("", {})]
        self._locator: Any = None

    def setDocumentLocator(self, locator: Any) -> None:  # noqa: N802  the name is the interface's
        self._locator = locator

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802, ARG002
        above, counts = self._stack[-1]
        local = name.rpartition(":")[2]
        counts[local] = counts.get(local, 0) + 1
        first = f"{above}/{local}"
        path = first if counts[local] == 1 else f"{first}[{counts[local]}]"
        line = self._locator.getLineNumber()
        self.lines[path] = line
        self.lines[f"{first}[{counts[local]}]"] = line
        self._stack.append((path, {}))

    def endElement(self, name: str) -> None:  # noqa: N802, ARG002
        self._stack.pop()


def _lines_of(data: bytes) -> dict[str, int]:
    """Find the line of every element; paths whose first members carry [1] are looked up without it."""
    handler = _Lines()
    defusedxml.sax.parse(io.BytesIO(data), handler, forbid_dtd=True)
    return _Forgiving(handler.lines)


class _Forgiving(dict[str, int]):
    """Looks a path up as written, then without ``[1]``."""

    def get(self, key: str, default: Any = None) -> Any:
        """Get the line of a path."""
        return super().get(key, super().get(key.replace("[1]", ""), default))
