"""Alembic's entry: one transaction for all steps, then the replaceable SQL of `twin/sql`."""

from alembic import context
from sqlalchemy import create_engine, pool, text

import twin.alerts.models
import twin.checks.models
import twin.elements.models
import twin.identity.models
import twin.jobs.models
import twin.land.models
import twin.land.reserve_models
import twin.land.run_models
import twin.land.version_models
import twin.progress.models
import twin.projects.models
import twin.uploads.models  # noqa: F401  every table must be known before the first comparison
from twin.db import Base
from twin.sql import replaceable_statements

_MIGRATION_LOCK = 0x7417_0002


def include_object(_object: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    """Leave out what other software owns: PostGIS's and the job engine's tables and their indexes."""
    return not (kind == "table" and reflected and name not in Base.metadata.tables)


def run() -> None:
    """Upgrade under a lock, so that two starters do not migrate at once."""
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=include_object,
            transaction_per_migration=False,
        )
        context.run_migrations()
        for statement in replaceable_statements():
            connection.exec_driver_sql(statement)


run()
