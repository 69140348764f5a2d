"""Bring a database to the newest schema: the owner's work, never the service's."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from twin.db.engine import make_engine
from twin.db.urls import for_sqlalchemy

SCRIPTS = Path(__file__).parents[1] / "migrations"


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for this database."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("sqlalchemy.url", for_sqlalchemy(url).replace("%", "%%"))
    return config


def migrate(url: str) -> None:
    """Migrate to the newest schema in one transaction; running it again changes nothing."""
    command.upgrade(alembic_config(url), "head")


def find_revision(engine: Engine) -> str | None:
    """Return the schema revision the database is at, or None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Return the schema revision this code wants."""
    head = ScriptDirectory(str(SCRIPTS)).get_current_head()
    assert head is not None, "the package ships at least one migration"  # noqa: S101
    return head


def is_current(url: str) -> bool:
    """Tell whether the database is at the newest schema."""
    engine = make_engine(url, pool_size=1)
    try:
        return find_revision(engine) == newest_revision()
    finally:
        engine.dispose()
