"""The page `/` in a browser: the real service, the sample set, the distribution's Chromium."""

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from api.front_end import find_assets
from tests.flows.live_site import (
    BUILDING,
    NO_GL,
    SOFTWARE_GL,
    Site,
    Visit,
    clean_visit,
    find_chromium,
    launch,
    sign_in,
    visit,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed on this machine"),
    pytest.mark.skipif(find_assets() is None, reason="the front end is not built"),
]

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
LAND = (0xF3, 0xF4, 0xF1)  # plain ground of the neutral base map, by day
VECTOR = "341299-2024-02-0011-2"  # the project of the worked overlap example
TILE_PX = 512


@pytest.fixture(scope="module")
def browsers() -> Iterator[tuple[Browser, Browser]]:
    """A browser with WebGL in software, and one without any."""
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
def planner(reader: Visit) -> Visit:
    """A reader who has signed in as a planner."""
    sign_in(reader)
    return reader


def read_json(reader: Visit, path: str) -> Any:
    answer = reader.page.request.get(reader.site.url + path)
    assert answer.ok, path
    return answer.json()


def label_points(reader: Visit) -> dict[str, tuple[float, float]]:
    """A point inside each project, by archive number."""
    items = read_json(reader, "/ogc/collections/project_points/items?limit=1000")
    return {f["properties"]["code"]: tuple(f["geometry"]["coordinates"][:2]) for f in items["features"]}


def expected_progress() -> dict[str, float]:
    expected = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
    return {
        code: state["progress"]
        for code, state in expected["lights"]["projects"].items()
        if "progress" in state
    }


def colour_of_band(legend: dict[str, Any], value: float) -> str:
    """The colour that the published legend gives a number."""
    for entry in legend["entries"]:
        if entry.get("other"):
            continue
        low, high = entry.get("least"), entry.get("below")
        if (low is None or value >= low) and (high is None or value < high):
            return str(entry["colour"])
    raise AssertionError(f"no band holds {value}")


def colour_of_value(legend: dict[str, Any], value: str) -> str:
    return next(str(entry["colour"]) for entry in legend["entries"] if entry.get("value") == value)


def read_legend(reader: Visit, style: str) -> dict[str, Any]:
    return dict(read_json(reader, f"/ogc/styles/{style}?f=mapbox")["metadata"]["legend"])


