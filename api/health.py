"""Whether the process lives, and whether it can serve."""

import shutil
from collections.abc import Callable
from typing import Any, Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.plain_route import PlainRoute
from api.state import AppState, state_of
from gis.statement import Statement, fetch_row
from twin.db.migrate import find_revision, newest_revision

LEAST_FREE_MB: Final = 200
MEGABYTE: Final = 1_048_576


async def answer_livez(_: Request) -> Response:
    """Answer that the process runs; asks nothing of anybody."""
    return JSONResponse({"status": "ok"})


async def answer_readyz(request: Request) -> Response:
    """Answer whether requests can be served: database, schema, disk; 503 while one of them fails."""
    state = state_of(request)
    checks = {
        "database": await _check_database(state),
        "migration": await anyio.to_thread.run_sync(_checked, _check_migration, state),
        "disk": await anyio.to_thread.run_sync(_checked, _check_disk, state),
    }
    ready = all(check["ok"] for check in checks.values())
    body = {"status": "ok" if ready else "unavailable", "checks": checks}
    return JSONResponse(body, 200 if ready else 503, headers={} if ready else {"Retry-After": "2"})


async def _check_database(state: AppState) -> dict[str, Any]:
    try:
        async with state.pool.connection(timeout=2) as connection:
            await fetch_row(connection, Statement("SELECT 1"))
    except Exception as error:  # noqa: BLE001  whatever the reason, the answer is "not ready"
        return {"ok": False, "detail": type(error).__name__}
    return {"ok": True}


def _checked(check: Callable[[AppState], dict[str, Any]], state: AppState) -> dict[str, Any]:
    try:
        return check(state)
    except Exception as error:  # noqa: BLE001  whatever the reason, the answer is "not ready"
        return {"ok": False, "detail": type(error).__name__}


def _check_migration(state: AppState) -> dict[str, Any]:
    found, wanted = find_revision(state.engine), newest_revision()
    return {"ok": found == wanted} if found == wanted else {"ok": False, "found": found, "wanted": wanted}


def _check_disk(state: AppState) -> dict[str, Any]:
    folder = state.settings.home.home
    while not folder.exists():
        folder = folder.parent
    free_mb = shutil.disk_usage(folder).free // MEGABYTE
    return {"ok": free_mb >= LEAST_FREE_MB, "free_mb": free_mb}


ROUTES: Final = [PlainRoute("/livez", answer_livez), PlainRoute("/readyz", answer_readyz)]
