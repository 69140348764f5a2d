"""`/docs`: what the service offers, as a plain page of our own. FastAPI's pages load scripts from elsewhere."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from api.maps.addresses import root
from api.maps.definition import definition_document
from api.maps.documents import HTML_UTF8
from api.maps.html import render_page
from api.plain_route import PlainRoute
from twin.identity import ANONYMOUS

METHODS: Final = ("get", "post", "put", "patch", "delete")


def list_operations(document: dict[str, Any], prefix: str = "") -> list[dict[str, Any]]:
    """List the operations of an OpenAPI document: method, path, summary, parameters."""
    return [
        {
            "method": method.upper(),
            "path": prefix + path,
            "summary": item[method].get("summary", ""),
            "description": item[method].get("description", ""),
            "parameters": [_name(document, parameter) for parameter in item[method].get("parameters", ())],
        }
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def _name(document: dict[str, Any], parameter: dict[str, Any]) -> str:
    if "$ref" in parameter:
        parameter = document["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]
    return str(parameter["name"])


async def answer_docs(request: Request) -> Response:
    """Answer the page with every operation of both documents."""
    own = list_operations(request.app.openapi())
    maps = list_operations(definition_document(ANONYMOUS, root(request)), "/ogc")
    body = render_page(request, "docs.html", title="API", links=[], groups={"API": own, "OGC API": maps})
    return Response(body, headers={"Content-Type": HTML_UTF8, "Cache-Control": "no-cache"})


ROUTES: Final = [PlainRoute("/docs", answer_docs)]
