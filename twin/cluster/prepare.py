"""The roles, the database and the extension inside a running embedded server."""

import psycopg
from psycopg import sql

DATABASE = "twin"


def add_database(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the database where it is missing."""
    if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = 'twin'"):
        connection.execute("CREATE DATABASE twin OWNER twin")
    connection.execute("REVOKE ALL ON DATABASE twin FROM PUBLIC")
    connection.execute("GRANT CONNECT, TEMPORARY ON DATABASE twin TO twin_app")


def add_service_role(connection: psycopg.Connection[tuple[object, ...]], password: str) -> None:
    """Make the service's role where it is missing.

    It is neither superuser nor owner: those would bypass row-level security.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommit, as superuser `twin`, to the database `postgres`.
    password : str
        Password of `twin_app`.
    """
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = 'twin_app'"):
        hashed = connection.pgconn.encrypt_password(password.encode(), b"twin_app", b"scram-sha-256")
        connection.execute(  # hashed here, so that no log of the server ever holds the password itself
            sql.SQL("CREATE ROLE twin_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                sql.Literal(hashed.decode())
            )
        )


def add_extension(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Create PostGIS in the connected database, or bring it up to the packages' version."""
    row = connection.execute(
        "SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'postgis'"
    ).fetchone()
    if row is None or row[0] is None:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    elif row[0] != row[1]:
        connection.execute("SELECT postgis_extensions_upgrade()")


def _exists(connection: psycopg.Connection[tuple[object, ...]], query: str) -> bool:
    return connection.execute(query).fetchone() is not None
