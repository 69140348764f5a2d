"""Pages counted in rows to skip, as Esri's protocol has them, and answers too large to be sent whole."""

from typing import Any

import pytest

from api.arcgis import query as query_door
from tests.api.arcgis.test_query import ask, every_id, query
from tests.api.conftest import Doors
from tests.api.seeding import BIG, as_owner


def ids_of(page: dict[str, Any]) -> list[int]:
    return [feature["attributes"]["OBJECTID"] for feature in page["features"]]


@pytest.mark.parametrize("form", ["json", "geojson"])
@pytest.mark.parametrize("most", [200_000, 10])
def test_a_large_answer_is_streamed_and_is_the_same(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, form: str, most: int
) -> None:
    asked = {"outFields": "*", "f": form}
    whole = query(doors, "land_parcels", "admin", **asked)
    assert "ETag" in whole.headers
    monkeypatch.setattr(query_door, "WHOLE_UP_TO_BYTES", most)
    streamed = query(doors, "land_parcels", "admin", **asked)
    assert "ETag" not in streamed.headers
    assert streamed.json() == whole.json()
    assert streamed.json()["exceededTransferLimit"] is True


@pytest.mark.parametrize("size", ["400", "900"])
@pytest.mark.parametrize("form", ["json", "pbf"])
def test_rows_deleted_meanwhile_shift_no_page(own_doors: Doors, size: str, form: str) -> None:
    """Three rows of the first page go before the second is asked for: none of the others may be left out."""
    first = ids_of(ask(own_doors, "land_parcels", resultRecordCount=size))
    query(own_doors, "land_parcels", resultRecordCount=size, f=form)
    as_owner(
        own_doors.seeded.url, f"DELETE FROM land_parcel WHERE id IN ({first[3]}, {first[5]}, {first[7]})"
    )
    second = ids_of(ask(own_doors, "land_parcels", resultRecordCount=size, resultOffset=size))
    left = every_id(own_doors, "land_parcels")
    assert second == [number for number in left if number > first[-1]][: int(size)]


def test_another_caller_or_filter_counts_from_the_start(own_doors: Doors) -> None:
    first = ids_of(ask(own_doors, "land_parcels", resultRecordCount="300"))
    as_owner(own_doors.seeded.url, f"DELETE FROM land_parcel WHERE id = {first[3]}")
    left = every_id(own_doors, "land_parcels")
    asked = {"resultRecordCount": "300", "resultOffset": "300"}
    assert ids_of(ask(own_doors, "land_parcels", where="OBJECTID > 0", **asked)) == left[300:600]
    assert ids_of(ask(own_doors, "land_parcels", orderByFields="parcel_no", **asked)) == left[300:600]
    seen_by_admin = every_id(own_doors, "land_parcels", "admin")
    assert ids_of(ask(own_doors, "land_parcels", "admin", **asked)) == seen_by_admin[300:600]


def test_every_page_size_leads_through_every_row_once(doors: Doors) -> None:
    expected = every_id(doors, "land_parcels")
    for size in (700, 2000, 99999):
        found: list[int] = []
        more = True
        while more:
            asked = {
                "resultRecordCount": str(size),
                "resultOffset": str(len(found)),
                "returnGeometry": "false",
            }
            page = ask(doors, "land_parcels", **asked)
            found += ids_of(page)
            more = page.get("exceededTransferLimit", False)
        assert found == expected
        assert len(found) == BIG


def test_a_page_beyond_the_end_is_empty(doors: Doors) -> None:
    page = ask(doors, "land_parcels", resultOffset="99999999999999")
    assert page["features"] == []
    assert "exceededTransferLimit" not in page
