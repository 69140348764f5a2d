"""Tiles of a scene packed for the wire, beside the plain ones"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("bim_scene_tile", sa.Column("packed_sha256", sa.Text(), nullable=True))
    op.add_column("bim_scene_tile", sa.Column("packed_bytes", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_bim_scene_tile_packed_sha256_stored_object"),
        "bim_scene_tile",
        "stored_object",
        ["packed_sha256"],
        ["sha256"],
    )
    op.create_index(
        op.f("ix_bim_scene_tile_packed_sha256"), "bim_scene_tile", ["packed_sha256"], unique=False
    )


def downgrade() -> None:
    op.drop_column("bim_scene_tile", "packed_bytes")
    op.drop_column("bim_scene_tile", "packed_sha256")