def painted(colour: str, opacity: float, ground: tuple[float, ...]) -> tuple[float, ...]:
    """A translucent colour over a ground."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return tuple(opacity * part + (1 - opacity) * under for part, under in zip(parts, ground, strict=True))


def look_at(reader: Visit, place: tuple[float, float], zoom: float, query: str = "") -> None:
    reader.open(f"/?{query}#{zoom}/{place[1]}/{place[0]}")
    reader.wait_for_map()


def pixel_at(reader: Visit, place: tuple[float, float]) -> tuple[float, float]:
    """Where a place is on the screen, by the Web Mercator formula and the camera in the address."""
    zoom, lat, lon = (float(part) for part in reader.page.url.split("#")[1].split("/")[:3])
    box = reader.page.locator(".maplibregl-canvas").bounding_box()
    assert box is not None

    def world(place: tuple[float, float]) -> tuple[float, float]:
        size = TILE_PX * 2**zoom
        north = math.asinh(math.tan(math.radians(place[1])))
        return size * (place[0] + 180) / 360, size * (1 - north / math.pi) / 2

    (x, y), (x0, y0) = world(place), world((lon, lat))
    return box["x"] + box["width"] / 2 + x - x0, box["y"] + box["height"] / 2 + y - y0


def colour_at(
    reader: Visit, place: tuple[float, float], shift_px: tuple[int, int] = (0, 0)
) -> tuple[int, ...]:
    x, y = pixel_at(reader, place)
    shot = Image.open(io.BytesIO(reader.page.screenshot())).convert("RGB")
    return tuple(shot.getpixel((round(x) + shift_px[0], round(y) + shift_px[1])))  # type: ignore[arg-type]


def assert_same_colour(seen: tuple[int, ...], wanted: tuple[float, ...]) -> None:
    assert all(abs(a - b) <= 8 for a, b in zip(seen, wanted, strict=True)), (seen, wanted)


@pytest.mark.parametrize(("lang", "title"), [("zh", "重点工程一张图"), ("en", "Key projects on one map")])
def test_page_draws_its_map_without_a_request_to_elsewhere_or_a_complaint(
    reader: Visit, lang: str, title: str
) -> None:
    reader.open(f"/?lang={lang}")
    reader.wait_for_map()
    expect(reader.page.locator("h1")).to_have_text(title)
    shown = read_legend(reader, "projects-progress")["entries"]
    expect(reader.page.locator(".legends li")).to_have_text([entry["title"][lang] for entry in shown])


def test_projects_have_the_colour_that_the_style_document_gives_their_progress(reader: Visit) -> None:
    legend, points = read_legend(reader, "projects-progress"), label_points(reader)
    known = {code: progress for code, progress in expected_progress().items() if code in points}
    wanted: dict[str, str] = {}  # one project of each colour
    for code, progress in known.items():
        wanted.setdefault(colour_of_band(legend, progress), code)
    assert len(wanted) >= 3
    for colour, code in list(wanted.items())[:3]:
        look_at(reader, points[code], 18)
        assert_same_colour(colour_at(reader, points[code], (0, -4)), painted(colour, legend["opacity"], LAND))


def test_click_on_a_project_opens_its_card_and_the_address_brings_it_back(reader: Visit) -> None:
    code, place = next(iter(label_points(reader).items()))
    look_at(reader, place, 18)
    reader.page.mouse.click(*pixel_at(reader, place))
    expect(reader.page.locator("#card .facts")).to_contain_text(code)
    assert f"sel={code}" in reader.page.url
    name = reader.page.locator("#card h2").inner_text()
    reader.page.reload()
    expect(reader.page.locator("#card h2")).to_have_text(name)


def test_click_on_the_dot_of_a_project_seen_from_afar_opens_its_card(reader: Visit) -> None:
    reader.open("/?q=景禾")
    reader.wait_for_map()
    (code,) = reader.codes()
    look_at(reader, label_points(reader)[code], 9.5)
    reader.page.mouse.click(*pixel_at(reader, label_points(reader)[code]))
    expect(reader.page.locator("#card .facts")).to_contain_text(code)


def test_keyboard_alone_finds_a_project_opens_it_and_comes_back(reader: Visit) -> None:
    reader.open("/?lang=zh")
    reader.wait_for_map()
    search = reader.page.get_by_role("searchbox")
    for _ in range(12):
        reader.page.keyboard.press("Tab")
        if search.evaluate("field => field === document.activeElement"):
            break
    expect(search).to_be_focused()
    reader.page.keyboard.type(BUILDING)
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("#card .facts")).to_contain_text(BUILDING)
    expect(reader.page.locator("#card")).to_be_focused()
    reader.page.keyboard.press("Escape")
    expect(reader.page.locator("#card")).to_be_hidden()
    expect(search).to_be_focused()
    assert "sel=" not in reader.page.url


def test_click_on_a_light_leaves_only_its_projects_and_a_step_back_restores_them(reader: Visit) -> None:
    reader.open("/?lang=zh")
    reader.wait_for_map()
    everything = reader.codes()
    reader.page.locator('[data-light="red"]').click()
    expect(reader.page.locator("#list li .light")).to_have_text(["严重滞后"] * 4)
    expect(reader.page.locator("select[name=light]")).to_have_value("red")
    reader.page.go_back()
    expect(reader.page.locator("#list li")).to_have_count(len(everything))
    expect(reader.page.locator("select[name=light]")).to_have_value("")


def test_project_outside_the_filter_is_not_on_the_map_either(reader: Visit) -> None:
    place = next(iter(label_points(reader).values()))
    look_at(reader, place, 18, "q=没有这样的项目")
    assert_same_colour(colour_at(reader, place, (0, -4)), LAND)
    reader.page.mouse.click(*pixel_at(reader, place))
    expect(reader.page.locator("#card")).to_be_hidden()


def test_planner_gets_the_areas_of_the_worked_overlap_example(planner: Visit) -> None:
    planner.open(f"/?sel={VECTOR}&lang=zh")
    planner.wait_for_map()
    table = planner.page.locator("#overlap table").first
    for figure in ("27,988.57", "7,996.74", "11.9951", "28.57%", "1,799.26", "2.6989"):
        expect(table).to_contain_text(figure)
    pieces = json.loads(planner.page.locator("#pieces").inner_text())
    assert {piece["properties"]["layer"] for piece in pieces["features"]} >= {"land_parcels", "farmland"}


def test_overlap_button_shows_table_and_pieces_of_another_project_without_a_reload(planner: Visit) -> None:
    planner.open(f"/?sel={BUILDING}&lang=zh")
    planner.wait_for_map()
    planner.page.evaluate("() => { window.stillHere = true; }")
    planner.page.locator(f'#list li[data-code="{VECTOR}"] a').click()
    expect(planner.page.locator("#card .facts")).to_contain_text(VECTOR)
    expect(planner.page.locator("#overlap")).to_be_hidden()
    planner.page.get_by_role("link", name="压占分析").click()
    expect(planner.page.locator("#overlap")).to_contain_text("7,996.74")
    assert planner.page.evaluate("() => window.stillHere")


def test_anonymous_reader_learns_that_internal_land_is_hit_and_no_figure(reader: Visit) -> None:
    reader.open(f"/?sel={VECTOR}&lang=zh")
    reader.wait_for_map()
    expect(reader.page.locator("#overlap")).to_contain_text("永久基本农田有压占，面积仅限内部查看")
    expect(reader.page.locator("#overlap")).not_to_contain_text("1,799.26")
    assert json.loads(reader.page.locator("#pieces").inner_text())["features"] == []


def test_new_progress_reaches_list_card_and_map_without_a_reload(reader: Visit) -> None:
    points = label_points(reader)
    code = next(c for c, progress in expected_progress().items() if c in points and progress < 60)
    legend = read_legend(reader, "projects-progress")
    look_at(reader, points[code], 18, f"sel={code}")
    reader.site.execute(
        """INSERT INTO project_state (project_id, as_of, progress, planned_progress, deviation, weight_basis,
          coverage, parts)
        SELECT id, '2025-10-31', 100, 60, 40, 'equal', 100, '[]' FROM project WHERE code = %(code)s""",
        code=code,
    )
    expect(reader.page.locator(f'#list li[data-code="{code}"] .figures')).to_contain_text(
        "100.0%", timeout=20_000
    )
    expect(reader.page.locator("#card .gauge")).to_contain_text("100.0%")
    done = painted(colour_of_band(legend, 100), legend["opacity"], LAND)
    for _ in range(40):
        if all(abs(a - b) <= 8 for a, b in zip(colour_at(reader, points[code], (0, -4)), done, strict=True)):
            break
        reader.page.wait_for_timeout(250)
    assert_same_colour(colour_at(reader, points[code], (0, -4)), done)


def test_elements_appear_when_zoomed_in_coloured_by_status_and_name_themselves(reader: Visit) -> None:
    lon, lat = label_points(reader)[BUILDING]
    done, todo = (lon - 0.0003, lat), (lon + 0.0003, lat)
    legend, ground = read_legend(reader, "bim-progress"), read_legend(reader, "projects-progress")
    under = painted(colour_of_band(ground, expected_progress()[BUILDING]), ground["opacity"], LAND)
    look_at(reader, (lon, lat), 18, "lang=zh")
    for place, status in ((done, "done"), (todo, "not_started")):
        wanted = painted(colour_of_value(legend, status), legend["opacity"], under)
        assert_same_colour(colour_at(reader, place), wanted)
    reader.page.mouse.click(*pixel_at(reader, done))
    expect(reader.page.locator("#feature")).to_contain_text("0done00000000000000001")
    expect(reader.page.locator("#feature")).to_contain_text("一层楼板")


def test_elements_stand_up_and_can_still_be_picked(reader: Visit) -> None:
    lon, lat = label_points(reader)[BUILDING]
    look_at(reader, (lon - 0.0003, lat), 18, "lang=zh")
    reader.page.get_by_label("立体显示").check()
    reader.page.wait_for_function("() => location.hash.endsWith('/55')")  # the camera has tilted
    reader.wait_for_map()
    box = reader.page.locator(".maplibregl-canvas").bounding_box()
    assert box is not None
    reader.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(reader.page.locator("#feature")).to_contain_text("0done00000000000000001")
    expect(reader.page.locator("#feature")).to_contain_text("已完成")


def test_switch_to_lights_recolours_the_projects_and_stays_in_the_address(reader: Visit) -> None:
    points, legend = label_points(reader), read_legend(reader, "projects-light")
    state = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))["lights"]["projects"]
    code = next(c for c in points if c in state and state[c]["light"] == "red")
    look_at(reader, points[code], 18, "lang=zh")
    reader.page.get_by_label("按灯色").check()
    reader.page.wait_for_function("() => location.search.includes('colour=light')")
    reader.wait_for_map()
    wanted = painted(
        next(e["colour"] for e in legend["entries"] if e["key"] == "red"), legend["opacity"], LAND
    )
    assert_same_colour(colour_at(reader, points[code], (0, -4)), wanted)
    expect(reader.page.locator(".legends li")).to_contain_text(
        [entry["title"]["zh"] for entry in legend["entries"]]
    )


def test_names_are_drawn_on_the_map_without_asking_for_glyphs(reader: Visit) -> None:
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    place = label_points(reader)[BUILDING]
    look_at(reader, place, 18)
    x, y = (round(part) for part in pixel_at(reader, place))
    shot = Image.open(io.BytesIO(reader.page.screenshot())).convert("L").crop((x - 60, y + 6, x + 60, y + 40))
    assert shot.getextrema()[0] < 90  # strokes of the name, darker than any fill there
    assert [url for url in asked if "glyph" in url or ".pbf" in url] == []


def test_browser_without_webgl_gets_a_sketch_a_notice_and_everything_else(
    browsers: tuple[Browser, Browser], site: Site
) -> None:
    with visit(browsers[1], site) as reader:
        reader.open("/?lang=zh")
        expect(reader.page.locator("#notice")).to_contain_text("没有 WebGL 2")
        expect(reader.page.locator("#sketch a")).to_have_count(len(reader.codes()))
        reader.page.locator("select[name=light]").select_option("red")
        expect(reader.page.locator("#list li")).to_have_count(4)
        expect(reader.page.locator("#sketch a")).to_have_count(4)
        reader.page.locator("#sketch a").first.click()
        expect(reader.page.locator("#card .gauge")).to_be_visible()
        assert reader.outside == []


def test_page_works_without_javascript(browsers: tuple[Browser, Browser], site: Site) -> None:
    with visit(browsers[1], site, java_script_enabled=False) as reader:
        reader.open("/?lang=zh")
        reader.page.get_by_role("searchbox").fill(BUILDING)
        reader.page.get_by_role("button", name="筛选").click()
        reader.page.locator("#list li a").first.click()
        expect(reader.page.locator("#card .facts")).to_contain_text(BUILDING)
        expect(reader.page.locator("#sketch .footprint")).to_have_count(1)
        expect(reader.page.locator("#overlap")).to_be_visible()


@pytest.mark.parametrize("path", ["/?lang=zh", f"/?lang=en&sel={BUILDING}", "/login"])
def test_nothing_is_wider_than_a_phone(browsers: tuple[Browser, Browser], site: Site, path: str) -> None:
    with visit(browsers[1], site, viewport={"width": 390, "height": 844}, has_touch=True) as reader:
        reader.open(path)
        assert reader.page.evaluate("() => document.documentElement.scrollWidth") <= 390


NAMELESS = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary, canvas')]
  .filter(e => e.checkVisibility())
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.title))
  .map(e => e.outerHTML)"""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_control_has_a_name_and_no_message_key_shows(reader: Visit, lang: str) -> None:
    reader.open(f"/?lang={lang}&sel={BUILDING}")
    reader.wait_for_map()
    assert reader.page.evaluate(NAMELESS) == []
    text = reader.page.locator("body").inner_text()
    assert not [
        word for word in text.split() if word.startswith(("map.", "kpi.", "card.", "overlap.", "filter."))
    ]
