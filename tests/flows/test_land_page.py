"""The land page in a browser: a file dropped, its questions and its report, spatial questions, the ledger."""

import base64
import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import geopandas
import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from shapely import get_coordinates
from shapely.geometry import shape

from api.front_end import find_assets
from tests.flows.live_site import SOFTWARE_GL, Site, Visit, clean_visit, find_chromium, sign_in, visit
from tests.gis.questions.independent import GEOD, area_m2
from twin.samples.load import FOLDER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed on this machine"),
    pytest.mark.skipif(find_assets() is None, reason="the front end is not built"),
]

PARCELS = FOLDER / "exchange" / "parcels-gbk-without-cpg.zip"
BOUNDARY = FOLDER / "exchange" / "boundary-utf8-bom.txt"
READY = "CB-2025-003"
PROJECT = "341299-2025-04-0001-2"
TWO_POINTS = re.compile(r"^11\d\.\d{7},3\d\.\d{7}; 11\d\.\d{7},3\d\.\d{7}$")
DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name));
  document.getElementById('ground').dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def planner(browser: Browser, site: Site) -> Iterator[Visit]:
    with clean_visit(browser, site, allowed="status of 4") as reader:
        sign_in(reader)
        yield reader


def open_land(reader: Visit, path: str = "/land") -> Page:
    reader.open(path)
    expect(reader.page.locator("#ask-form[data-ready]")).to_be_attached()
    return reader.page


def drop(page: Page, file: Path) -> None:
    page.evaluate(DROP, [file.name, base64.b64encode(file.read_bytes()).decode()])


def written(value: float, decimals: int = 2) -> str:
    return f"{value:,.{decimals}f}"


def surveyed_area() -> float:
    """Return the area of the file's parcels by geopandas and pyproj alone, m²."""
    frame = geopandas.read_file(PARCELS, encoding="GB18030").set_crs(4527, allow_override=True).to_crs(4490)
    return sum(area_m2(shape) for shape in frame.geometry)


def test_a_shapefile_in_gbk_dropped_on_the_map_becomes_a_table_and_a_pdf_in_chinese(planner: Visit) -> None:
    page = open_land(planner)
    drop(page, PARCELS)
    table = page.locator("#overlap table").first
    expect(table).to_be_visible()
    expect(page.locator("#file-read")).to_contain_text("GB18030")
    expect(page.locator("#file-read")).to_contain_text("EPSG:4527")
    expect(page.locator("#file-read tbody tr")).to_have_count(4)
    whole = surveyed_area()
    expect(table.locator("tr.subject")).to_contain_text(written(whole))
    expect(table.locator("tr.subject")).to_contain_text(written(whole * 3 / 2000, 4))
    parcels = table.locator("tbody tr", has_text="储备地块")
    expect(parcels).to_contain_text("100.00%")  # the file holds four parcels of the pool
    expect(parcels.locator("td").last).to_have_text("4")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PDF").click()
    content = Path(waiting.value.path()).read_bytes()
    text = "".join(each.extract_text() for each in PdfReader(BytesIO(content)).pages)
    assert "储备地块021号" in text
    assert written(whole) in text
    assert written(whole * 3 / 2000, 4) in text


def test_a_file_that_leaves_a_question_open_asks_it_and_is_used_once_answered(
    planner: Visit, tmp_path: Path
) -> None:
    lines = BOUNDARY.read_text("utf-8-sig").splitlines()
    without = [
        line.replace(",393", ",3").replace("，393", "，3") for line in lines if not line.startswith("带号")
    ]
    file = tmp_path / "无带号.txt"
    file.write_text("\n".join(without), encoding="utf-8")
    page = open_land(planner)
    drop(page, file)
    question = page.locator("#file-read .question").first
    expect(question).to_be_visible()
    expect(page.locator("#overlap-form")).to_be_hidden()
    field = question.locator("select, input")
    if field.evaluate("field => field.tagName") == "SELECT":
        field.select_option("39")
    else:
        field.fill("39")
    question.get_by_role("button").click()
    expect(page.locator("#overlap table").first).to_be_visible()
    expect(page.locator("#file-read")).to_contain_text("EPSG:4527")


