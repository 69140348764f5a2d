"""The upload page in a browser: a model by form, with and without script, and what becomes of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Route, expect

from api.front_end import find_assets
from tests.databases import new_database
from tests.flows.live_site import Site, Visit, clean_visit, find_chromium, running_site, sign_in, visit
from tests.flows.test_bim_page import ADMIN, SCHOOL, fill, open_room, run_apart
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.samples.load import FOLDER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed on this machine"),
    pytest.mark.skipif(find_assets() is None, reason="the front end is not built"),
]

BUILDING = FOLDER / "models" / "building.ifc"
WAITING = "SELECT job_id::text FROM job_run WHERE kind = 'ingest_model' AND state = 'queued'"


@pytest.fixture(scope="module")
def site(server_url: str, template: str, home: Path) -> Iterator[Site]:
    with new_database(server_url, template, template) as url, running_site(url, home, fill) as site:
        yield site


@pytest.fixture
def engineer(browser: Browser, site: Site) -> Iterator[Visit]:
    """An administrator at a desk."""
    with clean_visit(browser, site) as reader:
        sign_in(reader, ADMIN)
        yield reader


def work(site: Site, home: Path) -> None:
    """Do the one job that waits, as a worker would."""
    with psycopg.connect(site.database) as connection:
        [(job_id,)] = connection.execute(WAITING).fetchall()
    room = open_room(site, home)
    run_apart(lambda: asyncio.run(run_job(room, KINDS, job_id)) or True)
    room.engine.dispose()


def choose(reader: Visit, file: Path, lang: str = "zh", *, scripted: bool = True) -> None:
    reader.open(f"/upload?lang={lang}&project={SCHOOL}")
    expect(reader.page.locator("select[name=project]")).to_have_value(SCHOOL)
    if scripted:
        expect(reader.page.locator("#upload-form[data-ready]")).to_be_visible()
    reader.page.locator("input[type=file]").set_input_files(file)


def test_model_goes_up_with_progress_is_converted_and_can_be_opened(engineer: Visit, home: Path) -> None:
    choose(engineer, BUILDING)
    engineer.page.locator("input[name=name]").fill("教学楼")
    values: list[float] = []
    engineer.page.expose_function("told", lambda value: values.append(value))
    engineer.page.evaluate(
        """() => { const bar = document.querySelector('#transfer progress');
          new MutationObserver(() => window.told(bar.value)).observe(bar, {attributes: true}); }"""
    )
    engineer.page.get_by_role("button", name="上传", exact=True).click()
    expect(engineer.page.locator("#job")).to_be_visible()
    expect(engineer.page.locator("#job h2")).to_have_text("等待转换")
    assert values == sorted(values)  # the bar never went back
    assert values[-1] == 1
    work(engineer.site, home)
    expect(engineer.page.locator("#job h2")).to_have_text("转换完成")
    expect(engineer.page.locator("#job .verdict")).to_contain_text("已入库 432 个构件")
    facts = engineer.page.locator("#job .facts")
    expect(facts).to_contain_text("EPSG:4527")
    expect(facts).to_contain_text("红线内 100.0%")
    assert "job=" in engineer.page.url
    engineer.page.get_by_role("link", name="查看模型").click()
    expect(engineer.page.locator(".model[aria-current]")).to_contain_text("教学楼")


def test_same_file_again_says_so_and_shows_what_became_of_the_first(engineer: Visit) -> None:
    choose(engineer, BUILDING, "en")
    engineer.page.get_by_role("button", name="Upload", exact=True).click()
    expect(engineer.page.locator("#transfer-text")).to_contain_text("this very file already")
    expect(engineer.page.locator("#job h2")).to_have_text("Converted")


def test_upload_that_breaks_off_goes_on_where_it_stopped(engineer: Visit, home: Path, tmp_path: Path) -> None:
    model = tmp_path / "大模型.ifc"
    remarks = (b"/*" + b"x" * 90 + b"*/\n") * 100_000  # more than one piece
    model.write_bytes(BUILDING.read_bytes().replace(b"DATA;\n", b"DATA;\n" + remarks, 1))
    assert model.stat().st_size > 8 * 1024 * 1024
    choose(engineer, model)
    engineer.page.evaluate("() => { window.stillHere = true; }")
    sent: list[int] = []

    def break_second(route: Route) -> None:
        offset = int(route.request.headers.get("upload-offset", "0"))
        sent.append(offset)
        if len(sent) == 2:
            route.abort("connectionreset")
        else:
            route.continue_()

    engineer.page.route(
        "**/api/v1/uploads/*",
        lambda route: break_second(route) if route.request.method == "PATCH" else route.continue_(),
    )
    engineer.page.get_by_role("button", name="上传", exact=True).click()
    expect(engineer.page.locator("#job h2")).to_have_text("等待转换")
    assert sent == [0, 8 * 1024 * 1024, 8 * 1024 * 1024]
    assert engineer.page.evaluate("() => window.stillHere")
    work(engineer.site, home)
    expect(engineer.page.locator("#job h2")).to_have_text("转换完成")
    assert [text for text in engineer.complaints if "ERR_CONNECTION_RESET" not in text] == []
    engineer.complaints.clear()


def test_file_that_is_no_model_gets_its_verdict_in_words(engineer: Visit, home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "坏文件.ifc"
    bad.write_text("ISO-10303-21;\nHEADER;\n这不是模型", encoding="utf-8")
    choose(engineer, bad)
    engineer.page.get_by_role("button", name="上传", exact=True).click()
    expect(engineer.page.locator("#job h2")).to_have_text("等待转换")
    work(engineer.site, home)
    expect(engineer.page.locator("#job h2")).to_have_text("转换没有成功")
    expect(engineer.page.locator("#job .verdict.bad")).not_to_be_empty()
    expect(engineer.page.get_by_role("link", name="查看模型")).to_have_count(0)


def test_file_of_another_kind_is_refused_before_it_is_sent(engineer: Visit, tmp_path: Path) -> None:
    drawing = tmp_path / "总图.dwg"
    drawing.write_bytes(b"AC1027")
    choose(engineer, drawing)
    asked: list[str] = []
    engineer.page.on("request", lambda request: asked.append(request.method))
    engineer.page.get_by_role("button", name="上传", exact=True).click()
    expect(engineer.page.locator("#transfer-text")).to_contain_text("总图.dwg 不是")
    assert "POST" not in asked


def test_file_dropped_on_the_page_is_the_one_that_is_sent(engineer: Visit) -> None:
    engineer.open(f"/upload?lang=zh&project={SCHOOL}")
    expect(engineer.page.locator("#upload-form[data-ready]")).to_be_visible()
    engineer.page.evaluate(
        """() => { const data = new DataTransfer();
          data.items.add(new File(['ISO-10303-21;'], '桥.ifc'));
          document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, cancelable: true})); }"""
    )
    names = engineer.page.locator("input[type=file]").evaluate(
        "field => [...field.files].map(file => file.name)"
    )
    assert names == ["桥.ifc"]


def test_form_works_without_javascript_and_leads_to_the_job(
    browser: Browser, site: Site, home: Path, tmp_path: Path
) -> None:
    model = tmp_path / "无脚本.ifc"
    model.write_bytes(BUILDING.read_bytes().replace(b"FILE_NAME('", b"FILE_NAME('x", 1))
    with visit(browser, site, java_script_enabled=False) as reader:
        sign_in(reader, ADMIN)
        choose(reader, model, scripted=False)
        reader.page.get_by_role("button", name="上传", exact=True).click()
        expect(reader.page.locator("#job h2")).to_have_text("等待转换")
        work(site, home)
        expect(reader.page.locator("#job h2")).to_have_text("转换完成")
        reader.page.get_by_role("link", name="查看模型").click()
        expect(reader.page.locator(".model[aria-current]")).to_contain_text("无脚本")


def test_reader_without_the_right_is_told_so(browser: Browser, site: Site) -> None:
    with visit(browser, site) as reader:
        reader.open("/upload?lang=zh&job=nonsense")
        expect(reader.page.locator("#upload")).to_contain_text("没有向任何项目上传模型的权限")
        expect(reader.page.locator("#job")).to_contain_text("没有您可查看的任务 nonsense")
        expect(reader.page.locator("#upload-form")).to_have_count(0)


def test_nothing_is_wider_than_a_phone(browser: Browser, site: Site) -> None:
    with visit(browser, site, viewport={"width": 390, "height": 844}, has_touch=True) as reader:
        sign_in(reader, ADMIN)
        for lang in ("zh", "en"):
            reader.open(f"/upload?lang={lang}")
            assert reader.page.evaluate("() => document.documentElement.scrollWidth") <= 390
