"""One question, every door: the same features by OGC API, GDAL, owslib, QGIS, the Esri service and SQL."""

from pathlib import Path
from typing import Any

import httpx
import psycopg
import pyogrio
import pytest
from owslib.ogcapi.features import Features

from tests import qgis
from tests.api.seeding import BIG, Seeded

BOX = (115.7051, 33.2051, 115.7401, 33.2301)
IN_BOX = f"geom && ST_MakeEnvelope({BOX[0]}, {BOX[1]}, {BOX[2]}, {BOX[3]}, 4490)"
QUESTIONS = [
    ("kind = '储备'", "kind = '储备'"),
    ("parcel_no LIKE 'DK-10%7'", "parcel_no LIKE 'DK-10%7'"),
    (
        "kind = '储备' AND area_m2 > 6617 AND NOT (state = 'ready')",
        "kind = '储备' AND area_m2 > 6617 AND state <> 'ready'",
    ),
    (
        "parcel_no IN ('DK-100505','DK-100606','DK-0001')",
        "parcel_no IN ('DK-100505', 'DK-100606', 'DK-0001')",
    ),
    ("name = '城东一号' OR name IS NULL", "name = '城东一号' OR name IS NULL"),
]
QGIS_SCRIPT = """
url, box, where = sys.argv[1], [float(part) for part in sys.argv[2].split(",")], sys.argv[3]
source = f"url='{url}/ogc' typename='land_parcels' pageSize='default' version='OGC_API_FEATURES'"
layer = QgsVectorLayer(source, "land_parcels", "OAPIF")
assert layer.isValid()
request = QgsFeatureRequest().setFilterRect(QgsRectangle(*box)).setFilterExpression(where)
print(",".join(sorted(feature["parcel_no"] for feature in layer.getFeatures(request))))
print(layer.featureCount())
"""


@pytest.fixture(params=QUESTIONS, ids=[question for question, _ in QUESTIONS])
def question(request: pytest.FixtureRequest, seeded: Seeded) -> tuple[str, dict[int, str]]:
    """A filter, and the ids and numbers of the parcels in the box that SQL gives for it."""
    text, where = request.param
    sql = f"SELECT id, parcel_no FROM layer_land_parcels(NULL) WHERE row_public AND {IN_BOX} AND ({where})"
    with psycopg.connect(seeded.url) as connection:
        rows: list[tuple[int, str]] = connection.execute(sql.encode()).fetchall()
    assert len(rows) < BIG
    return text, dict(rows)


def test_the_questions_have_answers(seeded: Seeded, question: tuple[str, dict[int, str]]) -> None:
    assert question[1]


def pages(live_url: str, **query: Any) -> list[dict[str, Any]]:
    """Return all features, following `next` in pages of 300."""
    address: str | None = f"{live_url}/ogc/collections/land_parcels/items"
    given: dict[str, Any] | None = {**query, "limit": 300}
    found: list[dict[str, Any]] = []
    while address:
        document = httpx.get(address, params=given, timeout=60).raise_for_status().json()
        found += document["features"]
        address = next((link["href"] for link in document["links"] if link["rel"] == "next"), None)
        given = None
    return found


def test_ogc_api_with_text_and_count(live_url: str, question: tuple[str, dict[int, str]]) -> None:
    text, expected = question
    query = {"bbox": ",".join(map(str, BOX)), "filter": text}
    ids = [feature["id"] for feature in pages(live_url, **query)]
    assert ids == sorted(expected)
    address = f"{live_url}/ogc/collections/land_parcels/items"
    hits = httpx.get(address, params={**query, "resultType": "hits"}).json()
    assert hits["numberMatched"] == len(expected)


def test_gdal_by_pyogrio(live_url: str, question: tuple[str, dict[int, str]]) -> None:
    text, expected = question
    table = pyogrio.read_dataframe(
        f"OAPIF:{live_url}/ogc", layer="land_parcels", where=text, bbox=BOX, fid_as_index=True
    )
    assert sorted(table.index) == sorted(expected)
    assert dict(zip(table.index, table["parcel_no"], strict=True)) == expected


def test_owslib(live_url: str, question: tuple[str, dict[int, str]]) -> None:
    text, expected = question
    client = Features(f"{live_url}/ogc")
    page = client.collection_items("land_parcels", bbox=list(BOX), limit=BIG, filter=text)
    assert {feature["id"] for feature in page["features"]} == set(expected)
    assert page["numberMatched"] == len(expected)


def test_the_esri_service(live_url: str, question: tuple[str, dict[int, str]]) -> None:
    text, expected = question
    asked = {
        "where": text,
        "geometry": ",".join(map(str, BOX)),
        "geometryType": "esriGeometryEnvelope",
        "spatialRel": "esriSpatialRelIntersects",
        "inSR": "4490",
        "f": "json",
    }
    address = f"{live_url}/arcgis/rest/services/land_parcels/FeatureServer/0/query"
    ids = httpx.get(address, params={**asked, "returnIdsOnly": "true"}).json()["objectIds"]
    assert sorted(ids) == sorted(expected)
    count = httpx.get(address, params={**asked, "returnCountOnly": "true"}).json()["count"]
    assert count == len(expected)


@pytest.mark.skipif(not qgis.is_here(), reason=qgis.REASON)
def test_qgis(live_url: str, question: tuple[str, dict[int, str]], tmp_path: Path) -> None:
    """QGIS 3.22 keeps the fid to itself: its features are told by their number."""
    text, expected = question
    lines = qgis.run(QGIS_SCRIPT, tmp_path, live_url, ",".join(map(str, BOX)), text)
    assert lines[0].split(",") == sorted(expected.values())
    assert lines[1] == str(BIG)
