"""Former states of parcels and control areas"""

from collections.abc import Sequence

from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("land_parcel", "control_area")


def upgrade() -> None:
    """Make the tables; a row that was never changed since is its own first version, from when it was made."""
    for table in TABLES:
        op.execute(f"""CREATE TABLE {table}_version (LIKE {table},
          held_from timestamptz NOT NULL, held_to timestamptz NOT NULL,
          CONSTRAINT ck_{table}_version_period CHECK (held_from < held_to),
          CONSTRAINT pk_{table}_version PRIMARY KEY (id, held_to))""")
        # Written when it is read: the text weighs twice what the shape does.
        op.execute(f"ALTER TABLE {table}_version DROP COLUMN geom_json")
        op.execute(f"CREATE INDEX ix_{table}_version_geom ON {table}_version USING gist (geom)")
        op.execute(f"CREATE INDEX ix_{table}_version_held_to ON {table}_version (held_to)")


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS past_land_parcels(timestamptz), past_control_areas(timestamptz)")
    op.execute("""DROP FUNCTION IF EXISTS changed_land_parcels(timestamptz, timestamptz),
      changed_control_areas(timestamptz, timestamptz)""")
    for table in TABLES:
        for event in ("update", "delete", "truncate"):
            op.execute(f"DROP TRIGGER IF EXISTS keep_{event} ON {table}")
        op.execute(f"DROP FUNCTION IF EXISTS keep_{table}()")
        op.drop_table(f"{table}_version")
