"""Revisions compared, progress carried over, models withdrawn"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import conv

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Not op.f: the readiness probe reads these files outside a migration.
_STATE = conv("ck_bim_revision_state")


def upgrade() -> None:
    op.add_column("bim_element", sa.Column("placement", postgresql.ARRAY(sa.Double()), nullable=True))
    op.add_column("bim_element", sa.Column("box", postgresql.ARRAY(sa.Double()), nullable=True))
    op.add_column("bim_element", sa.Column("psets_hash", sa.Text(), nullable=True))
    op.add_column("bim_element", sa.Column("quantities_hash", sa.Text(), nullable=True))
    op.drop_constraint(_STATE, "bim_revision", type_="check")
    op.create_check_constraint(
        _STATE, "bim_revision", "state IN ('pending','held','published','failed','withdrawn')"
    )
    _add_prints()
    _add_decisions()
    _add_carry_overs()


def _add_prints() -> None:
    hashes = ["name", "tag", "ifc_class", "type_name", "storey", "geometry", "psets", "quantities"]
    hashes += ["classification", "materials", "signature", "kernel"]
    op.create_table(
        "element_print",
        sa.Column("element_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=name in ("geometry", "kernel")) for name in hashes),
        sa.Column("area_m2", sa.Float(), nullable=True),
        sa.Column("placement", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("box", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.ForeignKeyConstraint(
            ["element_id"], ["bim_element.id"], name=op.f("fk_element_print_element_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("element_id", name=op.f("pk_element_print")),
    )
    op.create_index("ix_element_print_revision_id", "element_print", ["revision_id"])


def _add_decisions() -> None:
    op.create_table(
        "bim_revision_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "action IN ('hold','approve','withdraw','restore')", name=op.f("ck_bim_revision_decision_action")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["bim_revision.id"],
            name=op.f("fk_bim_revision_decision_revision_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_revision_decision")),
    )
    op.create_index("ix_bim_revision_decision_revision_id", "bim_revision_decision", ["revision_id"])


def _add_carry_overs() -> None:
    references = {
        "from_identity_id": "element_identity.id",
        "to_identity_id": "element_identity.id",
        "from_revision_id": "bim_revision.id",
        "to_revision_id": "bim_revision.id",
    }
    op.create_table(
        "element_carry_over",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in references),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("decided_by", sa.Text(), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [name], [column], name=op.f(f"fk_element_carry_over_{name}"), ondelete="CASCADE"
            )
            for name, column in references.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_element_carry_over")),
    )
    for name in ("from_identity_id", "to_identity_id"):
        op.create_index(f"ix_element_carry_over_{name}", "element_carry_over", [name])
    op.create_index(
        "uq_element_carry_over_approved",
        "element_carry_over",
        ["to_identity_id"],
        unique=True,
        postgresql_where=sa.text("approved"),
    )


def downgrade() -> None:
    op.drop_table("element_carry_over")
    op.drop_table("bim_revision_decision")
    op.drop_table("element_print")
    op.drop_constraint(_STATE, "bim_revision", type_="check")
    op.create_check_constraint(
        _STATE, "bim_revision", "state IN ('pending','published','failed','withdrawn')"
    )
    for name in ("quantities_hash", "psets_hash", "box", "placement"):
        op.drop_column("bim_element", name)
