"""What every question to a model names: the model, the revision it is asked of, the elements it is about."""

from typing import Annotated, Final

from fastapi import Depends, Path, Query

from gis.cql2 import CqlLanguage, CqlTree, parse_filter
from gis.crs import CRS84, Crs, parse_crs
from gis.errors import GisError
from gis.filters import is_storable
from twin.elements.queries import PAGE_LIMIT
from twin.elements.search import ElementFilters
from twin.errors import InvalidInputError

ModelId = Annotated[int, Path(ge=1, le=2**63 - 1)]
AskedRevision = Annotated[
    int | None,
    Query(alias="revision", ge=1, le=2**31 - 1, description="number of a revision; else the current one"),
]
After = Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT)]

_Q: Final = "words that all stand in an element's texts: name, tag, type, storey, material, code, properties; or a GlobalId"
_FILTER: Final = "CQL2, as in `psets.Pset_WallCommon.FireRating = '二级' AND quantities.Qto_WallBaseQuantities.NetVolume > 2`"


def _asked_filter(
    text: Annotated[str | None, Query(alias="filter", description=_FILTER)] = None,
    lang: Annotated[CqlLanguage, Query(alias="filter-lang")] = "cql2-text",
    crs: Annotated[str | None, Query(alias="filter-crs", max_length=200)] = None,
) -> tuple[CqlTree, Crs]:
    """Read a filter and the coordinate system of its geometries."""
    try:
        found = CRS84 if crs is None else parse_crs(crs)
    except GisError as error:
        error.where = "filter-crs"
        raise
    return (None if text is None else parse_filter(text, lang)), found


def _asked_elements(
    asked: Annotated[tuple[CqlTree, Crs], Depends(_asked_filter)],
    ifc_class: Annotated[str | None, Query(max_length=100)] = None,
    storey: Annotated[str | None, Query(max_length=200)] = None,
    status: Annotated[str | None, Query(max_length=40)] = None,
    q: Annotated[str | None, Query(max_length=200, description=_Q)] = None,
) -> ElementFilters:
    """Read which elements are asked for."""
    for name, value in (("ifc_class", ifc_class), ("storey", storey), ("status", status), ("q", q)):
        if value is not None and not is_storable(value):
            raise InvalidInputError(
                f"Parameter {name} holds a NUL or half a character; leave it out.",
                f"参数 {name} 含有 NUL 或不完整的字符；请去除。",
                name,
            )
    tree, crs = asked
    return ElementFilters(ifc_class, storey, status, q, tree, crs)


AskedElements = Annotated[ElementFilters, Depends(_asked_elements)]
