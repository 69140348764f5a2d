"""The requests that QGIS (3.32 and later) sends while it edits a layer, in its order and with its habits.

No such QGIS is at hand: the sequence follows its source. It sends no If-Match, no angle brackets in Content-Crs,
coordinates in the axis order of the stored CRS, six decimals in new features, null for every attribute not filled in,
and attributes and geometry in two patches.
"""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.conftest import Doors

PARCELS = "/ogc/collections/land_parcels/items"


def qgis(doors: Doors, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    given = {
        "User-Agent": "Mozilla/5.0 QGIS/34000",
        "Accept": "application/geo+json, application/json",
        **headers,
    }
    extra = {} if body is None else {"json": body}
    return doors.request(method, path, "planner", headers=given, **extra)


def test_a_parcel_is_drawn_edited_moved_and_deleted(own_doors: Doors) -> None:
    described = qgis(own_doors, "GET", "/ogc/collections/land_parcels").json()
    stored = described["storageCrs"]
    assert stored.endswith("/EPSG/0/4490")
    assert "POST" in qgis(own_doors, "OPTIONS", PARCELS).headers["Allow"]
    unlocked = qgis(own_doors, "OPTIONS", f"{PARCELS}/unknown_id").headers["Allow"]
    assert {"PUT", "PATCH", "DELETE"} <= set(unlocked.split(", "))

    first = qgis(own_doors, "GET", f"{PARCELS}?limit=10&crs={stored}").json()["features"][0]
    attributes = dict.fromkeys(first["properties"])
    attributes |= {"parcel_no": "CB-2026-001", "name": "城北一号", "state": "stored"}
    ring = [
        [33.141000, 115.641000],
        [33.142000, 115.641000],
        [33.142000, 115.642000],
        [33.141000, 115.641000],
    ]
    drawn = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": attributes,
    }
    kind = {"Content-Type": "application/geo+json"}
    answer = qgis(own_doors, "POST", PARCELS, drawn, **{**kind, "Content-Crs": stored})
    assert answer.status_code == 201, answer.text
    location = urlsplit(answer.headers["Location"]).path
    feature_id = location[location.rindex("/items/") + len("/items/") :]

    item = qgis(own_doors, "GET", f"{PARCELS}/{feature_id}?crs={stored}").json()
    assert item["geometry"]["coordinates"][0][0][0] == pytest.approx([33.141, 115.641], abs=1e-9)
    patch = {"Content-Type": "application/merge-patch+json"}
    changed = {"properties": {"name": "城北新一号", "planned_use": "工业用地"}}
    assert qgis(own_doors, "PATCH", f"{PARCELS}/{feature_id}", changed, **patch).status_code == 204
    moved = {
        "geometry": {"type": "MultiPolygon", "coordinates": [[[[lat + 0.01, lon] for lat, lon in ring]]]}
    }
    answer = qgis(own_doors, "PATCH", f"{PARCELS}/{feature_id}", moved, **{**patch, "Content-Crs": stored})
    assert answer.status_code == 204, answer.text
    item = qgis(own_doors, "GET", f"{PARCELS}/{feature_id}?crs={stored}").json()
    assert item["properties"]["name"] == "城北新一号"
    assert min(point[0] for point in item["geometry"]["coordinates"][0][0]) == pytest.approx(33.151, abs=1e-9)

    item["properties"]["name"] = (
        "城北终一号"  # where PATCH is not offered QGIS replaces, all attributes sent back
    )
    item = {key: item[key] for key in ("type", "id", "geometry", "properties")}
    answer = qgis(own_doors, "PUT", f"{PARCELS}/{feature_id}", item, **{**kind, "Content-Crs": stored})
    assert answer.status_code == 204, answer.text
    assert qgis(own_doors, "DELETE", f"{PARCELS}/{feature_id}").status_code == 204
    assert qgis(own_doors, "GET", f"{PARCELS}/{feature_id}").status_code == 404


def test_elements_stay_locked_to_it_for_they_cannot_be_drawn(doors: Doors) -> None:
    """QGIS opens a layer for editing where POST is offered: elements are edited through the feature service."""
    allow = qgis(doors, "OPTIONS", "/ogc/collections/bim_elements/items").headers["Allow"]
    assert "POST" not in allow
