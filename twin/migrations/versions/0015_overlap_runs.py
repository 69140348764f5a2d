"""Overlap runs of whole layers and their answers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "overlap_run",
        sa.Column("job_id", postgresql.UUID(as_uuid=False), nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data_versions", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("data_changed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("totals", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_overlap_run")),
    )
    op.create_index("ix_overlap_run_created_at", "overlap_run", ["created_at"], unique=False)
    op.create_table(
        "overlap_run_answer",
        sa.Column("job_id", postgresql.UUID(as_uuid=False), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("stated_area_m2", sa.Float(), nullable=True),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["overlap_run.job_id"], name=op.f("fk_overlap_run_answer_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "subject_id", name=op.f("pk_overlap_run_answer")),
    )
    op.create_index("ix_overlap_run_answer_code", "overlap_run_answer", ["job_id", "code"], unique=False)


def downgrade() -> None:
    op.drop_table("overlap_run_answer")
    op.drop_table("overlap_run")
