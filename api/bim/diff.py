"""`/api/v1/models/{id}/diff`: what differs between two revisions, for programs, for the map, for a table."""

from typing import Annotated, Final, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response

from api.bim.asked import ModelId
from api.deps import CallerDep, SessionDep
from api.maps.answers import answer_bytes
from gis.export.text import BOM, csv_bytes, guard_cell
from twin.elements.diff import CHANGES, COLUMNS, Page, compare_revisions, list_changes, parse_after
from twin.elements.pairs import get_pair, make_pair

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

MOST: Final = 200_000
_DEFAULT: Final = 100_000

FromRevision = Annotated[
    int | None,
    Query(alias="from", ge=1, le=2**31 - 1, description="number of the old revision; else the one before"),
]
ToRevision = Annotated[
    int | None,
    Query(alias="to", ge=1, le=2**31 - 1, description="number of the new revision; else the current one"),
]


@router.get("/{model_id}/diff", summary="版本比对 Compare two revisions", response_model=None)
def read_diff(
    model_id: ModelId,
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    old: FromRevision = None,
    new: ToRevision = None,
    summary: Annotated[bool, Query(description="counts alone")] = False,
    form: Annotated[Literal["json", "geojson", "csv"], Query(alias="f")] = "json",
    limit: Annotated[
        int, Query(ge=1, le=MOST, description="entries of an answer, all lists together")
    ] = _DEFAULT,
    after: Annotated[str | None, Query(max_length=100, description="`next` of the answer before")] = None,
) -> Response:
    """Tell what was added, removed, changed and how, and what may be the same under a renewed GlobalId.

    Changed elements are those of the same GlobalId; `placement` is moved or turned, `geometry` reshaped. Counts are
    of the whole, lists of the page: `next` says where it goes on. `f=geojson` gives footprints with the property
    `change`: removed ones as they stood, all others as they stand.
    """
    before, now = get_pair(session, caller, model_id, old, new)
    pair = make_pair(before, now)
    page = Page(0 if summary else limit, *parse_after(after))
    if form == "csv":
        rows = list_changes(session, pair, page)
        headers = _next_link(request, rows) if len(rows) == limit else None
        return answer_bytes(request, caller, _table(rows), "text/csv; charset=utf-8", headers=headers)
    found = compare_revisions(session, pair, page, form)
    head = {"model_id": model_id, "from": before.row["revision"], "to": now.row["revision"]}
    parts = orjson.dumps(head)[:-1] + b"," + found.head.encode()[1:-1]
    if form == "json":
        body = parts + (b"}" if summary else b"," + found.body.encode()[1:])
        return answer_bytes(request, caller, body, "application/json")
    features = parts + b',"type":"FeatureCollection","features":[' + found.body.encode() + b"]}"
    return answer_bytes(request, caller, features, "application/geo+json")


def _next_link(request: Request, rows: list[tuple[object, ...]]) -> dict[str, str]:
    change, global_id = rows[-1][:2]
    after = f"{CHANGES.index(str(change)) + 1}.{global_id}"
    return {"Link": f'<{request.url.include_query_params(after=after)}>; rel="next"'}


def _table(rows: list[tuple[object, ...]]) -> bytes:
    guarded = [[guard_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    return BOM + csv_bytes([list(COLUMNS), *guarded])
