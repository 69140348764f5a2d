"""What the Esri doors keep between requests: where pages ended, and how far a layer reaches.

Esri's protocol counts pages by rows to skip. A client that follows its pages is taken on from the row where its last
page ended: the database need not count its way there again, and rows that others delete meanwhile shift nothing.
"""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar, cast

from starlette.requests import Request

from api.arcgis.doors import Call
from api.maps.tile_cache import tiles_of
from gis.esri.figures import Extent
from gis.esri.page import Page
from gis.layer import Selection
from gis.statement import Condition

T = TypeVar("T")
BORDERS_KEPT: Final = 10_000
BORDER_TTL_S: Final = 600.0
REACHES_KEPT: Final = 500
REACH_TTL_S: Final = 3_600.0


class Shelf(Generic[T]):
    """Values by key, for some time and up to some number; the one kept longest ago goes first."""

    def __init__(self, size: int, ttl_s: float) -> None:
        self._size = size
        self._ttl_s = ttl_s
        self._kept: OrderedDict[bytes, tuple[float, T]] = OrderedDict()

    def find(self, key: bytes) -> T | None:
        """Return the value if it is still kept."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] > time.monotonic() else None

    def keep(self, key: bytes, value: T) -> None:
        """Keep a value, forgetting the oldest when there are too many."""
        self._kept[key] = (time.monotonic() + self._ttl_s, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)


@dataclass(frozen=True)
class Reach:
    """How far the rows reach that a caller sees of a layer: in degrees, and in milliseconds."""

    extent: Extent | None
    times: tuple[int, int] | None


@dataclass(frozen=True)
class Shelves:
    """Everything that is kept, of one application."""

    borders: Shelf[int]
    reaches: Shelf[Reach]


def shelves_of(request: Request) -> Shelves:
    """Return what the application that serves this request keeps."""
    found = getattr(request.app.state, "esri", None)
    if found is None:
        found = Shelves(Shelf(BORDERS_KEPT, BORDER_TTL_S), Shelf(REACHES_KEPT, REACH_TTL_S))
        request.app.state.esri = found
    return cast("Shelves", found)


def _digest(*parts: object) -> bytes:
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _rows_key(selection: Selection) -> tuple[object, ...]:
    visible, where = selection.visible, selection.where
    asked = (sorted(visible.params.items()), sorted(where.params.items()), selection.at)
    return (selection.layer.id, visible.sql, where.sql, *asked)


def border_key(call: Call, selection: Selection, skipped: int) -> bytes:
    """Return the key of the row before a page: of this caller, at this address, for these rows."""
    return _digest(call.caller.login, call.caller.address, _rows_key(selection), skipped)


def continue_page(call: Call, selection: Selection, page: Page) -> tuple[Selection, Page]:
    """Return a page that begins behind the row where this caller's last page ended, where that is known."""
    if not page.skipped or not is_by_id(selection, page):
        return selection, page
    last = shelves_of(call.request).borders.find(border_key(call, selection, page.skipped))
    if last is None:
        return selection, page
    behind = Condition(f"{selection.layer.id_sql()} > %(page_after)s::int8", {"page_after": last})
    return selection.filtered(behind), replace(page, skipped=0)


def is_by_id(selection: Selection, page: Page) -> bool:
    """Tell whether a page runs upwards by object id."""
    if not page.sort:
        return True
    first = page.sort[0]
    return first.field.name == selection.layer.id_column and not first.descending


def keep_border(call: Call, selection: Selection, page: Page, returned: int, last: int | None) -> None:
    """Remember where a page ended that others follow."""
    if last is not None and is_by_id(selection, page):
        key = border_key(call, selection, page.skipped + returned)
        shelves_of(call.request).borders.keep(key, last)


def reach_key(call: Call, selection: Selection) -> bytes | None:
    """Return the key of a layer's reach in the version it now has; None where that is not known for certain."""
    currency = tiles_of(call.request).currency
    version = currency.tile_version(selection.layer.id, 0, 0, 0)
    return None if version is None else _digest(currency.dataset, version, _rows_key(selection))
