"""JSON documents of the map doors, as JSON for machines or as a page for people."""

from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.maps.addresses import self_links
from api.maps.answers import answer_bytes
from api.maps.asked import HTML, JSON, choose_format
from api.maps.html import render_document
from twin.identity import Caller

HTML_UTF8: Final = f"{HTML}; charset=utf-8"


def answer_plain(
    request: Request, caller: Caller, title: str, document: dict[str, Any], media_type: str = JSON
) -> Response:
    """Answer a document as it is, in the format asked for."""
    if choose_format(request, {"json": media_type, "html": HTML}) == "html":
        return answer_bytes(request, caller, render_document(request, title, document), HTML_UTF8)
    return answer_bytes(request, caller, orjson.dumps(document), media_type)


def answer_linked(request: Request, caller: Caller, title: str, document: dict[str, Any]) -> Response:
    """Answer a document with links to itself, in this format and the other."""
    offered = {"json": JSON, "html": HTML}
    links = self_links(request, offered, choose_format(request, offered))
    return answer_plain(request, caller, title, {**document, "links": [*links, *document.get("links", ())]})
