"""The land reserve as a ledger: states, splits, reservations"""

from collections.abc import Sequence

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# 闲置土地处置办法, as in force since 2012-07-01. Shares are compared with six decimals, as they are stored.
_RULE = """
INSERT INTO land_idle_rule (name, valid_from, fee_years, recovery_years, built_share_least, invested_share_least,
  fee_percent, source)
VALUES ('idle-land-2012', '2012-07-01', 1, 2, 0.333333, 0.25, 20, '闲置土地处置办法 (2012)')
"""


def upgrade() -> None:
    _add_rules_and_clocks()
    _add_ledger()
    _add_changes()
    op.execute(_RULE)


def _add_rules_and_clocks() -> None:
    op.create_table(
        "land_idle_rule",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("fee_years", sa.SmallInteger(), nullable=False),
        sa.Column("recovery_years", sa.SmallInteger(), nullable=False),
        sa.Column("built_share_least", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("invested_share_least", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("fee_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_land_idle_rule")),
    )
    op.create_table(
        "land_suspension",
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("parcel_no", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_tracked(),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_land_suspension_order")),
        sa.CheckConstraint(
            "cause IN ('government','force_majeure','court','other')", name=op.f("ck_land_suspension_cause")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_land_suspension")),
        sa.UniqueConstraint("parcel_id", "number", name=op.f("uq_land_suspension_parcel_id_number")),
    )


def _tracked() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    ]


def _add_ledger() -> None:
    op.create_table(
        "land_transition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("parcel_no", sa.Text(), nullable=False),
        sa.Column("axis", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("basis", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("axis IN ('state','idle')", name=op.f("ck_land_transition_axis")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_land_transition")),
    )
    op.create_index("ix_land_transition_parcel_id", "land_transition", ["parcel_id"], unique=False)
    op.create_table(
        "land_reservation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("parcel_no", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reserved_by", sa.Text(), nullable=False),
        sa.Column("reserved_by_name", sa.Text(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("end_kind", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("end_kind IN ('cancelled','supplied')", name=op.f("ck_land_reservation_end_kind")),
        sa.CheckConstraint("(ended_at IS NULL) = (end_kind IS NULL)", name=op.f("ck_land_reservation_ended")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_land_reservation_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_land_reservation")),
    )
    op.create_index(
        "uq_land_reservation_parcel_id",
        "land_reservation",
        ["parcel_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_land_reservation_parcel_id", "land_reservation", ["parcel_id"], unique=False)
    op.create_index("ix_land_reservation_project_id", "land_reservation", ["project_id"], unique=False)


def _add_changes() -> None:
    op.create_table(
        "land_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("difference_m2", sa.Double(), nullable=False),
        sa.Column("tolerance_m2", sa.Double(), nullable=False),
        sa.CheckConstraint("kind IN ('split','merge','release')", name=op.f("ck_land_change_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_land_change")),
    )
    op.create_table(
        "land_change_part",
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("parcel_no", sa.Text(), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "geom_survey",
            geoalchemy2.types.Geometry(
                geometry_type="MULTIPOLYGON", srid=-1, dimension=2, spatial_index=False, nullable=False
            ),
            nullable=False,
        ),
        sa.CheckConstraint("role IN ('before','after')", name=op.f("ck_land_change_part_role")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["land_change.id"], name=op.f("fk_land_change_part_change_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("change_id", "role", "parcel_no", name=op.f("pk_land_change_part")),
    )
    op.create_index("ix_land_change_part_parcel_no", "land_change_part", ["parcel_no"], unique=False)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS ledger_update ON land_parcel")
    op.execute("DROP FUNCTION IF EXISTS note_parcel_moves()")
    for table in (
        "land_change_part",
        "land_change",
        "land_reservation",
        "land_transition",
        "land_suspension",
        "land_idle_rule",
    ):
        op.drop_table(table)
