"""A running service for browser tests: the real application on the sample set, and a browser to open it with."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from api.app import create_app
from api.state import AppSettings
from twin.db import for_sqlalchemy
from twin.identity.tokens import add_token, add_user, assign_role
from twin.samples.load import load_samples
from twin.settings import DatabaseSettings, HomeSettings, ServerSettings

SOFTWARE_GL = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
NO_GL = ("--no-sandbox", "--disable-3d-apis", "--disable-gpu", "--disable-software-rasterizer")
DESK = {"width": 1440, "height": 900}
START_S = 30.0
PATIENCE_MS = 30_000  # a frame in software takes seconds where other work goes on beside it
PLANNER = "规划处 李某某"

# Two elements of a model: 0.0004° squares beside the label point of a public project, done and not started.
BUILDING = "341299-2025-04-0001-2"
ELEMENTS = """
WITH place AS (
  SELECT p.id, ST_PointOnSurface(f.geom) AS point FROM project p
  JOIN project_footprint f ON f.project_id = p.id AND f.valid_to IS NULL WHERE p.code = %(code)s),
kept AS (INSERT INTO stored_object (sha256, size_bytes) VALUES (repeat('0', 64), 1) RETURNING sha256),
model AS (INSERT INTO bim_model (project_id, name, discipline, public_visible)
  SELECT id, '主体模型', 'building', true FROM place RETURNING id, project_id),
revision AS (INSERT INTO bim_revision (model_id, number, state, sha256, file_name, published_at, schema_name)
  SELECT model.id, 1, 'published', kept.sha256, 'building.ifc', now(), 'IFC4' FROM model, kept
  RETURNING id, model_id),
named AS (INSERT INTO element_identity (model_id, global_id, status, progress)
  SELECT model.id, v.global_id, v.status, v.progress
  FROM model, (VALUES ('0done00000000000000001', 'done', 100), ('0todo00000000000000002', 'not_started', 0))
    AS v(global_id, status, progress)
  RETURNING id, global_id)
INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class, name, storey, geom,
    z_min_m, z_max_m)
  SELECT revision.id, named.id, place.id, 1, named.global_id, 'IfcSlab', '一层楼板', '一层',
    ST_Multi(ST_Expand(ST_Translate(point, CASE WHEN named.global_id LIKE '0done%%' THEN -0.0003 ELSE 0.0003 END, 0),
      0.0002)), 32.5, 32.7
  FROM revision, named, place
"""
PUBLISH = "UPDATE bim_model m SET current_revision_id = r.id FROM bim_revision r WHERE r.model_id = m.id"


@dataclass(frozen=True)
class Site:
    """Where the service answers, the database behind it and a planner's token."""

    url: str
    database: str
    token: str

    def execute(self, statement: str, **values: Any) -> None:
        """Change the database behind the service's back, as another user's work would."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement.encode(), values)


@contextmanager
def running_site(database: str, home: Path, fill: Callable[[str], str] | None = None) -> Iterator[Site]:
    """Run the application over a database filled with the sample set, or as `fill` does; it returns a token."""
    token = (fill or _fill)(database)
    settings = AppSettings(
        home=HomeSettings(home=home),
        database=DatabaseSettings(url=None, app_url=database),
        server=ServerSettings(basemap="samples"),
    )
    config = uvicorn.Config(create_app(settings), port=0, log_level="error", ws="none", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{_port(server)}", database, token)
    finally:
        server.should_exit = True
        thread.join(START_S)


def _port(server: uvicorn.Server) -> int:
    end = time.monotonic() + START_S
    while not server.started:
        if time.monotonic() > end:
            raise TimeoutError("the service did not start")
        time.sleep(0.05)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


def _fill(database: str) -> str:
    engine = create_engine(for_sqlalchemy(database))
    with Session(engine) as session, session.begin():
        session.info["actor"] = "test"
        load_samples(session)
        planner = add_user(session, "planner", PLANNER)
        assign_role(session, planner, "planner")
        token = add_token(session, planner, "browser")
    engine.dispose()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(ELEMENTS, {"code": BUILDING})
        connection.execute(PUBLISH)
    return token


def find_chromium() -> str | None:
    """Return the path of the distribution's Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Visit:
    """One page opened by one reader, and all that went wrong while it was open."""

    page: Page
    site: Site
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Open a page and wait until the map has drawn what it shows."""
        self.page.goto("about:blank")  # a change of the hash alone would not load anything
        self.page.goto(self.site.url + path)

    def wait_for_map(self) -> None:
        """Wait until everything in view is drawn."""
        self.page.wait_for_selector("html.has-map", timeout=60_000)
        self.page.wait_for_selector('#ground[aria-busy="false"]', timeout=60_000)

    def codes(self) -> list[str]:
        """Return the archive numbers in the list."""
        found = self.page.locator("#list li").evaluate_all("items => items.map(item => item.dataset.code)")
        return list(found)


def launch(playwright: Playwright, arguments: tuple[str, ...]) -> Browser:
    """Start the distribution's Chromium."""
    return playwright.chromium.launch(executable_path=find_chromium(), args=list(arguments))


@contextmanager
def visit(browser: Browser, site: Site, **options: Any) -> Iterator[Visit]:
    """Open a browser window that can reach nothing but the site."""
    context = browser.new_context(**{"viewport": DESK, "locale": "zh-CN", **options})
    visit = Visit(context.new_page(), site)
    _watch(context, visit)
    yield visit
    context.close()


@contextmanager
def clean_visit(browser: Browser, site: Site, allowed: str | None = None) -> Iterator[Visit]:
    """Open a window and hold that it asked nobody else for anything, nor complained but of what is allowed."""
    with visit(browser, site) as reader:
        yield reader
        assert reader.outside == [], reader.outside
        complaints = [text for text in reader.complaints if allowed is None or allowed not in text]
        assert complaints == [], complaints


def sign_in(reader: Visit, name: str = PLANNER) -> None:
    """Sign in with the site's token; its holder's name is on the page then."""
    reader.open("/login?lang=zh")
    reader.page.get_by_label("访问令牌").fill(reader.site.token)
    reader.page.get_by_role("button", name="登录").click()
    expect(reader.page.locator(".who")).to_have_text(name)


def _watch(context: BrowserContext, visit: Visit) -> None:
    def pass_or_stop(route: Route) -> None:
        if route.request.url.startswith((visit.site.url, "data:")):
            route.continue_()
            return
        visit.outside.append(route.request.url)
        route.abort()

    context.route("**/*", pass_or_stop)
    visit.page.on(
        "console", lambda message: visit.complaints.append(message.text) if message.type == "error" else None
    )
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
