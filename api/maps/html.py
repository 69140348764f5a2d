"""Map resources for people: the same documents as plain pages, without scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response

from api.errors import lang_of
from api.maps.addresses import Link, ogc
from api.maps.answers import answer_bytes
from gis.layer import Field, Layer
from twin.identity import ANONYMOUS

_STYLESHEET: Final = files("api.maps").joinpath("templates", "pages.css").read_bytes()

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


@dataclass(frozen=True)
class FeatureTable:
    """A page of features for people.

    Parameters
    ----------
    layer : Layer
        As the reader may see it.
    body : bytes
        GeoJSON features with commas between, without brackets.
    matched : int or None
        How many there are in all, where they were counted.
    following : str or None
        Address of the next page.
    downloads : sequence of tuple
        Title and address of the same features in each file format.
    """

    layer: Layer
    body: bytes
    matched: int | None
    following: str | None
    downloads: Sequence[tuple[str, str]]


def render_features(request: Request, table: FeatureTable, links: list[Link]) -> bytes:
    """Render a page of features as a table: titles with units, names of values, paging, downloads."""
    chinese = lang_of(request) == "zh"
    layer = table.layer
    return render_page(
        request,
        "features.html",
        title=f"{layer.title_zh} {layer.title_en}",
        description=layer.description,
        columns=[(item.name, _heading(item, chinese), item.type) for item in layer.fields],
        rows=[_row(feature, layer, chinese) for feature in orjson.loads(b"[" + table.body + b"]")],
        matched=table.matched,
        following=table.following,
        downloads=table.downloads,
        links=links,
    )


def _heading(item: Field, chinese: bool) -> str:
    if chinese:
        return (
            f"{item.title_zh}（{item.unit}）"
            if item.unit and item.unit not in item.title_zh
            else item.title_zh
        )
    return f"{item.title_en} ({item.unit})" if item.unit else item.title_en


def _row(feature: dict[str, Any], layer: Layer, chinese: bool) -> tuple[int, list[str]]:
    """Return the id and the cells of a feature in the order of the layer's fields."""
    return feature["id"], [
        _cell(item, feature["properties"].get(item.name), chinese) for item in layer.fields
    ]


def _cell(item: Field, value: Any, chinese: bool) -> str:
    if value is None:
        return ""
    for choice in item.choices:
        if choice.value == value:
            return choice.title_zh if chinese else choice.title_en
    if isinstance(value, bool):
        return ("是" if value else "否") if chinese else ("yes" if value else "no")
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)


async def answer_stylesheet(request: Request) -> Response:
    """Answer how the plain pages look."""
    return answer_bytes(request, ANONYMOUS, _STYLESHEET, "text/css; charset=utf-8")


def render_page(request: Request, template: str, **context: Any) -> bytes:
    """Render one of the plain pages in the client's language."""
    address = str(request.url.replace(query=""))
    context |= {"lang": lang_of(request), "home": ogc(request), "address": address}
    return _TEMPLATES.get_template(template).render(context).encode()
