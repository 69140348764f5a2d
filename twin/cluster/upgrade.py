"""Carry the data to a newer major version: dump, new data folder, read back, swap."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from twin.cluster.cluster import SHIM_WAIT_S, Cluster
from twin.cluster.dump import read_dump, write_dump
from twin.cluster.errors import OtherMajorError
from twin.cluster.home import starting_alone
from twin.cluster.initialise import find_data_major, finish_swap
from twin.cluster.installation import Installation
from twin.cluster.launch import find_serving_port, start_server
from twin.cluster.packages import Say
from twin.cluster.passwords import SERVICE, get_password
from twin.cluster.prepare import add_service_role
from twin.errors import ConflictError


def find_upgrade(cluster: Cluster) -> tuple[Installation, Installation]:
    """Return the programs of the data's major version and the newest ones on this machine.

    Raises
    ------
    OtherMajorError
        If the old server is missing, or there is no newer one.
    """
    major = find_data_major(cluster.folders.data)
    usable = [found for found in cluster.list_programs() if found.usable]
    old = next((found for found in usable if found.major == major), None)
    newest = max(usable, key=lambda found: found.major, default=None)
    if major is None or newest is None or newest.major <= major:
        raise OtherMajorError(
            f"There is nothing to upgrade: the data are of PostgreSQL {major}, the newest server with PostGIS here "
            f"is {newest.major if newest else 'none'}.",
            f"无需升级：数据属于 PostgreSQL {major}，本机没有更新的带 PostGIS 的版本。",
        )
    if old is None:
        raise OtherMajorError(
            f"The data are of PostgreSQL {major}, whose server with PostGIS is not on this machine: name its program "
            "folder in TWIN_PG_BIN, or read a dump made earlier with `twin db restore` into a new TWIN_HOME.",
            f"数据属于 PostgreSQL {major}，而本机没有该版本的服务器：请用 TWIN_PG_BIN 指出其程序目录，"
            "或把以前的备份用 `twin db restore` 读入新的 TWIN_HOME。",
        )
    return old, newest


def upgrade(cluster: Cluster, old: Installation, new: Installation, say: Say) -> Path:
    """Carry all databases from the old server to the new one; return the folder of the kept old data.

    Raises
    ------
    ConflictError
        If the server runs.
    """
    data = cluster.folders.data
    with starting_alone(cluster.folders, say):
        if find_serving_port(data, cluster.connect) is not None:
            raise ConflictError(
                "The database runs: stop the service (`twin db stop`) before the upgrade.",
                "数据库正在运行：请先停止服务（`twin db stop`）再升级。",
            )
        dumps = _dump_all(cluster, old, new, say)
        working = data.with_name("data.upgrading")
        shutil.rmtree(working, ignore_errors=True)
        cluster.add_data(working, new)
        _read_all(cluster, working, new, dumps, say)
        working.rename(cluster.folders.upgraded_data)
        kept = data.with_name(f"data.{old.major}.{_stamp()}")
        data.rename(kept)
        finish_swap(cluster.folders)
    return kept


def _dump_all(cluster: Cluster, old: Installation, new: Installation, say: Say) -> dict[str, Path]:
    folder = cluster.folders.dumps
    folder.mkdir(mode=0o700, exist_ok=True)
    dumps = {}
    with _serving(cluster, cluster.folders.data, old) as port:
        for name in _databases(cluster, port):
            dumps[name] = folder / f"{name}-{old.major}-{_stamp()}.dump"
            say(f"Dumping {name} into {dumps[name]} ... 正在备份……")
            write_dump(cluster.conninfo(port, name), dumps[name], new)
    return dumps


def _read_all(cluster: Cluster, data: Path, new: Installation, dumps: dict[str, Path], say: Say) -> None:
    with _serving(cluster, data, new) as port:
        with cluster.connect(port) as connection:
            add_service_role(connection, get_password(cluster.folders, SERVICE))
            for name in dumps:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
                )
        for name, file in dumps.items():
            say(f"Reading {name} into PostgreSQL {new.major} ... 正在读入……")
            read_dump(cluster.conninfo(port, name), file, new)
        cluster.fill(port)


@contextmanager
def _serving(cluster: Cluster, data: Path, installation: Installation) -> Iterator[int]:
    shim, port = start_server(cluster.launch(data, installation), cluster.connect, detached=False)
    try:
        yield port
    finally:
        if shim.stdin is not None:
            shim.stdin.close()
        shim.wait(SHIM_WAIT_S)


def _databases(cluster: Cluster, port: int) -> list[str]:
    with cluster.connect(port) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' AND datallowconn "
            "ORDER BY datname"
        )
        return [name for (name,) in rows]


def _stamp() -> str:
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime())
