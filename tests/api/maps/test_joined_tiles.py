"""Several layers in one tile: the same features as alone, each layer within its own zooms."""

from pathlib import Path

import mapbox_vector_tile
import pyogrio
import pytest

from tests.api.conftest import Doors
from tests.api.maps.test_currency import cache_of, currency_of, wait_until
from twin.layers import LAYERS

PLACE = "12/3363/1647"
FINE = "15/26907/13182"
JOINED = f"/tiles/projects,land_parcels/{PLACE}.mvt"


def decoded(doors: Doors, path: str, login: str | None = None) -> dict[str, list[object]]:
    answer = doors.get(path, login)
    assert answer.status_code == 200, answer.text
    found = mapbox_vector_tile.decode(answer.content)
    return {name: layer["features"] for name, layer in found.items()}


@pytest.mark.parametrize("login", [None, "admin", "contractor"])
def test_a_joined_tile_holds_what_the_single_tiles_hold(doors: Doors, login: str | None) -> None:
    alone: dict[str, list[object]] = {}
    for layer_id in ("land_parcels", "projects"):
        alone |= decoded(doors, f"/tiles/{layer_id}/{PLACE}.mvt", login)
    assert set(alone) == {"land_parcels", "projects"}
    for address in ("projects,land_parcels", "land_parcels,projects", "projects,land_parcels,projects"):
        assert decoded(doors, f"/tiles/{address}/{PLACE}.mvt", login) == alone
    row_first = "/ogc/tiles/WebMercatorQuad/12/1647/3363?collections=projects,land_parcels"
    assert decoded(doors, row_first, login) == alone


def test_a_layer_is_left_out_beyond_its_own_zooms(doors: Doors) -> None:
    coarse = LAYERS["bim_elements"].min_zoom - 1
    assert coarse > 0, "elements are drawn close by only"
    z, x, y = (int(number) for number in FINE.split("/"))
    fine = decoded(doors, f"/ogc/tiles/WebMercatorQuad/{z}/{y}/{x}")
    drawn = {layer.id for layer in LAYERS.values() if layer.min_zoom <= z}
    assert {"bim_elements", "land_parcels", "projects"} <= set(fine) <= drawn
    x, y = x >> z - coarse, y >> z - coarse
    both = doors.get(f"/tiles/projects,bim_elements/{coarse}/{x}/{y}.mvt")
    assert both.content == doors.get(f"/tiles/projects/{coarse}/{x}/{y}.mvt").content != b""
    assert doors.get(f"/tiles/bim_elements/{coarse}/{x}/{y}.mvt").status_code == 404


def test_a_list_with_an_unknown_layer_or_none_is_not_found(doors: Doors) -> None:
    for layers in ("projects,nothing", "projects,", ",", "projects land_parcels"):
        assert doors.get(f"/tiles/{layers}/{PLACE}.mvt").status_code == 404
        assert doors.get(f"/ogc/tiles/WebMercatorQuad/12/1647/3363?collections={layers}").status_code == 404
        assert doors.get(f"/tiles/{layers}.json").status_code == 404


def test_a_joined_tile_can_be_filtered_by_what_every_layer_has(doors: Doors) -> None:
    assert set(decoded(doors, f"{JOINED}?name=城东一号")) == {"land_parcels"}
    assert decoded(doors, f"{JOINED}?datetime=2100-01-01").keys() == {"land_parcels", "projects"}
    assert doors.get(f"{JOINED}?stage=construction").status_code == 400
    cql = {"filter": "name LIKE '城东%'"}
    assert set(mapbox_vector_tile.decode(doors.get(JOINED, params=cql).content)) == {"land_parcels"}


def test_filtered_tiles_carry_a_tag_and_are_not_kept(doors: Doors) -> None:
    wait_until(lambda: currency_of(doors).is_known)
    before = dict(cache_of(doors).counts)
    path = f"{JOINED}?name=城东一号"
    tag = doors.get(path).headers["ETag"]
    assert doors.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert dict(cache_of(doors).counts) == before


