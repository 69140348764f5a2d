"""GDAL and QGIS read the Esri services as they read any ArcGIS server."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pyogrio
import pytest

from tests import qgis
from tests.api.seeding import BIG, MARKS, PUBLIC_NAME, Seeded
from twin.layers import LAYERS

QGIS_SCRIPT = """
url, token = sys.argv[1:3]
manager = QgsApplication.authManager()
manager.setMasterPassword("secret", True)
config = QgsAuthMethodConfig("EsriToken")
config.setName("token")
config.setConfig("token", token)
assert manager.storeAuthenticationConfig(config)[0]
for name in sys.argv[3:]:
    for authcfg in ("", f" authcfg='{config.id()}'"):
        source = f"crs='EPSG:4490' url='{url}/arcgis/rest/services/{name}/FeatureServer/0'{authcfg}"
        layer = QgsVectorLayer(source, name, "arcgisfeatureserver")
        assert layer.isValid(), layer.error().message()
        ids = sorted(feature["OBJECTID"] for feature in layer.getFeatures())
        print(name, bool(authcfg), layer.crs().authid(), ",".join(map(str, ids)), layer.fields()[1].alias(), sep="|")
"""
DRAW_SCRIPT = """
url = sys.argv[1]
layer = QgsVectorLayer(f"crs='EPSG:4490' url='{url}/arcgis/rest/services/projects/FeatureServer/0'", "p", "arcgisfeatureserver")
print(layer.renderer().type(), layer.renderer().classAttribute())
print(*sorted(category.symbol().color().name() for category in layer.renderer().categories()))
box = [float(part) for part in sys.argv[2:6]]
print(*(colour for colour, _ in colours(draw([layer], *box))[:2]))
print(sum(1 for _ in layer.getFeatures(QgsFeatureRequest().setFilterRect(QgsRectangle(115.6, 33.1, 115.65, 33.2)))))
print(layer.dataProvider().temporalCapabilities().hasTemporalCapabilities())
widget = layer.editorWidgetSetup(layer.fields().lookupField("stage"))
print(widget.type(), [list(entry.values())[0] for entry in widget.config()["map"]][3])
"""


def service(live_url: str, name: str) -> str:
    return f"{live_url}/arcgis/rest/services/{name}/FeatureServer/0"


@pytest.mark.parametrize("size", ["", "&resultRecordCount=300"])
@pytest.mark.parametrize("name", LAYERS)
def test_gdal_pages_through_every_feature(live_url: str, name: str, size: str) -> None:
    ids = httpx.get(f"{service(live_url, name)}/query?returnIdsOnly=true&f=json").json()["objectIds"]
    table = pyogrio.read_dataframe(
        f"ESRIJSON:{service(live_url, name)}/query?where=1%3D1&outFields=*&f=json{size}"
    )
    assert list(table["OBJECTID"]) == ids
    assert table.crs.to_epsg() == 4490
    assert not [mark for mark in MARKS if mark in table.to_csv()]
    other = pyogrio.read_dataframe(f"OAPIF:{live_url}/ogc", layer=name, fid_as_index=True).sort_index()
    assert list(other.index) == ids
    shapes = zip(table.geometry, other.geometry, strict=True)
    assert all(one.equals(same) for one, same in shapes if same is not None)


def test_gdal_sends_a_clause_with_chinese_text(live_url: str) -> None:
    asked = {"where": "name LIKE '%跨线桥%'", "outFields": "*", "outSR": "4527", "f": "json"}
    found = pyogrio.read_dataframe(f"ESRIJSON:{service(live_url, 'projects')}/query?{urlencode(asked)}")
    assert list(found["name"]) == [PUBLIC_NAME]
    west, south, _, _ = found.total_bounds
    assert 39_300_000 < west < 39_400_000
    assert 3_600_000 < south < 3_700_000


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo (gdal-bin) is not installed")
def test_the_gdal_of_the_distribution_counts_all_pages(live_url: str) -> None:
    address = f"{service(live_url, 'land_parcels')}/query?where=1%3D1&outFields=*&f=json"
    done = subprocess.run(
        ["ogrinfo", "-ro", "-al", "-so", address], capture_output=True, text=True, check=False
    )
    assert f"Feature Count: {BIG}" in done.stdout, done.stdout + done.stderr


@pytest.mark.skipif(not qgis.is_here(), reason=qgis.REASON)
def test_qgis_reads_every_layer_with_and_without_a_token(
    live_url: str, seeded: Seeded, tmp_path: Path
) -> None:
    names = ["projects", "project_points", "bim_models", "bim_elements", "control_areas"]
    lines = qgis.run(QGIS_SCRIPT, tmp_path, live_url, seeded.tokens["admin"], *names)
    found = [line.split("|") for line in lines if "|" in line]
    assert len(found) == 2 * len(names)
    for name, with_token, crs, ids, alias in found:
        headers = {"Authorization": f"Bearer {seeded.tokens['admin']}"} if with_token == "True" else {}
        answer = httpx.get(
            f"{service(live_url, name)}/query?returnIdsOnly=true&f=json", headers=headers
        ).json()
        assert (crs, ids) == ("EPSG:4490", ",".join(map(str, answer["objectIds"])))
        assert alias == LAYERS[name].fields[0].title_zh


@pytest.mark.skipif(not qgis.is_here(), reason=qgis.REASON)
def test_qgis_draws_the_colours_of_the_rule(live_url: str, tmp_path: Path) -> None:
    legend = httpx.get(f"{live_url}/ogc/styles/projects-light/legend?f=json").json()
    colours = {entry["value"]: entry["colour"] for entry in legend["entries"] if "value" in entry}
    light = httpx.get(f"{live_url}/ogc/collections/projects/items/1").json()["properties"]["light_code"]
    box = ("115.612", "33.152", "115.618", "33.158")
    kind, palette, drawn, count, timed, values = qgis.run(DRAW_SCRIPT, tmp_path, live_url, *box)
    assert kind == "categorizedSymbol light_code"
    assert set(colours.values()) <= set(palette.split())
    assert colours[light] in drawn.split()  # a lagging project is hatched: paper shows between the lines
    assert (count, timed) == ("1", "True")
    assert values == "ValueMap construction"
