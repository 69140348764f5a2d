"""Files of planners: previews, answers and imports"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def _tracked() -> list[sa.Column[Any]]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    ]


def _shape(name: str, srid: int) -> sa.Column[Any]:
    return sa.Column(name, Geometry("GEOMETRY", srid=srid, spatial_index=False), nullable=True)


def upgrade() -> None:
    op.create_table(
        "upload_reading",
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("crs", sa.Text(), nullable=True),
        sa.Column("choices", JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("summary", JSON, nullable=False),
        sa.Column("feature_count", sa.BigInteger(), nullable=False),
        sa.Column("mapping", JSON, nullable=True),
        sa.Column("fixed", JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("repairs", sa.Text(), nullable=True),
        *_tracked(),
        sa.CheckConstraint("repairs IN ('accept','skip')", name=op.f("ck_upload_reading_repairs")),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("fk_upload_reading_upload_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_reading")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_upload_reading_upload_id")),
    )
    op.create_table(
        "upload_feature",
        sa.Column("reading_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("survey_crs", sa.Text(), nullable=True),
        sa.Column("stated_area_m2", sa.Double(), nullable=True),
        sa.Column("computed_area_m2", sa.Double(), nullable=True),
        sa.Column("repair_note", sa.Text(), nullable=True),
        sa.Column("faults", JSON, server_default=sa.text("'[]'"), nullable=False),
        _shape("geom", -1),
        _shape("geom_map", 4490),
        _shape("repaired", -1),
        _shape("repaired_map", 4490),
        sa.ForeignKeyConstraint(
            ["reading_id"],
            ["upload_reading.id"],
            name=op.f("fk_upload_feature_reading_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("reading_id", "number", name=op.f("pk_upload_feature")),
    )
    op.create_table(
        "layer_import",
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("crs", sa.Text(), nullable=True),
        sa.Column("choices", JSON, nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("fixed", JSON, nullable=False),
        sa.Column("job_id", sa.Text(), nullable=True),
        sa.Column("counts", JSON, nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *_tracked(),
        sa.ForeignKeyConstraint(["sha256"], ["stored_object.sha256"], name=op.f("fk_layer_import_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer_import")),
    )
    op.create_index(op.f("ix_layer_import_sha256"), "layer_import", ["sha256"])
    op.create_table(
        "layer_import_row",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("feature_key", sa.Text(), nullable=False),
        sa.Column("feature_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("before", JSON, nullable=True),
        sa.CheckConstraint("action IN ('added','changed','same')", name=op.f("ck_layer_import_row_action")),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["layer_import.id"],
            name=op.f("fk_layer_import_row_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_layer_import_row")),
    )
    op.create_index(
        "ix_layer_import_row_feature_key", "layer_import_row", ["layer", "feature_key", "import_id"]
    )
    op.create_table(
        "mapping_template",
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("fixed", JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("units", JSON, server_default=sa.text("'{}'"), nullable=False),
        *_tracked(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping_template")),
    )
    op.create_index("uq_mapping_template_layer_name", "mapping_template", ["layer", "name"], unique=True)


def downgrade() -> None:
    for table in ("mapping_template", "layer_import_row", "layer_import", "upload_feature", "upload_reading"):
        op.drop_table(table)
