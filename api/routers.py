"""The FastAPI routers, in one list."""

from fastapi import FastAPI
from starlette.routing import Mount

from api import (
    audit,
    front_end,
    jobs,
    land,
    land_idle,
    land_matches,
    land_page,
    land_reserve,
    models,
    overlap,
    overlap_runs,
    pages,
    projects,
    spatial,
    uploads,
)
from api.bim import (
    bcf,
    carry_over,
    checks,
    diff,
    elements,
    explain,
    export,
    federation,
    files,
    issues,
    links,
    placing,
    preview,
    progress,
    revisions,
    scene,
    schedule,
    steps,
    upload_pages,
)
from api.bim import models as bim_models
from api.bim import pages as bim_pages
from api.page_sources import page_sources
from api.state import AppState


def add_routers(app: FastAPI, state: AppState) -> None:
    """Include every router, and the built front end behind them."""
    for room in (
        projects,
        overlap,
        overlap_runs,
        spatial,
        models,
        bim_models,
        elements,
        placing,
        preview,
        progress,
        explain,
        export,
        links,
        schedule,
        steps,
        revisions,
        diff,
        carry_over,
        federation,
        scene,
        checks,
        issues,
        bcf,
        jobs,
        land,
        land_reserve,
        land_idle,
        land_matches,
        audit,
    ):
        app.include_router(room.router)
    app.include_router(elements.in_project)
    app.include_router(files.router)
    app.include_router(uploads.router)
    app.include_router(checks.starters)
    app.include_router(bim_pages.router)
    app.include_router(upload_pages.router)
    app.include_router(land_page.router)
    app.include_router(pages.routes(page_sources(state)))
    app.router.routes.append(Mount(front_end.MOUNT, front_end.BuiltFiles()))
