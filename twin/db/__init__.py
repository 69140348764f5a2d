"""Connections, the declarative base and migrations; knows no table of its own."""

from twin.db.base import Base, Tracked
from twin.db.engine import make_engine, open_session
from twin.db.hot import make_pool
from twin.db.migrate import migrate
from twin.db.urls import for_psycopg, for_sqlalchemy

__all__ = [
    "Base",
    "Tracked",
    "for_psycopg",
    "for_sqlalchemy",
    "make_engine",
    "make_pool",
    "migrate",
    "open_session",
]
