"""What every attempt of one process works with."""

from dataclasses import dataclass

from sqlalchemy import Engine

from twin.db import make_engine
from twin.objects import ObjectStore, open_store
from twin.settings import HomeSettings, JobSettings

STATEMENT_TIMEOUT_MS = 600_000  # publishing a large model is one long statement


@dataclass(frozen=True)
class Workroom:
    """Database, object store, folders and limits."""

    url: str
    engine: Engine
    store: ObjectStore
    home: HomeSettings
    settings: JobSettings


def open_workroom(url: str, home: HomeSettings, settings: JobSettings) -> Workroom:
    """Return the workroom of this process; nothing is asked of the database yet."""
    return Workroom(
        url=url,
        engine=make_engine(url, settings.concurrency + 2, STATEMENT_TIMEOUT_MS),
        store=open_store(home),
        home=home,
        settings=settings,
    )
