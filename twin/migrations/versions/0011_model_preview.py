"""What is known of a model before its geometry, while its job runs"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # Unlogged: after a crash of the server the job runs again and stages anew.
    op.create_table(
        "model_preview",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "stored_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["bim_revision.id"],
            name=op.f("fk_model_preview_revision_id_bim_revision"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_preview")),
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ix_model_preview_revision_id"), "model_preview", ["revision_id"], unique=False)
    op.create_table(
        "model_preview_element",
        sa.Column("preview_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("doc", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["preview_id"],
            ["model_preview.id"],
            name=op.f("fk_model_preview_element_preview_id_model_preview"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("preview_id", "id", name=op.f("pk_model_preview_element")),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("model_preview_element")
    op.drop_table("model_preview")
