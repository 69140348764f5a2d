"""Searching elements by text, property and quantity"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TEXTS = ("space", "host_global_id")
_DOCUMENTS = (("pset_si", "'{}'"), ("type_psets", "'{}'"), ("layers", "'[]'"), ("groups", "'[]'"))
_BY_SET = """
UPDATE bim_element e SET quantities = n.sets
FROM (SELECT x.id, jsonb_object_agg(x.name, x.stated) AS sets
  FROM (SELECT b.id, coalesce(q.value ->> 'set', '') AS name, jsonb_object_agg(q.key, q.value - 'set') AS stated
    FROM bim_element b CROSS JOIN LATERAL jsonb_each(b.quantities) q
    WHERE jsonb_typeof(q.value -> 'value') = 'number' GROUP BY 1, 2) x GROUP BY x.id) n
WHERE e.id = n.id
"""


def upgrade() -> None:
    for name in _TEXTS:
        op.add_column("bim_element", sa.Column(name, sa.Text(), nullable=True))
    for name, empty in _DOCUMENTS:
        column = sa.Column(
            name, postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text(empty), nullable=False
        )
        op.add_column("bim_element", column)
    op.add_column("bim_revision", sa.Column("indexed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_BY_SET)
    op.execute("UPDATE bim_element SET quantity_source = 'mesh' WHERE quantity_source = 'derived'")
    op.create_table(
        "element_term",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("elements", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["bim_revision.id"],
            name=op.f("fk_element_term_revision_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_element_term")),
    )
    op.create_index("ix_element_term_field", "element_term", ["revision_id", "field", "number"])
    op.create_table(
        "element_text",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("first_term", sa.BigInteger(), nullable=False),
        sa.Column("last_term", sa.BigInteger(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["bim_revision.id"],
            name=op.f("fk_element_text_revision_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_element_text")),
    )
    op.create_index(op.f("ix_element_text_revision_id"), "element_text", ["revision_id"])
    # With the key in it, elements are counted and paged without looking at one of them.
    op.drop_index("ix_bim_element_revision_class", table_name="bim_element")
    op.create_index(
        "ix_bim_element_revision_class",
        "bim_element",
        ["revision_id", "ifc_class"],
        postgresql_include=["id"],
    )
    op.create_index("ix_element_identity_status", "element_identity", ["model_id", "status"])


def downgrade() -> None:
    op.drop_index("ix_element_identity_status", table_name="element_identity")
    op.drop_index("ix_bim_element_revision_class", table_name="bim_element")
    op.create_index("ix_bim_element_revision_class", "bim_element", ["revision_id", "ifc_class"])
    op.drop_table("element_text")
    op.drop_table("element_term")
    op.drop_column("bim_revision", "indexed_at")
    for name in (*_TEXTS, *(name for name, _ in _DOCUMENTS)):
        op.drop_column("bim_element", name)
