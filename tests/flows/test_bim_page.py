"""The BIM page in a browser: the real service, the sample school as its converter made it, Chromium."""

import asyncio
import io
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.api.root
import pytest
from PIL import Image
from playwright.sync_api import Browser, Request, expect, sync_playwright
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from api.front_end import find_assets
from api.samples import ingest_sample_model, list_sample_models
from tests.databases import new_database
from tests.flows.live_site import (
    NO_GL,
    PATIENCE_MS,
    SOFTWARE_GL,
    Site,
    Visit,
    clean_visit,
    find_chromium,
    launch,
    running_site,
    sign_in,
    visit,
)
from twin.db import for_sqlalchemy, open_session
from twin.elements.revisions import NewModel
from twin.identity.caller import SYSTEM
from twin.identity.tokens import add_token, add_user, assign_role
from twin.jobs.follow import follow_job
from twin.jobs.kinds import KINDS
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom, open_workroom
from twin.projects.queries import get_project
from twin.samples.files import SampleFolder
from twin.samples.load import FOLDER, load_samples
from twin.settings import HomeSettings, JobSettings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed on this machine"),
    pytest.mark.skipif(find_assets() is None, reason="the front end is not built"),
]

SCHOOL = "341299-2025-04-0001-2"
BRIDGE = "341299-2024-01-0005-8"  # its model has no georeference
PAIR = "两版模型"
OTHERS = (PAIR, "相邻模型")  # what tests add to the sample model of a project
ADMIN = "管理员 王某某"
LAND = (0xF3, 0xF4, 0xF1)


def fill(database: str) -> str:
    """Load the sample tables and let an administrator in."""
    engine = create_engine(for_sqlalchemy(database))
    with Session(engine) as session, session.begin():
        session.info["actor"] = "test"
        load_samples(session)
        admin = add_user(session, "admin", ADMIN)
        assign_role(session, admin, "admin")
        token = add_token(session, admin, "browser")
    engine.dispose()
    return token


def run_apart(work: Any, *given: Any) -> Any:
    """Run something that brings an event loop of its own beside the browser's."""
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(work(*given)))
    thread.start()
    thread.join()
    assert done, "it failed, see its traceback above"
    return done[0]


def open_room(site: Site, home: Path) -> Workroom:
    return open_workroom(site.database, HomeSettings(home=home), JobSettings())


def ingest_samples(room: Workroom) -> int:
    """Take in the school and the bridge as `twin samples load` does; return how many."""
    folder, count = SampleFolder(FOLDER), 0
    for model in list_sample_models(folder):
        if model.project in (SCHOOL, BRIDGE):
            ended = ingest_sample_model(room, folder, model, lambda *_: None)
            assert ended is not None
            assert ended.state == "succeeded", ended
            count += 1
    return count


def ingest_file(room: Workroom, file: Path, name: str, code: str = SCHOOL) -> int:
    """Take in one file as a revision of a model of a project and return the model."""
    stored = room.store.add_file(file, 1 << 30)
    with open_session(room.engine, actor="test") as session:
        new = NewModel(name, file.name, None, True)
        submitted = submit_model(session, SYSTEM, get_project(session, SYSTEM, code), new, stored)
    assert submitted.job_id is not None
    ended = asyncio.run(follow_job(room, KINDS, submitted.job_id, lambda _: None))
    assert ended.state == "succeeded", ended
    return submitted.model_id


def make_pair(folder: Path) -> tuple[Path, Path, dict[str, str]]:
    """Write two revisions of the school: a footing comes, a column goes, a beam gets another name."""
    footing, column, beam = "", "", ""
    for n in (1, 2):
        model = ifcopenshell.open(str(FOLDER / "models" / "building.ifc"))
        footing = model.by_type("IfcFooting")[0].GlobalId
        column = model.by_type("IfcColumn")[0].GlobalId
        beam = model.by_type("IfcBeam")[0].GlobalId
        gone = model.by_guid(footing if n == 1 else column)
        ifcopenshell.api.root.remove_product(model, product=gone)
        if n == 2:
            model.by_guid(beam).Name = "改名的梁"
        model.write(str(folder / f"pair-{n}.ifc"))
    return (
        folder / "pair-1.ifc",
        folder / "pair-2.ifc",
        {"added": footing, "removed": column, "changed": beam},
    )


