"""The text of parcel and control-area geometry, kept beside it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


GEOJSON = "ST_AsGeoJSON(ST_ForcePolygonCCW(geom), 9, 0)"


def upgrade() -> None:
    for table in ("land_parcel", "control_area"):
        # Beside its row and not in the side table: one more visit per feature would cost what the text spares.
        op.execute(f"ALTER TABLE {table} SET (toast_tuple_target = 8160)")
        op.add_column(
            table, sa.Column("geom_json", sa.Text(), sa.Computed(GEOJSON, persisted=True), nullable=False)
        )


def downgrade() -> None:
    for table in ("land_parcel", "control_area"):
        op.drop_column(table, "geom_json")
        op.execute(f"ALTER TABLE {table} RESET (toast_tuple_target)")
