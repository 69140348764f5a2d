"""Write a database to a file and read it back, with PostgreSQL's own tools."""

import os
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from twin.cluster.capabilities import plain_url
from twin.cluster.errors import DumpError
from twin.cluster.installation import Installation


def write_dump(url: str, file: Path, installation: Installation) -> None:
    """Dump one database in PostgreSQL's custom format; the file appears when it is whole.

    Parameters
    ----------
    url : str
        A `postgresql://` URL of a role that may read everything: the owner.
    file : Path
        What to write; its folder must exist.
    installation : Installation
        Whose `pg_dump` to use: of the server's major version or a later one.

    Raises
    ------
    DumpError
        With pg_dump's own words.
    """
    part = file.with_name(file.name + ".part")
    _run(installation, "pg_dump", url, ["--format=custom", f"--file={part}"])
    part.rename(file)


def restore_dump(url: str, file: Path, installation: Installation) -> str:
    """Read a dump into a new database and put it in the place of the one the URL names.

    The former database is kept under another name until an administrator drops it. If reading fails nothing
    has changed. Connections to the former database are ended.

    Returns
    -------
    str
        The name under which the former database is kept; empty if there was none.

    Raises
    ------
    DumpError
        If the file is missing or pg_restore fails.
    """
    if not file.is_file():
        raise DumpError(f"There is no dump {file}.", f"没有备份文件 {file}。")
    name = str(conninfo_to_dict(plain_url(url))["dbname"])
    fresh = f"{name}_restoring"
    with psycopg.connect(_other_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(fresh)))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(fresh)))
        try:
            read_dump(_other_database(url, fresh), file, installation)
        except DumpError:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(fresh)))
            raise
        return _swap(connection, name, fresh)


def read_dump(url: str, file: Path, installation: Installation) -> None:
    """Read a dump into the empty database the URL names, all or nothing."""
    _run(installation, "pg_restore", url, ["--exit-on-error", "--single-transaction", str(file)])


def _swap(connection: psycopg.Connection[tuple[object, ...]], name: str, fresh: str) -> str:
    kept = f"{name}_before_{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}"
    exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    if exists:
        _close_door(connection, name)
    with connection.transaction():
        if exists:
            connection.execute(rename.format(sql.Identifier(name), sql.Identifier(kept)))
        connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(name)))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'twin_app'").fetchone():
            connection.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO twin_app").format(sql.Identifier(name))
            )
    return kept if exists else ""


def _close_door(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """End every connection to the database and let no new one in: it cannot be renamed otherwise."""
    connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
    query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
    for _ in range(100):
        row = connection.execute(query, (name,)).fetchone()
        if row is None or row[0] == 0:
            return
        time.sleep(0.05)


def _other_database(url: str, database: str) -> str:
    return make_conninfo(plain_url(url), dbname=database)


def _run(installation: Installation, program: str, url: str, arguments: list[str]) -> None:
    facts = conninfo_to_dict(plain_url(url))
    password = facts.pop("password", None)  # out of the argument list, which every account can read
    environment = {**os.environ, **installation.environment}
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    command = [installation.program(program), f"--dbname={make_conninfo('', **facts)}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "\n".join(done.stderr.splitlines()[-8:])
        raise DumpError(
            f"{program} failed:\n{said}\nNothing has changed.", f"{program} 失败，原因见上；数据没有改动。"
        )
