"""Positions given by people to models"""

from collections.abc import Sequence

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "model_placement",
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=True),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("eastings", sa.Double(), nullable=False),
        sa.Column("northings", sa.Double(), nullable=False),
        sa.Column("height_m", sa.Double(), nullable=False),
        sa.Column("rotation_deg", sa.Double(), nullable=False),
        sa.Column("scale_factor", sa.Double(), nullable=False),
        sa.Column("control_points", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("residuals", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("fitted_scale", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("end_kind", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("end_kind IN ('replaced','withdrawn')", name=op.f("ck_model_placement_end_kind")),
        sa.CheckConstraint("(ended_at IS NULL) = (end_kind IS NULL)", name=op.f("ck_model_placement_ended")),
        sa.CheckConstraint("scale_factor > 0", name=op.f("ck_model_placement_scale_factor")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_model.id"], name=op.f("fk_model_placement_model_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["bim_revision.id"],
            name=op.f("fk_model_placement_revision_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_placement")),
    )
    op.create_index("ix_model_placement_model_id", "model_placement", ["model_id"], unique=False)
    op.create_index(
        "uq_model_placement_in_force",
        "model_placement",
        ["model_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column(
        "bim_revision",
        sa.Column(
            "geom_local",
            geoalchemy2.types.Geometry(geometry_type="MULTIPOLYGON", srid=0, spatial_index=False),
            nullable=True,
        ),
    )


def downgrade() -> None:
    op.drop_column("bim_revision", "geom_local")
    op.drop_table("model_placement")
