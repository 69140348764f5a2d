"""An application on a database of its own that holds public and private rows with marks to look for."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

from api.app import create_app
from api.state import AppSettings
from tests.api.seeding import Seeded, seed
from tests.databases import new_database
from twin.settings import DatabaseSettings, HomeSettings, ServerSettings

ALLOWED_ORIGIN = "https://dashboard.example"


@dataclass(frozen=True)
class Doors:
    """The application over HTTP, and the database behind it. Redirects are not followed."""

    app: FastAPI
    portal: BlockingPortal
    client: httpx.AsyncClient
    seeded: Seeded

    def get(self, path: str, login: str | None = None, **given: Any) -> httpx.Response:
        """GET as the holder of a user's token, or as nobody."""
        return self.request("GET", path, login, **given)

    def request(self, method: str, path: str, login: str | None = None, **given: Any) -> httpx.Response:
        """Send any request as the holder of a user's token, or as nobody."""
        headers = {**given.pop("headers", {}), **(self.bearer(login) if login else {})}
        return self.portal.call(lambda: self.client.request(method, path, headers=headers, **given))

    def bearer(self, login: str) -> dict[str, str]:
        """Return the header that says who calls."""
        return {"Authorization": f"Bearer {self.seeded.tokens[login]}"}


def app_settings(url: str, home: Path) -> AppSettings:
    """Return the settings of an application under test."""
    return AppSettings(
        home=HomeSettings(home=home),
        database=DatabaseSettings(url=None, app_url=url),
        server=ServerSettings(
            cors_origins=ALLOWED_ORIGIN, frame_ancestors=f"'self' {ALLOWED_ORIGIN}", basemap="none"
        ),
    )


def open_doors(seeded: Seeded, home: Path) -> Iterator[Doors]:
    """Run an application on a seeded database, in a thread with an event loop of its own."""
    app = create_app(app_settings(seeded.url, home))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_running(app)) as client:
        yield Doors(app, portal, client, seeded)


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://twin.test", timeout=60) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def seeded(server_url: str, template: str) -> Iterator[Seeded]:
    """A seeded database that its tests read and do not change."""
    with new_database(server_url, f"{template}_api", template) as url:
        yield seed(url)


@pytest.fixture(scope="session")
def doors(seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """The application on the shared seeded database: for tests that only read."""
    yield from open_doors(seeded, tmp_path_factory.mktemp("home"))


@pytest.fixture
def own_doors(clone_url: str, tmp_path: Path) -> Iterator[Doors]:
    """The application on a seeded database of the test's own: for tests that change something."""
    yield from open_doors(seed(clone_url), tmp_path)