@pytest.fixture(scope="module")
def site(server_url: str, template: str, home: Path) -> Iterator[Site]:
    with new_database(server_url, template, template) as url, running_site(url, home, fill) as site:
        room = open_room(site, home)
        run_apart(ingest_samples, room)
        room.engine.dispose()
        yield site


@pytest.fixture(scope="module")
def browsers() -> Iterator[tuple[Browser, Browser]]:
    """A browser with WebGL in software, and one without any."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        with_gl, without_gl = launch(playwright, SOFTWARE_GL), launch(playwright, NO_GL)
        yield with_gl, without_gl
        with_gl.close()
        without_gl.close()


@pytest.fixture
def reader(browsers: tuple[Browser, Browser], site: Site) -> Iterator[Visit]:
    """An anonymous reader at a desk."""
    with clean_visit(browsers[0], site) as reader:
        yield reader


@pytest.fixture
def engineer(reader: Visit) -> Visit:
    """A reader who has signed in."""
    sign_in(reader, ADMIN)
    return reader


def ask(reader: Visit, path: str, method: str = "GET", **given: Any) -> Any:
    """Ask the service as the administrator, beside the page."""
    headers = {"Authorization": f"Bearer {reader.site.token}"}
    answer = reader.page.request.fetch(reader.site.url + path, method=method, headers=headers, **given)
    assert answer.ok, answer.text()
    return answer.json()


def model_of(reader: Visit, code: str = SCHOOL) -> int:
    models = ask(reader, f"/api/v1/projects/{code}/models")["models"]
    return int(next(row["id"] for row in models if row["name"] not in OTHERS))


def palette_of(reader: Visit, theme: str = "status", code: str = SCHOOL) -> dict[str, str]:
    answer = ask(reader, f"/api/v1/models/{model_of(reader, code)}/states?theme={theme}")
    return {entry["key"]: entry["colour"] for entry in answer["palette"]}


def elements_of(reader: Visit, query: str, model: int | None = None) -> list[dict[str, Any]]:
    return list(ask(reader, f"/api/v1/models/{model or model_of(reader)}/elements?{query}")["elements"])


def roof(reader: Visit, model: int | None = None) -> tuple[dict[str, Any], tuple[float, float]]:
    """The largest slab of the top storey, which lies over everything in its middle, and that middle."""
    slabs = elements_of(reader, "storey=屋面层&ifc_class=IfcSlab", model)
    slab = max(slabs, key=lambda row: row["area_m2"])
    element = ask(reader, f"/api/v1/models/{model or model_of(reader)}/elements/{slab['global_id']}")
    rings = element["geometry"]["coordinates"]
    corners = rings[0][0] if element["geometry"]["type"] == "MultiPolygon" else rings[0]
    lon, lat = (sum(corner[axis] for corner in corners[:-1]) / (len(corners) - 1) for axis in (0, 1))
    return element, (lon, lat)


def fold(reader: Visit) -> None:
    """Fold or unfold the panel; the map hears of it a task later, then moves what it shows to the free middle."""
    reader.page.locator(".bim-panel summary").click()
    reader.page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    reader.wait_for_map()


def look_down(reader: Visit, place: tuple[float, float], query: str = "", zoom: float = 20.5) -> None:
    """Open the page with the camera straight above a place, and fold the panel that would lie over it."""
    reader.open(f"/projects/{SCHOOL}/bim?lang=zh&{query}#{zoom}/{place[1]}/{place[0]}")
    reader.wait_for_map()
    panel = reader.page.locator(".bim-panel")
    if panel.get_attribute("open") is not None:
        fold(reader)
    reader.wait_for_map()


def middle(reader: Visit) -> tuple[float, float]:
    box = reader.page.locator(".maplibregl-canvas").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def colour_in_the_middle(reader: Visit) -> tuple[int, ...]:
    x, y = middle(reader)
    shot = Image.open(io.BytesIO(reader.page.screenshot())).convert("RGB")
    return tuple(shot.getpixel((round(x), round(y))))  # type: ignore[arg-type]


def parts_of(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def is_like(seen: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 8 for a, b in zip(seen, wanted, strict=True))


def wait_for_colour(reader: Visit, wanted: tuple[int, ...]) -> None:
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        if is_like(colour_in_the_middle(reader), wanted):
            return
        reader.page.wait_for_timeout(250)
    assert colour_in_the_middle(reader) == wanted


def report(reader: Visit, global_id: str, status: str, percent: float, model: int | None = None) -> None:
    rows = [{"global_id": global_id, "status": status, "percent": percent}]
    answer = ask(reader, f"/api/v1/models/{model or model_of(reader)}/elements", "PATCH", data=rows)
    assert answer["updated"] == 1, answer


@pytest.mark.parametrize(("lang", "word"), [("zh", "模型结构"), ("en", "Structure")])
def test_model_is_drawn_without_a_request_to_elsewhere_or_a_complaint(
    reader: Visit, lang: str, word: str
) -> None:
    reader.open(f"/projects/{SCHOOL}/bim?lang={lang}")
    reader.wait_for_map()
    expect(reader.page.get_by_role("tab", name=word)).to_be_visible()
    palette = ask(reader, f"/api/v1/models/{model_of(reader)}/states?theme=status")["palette"]
    names = {entry["key"]: entry[f"title_{lang}"] for entry in palette}
    shown = reader.page.locator(".legend-row")
    for n in range(shown.count()):
        key = shown.nth(n).get_attribute("data-key") or ""
        expect(shown.nth(n)).to_contain_text(names[key])


def test_picked_element_changes_its_colour_after_its_progress_without_a_request_for_geometry(
    engineer: Visit,
) -> None:
    slab, place = roof(engineer)
    palette = palette_of(engineer)
    look_down(engineer, place)
    wait_for_colour(engineer, parts_of(palette[slab["status"]]))
    engineer.page.mouse.click(*middle(engineer))
    expect(engineer.page.locator("#element > .facts")).to_contain_text(slab["global_id"])
    assert f"sel={slab['global_id']}".replace("$", "%24") in engineer.page.url
    engineer.page.keyboard.press("Escape")
    expect(engineer.page.locator("#element")).to_be_hidden()
    asked: list[Request] = []
    engineer.page.on("request", lambda request: asked.append(request))
    report(engineer, slab["global_id"], "done", 100)
    wait_for_colour(engineer, parts_of(palette["done"]))
    assert [request.url for request in asked if ".glb" in request.url] == []
    states = [request for request in asked if "/states" in request.url]
    assert states
    sizes = [request.sizes()["responseBodySize"] for request in states]
    assert max(sizes) < 20_000
    expect(engineer.page.locator('#figures [data-status="done"] strong')).to_have_text("136")
    report(engineer, slab["global_id"], "not_started", 0)
    wait_for_colour(engineer, parts_of(palette["not_started"]))


def test_section_takes_the_roof_away_for_the_eye_and_for_the_pick(engineer: Visit) -> None:
    slab, place = roof(engineer)
    look_down(engineer, place, f"cut={slab['z_min_m'] - 31.0 - 2:.1f}")  # lowest point: 1.5 m below 32.5 m
    engineer.page.mouse.click(*middle(engineer))
    facts = engineer.page.locator("#element > .facts")
    expect(facts).to_be_visible()
    expect(facts).not_to_contain_text(slab["global_id"])
    found = re.search(r"高程范围\s*(-?[\d.]+) – ", facts.inner_text())
    assert found is not None
    assert float(found[1]) < slab["z_min_m"] - 2


def test_one_storey_alone_leaves_the_ground_where_it_has_nothing(engineer: Visit) -> None:
    slab, place = roof(engineer)
    look_down(engineer, place, "floor=基础层", zoom=22)
    wait_for_colour(engineer, LAND)
    look_down(engineer, place, "floor=屋面层", zoom=22)
    wait_for_colour(engineer, parts_of(palette_of(engineer)[slab["status"]]))


def test_hidden_element_is_seen_through_and_no_longer_picked(engineer: Visit) -> None:
    slab, place = roof(engineer)
    look_down(engineer, place)
    engineer.page.mouse.click(*middle(engineer))
    expect(engineer.page.locator("#element > .facts")).to_contain_text(slab["global_id"])
    engineer.page.get_by_role("button", name="隐藏").click()
    engineer.page.keyboard.press("Escape")
    expect(engineer.page.locator("#element")).to_be_hidden()
    engineer.wait_for_map()
    engineer.page.mouse.click(*middle(engineer))
    expect(engineer.page.locator("#element > .facts")).to_be_visible()
    expect(engineer.page.locator("#element > .facts")).not_to_contain_text(slab["global_id"])


def test_tree_alone_opens_an_element_by_keyboard(reader: Visit) -> None:
    reader.open(f"/projects/{SCHOOL}/bim?lang=zh")
    reader.wait_for_map()
    reader.page.get_by_role("tree").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        reader.page.keyboard.press(key)
    expect(reader.page.locator("#element > .facts")).to_contain_text("基础层")
    expect(reader.page.locator("#element")).to_be_focused()
    expect(reader.page.locator('.tree-row[aria-selected="true"]')).to_have_count(1)
    assert "sel=" in reader.page.url
    reader.page.keyboard.press("Escape")
    expect(reader.page.get_by_role("tree")).to_be_focused()


def test_tree_hides_a_storey_and_says_so(reader: Visit) -> None:
    reader.open(f"/projects/{SCHOOL}/bim?lang=zh")
    reader.wait_for_map()
    row = reader.page.locator(".tree-row").first
    expect(row.locator("input")).to_be_checked()
    reader.page.get_by_role("tree").focus()
    reader.page.keyboard.press(" ")
    expect(reader.page.locator(".tree-row").first.locator("input")).not_to_be_checked()


def test_search_and_query_find_elements_and_show_them_alone(engineer: Visit) -> None:
    engineer.open(f"/projects/{SCHOOL}/bim?lang=zh")
    engineer.wait_for_map()
    engineer.page.get_by_role("tab", name="构件列表").click()
    engineer.page.get_by_role("searchbox").fill("外墙 1F-A1")
    engineer.page.keyboard.press("Enter")
    expect(engineer.page.locator("#elements li").first).to_contain_text("外墙 1F-A1")
    wanted = ask(
        engineer, f"/api/v1/models/{model_of(engineer)}/elements?filter=psets.Pset_WallCommon.IsExternal=TRUE"
    )["matched"]
    engineer.page.locator(".bim-filters summary").click()
    engineer.page.get_by_role("searchbox").fill("")
    engineer.page.locator("textarea[name=filter]").fill("psets.Pset_WallCommon.IsExternal = TRUE")
    engineer.page.get_by_role("button", name="筛选").click()
    expect(engineer.page.locator("#elements .count")).to_contain_text(f"{wanted} 个构件")
    with engineer.page.expect_request(
        lambda request: "/elements?" in request.url and "filter" in request.url
    ):
        engineer.page.get_by_role("button", name="在三维中只看这些").click()
    engineer.page.locator("textarea[name=filter]").fill("psets..")
    engineer.page.get_by_role("button", name="筛选").click()
    expect(engineer.page.locator("#elements [role=alert]")).to_be_visible()


def test_colour_by_class_gives_every_class_its_own_colour_and_stays_in_the_address(reader: Visit) -> None:
    reader.open(f"/projects/{SCHOOL}/bim?lang=zh")
    reader.wait_for_map()
    reader.page.get_by_label("着色依据").select_option("ifc_class")
    expect(reader.page.locator('.legend-row[data-key="IfcColumn"]')).to_contain_text("63")
    colours = reader.page.locator(".legend .swatch").evaluate_all(
        "all => all.map(e => e.style.backgroundColor)"
    )
    assert len(set(colours)) == len(colours) >= 7
    assert "colour=ifc_class" in reader.page.url
    reader.page.reload()
    reader.wait_for_map()
    expect(reader.page.locator('.legend-row[data-key="IfcColumn"]')).to_be_visible()


def test_day_of_the_slider_shows_what_was_planned_by_then(engineer: Visit) -> None:
    slab, place = roof(engineer)
    after = slab["plan_finish"]
    look_down(engineer, place, f"day={after}")
    engineer.page.get_by_label("显示内容").select_option("plan")
    wait_for_colour(engineer, parts_of(palette_of(engineer, "plan")["done"]))
    engineer.page.get_by_label("显示内容").select_option("status")
    expect(engineer.page.locator('.legend-row[data-key="not_started"]')).to_have_count(1)
    assert f"day={after}" in engineer.page.url


def test_progress_is_reported_from_the_card(engineer: Visit) -> None:
    beam = elements_of(engineer, "ifc_class=IfcBeam&status=not_started")[0]
    engineer.open(f"/projects/{SCHOOL}/bim?lang=zh&sel={beam['global_id']}")
    engineer.wait_for_map()
    engineer.page.get_by_label("完成百分比").fill("40")
    engineer.page.get_by_role("button", name="保存").click()
    expect(engineer.page.locator("#report output")).to_have_text("已保存。")
    expect(engineer.page.locator("#element header")).to_contain_text("施工中 · 40.0%")
    row = ask(engineer, f"/api/v1/models/{model_of(engineer)}/elements/{beam['global_id']}")
    assert (row["status"], row["progress"]) == ("in_progress", 40.0)
    report(engineer, beam["global_id"], "not_started", 0)


def test_distance_between_two_picked_points_of_the_roof_is_that_of_the_map(engineer: Visit) -> None:
    _, place = roof(engineer)
    look_down(engineer, place, zoom=21)
    fold(engineer)
    engineer.page.get_by_role("button", name="测距").click()
    fold(engineer)
    x, y = middle(engineer)
    engineer.page.mouse.click(x - 50, y)
    expect(engineer.page.locator(".measured")).to_contain_text("终点")
    engineer.page.mouse.click(x + 50, y)
    text = engineer.page.locator(".measured")
    expect(text).to_contain_text("距离")
    found = re.search(r"距离 ([\d.]+) 米 · 水平 ([\d.]+) 米 · 高差 (-?[\d.]+) 米", text.inner_text())
    assert found is not None
    # 100 px at zoom 21 on the ground: 40,075,017 m · cos φ / (512 · 2²¹) · 100. The roof is 13 m nearer to the
    # camera than the ground, so a pixel there is less; the camera stands 1.5 screen heights above the ground.
    metre_px = 40_030_228.9 * 0.83609 / (512 * 2**21)
    assert 0.5 * 100 * metre_px < float(found[2]) < 100 * metre_px
    assert abs(float(found[3])) < 0.02


def test_two_revisions_show_what_came_went_and_changed(engineer: Visit, home: Path, tmp_path: Path) -> None:
    first, second, ids = make_pair(tmp_path)
    room = open_room(engineer.site, home)
    run_apart(ingest_file, room, first, PAIR)
    model = run_apart(ingest_file, room, second, PAIR)
    room.engine.dispose()
    engineer.open(f"/projects/{SCHOOL}/bim?lang=zh&model={model}&from=1")
    engineer.wait_for_map()
    difference = ask(engineer, f"/api/v1/models/{model}/diff?from=1&to=2")
    assert difference["counts"] == {"added": 1, "removed": 1, "changed": 1, "matched": 0}
    for kind in ("added", "removed", "changed"):
        expect(engineer.page.locator(f".differences .badge-{kind}")).to_have_count(1)
    expect(engineer.page.locator('.legend-row[data-key="added"]')).to_contain_text("1")
    engineer.page.locator(".difference", has=engineer.page.locator(".badge-changed")).click()
    expect(engineer.page.locator("#element h2")).to_have_text("改名的梁")
    expect(engineer.page.locator(".tree-row .badge-changed")).to_have_count(1)
    assert ids["changed"] in engineer.page.locator("#element > .facts").inner_text()


def test_model_without_a_georeference_stands_on_a_plain_in_its_own_frame(reader: Visit) -> None:
    reader.open(f"/projects/{BRIDGE}/bim?lang=zh")
    reader.wait_for_map()
    expect(reader.page.locator("#notice")).to_contain_text("模型没有坐标")
    shot = Image.open(io.BytesIO(reader.page.locator(".maplibregl-canvas").screenshot())).convert("RGB")
    red, green, _ = parts_of(palette_of(reader, code=BRIDGE)["done"])
    seen: list[tuple[int, tuple[int, int, int]]] = shot.getcolors(shot.width * shot.height) or []  # type: ignore[assignment]
    like = sum(n for n, colour in seen if abs(colour[1] - colour[0] - (green - red)) < 30)
    assert like > 500  # its piers stand, in the shades of what is done


def test_model_without_a_place_is_dragged_turned_and_kept_with_a_reason(engineer: Visit) -> None:
    model = model_of(engineer, BRIDGE)
    tiles = {tile["uri"] for tile in ask(engineer, f"/api/v1/models/{model}/scene")["tiles"]}
    engineer.open(f"/projects/{BRIDGE}/bim?lang=zh&place=1")
    engineer.wait_for_map()
    panel = engineer.page.locator(".placing")
    expect(panel.locator("[role=status]")).to_contain_text("EPSG:4527 E 39")
    expect(panel.get_by_role("button", name="保存定位")).to_be_disabled()  # nobody has said why
    engineer.page.locator(".bim-panel summary").click()
    engineer.wait_for_map()
    longitude = panel.get_by_label("东坐标 / 经度")
    before = float(longitude.input_value())
    zoom = float(engineer.page.url.split("#")[1].split("/")[0])
    x, y = middle(engineer)
    engineer.page.mouse.move(x - 150, y)
    engineer.page.mouse.down()
    engineer.page.mouse.move(x - 120, y, steps=3)
    engineer.page.mouse.move(x - 90, y, steps=3)
    engineer.page.mouse.up()
    moved = float(longitude.input_value()) - before
    assert moved == pytest.approx(60 * 360 / (512 * 2**zoom), rel=0.1)
    panel.get_by_role("button", name="↺ 10°").click()
    panel.get_by_label("理由").fill("按竣工测量桩号定位")
    panel.get_by_role("button", name="保存定位").click()
    expect(engineer.page.locator(".placing")).to_have_count(0)
    engineer.wait_for_map()
    expect(engineer.page.locator("#notice")).to_be_hidden()
    placement = ask(engineer, f"/api/v1/models/{model}/placement")
    assert placement["in_force"]["reason"] == "按竣工测量桩号定位"
    scene = ask(engineer, f"/api/v1/models/{model}/scene")
    assert scene["origin"] is not None
    assert {tile["uri"] for tile in scene["tiles"]} == tiles  # no geometry was made anew
    ask(engineer, f"/api/v1/models/{model}/placement?reason=test", "DELETE")


def test_link_to_what_is_not_there_gives_a_notice_and_the_model(reader: Visit) -> None:
    reader.open(
        f"/projects/{SCHOOL}/bim?lang=zh&model=987654&sel=nobody&floor=nowhere&colour=rainbow&from=77"
    )
    reader.wait_for_map()
    expect(reader.page.locator("#element")).to_contain_text("没有构件 nobody")
    expect(reader.page.locator("#notice")).to_contain_text("没有版本“77”")
    expect(reader.page.locator(".legend-row")).not_to_have_count(0)
    assert "from=" not in reader.page.url


def test_browser_without_webgl_has_lists_properties_and_figures(
    browsers: tuple[Browser, Browser], site: Site
) -> None:
    with visit(browsers[1], site) as reader:
        sign_in(reader, ADMIN)
        reader.open(f"/projects/{SCHOOL}/bim?lang=zh")
        expect(reader.page.locator("#notice")).to_contain_text("不支持 WebGL 2")
        expect(reader.page.locator("#storeys li").first).to_be_visible()
        reader.page.get_by_role("tab", name="构件列表").click()
        expect(reader.page.locator("#elements li")).to_have_count(50)
        reader.page.locator("#elements li a").first.click()
        expect(reader.page.locator("#element > .facts")).to_contain_text("GlobalId")
        assert reader.outside == []


def test_page_works_without_javascript(browsers: tuple[Browser, Browser], site: Site) -> None:
    with visit(browsers[1], site, java_script_enabled=False) as reader:
        reader.open(f"/projects/{SCHOOL}/bim?lang=zh")
        reader.page.get_by_role("searchbox").fill("外墙")
        reader.page.get_by_role("button", name="筛选").click()
        reader.page.locator("#elements li a").first.click()
        expect(reader.page.locator("#element > .facts")).to_contain_text("GlobalId")
        expect(reader.page.locator("#figures")).to_contain_text("已完成")


def test_nothing_is_wider_than_a_phone(browsers: tuple[Browser, Browser], site: Site) -> None:
    with visit(browsers[1], site, viewport={"width": 390, "height": 844}, has_touch=True) as reader:
        sign_in(reader, ADMIN)
        element = elements_of(reader, "limit=1")[0]["global_id"]
        for path in (f"/projects/{SCHOOL}/bim", f"/projects/{SCHOOL}/bim?sel={element}"):
            for lang in ("zh", "en"):
                reader.open(f"{path}{'&' if '?' in path else '?'}lang={lang}")
                assert reader.page.evaluate("() => document.documentElement.scrollWidth") <= 390, (path, lang)


NAMELESS = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary, canvas, textarea')]
  .filter(e => e.checkVisibility())
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.title))
  .map(e => e.outerHTML)"""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_control_has_a_name_and_no_message_key_shows(engineer: Visit, lang: str) -> None:
    element = elements_of(engineer, "limit=1&ifc_class=IfcWall")[0]["global_id"]
    engineer.open(f"/projects/{SCHOOL}/bim?lang={lang}&sel={element}&day=2025-10-31")
    engineer.wait_for_map()
    assert engineer.page.evaluate(NAMELESS) == []
    text = engineer.page.locator("body").inner_text()
    keys = ("map.", "bim.", "ifc.", "discipline.", "kpi.", "card.", "filter.")
    assert [word for word in text.split() if word.startswith(keys)] == []
