"""The HTTP application: every door, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import twin
from api import docs, health, metrics
from api.errors import add_error_handlers
from api.log import configure_log
from api.maps import routes as maps
from api.metrics import Metrics
from api.middleware import LimitBodies, RecordRequests
from api.routers import add_routers
from api.state import AppSettings, make_state


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
    app = FastAPI(
        title="重点工程数字孪生 worktwin",
        version=twin.__version__,
        # The map doors stand ahead of everything else, as plain routes: nothing is resolved or encoded there.
        routes=[*maps.ROUTES, *health.ROUTES, *metrics.ROUTES, *docs.ROUTES],
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.twin = state
    app.state.metrics = Metrics(state.pool)
    add_error_handlers(app)
    add_routers(app, state)
    app.add_middleware(LimitBodies, upload_max_mb=settings.server.upload_max_mb)
    app.add_middleware(RecordRequests, metrics=app.state.metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the connections without waiting for them: a start while the database is away must not fail."""
    state = app.state.twin
    await state.pool.open(wait=False)
    try:
        yield
    finally:
        await state.pool.close()
        state.engine.dispose()
