"""Map resources for people: the same documents as plain pages, without scripts."""

from typing import Any, Final

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request

from api.errors import lang_of
from api.maps.addresses import ogc

_TEMPLATES: Final = Environment(
    loader=PackageLoader("api.maps"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_document(request: Request, title: str, document: dict[str, Any]) -> bytes:
    """Render any JSON document as a page: values as lists and tables, addresses as links."""
    links = [link for link in document.get("links", ()) if "{" not in link["href"]]
    rest = {name: value for name, value in document.items() if name != "links"}
    return render_page(request, "document.html", title=title, document=rest, links=links)


def render_features(request: Request, title: str, body: bytes, links: list[dict[str, str]]) -> bytes:
    """Render a page of features as a table.

    Parameters
    ----------
    body : bytes
        GeoJSON features with commas between, without brackets.
    """
    features = orjson.loads(b"[" + body + b"]")
    names = list(features[0]["properties"]) if features else []
    return render_page(request, "features.html", title=title, features=features, names=names, links=links)


def render_page(request: Request, template: str, **context: Any) -> bytes:
    """Render one of the plain pages in the client's language."""
    address = str(request.url.replace(query=""))
    context |= {"lang": lang_of(request), "home": ogc(request), "address": address}
    return _TEMPLATES.get_template(template).render(context).encode()
