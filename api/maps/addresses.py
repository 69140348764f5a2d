"""Addresses and links of the map doors, absolute, as map clients want them."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.requests import Request

MATRIX_SET: Final = "WebMercatorQuad"
REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"

Link = dict[str, Any]


def root(request: Request) -> str:
    """Return the address of the service, as the client reached it, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def ogc(request: Request, path: str = "") -> str:
    """Return the address of a resource below `/ogc`."""
    return f"{root(request)}/ogc{path}"


def collection(request: Request, layer_id: str, path: str = "") -> str:
    """Return the address of a resource of a collection."""
    return ogc(request, f"/collections/{quote(layer_id)}{path}")


def tiles_template(request: Request, layer_id: str) -> str:
    """Return the z/x/y template of the vector tiles of a collection, or of several joined by commas."""
    return f"{root(request)}/tiles/{quote(layer_id, safe=',')}/{{z}}/{{x}}/{{y}}.mvt"


def matrix_template(request: Request, layer_id: str) -> str:
    """Return the same as OGC API Tiles writes it: row before column."""
    return collection(request, layer_id, f"/tiles/{MATRIX_SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}")


def link(rel: str, href: str, media_type: str, title: str = "") -> Link:
    """Return one link."""
    found = {"rel": rel, "href": href, "type": media_type}
    return {**found, "title": title} if title else found


def with_parameters(address: str, parameters: dict[str, str]) -> str:
    """Return the address with these query parameters.

    Examples
    --------
    >>> with_parameters("http://h/items", {"limit": "5", "name": "桥"})
    'http://h/items?limit=5&name=%E6%A1%A5'
    """
    return f"{address}?{urlencode(parameters)}" if parameters else address


def self_links(request: Request, offered: dict[str, str], chosen: str) -> list[Link]:
    """Return the links to this very resource: `self` in the format sent, `alternate` in the others."""
    address = str(request.url.replace(query="", fragment=""))
    kept = {name: value for name, value in request.query_params.items() if name != "f"}
    links = [link("self", with_parameters(address, {**kept, "f": chosen}), offered[chosen])]
    others = (key for key in offered if key != chosen)
    return links + [
        link("alternate", with_parameters(address, {**kept, "f": key}), offered[key]) for key in others
    ]
