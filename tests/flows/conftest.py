"""What browser tests share: a service on the sample set, and a browser to open it with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.databases import new_database
from tests.flows.live_site import NO_GL, PATIENCE_MS, Site, launch, running_site


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the service's files."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def site(server_url: str, template: str, home: Path) -> Iterator[Site]:
    """The service on the sample set, with a planner's token."""
    with new_database(server_url, template, template) as url, running_site(url, home) as site:
        yield site


@pytest.fixture(scope="module", params=[NO_GL], ids=["no map"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser without WebGL: all but drawing works in it, and faster."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = launch(playwright, request.param)
        yield browser
        browser.close()
