"""The HTTP application: every door, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

import twin
from api import docs, health, metrics
from api.classic import doors as classic
from api.errors import add_error_handlers
from api.log import configure_log
from api.maps import routes as maps
from api.maps.currency import Currency
from api.maps.downloads import download_folder
from api.maps.hot import HotTiles
from api.maps.tile_cache import MEGABYTE, TileCache, TileMemory
from api.maps.tile_disk import TileDisk
from api.maps.tile_figures import TileFigures
from api.metrics import Metrics
from api.middleware import LimitBodies, RecordRequests
from api.routers import add_routers
from api.state import AppSettings, AppState, make_state
from gis.export import sweep_rooms


class Application(FastAPI):
    """FastAPI with one short cut before it: plain requests for tiles."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.hot: HotTiles | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a tile, or pass the request on."""
        if self.hot is not None and scope["type"] == "http" and await self.hot.answer(scope, receive, send):
            return
        await super().__call__(scope, receive, send)


def create_app(settings: AppSettings | None = None) -> FastAPI:
    """Return the application; its connections open when it starts.

    Parameters
    ----------
    settings : AppSettings, optional
        Read from the environment where not given.

    Raises
    ------
    NotRunningError
        No database URL is set and the embedded cluster does not run.
    """
    settings = settings or AppSettings()
    configure_log()
    state = make_state(settings)
    app = Application(
        title="重点工程数字孪生 worktwin",
        version=twin.__version__,
        # The map doors stand ahead of everything else, as plain routes: nothing is resolved or encoded there.
        routes=[*maps.ROUTES, *health.ROUTES, *metrics.ROUTES, *docs.ROUTES, *classic.ROUTES],
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.twin = state
    app.state.metrics = Metrics(state.pool)
    app.state.tiles = make_tile_cache(state)
    app.state.metrics.registry.register(TileFigures(app.state.tiles))
    app.hot = HotTiles(app, app.state.tiles, state.callers, app.state.metrics)
    add_error_handlers(app)
    add_routers(app, state)
    app.add_middleware(LimitBodies, upload_max_mb=settings.server.upload_max_mb)
    app.add_middleware(RecordRequests, metrics=app.state.metrics)
    return app


def make_tile_cache(state: AppState) -> TileCache:
    """Return the cache of finished tiles, which knows nothing yet."""
    settings = state.settings
    disk = TileDisk(settings.home.home / "cache" / "tiles", settings.tiles.disk_mb * MEGABYTE)
    return TileCache(Currency(state.url), TileMemory(settings.tiles.memory_mb * MEGABYTE), disk)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the connections without waiting for them: a start while the database is away must not fail."""
    state, tiles = app.state.twin, app.state.tiles
    sweep_rooms(download_folder(state.settings.home.home))  # of a process that was killed over them
    await state.pool.open(wait=False)
    tiles.currency.start()
    tiles.start()
    try:
        yield
    finally:
        await classic.stop_engine(app)
        await tiles.currency.stop()
        await tiles.stop()
        await state.pool.close()
        state.engine.dispose()
