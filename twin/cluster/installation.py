"""Find PostgreSQL servers on this machine that have PostGIS beside them."""

import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("initdb", "postgres", "pg_ctl")
GLOBBED = (
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
OS_STAMP = "os-release"


@dataclass(frozen=True)
class Installation:
    """One folder of server programs; usable if nothing is missing."""

    bin_dir: Path
    major: int = 0
    missing: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether the folder holds a whole server with PostGIS."""
        return not self.missing

    def program(self, name: str) -> str:
        """Return the path of one of the server's programs."""
        return str(self.bin_dir / name)


def list_installations(
    runtime: Path, explicit: Path | None = None, root: Path = Path("/")
) -> list[Installation]:
    """Return every folder of PostgreSQL programs in order of preference, the unusable ones with the reason.

    Parameters
    ----------
    runtime : Path
        The folder of the rootless unpack.
    explicit : Path, optional
        A folder the operator named; it comes first.
    root : Path
        The root of the file system.
    """
    seen: dict[Path, Installation] = {}
    for folder in _candidates(runtime, explicit, root):
        if folder.is_dir() and folder.resolve() not in seen:
            seen[folder.resolve()] = examine(folder)
    return list(seen.values())


def find_installation(
    runtime: Path, explicit: Path | None = None, major: int | None = None, root: Path = Path("/")
) -> Installation | None:
    """Return the first usable server, of the given major version where there is one; None without any."""
    usable = [found for found in list_installations(runtime, explicit, root) if found.usable]
    same = [found for found in usable if found.major == major]
    return next(iter(same or usable), None)


def _candidates(runtime: Path, explicit: Path | None, root: Path) -> Iterator[Path]:
    if explicit is not None:
        yield explicit
    if runtime_fits(runtime):
        yield from _highest_first(runtime, "usr/lib/postgresql/*/bin")
    yield from _highest_first(root, "usr/lib/postgresql/*/bin")
    yield from _bindir_on_path()
    for pattern in GLOBBED:
        yield from _highest_first(root, pattern)


def _highest_first(root: Path, pattern: str) -> list[Path]:
    return sorted(root.glob(pattern), key=_number_in, reverse=True)


def _number_in(path: Path) -> float:
    found = re.search(r"(\d+(?:\.\d+)?)", path.parent.name)
    return float(found.group(1)) if found else 0.0


def _bindir_on_path() -> Iterator[Path]:
    program = shutil.which("pg_config")
    if program is None:
        return
    answer = _ask([program, "--bindir"], {})
    if answer:
        yield Path(answer)


def examine(bin_dir: Path) -> Installation:
    """Say what the folder holds: version, and what it lacks to be our server."""
    tree = bin_dir.parents[4] if len(bin_dir.parents) > 4 else bin_dir  # below it: usr/lib/postgresql/15/bin
    environment = server_environment(tree) if (tree / OS_STAMP).exists() else {}
    absent = [name for name in PROGRAMS if not (bin_dir / name).exists()]
    if absent:
        return Installation(bin_dir, missing=f"no {', '.join(absent)}")
    major = _major(_ask([str(bin_dir / "postgres"), "--version"], environment))
    if major == 0:
        return Installation(bin_dir, missing="postgres does not run here")
    if not any(
        (folder / "extension" / "postgis.control").exists() for folder in _share_dirs(bin_dir, environment)
    ):
        return Installation(bin_dir, major, "no PostGIS beside it")
    return Installation(bin_dir, major, "", environment)


def _share_dirs(bin_dir: Path, environment: dict[str, str]) -> Iterator[Path]:
    if (bin_dir / "pg_config").exists():
        answer = _ask([str(bin_dir / "pg_config"), "--sharedir"], environment)
        if answer:
            yield Path(answer)
            return
    yield from (bin_dir.parent / "share" / "postgresql", bin_dir.parent / "share")


def _ask(command: list[str], environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={"PATH": "/usr/bin:/bin", **environment},
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _major(version: str) -> int:
    found = re.search(r"(\d+)", version)
    return int(found.group(1)) if found else 0


def os_stamp() -> str:
    """Return the distribution and version an unpacked tree is bound to."""
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return f"{facts.get('ID', '')} {facts.get('VERSION_ID', '')} {platform.machine()}"


def runtime_fits(runtime: Path) -> bool:
    """Tell whether an unpacked tree exists and was made for this very distribution."""
    stamp = runtime / OS_STAMP
    return stamp.exists() and stamp.read_text(encoding="utf-8") == os_stamp()


def server_environment(runtime: Path) -> dict[str, str]:
    """Return the variables an unpacked server process needs.

    Never set them for our own Python: they would shadow the GEOS and PROJ inside its wheels.
    """
    triplets = sorted(p.name for p in (runtime / "usr" / "lib").glob("*-linux-*") if p.is_dir())
    folders = [runtime / base / triplet for triplet in triplets for base in ("usr/lib", "lib")]
    folders.append(runtime / "usr" / "lib")
    for triplet in triplets:
        folders += [runtime / "usr" / "lib" / triplet / name for name in ("blas", "lapack")]
    return {
        "LD_LIBRARY_PATH": ":".join(str(folder) for folder in folders),
        "PROJ_DATA": str(runtime / "usr" / "share" / "proj"),
        "PROJ_LIB": str(runtime / "usr" / "share" / "proj"),
        "GDAL_DATA": str(runtime / "usr" / "share" / "gdal"),
    }
