"""What every attempt of one process works with."""

from dataclasses import dataclass, field

from sqlalchemy import Engine

from bim.launcher import Template
from twin.db import make_engine
from twin.objects import ObjectStore, open_store
from twin.settings import HomeSettings, JobSettings, ReadSettings

STATEMENT_TIMEOUT_MS = 600_000  # publishing a large model is one long statement


@dataclass(frozen=True)
class Workroom:
    """Database, object store, folders and limits."""

    url: str
    engine: Engine
    store: ObjectStore
    home: HomeSettings
    settings: JobSettings
    template: Template = field(default_factory=Template)  # of the processes that convert models
    reading: ReadSettings = field(default_factory=ReadSettings)  # limits of reading planners' files


def open_workroom(url: str, home: HomeSettings, settings: JobSettings) -> Workroom:
    """Return the workroom of this process; nothing is asked of the database yet."""
    return Workroom(
        url=url,
        engine=make_engine(url, settings.concurrency + 2, STATEMENT_TIMEOUT_MS),
        store=open_store(home),
        home=home,
        settings=settings,
    )
