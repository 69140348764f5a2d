"""The clients of the older services, against the application on a real socket."""

import io
from pathlib import Path

import pyogrio
import pytest
from owslib.wfs import WebFeatureService
from owslib.wms import WebMapService
from owslib.wmts import WebMapTileService
from PIL import Image

from tests import qgis
from tests.api.classic.conftest import needs_mapserver
from tests.api.seeding import BIG, PUBLIC_CODE, PUBLIC_NAME

pytestmark = needs_mapserver
LAYERS = {"projects", "project_points", "bim_models", "bim_elements", "land_parcels", "control_areas"}
needs_qgis = pytest.mark.skipif(not qgis.is_here(), reason=qgis.REASON)

WFS = """
for version in ("2.0.0", "1.1.0", "1.0.0"):
    source = f"url='{sys.argv[1]}/classic/wfs' typename='{'' if version == '1.0.0' else 'twin:'}projects' version='{version}'"
    layer = QgsVectorLayer(source, "projects", "WFS")
    assert layer.isValid(), layer.error().message()
    feature = next(layer.getFeatures())
    box = feature.geometry().boundingBox()
    print(feature["code"], feature["name"], feature["category"], layer.featureCount(), round(box.xMinimum(), 6), round(box.yMinimum(), 6), sep="|")
parcels = QgsVectorLayer(f"url='{sys.argv[1]}/classic/wfs' typename='twin:land_parcels' version='2.0.0'", "p", "WFS")
ids = [feature["gml_id"] if "gml_id" in parcels.fields().names() else feature.id() for feature in parcels.getFeatures()]
print(len(ids), len(set(ids)))
"""
WMS = """
for crs in ("EPSG:4490", "EPSG:3857", "EPSG:4326"):
    source = f"crs={crs}&format=image/png&layers=projects&styles=projects-stage&url={sys.argv[1]}/classic/wms"
    layer = QgsRasterLayer(source, "projects", "wms")
    assert layer.isValid(), layer.error().message()
    print(colours(draw([layer], 115.612, 33.152, 115.618, 33.158))[0][0])
"""


def test_owslib_reads_capabilities_and_a_map(live_url: str) -> None:
    service = WebMapService(f"{live_url}/classic/wms", version="1.3.0")
    assert set(service.contents) >= LAYERS
    assert service["projects"].title.startswith("重点项目")
    assert "projects-light" in service["projects"].styles
    for crs, box in (
        ("EPSG:4490", (115.612, 33.152, 115.618, 33.158)),
        ("CRS:84", (115.612, 33.152, 115.618, 33.158)),
    ):
        picture = service.getmap(
            layers=["projects"],
            styles=["projects-progress"],
            srs=crs,
            bbox=box,
            size=(50, 50),
            format="image/png",
        )
        colours = Image.open(io.BytesIO(picture.read())).convert("RGB").getcolors() or []
        assert max(colours)[1] != (255, 255, 255), crs


def test_owslib_pages_through_wfs_and_asks_by_box(live_url: str) -> None:
    service = WebFeatureService(f"{live_url}/classic/wfs", version="2.0.0")
    assert set(service.contents) == {f"twin:{layer}" for layer in LAYERS}
    page = service.getfeature(typename=["twin:land_parcels"], maxfeatures=10, startindex=5).read().decode()
    assert page.count("<wfs:member>") == 10
    boxed = service.getfeature(
        typename=["twin:projects"], bbox=(115.6, 33.1, 115.7, 33.2, "urn:ogc:def:crs:EPSG::4490")
    )
    text = boxed.read().decode()
    assert PUBLIC_CODE in text
    assert PUBLIC_NAME in text


def test_owslib_fetches_a_tile(live_url: str) -> None:
    service = WebMapTileService(f"{live_url}/classic/wmts")
    assert set(service.contents) == LAYERS
    tile = service.gettile(
        layer="projects", style="projects-light", tilematrixset="WebMercatorQuad", tilematrix="14", row=6591, column=13453
    )  # fmt: skip
    assert tile.read()[:4] == b"\x89PNG"


def test_gdal_reads_every_page_with_types_and_axes_right(live_url: str) -> None:
    for version, prefix in (("2.0.0", "twin:"), ("1.1.0", "twin:"), ("1.0.0", "")):
        source = f"WFS:{live_url}/classic/wfs?VERSION={version}"
        parcels = pyogrio.read_dataframe(source, layer=f"{prefix}land_parcels")
        assert len(parcels) == BIG
        west, south, east, north = parcels.total_bounds
        assert 115.6 < west < east < 115.8
        assert 33.1 < south < north < 33.3
    source = f"WFS:{live_url}/classic/wfs?VERSION=2.0.0"
    assert pyogrio.read_dataframe(source, layer="twin:land_parcels")["gml_id"].is_unique
    project = pyogrio.read_dataframe(source, layer="twin:projects", where=f"code = '{PUBLIC_CODE}'").iloc[0]
    assert (project["name"], project["category"], project["progress"]) == (PUBLIC_NAME, "01", 60.0)


@needs_qgis
def test_qgis_reads_wfs_in_every_version_with_the_axes_right(live_url: str, tmp_path: Path) -> None:
    *projects, parcels = qgis.run(WFS, tmp_path, live_url)
    assert projects == [f"{PUBLIC_CODE}|{PUBLIC_NAME}|01|1|115.61|33.15"] * 3
    assert parcels == f"{BIG} {BIG}"


@needs_qgis
def test_qgis_draws_wms_in_the_colour_of_the_rule(live_url: str, tmp_path: Path) -> None:
    # construction: #d55e00 at 0.75 on white = 223.5, 134.25, 63.75; the picture is half transparent and rounded twice
    for colour in qgis.run(WMS, tmp_path, live_url):
        parts = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
        assert all(abs(a - b) <= 4 for a, b in zip(parts, (223.5, 134.25, 63.75), strict=True)), colour
