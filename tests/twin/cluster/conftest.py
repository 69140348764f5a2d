"""Homes for real clusters: short, and reachable for the account a root-started server runs as."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from twin.cluster import Cluster, open_cluster
from twin.cluster.pidfile import find_postmaster_file
from twin.settings import HomeSettings


def make_open_folder() -> Path:
    """Make a temporary folder that other accounts may pass through; pytest's own is closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="twin-test-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder of the test's own; what still runs in it at the end is killed."""
    folder = make_open_folder()
    yield folder / "家"
    found = find_postmaster_file(folder / "家" / "database" / "data")
    if found is not None:
        with suppress(psutil.NoSuchProcess):
            left = psutil.Process(found.pid)
            if "postgres" in left.name():
                left.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def prepared_home() -> Iterator[Path]:
    """A home with a durable cluster that was started once and stopped."""
    folder = make_open_folder()
    with open_cluster(HomeSettings(home=folder / "home"), lambda _line: None):
        pass
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(home: Path, prepared_home: Path) -> Iterator[Cluster]:
    """A cluster of the test's own with its database made, not running; stopped at the end."""
    subprocess.run(["cp", "-a", str(prepared_home), str(home)], check=True)  # owners stay, unlike with shutil
    (home / "database.port").unlink()
    made = open_cluster(HomeSettings(home=home), lambda _line: None)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def fast_cluster() -> Iterator[Cluster]:
    """One running cluster for tests that do no harm to it."""
    folder = make_open_folder()
    with Cluster(
        folder / "home", durable=False, bin_dir=HomeSettings().pg_bin, say=lambda _line: None
    ) as made:
        yield made
    shutil.rmtree(folder, ignore_errors=True)
