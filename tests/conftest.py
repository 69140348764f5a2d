"""The real PostGIS for every test: one migrated template a session, a rollback or a clone a test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from api.samples import ingest_sample_model, list_sample_models
from tests.databases import name_of, new_database
from twin.cluster import Cluster
from twin.db import for_psycopg, for_sqlalchemy, migrate, open_session
from twin.jobs.workroom import open_workroom
from twin.samples.files import SampleFolder
from twin.samples.load import FOLDER, load_samples
from twin.settings import HomeSettings, JobSettings

SHARED_IFC = Path(__file__).parents[2] / "shared" / "ifc"


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of a PostGIS server whose role may create databases; ours unless TEST_DATABASE_URL names one."""
    outside = os.environ.get("TEST_DATABASE_URL")
    if outside:
        yield for_psycopg(outside)
        return
    folder = Path(
        tempfile.mkdtemp(prefix="twin-test-")
    )  # pytest's own folders are closed to the server's account
    with Cluster(folder, durable=False, bin_dir=HomeSettings().pg_bin) as cluster:
        yield cluster.url("twin", "postgres")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgis_url(server_url: str) -> Iterator[str]:
    """A database with PostGIS and nothing else."""
    with new_database(server_url, "gis") as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION postgis")
        yield url


@pytest.fixture
def postgis(postgis_url: str) -> Iterator[psycopg.Connection]:
    """A connection to a database with PostGIS alone; rolled back at the end."""
    with psycopg.connect(postgis_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """Name of the migrated database that clones are made of; nobody stays connected to it."""
    with new_database(server_url, "twin") as url:
        migrate(url)
        yield name_of(url)


@pytest.fixture(scope="session")
def twin_url(server_url: str, template: str) -> Iterator[str]:
    """A migrated database for tests that roll back."""
    with new_database(server_url, f"{template}_shared", template) as url:
        yield url


@pytest.fixture
def session(twin_url: str) -> Iterator[Session]:
    """A domain session whose work is rolled back, whatever it commits."""
    engine = create_engine(for_sqlalchemy(twin_url))
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            session.info["actor"] = "test"
            yield session
        outer.rollback()
    engine.dispose()


@pytest.fixture
def clone_url(server_url: str, template: str) -> Iterator[str]:
    """A migrated database of the test's own, for code that commits or uses several connections."""
    with new_database(server_url, template, template) as url:
        yield url


@dataclass(frozen=True)
class SampleSite:
    """A database with the whole sample set, its models ingested, and the home that holds their files."""

    url: str
    home: Path


@pytest.fixture(scope="session")
def samples(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleSite]:
    """The sample district, loaded and ingested once; tests read it and change nothing."""
    home = tmp_path_factory.mktemp("samples-home")
    with new_database(server_url, f"{template}_samples", template) as url:
        room = open_workroom(url, HomeSettings(home=home, object_store=None), JobSettings())
        folder = SampleFolder(FOLDER)
        with open_session(room.engine, "samples") as session:
            load_samples(session)
        for model in list_sample_models(folder):
            ended = ingest_sample_model(room, folder, model, lambda _name, _percent: None)
            assert ended is not None
            assert ended.state == "succeeded", ended.verdict
        room.engine.dispose()
        yield SampleSite(url, home)


@pytest.fixture
def shared_ifc() -> Path:
    """The folder of real IFC files, where it exists."""
    if not SHARED_IFC.is_dir():
        pytest.skip("the folder of real IFC files is not beside this checkout")
    return SHARED_IFC
