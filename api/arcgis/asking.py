"""What a `query` asks for: rows, fields, order, format, read from the parameters of the request."""

from dataclasses import dataclass, replace
from typing import Final

from api.arcgis.asked import Parameters, is_true, read_decimal, read_whole
from api.arcgis.doors import Call, choose_form
from gis.crs import Crs
from gis.errors import InvalidParameterError
from gis.esri.edits import parse_object_ids
from gis.esri.fields import OBJECT_ID, read_milliseconds
from gis.esri.grid import Grid, parse_grid
from gis.esri.page import (
    LARGEST_OFFSET,
    MAX_RECORD_COUNT,
    Page,
    parse_fields,
    parse_order,
)
from gis.esri.reference import LONLAT, parse_reference
from gis.esri.spatial import spatial_condition
from gis.esri.where import where_condition
from gis.filters import TimeSpan, apply_datetime
from gis.layer import Layer, Selection
from gis.statement import Condition
from twin.layers import select_rows

FORMS: Final = ("json", "pjson", "geojson", "pbf", "html")
_LARGEST_OFFSET_BY: Final = 1e7
_MOST_DECIMALS: Final = 15


@dataclass(frozen=True)
class Asked:
    """A query as it was asked: rows, page, format, and the grid of its coordinates where one is wanted."""

    selection: Selection
    page: Page
    form: str
    grid: Grid | None

    @property
    def layer(self) -> Layer:
        """The layer, as this caller may see it."""
        return self.selection.layer


def select_asked(call: Call) -> Selection:
    """Return the rows that the caller may see and that the parameters ask for."""
    parameters = call.parameters
    selection = select_rows(call.caller, call.path("collection")).selection
    span = _time(parameters)
    if span is not None:
        selection = apply_datetime(selection, span)
    layer = selection.layer
    selection = selection.filtered(
        where_condition(layer, parameters.get("where", "")), spatial_condition(layer, parameters)
    )
    ids = parse_object_ids(parameters.get("objectids", ""))
    if not ids:
        return selection
    return selection.filtered(
        Condition(f"{layer.id_sql()} = ANY(%(object_ids)s::int8[])", {"object_ids": ids})
    )


def _time(parameters: Parameters) -> TimeSpan | None:
    """Read `time` (one instant, or two ends of which `null` is open) or `historicMoment`, in milliseconds."""
    text = parameters.get("historicmoment", "").strip() or parameters.get("time", "").strip()
    if not text or text.lower() == "null":
        return None
    ends = [part.strip() for part in text.split(",")]
    try:
        moments = [None if part.lower() in ("", "null") else read_milliseconds(float(part)) for part in ends]
    except ValueError:
        moments = []
    if len(moments) not in (1, 2) or (None not in moments and moments[0] > moments[-1]):  # type: ignore[operator]
        raise InvalidParameterError(
            f"time={text[:60]!r} is no instant and no span in milliseconds since 1970.",
            f"time={text[:60]!r} 不是自 1970 年起的毫秒时刻或时段。",
            where="time",
        )
    return TimeSpan(moments[0], moments[-1])


def read_query(call: Call) -> Asked:
    """Read every parameter of a query."""
    parameters = call.parameters
    form = choose_form(call, FORMS)
    selection = select_asked(call)
    crs = _out_crs(parameters, form)
    distinct = is_true(parameters, "returndistinctvalues")
    page = Page(
        fields=parse_fields(selection.layer, parameters.get("outfields", "")),
        crs=crs,
        shapes=is_true(parameters, "returngeometry", default=True) and not distinct,
        decimals=_decimals(parameters),
        offset_by=read_decimal(parameters, "maxallowableoffset", _LARGEST_OFFSET_BY),
        sort=()
        if is_grouped(parameters)
        else parse_order(selection.layer, parameters.get("orderbyfields", "")),
        skipped=read_whole(parameters, "resultoffset", 0, LARGEST_OFFSET),
        limit=read_whole(parameters, "resultrecordcount", MAX_RECORD_COUNT, MAX_RECORD_COUNT)
        or MAX_RECORD_COUNT,
    )
    if distinct:
        page = _without_id(page, selection.layer, parameters.get("outfields", ""))
    return Asked(selection, page, form, parse_grid(parameters.get("quantizationparameters", ""), crs))


def is_grouped(parameters: Parameters) -> bool:
    """Tell whether statistics are asked for."""
    return bool(parameters.get("outstatistics", "").strip())


def _out_crs(parameters: Parameters, form: str) -> Crs:
    text = parameters.get("outsr", "").strip()
    if not text and form == "geojson":
        return LONLAT
    return parse_reference(text, "outSR")


def _decimals(parameters: Parameters) -> int | None:
    if not parameters.get("geometryprecision", "").strip():
        return None
    return read_whole(parameters, "geometryprecision", 0, _MOST_DECIMALS)


def _without_id(page: Page, layer: Layer, text: str) -> Page:
    """Distinct values are those of the fields named: the object id would make every row distinct."""
    if OBJECT_ID.lower() in (name.strip().lower() for name in text.split(",")):
        return page
    fields = tuple(item for item in page.fields if item.name != layer.id_column)
    return replace(page, fields=fields or page.fields)