def test_only_the_format_of_tiles_is_taken(doors: Doors) -> None:
    assert doors.get(f"{JOINED}?f=mvt").content == doors.get(JOINED).content
    assert doors.get(f"{JOINED}?f=png").status_code == 400


def test_the_tilejson_of_several_layers_names_one_template(doors: Doors) -> None:
    document = doors.get("/tiles/projects,land_parcels.json").json()
    assert document["tiles"] == ["http://twin.test/tiles/projects,land_parcels/{z}/{x}/{y}.mvt"]
    assert [layer["id"] for layer in document["vector_layers"]] == ["projects", "land_parcels"]
    west, south, east, north = document["bounds"]
    # The project's box, and the many parcels up to 115.7008 + 49 × 0.001 °E, 33.2008 + 49 × 0.001 °N.
    assert (west, south) == pytest.approx((115.61, 33.15))
    assert (east, north) == pytest.approx((115.7498, 33.2498))


def test_the_limits_of_a_tile_set_enclose_its_rows_tightly(doors: Doors) -> None:
    document = doors.get("/ogc/collections/projects/tiles/WebMercatorQuad").json()
    limits = {limit["tileMatrix"]: limit for limit in document["tileMatrixSetLimits"]}
    # Columns and rows of 115.61–115.62 °E, 33.15–33.16 °N by the formula of the tile matrix set: 2^12 · (lon + 180) / 360.
    assert limits["12"] == {
        "tileMatrix": "12",
        "minTileRow": 1647,
        "maxTileRow": 1647,
        "minTileCol": 3363,
        "maxTileCol": 3363,
    }
    for zoom in ("10", "14"):
        limit = limits[zoom]
        for column in (limit["minTileCol"], limit["maxTileCol"]):
            for row in (limit["minTileRow"], limit["maxTileRow"]):
                assert decoded(
                    doors, f"/ogc/collections/projects/tiles/WebMercatorQuad/{zoom}/{row}/{column}"
                )


def test_the_metadata_say_which_zooms_hold_counts_and_what_they_mean(doors: Doors) -> None:
    tile_set = doors.get("/ogc/tiles/WebMercatorQuad?collections=land_parcels,projects").json()
    parcels, projects = tile_set["layers"]
    told = parcels["aggregation"]
    assert (told["field"], told["minzoom"]) == ("state", 0)
    assert told["maxzoom"] < LAYERS["land_parcels"].max_zoom
    assert str(told["maxzoom"]) in told["description"]
    assert "汇总格网" in told["description"]
    assert (
        set(told["fields"])
        == {"n", "area_m2", "aggregated"}
        <= set(parcels["propertiesSchema"]["properties"])
    )
    assert "aggregation" not in projects, "projects are drawn one by one at every zoom"
    assert parcels["bands"][-1]["maxzoom"] == LAYERS["land_parcels"].max_zoom


def test_every_property_of_a_tile_is_in_the_schema_of_its_layer(doors: Doors) -> None:
    z, x, y = FINE.split("/")
    tile_set = doors.get("/ogc/tiles/WebMercatorQuad").json()
    schemas = {layer["id"]: set(layer["propertiesSchema"]["properties"]) for layer in tile_set["layers"]}
    content = doors.get(f"/ogc/tiles/WebMercatorQuad/{z}/{y}/{x}").content
    for name, layer in mapbox_vector_tile.decode(content).items():
        for feature in layer["features"]:
            assert set(feature["properties"]) <= schemas[name]


def test_gdal_reads_a_joined_tile_as_two_layers(doors: Doors, tmp_path: Path) -> None:
    path = tmp_path / "tile.pbf"
    address = f"/tiles/projects,land_parcels/{FINE}.mvt"  # near enough for names
    path.write_bytes(doors.get(address, headers={"Accept-Encoding": "identity"}).content)
    names = {str(name) for name, _ in pyogrio.list_layers(f"MVT:{path}")}
    assert names == {"projects", "land_parcels"}
    codes = pyogrio.read_dataframe(f"MVT:{path}", layer="land_parcels", read_geometry=False)
    assert set(codes["name"]) == {"城东一号"}
