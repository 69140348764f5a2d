"""Ask a PostGIS whether it can do what the service is built on."""

import re
from dataclasses import dataclass

import psycopg

from twin.cluster.errors import CapabilityError

POSTGIS_FLOOR = (3, 3)


@dataclass(frozen=True)
class Capabilities:
    """What a server offers."""

    postgresql: str
    postgis: str
    geos: str
    proj: str
    protobuf: str
    database: str
    role: str
    superuser: bool


def plain_url(url: str) -> str:
    """Return the URL without SQLAlchemy's driver part.

    Examples
    --------
    >>> plain_url("postgresql+psycopg2://a@b/c")
    'postgresql://a@b/c'
    """
    return re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url)


def check_capabilities(url: str) -> Capabilities:
    """Connect, create PostGIS if it is absent and allowed, and check the feature floor.

    Parameters
    ----------
    url : str
        A `postgresql://` URL; a driver suffix is ignored.

    Returns
    -------
    Capabilities
        PostGIS is at least 3.3 and was built with protobuf, which vector tiles need.

    Raises
    ------
    CapabilityError
        With the line that mends it.
    """
    try:
        with psycopg.connect(plain_url(url), autocommit=True, connect_timeout=10) as connection:
            _ensure_extension(connection)
            found = _read(connection)
    except psycopg.OperationalError as error:
        reason = str(error).strip()
        raise CapabilityError(
            f"The database does not answer: {reason}. Check DATABASE_URL.",
            "数据库无法连接：请检查 DATABASE_URL。",
        ) from error
    _judge(found)
    return found


def _ensure_extension(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").fetchone():
        return
    name = connection.info.dbname
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    except psycopg.errors.InsufficientPrivilege as error:
        line = f"psql -d {name} -c 'CREATE EXTENSION postgis'"
        raise CapabilityError(
            f"Database {name} has no PostGIS and role {connection.info.user} may not create it: "
            f"an administrator of the server runs  {line}",
            f"数据库 {name} 没有 PostGIS，且角色 {connection.info.user} 无权创建：请数据库管理员执行  {line}",
        ) from error
    except psycopg.Error as error:
        raise CapabilityError(
            f"The server of database {name} has no PostGIS packages ({str(error).splitlines()[0]}): install them "
            "there (Debian and Ubuntu: apt-get install postgresql-postgis) or name another server in DATABASE_URL.",
            f"数据库 {name} 所在服务器没有安装 PostGIS：请在该机安装（Debian、Ubuntu：apt-get install "
            "postgresql-postgis），或把 DATABASE_URL 指向别的服务器。",
        ) from error


def _read(connection: psycopg.Connection[tuple[object, ...]]) -> Capabilities:
    row = connection.execute(
        "SELECT current_setting('server_version'), postgis_lib_version(), postgis_geos_version(), "
        "postgis_proj_version(), coalesce(postgis_libprotobuf_version(), ''), current_database(), current_user, "
        "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    ).fetchone()
    if row is None:
        raise CapabilityError("PostGIS does not state its version.", "PostGIS 没有给出版本。")
    postgresql, postgis, geos, proj, protobuf, database, role = (str(text) for text in row[:7])
    proj = proj.split(" ")[0]  # later versions add their settings
    return Capabilities(postgresql, postgis, geos, proj, protobuf, database, role, superuser=bool(row[7]))


def _judge(found: Capabilities) -> None:
    if _version(found.postgis) < POSTGIS_FLOOR:
        raise CapabilityError(
            f"PostGIS {found.postgis} is too old, 3.3 or later is needed: update the server's PostGIS packages, "
            "then run  SELECT postgis_extensions_upgrade()",
            f"PostGIS {found.postgis} 太旧，需要 3.3 以上：请更新服务器的 PostGIS 软件包，"
            "然后执行  SELECT postgis_extensions_upgrade()",
        )
    if not found.protobuf:
        raise CapabilityError(
            f"PostGIS {found.postgis} of database {found.database} was built without protobuf-c, so it cannot make "
            "vector tiles: use the packages of Debian, Ubuntu, PGDG or Homebrew.",
            f"数据库 {found.database} 的 PostGIS {found.postgis} 编译时没有 protobuf-c，无法生成矢量瓦片："
            "请改用 Debian、Ubuntu、PGDG 或 Homebrew 的软件包。",
        )


def _version(text: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
