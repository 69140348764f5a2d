"""Vector tiles under both addresses, TileJSON and tile sets, decoded by an independent reader."""

import mapbox_vector_tile
import pytest

from tests.api.conftest import Doors
from tests.api.seeding import PRIVATE_CODE, PUBLIC_CODE, as_owner

# The tile of 115.615°E 33.155°N at zoom 12, by the formula of the tile matrix set.
Z, X, Y = 12, 3363, 1647
TILE = f"/tiles/{{}}/{Z}/{X}/{Y}.mvt"


def features(doors: Doors, path: str, login: str | None = None) -> list[dict[str, object]]:
    answer = doors.get(path, login)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/vnd.mapbox-vector-tile"
    decoded = mapbox_vector_tile.decode(answer.content)
    return [feature for layer in decoded.values() for feature in layer["features"]]


def test_the_layer_of_a_tile_is_called_like_the_collection(doors: Doors) -> None:
    decoded = mapbox_vector_tile.decode(doors.get(TILE.format("projects")).content)
    assert list(decoded) == ["projects"]
    feature = decoded["projects"]["features"][0]
    assert feature["id"] == 1
    assert {"code", "name", "progress", "light", "light_code"} <= set(feature["properties"])


def test_row_and_column_stand_the_other_way_round_in_the_ogc_address(doors: Doors) -> None:
    plain = doors.get(TILE.format("projects")).content
    assert plain
    assert doors.get(f"/ogc/collections/projects/tiles/WebMercatorQuad/{Z}/{Y}/{X}").content == plain
    for ending in (".pbf", ""):
        assert doors.get(f"/tiles/projects/{Z}/{X}/{Y}{ending}").content == plain


def test_a_tile_holds_what_its_reader_may_see(doors: Doors) -> None:
    codes = [feature["properties"]["code"] for feature in features(doors, "/tiles/projects/0/0/0.mvt")]  # type: ignore[index]
    assert codes == [PUBLIC_CODE]
    codes = [
        feature["properties"]["code"] for feature in features(doors, "/tiles/projects/0/0/0.mvt", "admin")
    ]  # type: ignore[index]
    assert codes == [PUBLIC_CODE, PRIVATE_CODE]


def test_an_empty_tile_is_an_answer_and_no_error(doors: Doors) -> None:
    answer = doors.get("/tiles/projects/12/0/0.mvt")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (
        doors.get("/tiles/projects/12/0/0.mvt", headers={"If-None-Match": answer.headers["ETag"]}).status_code
        == 304
    )


@pytest.mark.parametrize(
    "address", ["99/0/0", "3/8/0", "3/0/8", "-1/0/0", "a/0/0", "3/0.5/0", "3/" + "9" * 30 + "/0"]
)
def test_a_tile_outside_of_the_matrix_is_not_found(doors: Doors, address: str) -> None:
    assert doors.get(f"/tiles/projects/{address}.mvt").status_code == 404


def test_a_tile_can_be_asked_for_another_day_and_filtered(doors: Doors) -> None:
    assert features(doors, TILE.format("projects") + "?stage=construction")
    assert doors.get(TILE.format("projects") + "?stage=operation").content == b""
    assert doors.get(TILE.format("projects") + "?datetime=2020-01-01").status_code == 200
    assert doors.get(TILE.format("projects") + "?colour=red").status_code == 400
    assert doors.get(TILE.format("projects") + "?lead_person=x").status_code == 400


def test_an_edit_changes_the_tile_it_lies_in_and_leaves_the_others(own_doors: Doors) -> None:
    inside, outside = TILE.format("projects"), "/tiles/projects/12/0/0.mvt"
    tags = {path: own_doors.get(path).headers["ETag"] for path in (inside, outside)}
    as_owner(own_doors.seeded.url, "UPDATE project SET name = '新名称' WHERE id = 1")
    assert own_doors.get(inside, headers={"If-None-Match": tags[inside]}).status_code == 200
    assert own_doors.get(outside, headers={"If-None-Match": tags[outside]}).status_code == 304


def test_tilejson_names_the_template_the_bounds_and_the_fields(doors: Doors) -> None:
    document = doors.get("/tiles/projects.json").json()
    assert document["tilejson"] == "3.0.0"
    assert document["tiles"] == ["http://twin.test/tiles/projects/{z}/{x}/{y}.mvt"]
    assert document["bounds"] == pytest.approx([115.61, 33.15, 115.62, 33.16])
    layer = document["vector_layers"][0]
    values = features(doors, TILE.format("projects"))[0]["properties"]
    assert layer["id"] == "projects"
    assert set(values) <= set(layer["fields"])  # type: ignore[call-overload]


def test_the_bounds_of_what_may_not_be_seen_are_not_told(doors: Doors) -> None:
    assert doors.get("/tiles/projects.json").json()["bounds"][2] < 116
    assert doors.get("/tiles/projects.json", "admin").json()["bounds"][2] > 116


def test_the_tile_set_names_its_template_in_the_order_of_the_standard(doors: Doors) -> None:
    document = doors.get("/ogc/collections/projects/tiles/WebMercatorQuad").json()
    item = next(link for link in document["links"] if link["rel"] == "item")
    assert item["templated"] is True
    path = item["href"].removeprefix("http://twin.test")
    path = path.format(tileMatrix=Z, tileRow=Y, tileCol=X)
    assert doors.get(path).content == doors.get(TILE.format("projects")).content


def test_the_matrix_set_is_the_one_of_the_standard(doors: Doors) -> None:
    # OGC 17-083r4, annex D.1: scale denominators of levels 0 and 18.
    matrices = doors.get("/ogc/tileMatrixSets/WebMercatorQuad").json()["tileMatrices"]
    assert matrices[0]["scaleDenominator"] == pytest.approx(559082264.028717, rel=1e-9)
    assert matrices[18]["scaleDenominator"] == pytest.approx(2132.72958384978, rel=1e-9)
    assert doors.get("/ogc/tileMatrixSets/other").status_code == 404
