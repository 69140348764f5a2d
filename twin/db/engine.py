"""SQLAlchemy on psycopg2: models, rules and domain writes."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from twin.db.urls import for_sqlalchemy


def make_engine(url: str, pool_size: int = 5, statement_timeout_ms: int = 30_000) -> Engine:
    """Return an engine whose connections check themselves and give up on runaway statements."""
    return create_engine(
        for_sqlalchemy(url),
        pool_size=pool_size,
        pool_pre_ping=True,
        connect_args={"options": f"-c statement_timeout={statement_timeout_ms}", "connect_timeout": 5},
    )


@contextmanager
def open_session(engine: Engine, actor: str | None = None) -> Iterator[Session]:
    """Open a session in one transaction: committed at the end, rolled back on any error."""
    with Session(engine) as session, session.begin():
        session.info["actor"] = actor
        yield session