def test_a_file_that_cannot_be_used_says_why_and_leaves_nothing_of_the_one_before(
    planner: Visit, tmp_path: Path
) -> None:
    page = open_land(planner)
    drop(page, PARCELS)
    expect(page.locator("#overlap table").first).to_be_visible()
    broken = tmp_path / "坏.txt"
    broken.write_text("这里没有坐标", encoding="utf-8")
    drop(page, broken)
    expect(page.locator("#file-said")).to_contain_text("文件未能使用")
    for name in ("#overlap", "#reports", "#file-read"):
        expect(page.locator(name)).to_be_hidden()


def ask(page: Page, question: str, **fields: str) -> None:
    if not page.locator("#ask-form").is_visible():
        page.locator("#work-ask > summary").click()
    page.locator("select[name=question]").select_option(question)
    for name, value in fields.items():
        field = page.locator(f"#ask-form [name={name}]").first
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("#ask-form button:not([type])").click()


def test_the_nearest_parcels_to_typed_coordinates_come_with_their_true_distance(
    planner: Visit, site: Site
) -> None:
    page = open_land(planner)
    ask(page, "nearest", about="drawn", coordinates="115.8,33.0", k="1")
    rows = page.locator("#ask-answer .found > li")
    expect(rows).to_have_count(2)
    features = json.loads((FOLDER / "land_parcels.geojson").read_text("utf-8"))["features"]
    corners = [(each, *point) for each in features for point in get_coordinates(shape(each["geometry"]))]
    distances = [GEOD.inv(115.8, 33.0, lon, lat)[2] for _, lon, lat in corners]
    nearest = corners[distances.index(min(distances))][0]
    row = rows.filter(has_text="储备用地").or_(rows.filter(has_text="储备地块")).first
    expect(row).to_contain_text(nearest["properties"]["parcel_no"])
    metres = float(row.locator(".found-figure").inner_text().split()[0].replace(",", ""))
    assert min(distances) - 60 <= metres <= min(distances) + 0.005  # an edge may come nearer than its corners


def test_every_question_is_answered_in_place(planner: Visit) -> None:
    page = open_land(planner)
    line = "115.62,33.16; 115.70,33.10; 115.90,33.00"
    box = "115.6,32.8; 116.0,32.8; 116.0,33.3; 115.6,33.3; 115.6,32.8"
    said = page.locator("#ask-said")
    ask(page, "corridor", coordinates=line, half_width_m="3000")
    expect(said).to_contain_text("共列出")
    expect(page.locator(".found-figure").first).to_contain_text("穿越")
    ask(page, "within", coordinates=box)
    expect(page.locator("#ask-answer .counts")).to_contain_text("80 个")
    page.get_by_role("button", name="下一页").click()
    expect(said).to_have_text("共列出 140 条")  # 80 parcels and 60 projects
    ask(page, "buffer", about="project", project=PROJECT, distance_m="20000")
    expect(said).to_contain_text("共列出")
    ask(page, "view")
    expect(page.locator("#ask-answer .counts")).to_contain_text("60 个")
    ask(page, "duplicates", layer="land_parcels")
    expect(said).to_have_text("没有符合的要素")
    ask(page, "change", **{"layer": "projects", "from": "2025-06-30", "to": "2025-09-30"})
    expect(page.locator(".changes").first).to_contain_text("→")
    ask(page, "summary", areas="urban_boundary", of="projects", measure="area")
    expect(page.locator("#ask-answer .found > li")).to_have_count(3)
    ask(page, "intersects", about="drawn", coordinates="nonsense")
    expect(said).to_contain_text("请先绘制图形")
    ask(page, "corridor", coordinates="115.8,33.0")
    expect(said).to_contain_text("未能回答")


