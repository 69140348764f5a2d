"""Databases and servers made for a test or a trial, and taken away after it."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from twin.cluster import Cluster
from twin.db import for_psycopg


@contextmanager
def new_database(server: str, prefix: str, template: str | None = None) -> Iterator[str]:
    """Make a database and yield its URL; it goes when the work ends, however that was, whoever is still connected.

    Parameters
    ----------
    server : str
        URL of any database of the server, of a role that may create others; its query is kept.
    prefix : str
        What the name begins with.
    template : str, optional
        Name of the database to copy; nobody may be connected to it.
    """
    server = for_psycopg(server)
    name = f"{prefix}_{uuid.uuid4().hex[:8]}"
    source = SQL(" TEMPLATE {}").format(Identifier(template)) if template else SQL("")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)) + source)
    try:
        yield _url_of(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _url_of(server: str, name: str) -> str:
    base, mark, query = server.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{name}{mark}{query}"


def name_of(url: str) -> str:
    """Return the name of the database at a URL, such as another is copied from.

    Examples
    --------
    >>> name_of("postgresql://twin@127.0.0.1:5432/district?sslmode=disable")
    'district'
    """
    return str(conninfo_to_dict(url)["dbname"])


@contextmanager
def server_url(given: str | None = None) -> Iterator[str]:
    """Yield the URL of a PostGIS server: the one given, else ``TEST_DATABASE_URL``, else one of our own."""
    outside = given or os.environ.get("TEST_DATABASE_URL")
    if outside:
        yield outside
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # the account of a server started by root must get in
        with Cluster(Path(folder) / "home", durable=False) as cluster:
            yield cluster.url("twin", "postgres")
