"""Which rows, of which fields, in which order a request asks for: read here for every map door."""

from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request

from api.maps.asked import read_parameters
from gis.crs import CRS84, Crs, parse_crs
from gis.errors import GisError
from gis.filters import (
    apply_datetime,
    bbox_condition,
    parse_bbox,
    parse_datetime,
    parse_limit,
    property_condition,
)
from gis.layer import Selection
from gis.paging import Page, parse_sort, read_token
from twin.identity import Caller
from twin.layers import select_rows

ITEM_PARAMETERS: Final = ("crs", "datetime", "properties")
PAGE_PARAMETERS: Final = (*ITEM_PARAMETERS, "bbox", "bbox-crs", "limit", "next", "sortby")


@dataclass(frozen=True)
class Asked:
    """A page of features as a client asked for it."""

    parameters: dict[str, str]
    selection: Selection
    page: Page
    crs: Crs


def read_selection(request: Request, caller: Caller, layer_id: str, own: tuple[str, ...]) -> Selection:
    """Return the rows that the caller may see and that the parameters ask for.

    Property filters and `datetime` are understood by every door; `own` are the door's further parameters.
    The fields are those the caller may see: naming another one is an error, not a hint that it exists.
    """
    selection = select_rows(caller, layer_id).selection
    queryables = [item.name for item in selection.layer.fields if item.queryable]
    parameters = read_parameters(request, ("datetime", *own, *queryables))
    if "datetime" in parameters:
        selection = apply_datetime(selection, parse_datetime(parameters["datetime"]))
    pairs = [(name, value) for name, value in parameters.items() if name in queryables]
    return selection.filtered(property_condition(selection.layer, pairs))


def read_crs(request: Request, name: str) -> Crs:
    """Return the CRS that a parameter names, CRS84 without it; an error names the parameter."""
    text = request.query_params.get(name)
    try:
        return CRS84 if text is None else parse_crs(text)
    except GisError as error:
        error.where = name
        raise


def read_page(request: Request, caller: Caller) -> Asked:
    """Return the page of the collection in the path that the parameters ask for."""
    selection = read_selection(request, caller, request.path_params["collection"], PAGE_PARAMETERS)
    parameters = dict(request.query_params)
    layer = selection.layer
    bbox_crs = read_crs(request, "bbox-crs")
    if "bbox" in parameters:
        selection = selection.filtered(bbox_condition(layer, parse_bbox(parameters["bbox"], bbox_crs)))
    sort = parse_sort(layer, parameters.get("sortby"))
    after = read_token(layer, sort, parameters["next"]) if "next" in parameters else None
    page = Page(parse_limit(parameters.get("limit")), sort, after)
    return Asked(parameters, cut_fields(selection, parameters), page, read_crs(request, "crs"))


def cut_fields(selection: Selection, parameters: dict[str, str]) -> Selection:
    """Return the selection with the properties asked for only."""
    if "properties" not in parameters:
        return selection
    names = [name for name in parameters["properties"].split(",") if name]
    return replace(selection, layer=selection.layer.for_fields(names))
