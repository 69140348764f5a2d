"""The tile set of all collections: found from the landing page, several layers in one tile."""

from urllib.parse import urlsplit

import mapbox_vector_tile

from tests.api.conftest import Doors

TILE = {"tileMatrix": "16", "tileRow": "26364", "tileCol": "53815"}


def test_the_landing_page_leads_to_a_tile_of_all_layers(doors: Doors) -> None:
    link = next(
        link for link in doors.get("/ogc").json()["links"] if link["rel"].endswith("/tilesets-vector")
    )
    entry = doors.get(urlsplit(link["href"]).path).json()["tilesets"][0]
    address = next(link["href"] for link in entry["links"] if link["rel"] == "self")
    tile_set = doors.get(urlsplit(address).path).json()
    template = next(link for link in tile_set["links"] if link["rel"] == "item")
    assert template["templated"]
    path = urlsplit(template["href"]).path
    for name, value in TILE.items():
        path = path.replace(f"{{{name}}}", value).replace(f"%7B{name}%7D", value)
    answer = doors.get(path)
    assert answer.headers["Content-Type"] == "application/vnd.mapbox-vector-tile"
    layers = mapbox_vector_tile.decode(answer.content)
    assert {"projects", "land_parcels", "control_areas", "bim_elements"} <= set(layers)
    assert [item["id"] for item in layers["projects"]["features"]] == [1]


def test_a_filter_on_several_layers_must_be_understood_by_each(doors: Doors) -> None:
    address = f"/ogc/tiles/WebMercatorQuad/{TILE['tileMatrix']}/{TILE['tileRow']}/{TILE['tileCol']}"
    both = doors.get(f"{address}?collections=projects,land_parcels&filter=name%20IS%20NULL")
    assert both.status_code == 200
    assert (
        doors.get(f"{address}?collections=projects,land_parcels&filter=parcel_no%20IS%20NULL").status_code
        == 400
    )
