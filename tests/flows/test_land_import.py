"""A file taken into a layer from the land page: mapped, checked row by row, confirmed; in a browser."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import openpyxl
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from api.front_end import find_assets
from tests.databases import new_database
from tests.flows.live_site import Site, Visit, clean_visit, find_chromium, running_site, sign_in
from tests.flows.test_land_page import READY, drop, open_land

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed on this machine"),
    pytest.mark.skipif(find_assets() is None, reason="the front end is not built"),
]


@pytest.fixture(scope="module")
def site(server_url: str, template: str, home: Path) -> Iterator[Site]:
    """A service with a worker beside it."""
    with new_database(server_url, template, template) as url, running_site(url, home) as site:
        environment = {**os.environ, "DATABASE_URL": url, "TWIN_HOME": str(home)}
        argv = [sys.executable, "-m", "api.cli", "worker"]
        worker = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield site
        finally:
            worker.terminate()
            worker.wait(60)


@pytest.fixture
def planner(browser: Browser, site: Site) -> Iterator[Visit]:
    with clean_visit(browser, site) as reader:
        sign_in(reader)
        yield reader


def parcels_text(*parcels: tuple[str, str]) -> bytes:
    """Write a boundary-point TXT of hectares side by side, 300 m apart."""
    lines = ["[属性描述]", "坐标系=2000国家大地坐标系", "几度分带=3", "带号=39", "[地块坐标]"]
    for place, (number, name) in enumerate(parcels):
        west = 39_390_000 + place * 300
        lines.append(f"5,1.0,{number},{name},面,,工业用地,0601,@")
        corners = [(100, 0), (100, 100), (0, 100), (0, 0), (100, 0)]
        lines += [f"J{n},1,{3_671_300 + y}.000,{west + x}.000" for n, (y, x) in enumerate(corners, 1)]
    return "\r\n".join(lines).encode("gb18030")


def check_and_import(page: Page, writes: int) -> None:
    """Have an import checked, then confirm it."""
    page.get_by_role("button", name="预检", exact=True).click()
    expect(page.locator("#import-said")).to_contain_text("尚未写入")
    page.get_by_role("button", name=f"确认入库（写入 {writes} 行）").click()
    expect(page.locator("#import-said")).to_have_text("已入库。")


def counts_on(page: Page) -> list[str]:
    """Return how many rows are new, changed and unchanged."""
    found: list[str] = page.locator("#import-counts dd").all_inner_texts()
    return found


def found_parcels(site: Site, like: str) -> list[tuple[str, str]]:
    with psycopg.connect(site.database) as connection:
        statement = "SELECT parcel_no, name FROM land_parcel WHERE parcel_no LIKE %s ORDER BY 1"
        return connection.execute(statement, [like]).fetchall()


def test_a_file_is_checked_row_by_row_and_imported_once_confirmed(
    planner: Visit, site: Site, tmp_path: Path
) -> None:
    page = open_land(planner)
    file = tmp_path / "勘测.txt"
    file.write_bytes(parcels_text(("PG-1", "城东一号"), ("PG-2", "城东二号")))
    drop(page, file)
    layers = page.locator("#import-form select[name=layer]")
    expect(layers).to_be_visible()
    assert "projects" not in layers.locator("option").evaluate_all("found => found.map((each) => each.value)")
    layers.select_option("land_parcels")
    mapped = page.get_by_label("parcel_no（如 PG-1、PG-2）")
    expect(mapped).to_have_value("parcel_no")
    page.get_by_role("button", name="预检", exact=True).click()
    expect(page.locator("#import-said")).to_contain_text("尚未写入")
    assert counts_on(page) == ["2", "0", "0"]
    expect(page.locator("#import-result tbody tr").first).to_contain_text("PG-1")
    expect(page.locator("#import-result tbody tr").first).to_contain_text("新增")
    assert found_parcels(site, "PG-%") == []
    page.get_by_role("button", name="确认入库（写入 2 行）").click()
    expect(page.locator("#import-said")).to_have_text("已入库。")
    assert found_parcels(site, "PG-%") == [("PG-1", "城东一号"), ("PG-2", "城东二号")]
    page.locator("#import-result").get_by_role("link", name="PG-2").click()
    expect(page.locator("#parcel h3")).to_contain_text("PG-2")
    file.write_bytes(parcels_text(("PG-1", "改了名"), ("PG-2", "城东二号"), ("PG-3", "三号")))
    page.locator("#work-file > summary").click()
    drop(page, file)
    expect(layers).to_be_visible()
    layers.select_option("land_parcels")
    check_and_import(page, 2)
    assert counts_on(page) == ["1", "1", "1"]
    expect(page.locator("#import-result tbody tr").first).to_contain_text("名称")
    assert found_parcels(site, "PG-%") == [("PG-1", "改了名"), ("PG-2", "城东二号"), ("PG-3", "三号")]


def test_rows_that_cannot_be_imported_are_named_with_their_place_and_nothing_is_offered(
    planner: Visit, site: Site, tmp_path: Path
) -> None:
    page = open_land(planner)
    file = tmp_path / "重号.txt"
    file.write_bytes(parcels_text(("PH-1", "一"), ("PH-1", "二")))
    drop(page, file)
    expect(page.locator("#import-form")).to_be_visible()
    page.locator("#import-form select[name=layer]").select_option("land_parcels")
    page.get_by_role("button", name="预检", exact=True).click()
    expect(page.locator("#import-said")).to_contain_text("未入库")
    fault = page.locator("#import-result .remarks li")
    expect(fault).to_contain_text("PH-1")
    expect(fault).to_contain_text("重复")
    expect(page.locator("#import-confirm")).to_be_hidden()
    # numbered by a pattern instead, the same two go in
    page.get_by_label(re.compile("^parcel_no")).select_option("")
    numbering = page.get_by_label("文件没有编号列", exact=False)
    numbering.fill("PH-新-{n}")
    check_and_import(page, 2)
    assert found_parcels(site, "PH-%") == [("PH-新-1", "一"), ("PH-新-2", "二")]


def test_a_ledger_completes_parcels_and_a_faulty_one_comes_back_marked(
    planner: Visit, site: Site, tmp_path: Path
) -> None:
    page = open_land(planner)
    drop(page, ledger(tmp_path / "好.xlsx", 60))
    form = page.locator("#import-form")
    expect(form).to_be_visible()
    expect(form.locator("select[name=layer]")).to_have_value("land_parcels")
    expect(page.locator("#overlap-form")).to_be_hidden()  # it tells of parcels, not of places
    check_and_import(page, 1)
    assert found_parcels(site, READY) == [(READY, "台账改名")]
    drop(page, ledger(tmp_path / "坏.xlsx", "约六十"))
    expect(page.locator("#ledger-faults")).to_contain_text("C2")
    expect(form).to_be_hidden()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载标注副本").click()
    sheet = openpyxl.load_workbook(BytesIO(Path(waiting.value.path()).read_bytes())).worksheets[0]
    assert sheet["C2"].comment is not None


def ledger(path: Path, area_mu: float | str) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(("地块编号", "地块名称", "面积（亩）"))
    sheet.append((READY, "台账改名", area_mu))
    book.save(path)
    return path


def test_every_field_of_the_form_has_a_name_in_both_languages(planner: Visit, tmp_path: Path) -> None:
    file = tmp_path / "survey.txt"
    file.write_bytes(parcels_text(("PN-1", "一")))
    for lang in ("en", "zh"):
        page = open_land(planner, f"/land?lang={lang}")
        drop(page, file)
        expect(page.locator("#import-form")).to_be_visible()
        page.locator("#import-form select[name=layer]").select_option("farmland")
        expect(page.locator("#mapping label").first).to_be_visible()
        assert "land." not in page.locator("#work-file").inner_text()
        nameless = page.evaluate(
            "() => [...document.querySelectorAll('#import-form input, #import-form select')]"
            ".filter((field) => !field.labels?.length || !field.labels[0].innerText.trim()).length"
        )
        assert nameless == 0
