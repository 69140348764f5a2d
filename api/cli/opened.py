"""A database session for a command: the database is adopted or started, and migrated, for as long as it takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from api.site import open_site
from api.state import AppSettings
from twin.db import make_engine, open_session

ACTOR = "command line"


@contextmanager
def opened_session() -> Iterator[Session]:
    """Open a session as the service role, in one transaction: committed at the end, rolled back on any error."""
    with open_site(AppSettings()) as site:
        engine = make_engine(site.service_url, pool_size=1)
        try:
            with open_session(engine, ACTOR) as session:
                yield session
        finally:
            engine.dispose()
