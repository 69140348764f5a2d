"""Checks of models and their issues"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "bim_issue_word",
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_model.id"], name=op.f("fk_bim_issue_word_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "kind", "word", name=op.f("pk_bim_issue_word")),
    )
    op.create_table(
        "model_check",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("against_revision_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "options", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("ids_sha256", sa.Text(), nullable=True),
        sa.Column("ids_name", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("job_id", postgresql.UUID(as_uuid=False), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("truncated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('schema','ids','clash')", name=op.f("ck_model_check_kind")),
        sa.CheckConstraint("outcome IN ('pass','warning','fail')", name=op.f("ck_model_check_outcome")),
        sa.ForeignKeyConstraint(
            ["against_revision_id"],
            ["bim_revision.id"],
            name=op.f("fk_model_check_against_revision_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["ids_sha256"], ["stored_object.sha256"], name=op.f("fk_model_check_ids_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_model.id"], name=op.f("fk_model_check_model_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["bim_revision.id"], name=op.f("fk_model_check_revision_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_check")),
        sa.UniqueConstraint("model_id", "number", name=op.f("uq_model_check_model_id_number")),
    )
    op.create_index(
        op.f("ix_model_check_against_revision_id"), "model_check", ["against_revision_id"], unique=False
    )
    op.create_index("ix_model_check_fingerprint", "model_check", ["model_id", "fingerprint"], unique=False)
    op.create_index(op.f("ix_model_check_ids_sha256"), "model_check", ["ids_sha256"], unique=False)
    op.create_index("ix_model_check_job_id", "model_check", ["job_id"], unique=False)
    op.create_index(op.f("ix_model_check_revision_id"), "model_check", ["revision_id"], unique=False)
    op.create_table(
        "bim_issue",
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("check_id", sa.BigInteger(), nullable=True),
        sa.Column("guid", postgresql.UUID(as_uuid=False), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("topic_type", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("topic_index", sa.Integer(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("creation_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("creation_author", sa.Text(), nullable=False),
        sa.Column("modified_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("modified_author", sa.Text(), nullable=True),
        sa.Column("due_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("server_assigned_id", sa.Text(), nullable=True),
        sa.Column(
            "reference_links", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "related_topics", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "header_files",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("snippet", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column(
            "documents",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column(
            "unknown", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"], ["model_check.id"], name=op.f("fk_bim_issue_check_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_model.id"], name=op.f("fk_bim_issue_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_issue")),
        sa.UniqueConstraint("model_id", "guid", name=op.f("uq_bim_issue_model_id_guid")),
    )
    op.create_index(op.f("ix_bim_issue_check_id"), "bim_issue", ["check_id"], unique=False)
    op.create_table(
        "check_report",
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"], ["model_check.id"], name=op.f("fk_check_report_check_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["stored_object.sha256"], name=op.f("fk_check_report_sha256")),
        sa.PrimaryKeyConstraint("check_id", "format", name=op.f("pk_check_report")),
    )
    op.create_index(op.f("ix_check_report_sha256"), "check_report", ["sha256"], unique=False)
    op.create_table(
        "check_result",
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("group_number", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("global_id", sa.Text(), nullable=True),
        sa.Column("other_global_id", sa.Text(), nullable=True),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("ifc_class", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["check_id"], ["model_check.id"], name=op.f("fk_check_result_check_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("check_id", "row_number", name=op.f("pk_check_result")),
    )
    op.create_index("ix_check_result_element", "check_result", ["check_id", "global_id"], unique=False)
    op.create_table(
        "bim_issue_comment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("guid", postgresql.UUID(as_uuid=False), nullable=False),
        sa.Column("date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("viewpoint_guid", postgresql.UUID(as_uuid=False), nullable=True),
        sa.Column("modified_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("modified_author", sa.Text(), nullable=True),
        sa.Column(
            "unknown", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["bim_issue.id"], name=op.f("fk_bim_issue_comment_issue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_issue_comment")),
        sa.UniqueConstraint("issue_id", "guid", name=op.f("uq_bim_issue_comment_issue_id_guid")),
    )
    op.create_table(
        "bim_issue_file",
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["bim_issue.id"], name=op.f("fk_bim_issue_file_issue_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["stored_object.sha256"], name=op.f("fk_bim_issue_file_sha256")),
        sa.PrimaryKeyConstraint("issue_id", "name", name=op.f("pk_bim_issue_file")),
    )
    op.create_index(op.f("ix_bim_issue_file_sha256"), "bim_issue_file", ["sha256"], unique=False)
    op.create_table(
        "bim_issue_viewpoint",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("guid", postgresql.UUID(as_uuid=False), nullable=False),
        sa.Column("view_index", sa.Integer(), nullable=True),
        sa.Column("camera", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("components", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column(
            "clipping_planes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column(
            "lines", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column(
            "bitmaps", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("snapshot", sa.Text(), nullable=True),
        sa.Column(
            "unknown", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["bim_issue.id"], name=op.f("fk_bim_issue_viewpoint_issue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_issue_viewpoint")),
        sa.UniqueConstraint("issue_id", "guid", name=op.f("uq_bim_issue_viewpoint_issue_id_guid")),
    )


def downgrade() -> None:
    for table in (
        "bim_issue_viewpoint",
        "bim_issue_file",
        "bim_issue_comment",
        "check_result",
        "check_report",
        "bim_issue",
        "model_check",
        "bim_issue_word",
    ):
        op.drop_table(table)
