"""Several models of a project in one view of the BIM page, in Chromium on the real service."""

from collections.abc import Iterator
from pathlib import Path

import ifcopenshell
import pytest
from playwright.sync_api import Browser, expect

from api.front_end import find_assets
from tests.databases import new_database
from tests.flows.live_site import (
    SOFTWARE_GL,
    Site,
    Visit,
    clean_visit,
    find_chromium,
    running_site,
    sign_in,
)
from tests.flows.test_bim_page import (
    ADMIN,
    BRIDGE,
    LAND,
    OTHERS,
    SCHOOL,
    fill,
    fold,
    ingest_file,
    ingest_samples,
    look_down,
    middle,
    model_of,
    open_room,
    palette_of,
    parts_of,
    report,
    roof,
    run_apart,
    wait_for_colour,
)
from twin.samples.load import FOLDER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed on this machine"),
    pytest.mark.skipif(find_assets() is None, reason="the front end is not built"),
    pytest.mark.parametrize("browser", [SOFTWARE_GL], indirect=True, ids=["map"], scope="module"),
]

NEIGHBOUR = OTHERS[-1]


def make_neighbour(folder: Path) -> Path:
    """Write the school once more, 80 m further east, 35 m further north and 3 m higher by its map conversion."""
    model = ifcopenshell.open(str(FOLDER / "models" / "building.ifc"))
    conversion = model.by_type("IfcMapConversion")[0]
    conversion.Eastings += 80
    conversion.Northings += 35
    conversion.OrthogonalHeight += 3
    model.write(str(folder / "neighbour.ifc"))
    return folder / "neighbour.ifc"


@pytest.fixture(scope="module")
def site(server_url: str, template: str, home: Path) -> Iterator[Site]:
    with new_database(server_url, template, template) as url, running_site(url, home, fill) as site:
        room = open_room(site, home)
        run_apart(ingest_samples, room)
        room.engine.dispose()
        yield site


@pytest.fixture
def engineer(browser: Browser, site: Site) -> Iterator[Visit]:
    """An administrator at a desk."""
    with clean_visit(browser, site) as reader:
        sign_in(reader, ADMIN)
        yield reader


@pytest.fixture(scope="module")
def neighbour(site: Site, home: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    room = open_room(site, home)
    model = run_apart(ingest_file, room, make_neighbour(tmp_path_factory.mktemp("ifc")), NEIGHBOUR)
    room.engine.dispose()
    return int(model)


def test_another_model_of_the_project_stands_where_the_map_has_its_footprints(
    engineer: Visit, neighbour: int
) -> None:
    slab, place = roof(engineer, neighbour)
    own = model_of(engineer)
    palette = palette_of(engineer)
    look_down(engineer, place, f"model={own}")
    wait_for_colour(engineer, LAND)
    fold(engineer)
    engineer.page.get_by_label(NEIGHBOUR).check()
    fold(engineer)
    wait_for_colour(engineer, parts_of(palette[slab["status"]]))
    assert f"also={neighbour}" in engineer.page.url
    report(engineer, slab["global_id"], "done", 100, neighbour)
    wait_for_colour(engineer, parts_of(palette["done"]))  # its states are followed too
    engineer.page.mouse.click(*middle(engineer))
    told = engineer.page.locator("#other-pick")
    expect(told).to_contain_text(f"{NEIGHBOUR} · {slab['name']}")
    expect(engineer.page.locator("#element")).to_be_hidden()
    told.get_by_role("link").click()
    expect(engineer.page.locator("#element > .facts")).to_contain_text(slab["global_id"])
    engineer.wait_for_map()
    assert f"model={neighbour}" in engineer.page.url
    assert f"also={own}" in engineer.page.url
    report(engineer, slab["global_id"], "not_started", 0, neighbour)


def test_models_together_share_colours_storeys_and_the_legend(engineer: Visit, neighbour: int) -> None:
    own = model_of(engineer)
    engineer.open(f"/projects/{SCHOOL}/bim?lang=zh&model={own}&also={neighbour},987654&colour=model")
    engineer.wait_for_map()
    expect(engineer.page.locator("#notice")).to_contain_text("987654")
    counts = engineer.page.locator(".legend-row .muted")
    expect(counts).to_have_count(2)
    assert counts.nth(0).inner_text() == counts.nth(1).inner_text()
    engineer.page.get_by_label("着色依据").select_option("ifc_class")
    expect(engineer.page.locator('.legend-row[data-key="IfcColumn"]')).to_contain_text("126")
    asked: list[str] = []
    engineer.page.on("request", lambda request: asked.append(request.url))
    engineer.page.get_by_label("着色依据").select_option("light")
    expect(engineer.page.locator(".legend-row")).not_to_have_count(0)
    states = [url for url in asked if f"/models/{neighbour}/states" in url]
    assert states  # of the revision that is drawn: a later one numbers its elements anew
    assert all("revision=1&" in url for url in states)
    engineer.page.get_by_label("着色依据").select_option("ifc_class")
    engineer.page.get_by_label(NEIGHBOUR).uncheck()
    expect(engineer.page.locator('.legend-row[data-key="IfcColumn"]')).to_contain_text("63")
    assert "also=" not in engineer.page.url
    _, place = roof(engineer, neighbour)
    look_down(engineer, place, f"model={own}&also={neighbour}&floor=基础层", zoom=22)
    wait_for_colour(engineer, LAND)


def test_model_without_a_place_is_not_shown_beside_one_that_has_one(
    engineer: Visit, home: Path, tmp_path: Path
) -> None:
    room = open_room(engineer.site, home)
    placed = run_apart(ingest_file, room, make_neighbour(tmp_path), NEIGHBOUR, BRIDGE)
    room.engine.dispose()
    unplaced = model_of(engineer, BRIDGE)
    for model, other in ((unplaced, placed), (placed, unplaced)):
        engineer.open(f"/projects/{BRIDGE}/bim?lang=zh&model={model}&also={other}")
        engineer.wait_for_map()
        expect(engineer.page.locator("#notice")).to_contain_text("没有坐标，请先定位")
        expect(engineer.page.locator(".others input:checked")).to_have_count(0)
        assert "also=" not in engineer.page.url
