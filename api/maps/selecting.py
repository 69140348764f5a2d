"""Which rows, of which fields, in which order a request asks for: read here for every map door."""

from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request

from api.maps.asked import read_parameters
from gis.cql2 import CQL_LANGUAGES, compile_filter, parse_filter
from gis.crs import CRS84, Crs, parse_crs
from gis.errors import GisError, InvalidParameterError
from gis.filters import (
    apply_datetime,
    bbox_condition,
    parse_bbox,
    parse_datetime,
    parse_limit,
    property_condition,
)
from gis.layer import Layer, Selection
from gis.paging import Page, parse_sort, read_token
from gis.statement import EVERYTHING, Condition
from twin.identity import Caller
from twin.layers import select_rows

FILTER_PARAMETERS: Final = ("filter", "filter-lang", "filter-crs")
"""Understood by every door that reads a selection."""

ITEM_PARAMETERS: Final = ("crs", "datetime", "properties")
PAGE_PARAMETERS: Final = (*ITEM_PARAMETERS, "bbox", "bbox-crs", "limit", "next", "resultType", "sortby")
SURVEY_PARAMETERS: Final = ("encoding", "zone")
"""Of a boundary-point TXT, beside those of a page."""

RESULT_TYPES: Final = ("results", "hits")


@dataclass(frozen=True)
class Asked:
    """A page of features as a client asked for it.

    Parameters
    ----------
    hits : bool
        Whether the number of features is wanted and no feature (`resultType=hits`).
    """

    parameters: dict[str, str]
    selection: Selection
    page: Page
    crs: Crs
    hits: bool = False


def read_selection(request: Request, caller: Caller, layer_id: str, own: tuple[str, ...]) -> Selection:
    """Return the rows that the caller may see and that the parameters ask for.

    Property filters, CQL2 filters and `datetime` are understood by every door; `own` are the door's further
    parameters.
    The fields are those the caller may see: naming another one is an error, not a hint that it exists.
    """
    selection = select_rows(caller, layer_id).selection
    queryables = [item.name for item in selection.layer.fields if item.queryable]
    parameters = read_parameters(request, ("datetime", *FILTER_PARAMETERS, *own, *queryables))
    if "datetime" in parameters:
        selection = apply_datetime(selection, parse_datetime(parameters["datetime"]))
    pairs = [(name, value) for name, value in parameters.items() if name in queryables]
    selection = selection.filtered(property_condition(selection.layer, pairs))
    return selection.filtered(_read_filter(request, selection.layer, parameters))


def _read_filter(request: Request, layer: Layer, parameters: dict[str, str]) -> Condition:
    """Return the condition of `filter`; the language is CQL2 text unless `filter-lang` says otherwise."""
    crs = read_crs(request, "filter-crs")
    lang = parameters.get("filter-lang", "cql2-text")
    for known in CQL_LANGUAGES:
        if lang == known:
            text = parameters.get("filter")
            return EVERYTHING if text is None else compile_filter(layer, parse_filter(text, known), crs)
    raise InvalidParameterError(
        f"There is no filter-lang {lang[:40]!r}; there are {', '.join(CQL_LANGUAGES)}.",
        f"没有 filter-lang {lang[:40]!r}；可用：{'、'.join(CQL_LANGUAGES)}。",
        where="filter-lang",
    )


def _read_hits(parameters: dict[str, str]) -> bool:
    asked = parameters.get("resultType", "results")
    if asked in RESULT_TYPES:
        return asked == "hits"
    raise InvalidParameterError(
        f"There is no resultType {asked[:40]!r}; there are {', '.join(RESULT_TYPES)}.",
        f"没有 resultType {asked[:40]!r}；可用：{'、'.join(RESULT_TYPES)}。",
        where="resultType",
    )


def read_crs(request: Request, name: str) -> Crs:
    """Return the CRS that a parameter names, CRS84 without it; an error names the parameter."""
    text = request.query_params.get(name)
    try:
        return CRS84 if text is None else parse_crs(text)
    except GisError as error:
        error.where = name
        raise


def read_page(request: Request, caller: Caller, own: tuple[str, ...] = PAGE_PARAMETERS) -> Asked:
    """Return the page of the collection in the path that the parameters ask for.

    Parameters
    ----------
    own : tuple of str
        The parameters of the format beside filters.
    """
    selection = read_selection(request, caller, request.path_params["collection"], own)
    parameters = dict(request.query_params)
    layer = selection.layer
    bbox_crs = read_crs(request, "bbox-crs")
    if "bbox" in parameters:
        selection = selection.filtered(bbox_condition(layer, parse_bbox(parameters["bbox"], bbox_crs)))
    sort = parse_sort(layer, parameters.get("sortby"))
    after = read_token(layer, sort, parameters["next"]) if "next" in parameters else None
    page = Page(parse_limit(parameters.get("limit")), sort, after)
    crs = read_crs(request, "crs")
    return Asked(parameters, cut_fields(selection, parameters), page, crs, _read_hits(parameters))


def cut_fields(selection: Selection, parameters: dict[str, str]) -> Selection:
    """Return the selection with the properties asked for only."""
    if "properties" not in parameters:
        return selection
    names = [name for name in parameters["properties"].split(",") if name]
    return replace(selection, layer=selection.layer.for_fields(names))
