"""Three-dimensional scene files of a revision"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "bim_scene",
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("features", sa.Integer(), nullable=False),
        sa.Column("local_origin", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["bim_revision.id"],
            name=op.f("fk_bim_scene_revision_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_bim_scene")),
    )
    op.create_table(
        "bim_scene_tile",
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("storey", sa.Text(), nullable=True),
        sa.Column("discipline", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("features", sa.Integer(), nullable=False),
        sa.Column("triangles", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("box", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("largest_m", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["bim_scene.revision_id"],
            name=op.f("fk_bim_scene_tile_revision_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sha256"], ["stored_object.sha256"], name=op.f("fk_bim_scene_tile_sha256")),
        sa.PrimaryKeyConstraint("revision_id", "position", name=op.f("pk_bim_scene_tile")),
    )
    op.create_index(op.f("ix_bim_scene_tile_sha256"), "bim_scene_tile", ["sha256"], unique=False)
    op.create_index(
        "uq_bim_element_revision_fid",
        "bim_element",
        ["revision_id", "fid"],
        unique=True,
        postgresql_include=["identity_id", "plan_start", "plan_finish", "planning_status"],
        postgresql_where=sa.text("fid IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_bim_element_revision_fid", table_name="bim_element")
    op.drop_table("bim_scene_tile")
    op.drop_table("bim_scene")
