"""`twin db`: the database for people, embedded or outside."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.cli.say import told
from twin.cluster import Capabilities, Cluster, check_capabilities, open_cluster
from twin.cluster.capabilities import plain_url
from twin.cluster.dump import restore_dump, write_dump
from twin.cluster.upgrade import find_upgrade, upgrade
from twin.db import migrate
from twin.errors import InvalidInputError
from twin.settings import DatabaseSettings, HomeSettings

app = typer.Typer(no_args_is_help=True, help="The database 数据库：启动、停止、备份、升级")

SystemPackages = Annotated[
    bool,
    typer.Option(
        "--system-packages/--no-system-packages",
        help="May install missing packages with apt 是否允许用 apt 安装",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="For machines 机器可读")]


@app.command()
@told
def ensure(
    system_packages: SystemPackages = True,
    programs_only: Annotated[
        bool, typer.Option("--programs-only", help="Make no data; print the program folder 只取程序")
    ] = False,
) -> None:
    """Find or fetch PostGIS and make the data folder; start nothing. 准备数据库（不启动）"""
    if _told_outside():
        return
    cluster = _cluster(system_packages=system_packages)
    if programs_only:
        typer.echo(cluster.fetch().bin_dir)
        return
    cluster.ensure()
    programs = cluster.find_programs()
    typer.echo(f"PostgreSQL {programs.major}: {programs.bin_dir}; {cluster.folders.database}")


@app.command()
@told
def start(system_packages: SystemPackages = True) -> None:
    """Start the embedded database; it runs until `twin db stop`. 启动数据库"""
    if _told_outside():
        return
    cluster = _cluster(system_packages=system_packages)
    started = cluster.start(detached=True)
    cluster.stop()
    verb = "runs already 已在运行" if started.adopted else "started 已启动"
    typer.echo(f"The database {verb}: 127.0.0.1:{started.port}, {cluster.folders.home}")


@app.command()
@told
def stop() -> None:
    """Stop a database started by `twin db start`. 停止数据库"""
    if _told_outside():
        return
    stopped = _cluster().halt()
    typer.echo(
        "The database has stopped. 数据库已停止。" if stopped else "No database runs. 数据库没有运行。"
    )


@app.command()
@told
def status(as_json: AsJson = False) -> None:
    """Say whether the database runs, where, and what it can do; exit code 3 if it does not. 查看状态"""
    facts = _status()
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, default=str))
    else:
        for key, value in facts.items():
            typer.echo(f"{key:12} {value}")
    if not facts["running"]:
        raise typer.Exit(3)


@app.command()
@told
def url(
    role: Annotated[str, typer.Option(help="twin (owner 属主) or twin_app (service 服务账户)")] = "twin",
) -> None:
    """Print the connection URL, password included. 打印连接地址（含口令）"""
    outside = DatabaseSettings()
    if outside.url:
        typer.echo(outside.app_url or outside.url if role == "twin_app" else outside.url)
        return
    typer.echo(_cluster().url(_role(role)))


@app.command()
@told
def shell() -> None:
    """Open psql as the owner. 打开 psql"""
    with _owner_url() as (owner, cluster):
        facts = conninfo_to_dict(plain_url(owner))
        password = facts.pop("password", None)
        programs = cluster.find_programs()
        environment = {**os.environ, **programs.environment}
        if password is not None:
            environment["PGPASSWORD"] = str(password)
        former = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for psql
        try:
            done = subprocess.run(
                [programs.program("psql"), make_conninfo("", **facts)], env=environment, check=False
            )
        finally:
            signal.signal(signal.SIGINT, former)
    raise typer.Exit(done.returncode)


@app.command(name="migrate")
@told
def migrate_command() -> None:
    """Bring the database to the newest schema; again changes nothing. 迁移到最新结构"""
    with _owner_url() as (owner, _):
        check_capabilities(owner)
        migrate(owner)
    typer.echo("The schema is up to date. 数据库结构已是最新。")


@app.command()
@told
def dump(file: Annotated[Path, typer.Argument(help="file to write 备份文件")]) -> None:
    """Write the whole database to a file (pg_dump, custom format). 备份"""
    with _owner_url() as (owner, cluster):
        write_dump(owner, file, cluster.find_programs())
    typer.echo(f"{file}: {file.stat().st_size:,} bytes")


@app.command()
@told
def restore(
    file: Annotated[Path, typer.Argument(help="a file of `twin db dump` 备份文件")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask 不再询问")] = False,
) -> None:
    """Put a dump in the place of the database; the former one is kept under another name. 恢复备份"""
    if not yes:
        typer.confirm("Replace the database by the dump? 用备份替换当前数据库？", abort=True)
    with _owner_url() as (owner, cluster):
        kept = restore_dump(owner, file, cluster.find_programs())
    typer.echo(
        f"Restored from {file}. 已恢复。" + (f" The former database is kept as {kept}." if kept else "")
    )


@app.command(name="upgrade")
@told
def upgrade_command() -> None:
    """Carry the data to the newest PostgreSQL on this machine; the old data are kept. 升级到新的大版本"""
    if _told_outside():
        return
    cluster = _cluster()
    old, new = find_upgrade(cluster)
    kept = upgrade(cluster, old, new, typer.echo)
    typer.echo(f"The database is PostgreSQL {new.major} now; the old data are kept in {kept}. 升级完成。")


def _cluster(*, system_packages: bool = True) -> Cluster:
    settings = HomeSettings()
    if not system_packages:
        settings = settings.model_copy(update={"system_packages": False})
    return open_cluster(settings)


def _told_outside() -> bool:
    if not DatabaseSettings().url:
        return False
    typer.echo("DATABASE_URL is set: that server is used as it is. 已设 DATABASE_URL，直接使用该数据库。")
    return True


@contextmanager
def _owner_url() -> Iterator[tuple[str, Cluster]]:
    """Yield the owner's URL of a running database, started for our lifetime if it does not run."""
    cluster = _cluster()
    outside = DatabaseSettings().url
    if outside:
        yield outside, cluster
        return
    with cluster:
        yield cluster.url("twin"), cluster


def _status() -> dict[str, object]:
    outside = DatabaseSettings().url
    if outside:
        return {"running": True, "embedded": False, **_abilities(check_capabilities(outside))}
    cluster = _cluster()
    known = asdict(cluster.status())
    facts: dict[str, object] = {"running": known.pop("running"), "embedded": True, **known}
    if facts["running"]:
        facts |= _abilities(check_capabilities(cluster.url("twin")))
    return facts


def _abilities(found: Capabilities) -> dict[str, object]:
    return asdict(found)


def _role(name: str) -> Literal["twin", "twin_app"]:
    if name == "twin":
        return "twin"
    if name == "twin_app":
        return "twin_app"
    raise InvalidInputError(
        f"There is no role {name}: twin or twin_app.", f"没有角色 {name}：请用 twin 或 twin_app。"
    )