def test_a_ready_parcel_is_held_for_a_project_and_let_go_again(planner: Visit) -> None:
    page = open_land(planner, f"/land?state=ready&parcel={READY}")
    card = page.locator("#parcel")
    expect(card.locator("h3")).to_contain_text(READY)
    card.locator("select[name=project]").select_option(PROJECT)
    card.locator("input[name=reason]").fill("选址意见")
    card.get_by_role("button", name="预留").click()
    expect(card.locator(".said")).to_contain_text("已预留")
    expect(card.locator(".facts")).to_contain_text(PROJECT)
    expect(page.locator(f'#ledger tr[data-parcel="{READY}"]')).to_have_count(0)  # ready ones alone are listed
    card.get_by_role("button", name="取消预留").click()
    expect(card.locator(".said")).to_contain_text("已取消预留")
    expect(page.locator(f'#ledger tr[data-parcel="{READY}"]')).to_have_count(1)
    card.locator("summary").click()
    expect(card.locator(".history")).to_contain_text("选址意见")


def test_a_parcel_chosen_in_the_ledger_is_what_a_question_is_about(planner: Visit) -> None:
    page = open_land(planner, "/land?state=ready")
    page.get_by_role("link", name=READY).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#parcel h3")).to_contain_text(READY)
    assert page.evaluate("() => document.activeElement.id") == "parcel"
    ask(page, "nearest", about="parcel", k="1")
    expect(page.locator("#ask-answer .found > li")).to_have_count(2)
    expect(page.locator("#ask-answer")).not_to_contain_text(READY)


def test_without_script_the_ledger_and_the_card_of_a_parcel_are_there(browser: Browser, site: Site) -> None:
    with visit(browser, site, java_script_enabled=False) as reader:
        reader.open("/land?state=ready&lang=zh")
        rows = reader.page.locator("#ledger tbody tr")
        assert rows.count() > 3
        number = rows.first.locator("a").inner_text()
        rows.first.locator("a").click()
        expect(reader.page.locator("#parcel h3")).to_contain_text(number)
        expect(reader.page.locator("#reserve")).to_have_count(0)


def test_nobody_in_particular_sees_public_parcels_and_no_form_for_files(browser: Browser, site: Site) -> None:
    with visit(browser, site) as reader:
        page = open_land(reader, "/land?lang=en&state=ready")
        expect(page.locator("#file-form")).to_have_count(0)
        expect(page.locator("#work-file")).to_contain_text("Sign in")
        page.goto(f"{site.url}/land?lang=en&parcel=none")
        expect(page.locator("#parcel")).to_contain_text("no parcel none")
        assert reader.complaints == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_speaks_both_languages_and_fits_a_phone(browser: Browser, site: Site, lang: str) -> None:
    with visit(browser, site, viewport={"width": 390, "height": 844}) as reader:
        sign_in(reader)
        page = open_land(reader, f"/land?lang={lang}&parcel={READY}")
        for part in ("file", "ask", "ledger"):
            page.evaluate("part => { document.getElementById(part).open = true; }", f"work-{part}")
            text = page.locator("body").inner_text()
            assert "land." not in text
            assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") == 0
        nameless = page.evaluate(
            "() => [...document.querySelectorAll('#land input, #land select, #land textarea')]"
            ".filter((field) => !field.labels?.length).map((field) => field.name)"
        )
        assert nameless == []


@pytest.mark.parametrize("browser", [SOFTWARE_GL], indirect=True, ids=["map"])
def test_a_line_drawn_on_the_map_is_asked_along(browser: Browser, site: Site) -> None:
    with visit(browser, site) as reader:
        sign_in(reader)
        page = open_land(reader)
        reader.wait_for_map()
        page.locator("#work-ask > summary").click()
        page.locator("select[name=question]").select_option("corridor")
        page.locator("[data-draw=LineString]").click()
        box = page.locator("#ground canvas").bounding_box()
        assert box is not None
        for across in (0.5, 0.7):
            page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * 0.6)
        page.keyboard.press("Enter")
        coordinates = page.locator("textarea[name=coordinates]")
        expect(coordinates).to_have_value(TWO_POINTS)
        page.locator("input[name=half_width_m]").fill("5000")
        page.locator("#ask-form button:not([type])").click()
        expect(page.locator("#ask-said")).to_contain_text("共列出")
        reader.wait_for_map()
        assert reader.complaints == []
        assert reader.outside == []
