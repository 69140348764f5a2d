"""A WFS request sent as XML, as the parameters that ask for the same: one reader checks both.

Sources: OGC 09-025r2 (WFS 2.0.2), 04-094 (WFS 1.1.0), 02-058 (WFS 1.0.0).
"""

from typing import Final
from xml.etree import ElementTree as ET

from gis.classic.errors import ServiceError
from gis.classic.filter_xml import local, parse_xml

_OF_REQUEST: Final = {
    "version": "VERSION",
    "count": "COUNT",
    "maxFeatures": "COUNT",
    "startIndex": "STARTINDEX",
    "resultType": "RESULTTYPE",
    "outputFormat": "OUTPUTFORMAT",
    "valueReference": "VALUEREFERENCE",
}


def parameters_of(body: bytes) -> dict[str, str]:
    """Return the parameters that a request body stands for.

    Raises
    ------
    ServiceError
        It is not well-formed, or has several queries.
    """
    root = parse_xml(body)
    found = {"SERVICE": "WFS", "REQUEST": local(root.tag)}
    found |= {_OF_REQUEST[name]: value for name, value in root.attrib.items() if name in _OF_REQUEST}
    names = [item.text or "" for item in root if local(item.tag) == "TypeName"]
    if names:
        found["TYPENAMES"] = ",".join(names)
    queries = [item for item in root if local(item.tag) in ("Query", "StoredQuery")]
    if len(queries) > 1:
        en, zh = "One query a request is offered.", "每次请求只接受一个查询。"
        raise ServiceError("OperationProcessingFailed", "Query", en, zh)
    for query in queries:
        found |= _stored(query) if local(query.tag) == "StoredQuery" else _query(query)
    return found


def _query(query: ET.Element) -> dict[str, str]:
    found = {"TYPENAMES": query.get("typeNames") or query.get("typeName") or ""}
    if query.get("srsName"):
        found["SRSNAME"] = str(query.get("srsName"))
    names = [item.text or "" for item in query if local(item.tag) == "PropertyName"]
    if names:
        found["PROPERTYNAME"] = ",".join(names)
    for item in query:
        if local(item.tag) == "Filter":
            found["FILTER"] = ET.tostring(item, encoding="unicode")
        if local(item.tag) == "SortBy":
            found["SORTBY"] = ",".join(_sort(each) for each in item)
    return found


def _sort(element: ET.Element) -> str:
    parts = {local(item.tag): item.text or "" for item in element}
    name = parts.get("ValueReference") or parts.get("PropertyName") or ""
    return f"{name} {parts.get('SortOrder', 'ASC')}"


def _stored(query: ET.Element) -> dict[str, str]:
    found = {"STOREDQUERY_ID": query.get("id") or ""}
    for item in query:
        if (item.get("name") or "").upper() == "ID":
            found["ID"] = (item.text or "").strip()
    return found
