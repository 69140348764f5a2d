"""Schedules, step templates and element links"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
PERCENT = sa.Numeric(9, 6)

# Shipped as data: key, Chinese, English, classes, demolition, steps as key, Chinese, English, weight.
TEMPLATES: tuple[tuple[str, str, str, list[str], bool, list[tuple[str, str, str, float]]], ...] = (
    (
        "demolition", "拆除", "Demolition", ["*"], True,
        [("cut", "拆解", "taken apart", 0.6), ("cleared", "清运", "carried off", 0.3), ("accepted", "验收", "accepted", 0.1)],
    ),
    (
        "pile", "桩基", "Pile", ["IfcPile", "IfcDeepFoundation", "IfcCaissonFoundation"], False,
        [("drilled", "成孔", "hole drilled", 0.35), ("rebar", "钢筋笼", "cage placed", 0.15),
         ("concrete", "浇筑", "concrete poured", 0.4), ("accepted", "验收", "accepted", 0.1)],
    ),
    (
        "concrete", "现浇混凝土构件", "Cast-in-place concrete",
        ["IfcColumn*", "IfcBeam*", "IfcSlab*", "IfcFooting", "IfcBearing", "IfcStair*", "IfcRamp*"], False,
        [("rebar", "钢筋", "rebar", 0.3), ("formwork", "模板", "formwork", 0.2),
         ("concrete", "混凝土", "concrete", 0.4), ("accepted", "验收", "accepted", 0.1)],
    ),
    (
        "wall", "墙体", "Wall", ["IfcWall*", "IfcCurtainWall", "IfcPlate*"], False,
        [("built", "砌筑或安装", "built", 0.7), ("finished", "饰面", "finished", 0.2), ("accepted", "验收", "accepted", 0.1)],
    ),
    (
        "services", "管线设备", "Pipes, ducts and equipment",
        ["IfcFlow*", "IfcPipe*", "IfcDuct*", "IfcCable*", "IfcDistribution*", "IfcEnergy*"], False,
        [("installed", "安装", "installed", 0.6), ("tested", "试压或调试", "tested", 0.3), ("accepted", "验收", "accepted", 0.1)],
    ),
    (
        "opening", "门窗", "Doors and windows", ["IfcDoor*", "IfcWindow*"], False,
        [("frame", "框安装", "frame set", 0.5), ("leaf", "扇与五金", "leaf and fittings", 0.4), ("accepted", "验收", "accepted", 0.1)],
    ),
)  # fmt: skip


def upgrade() -> None:
    _templates()
    _element_columns()
    _schedules()
    _links_and_decisions()
    _exports()


def _templates() -> None:
    table = op.create_table(
        "step_template",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("classes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("demolition", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("steps", JSONB, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_step_template")),
    )
    op.bulk_insert(
        table,
        [
            {
                "key": key,
                "position": 10 * number,
                "title_zh": zh,
                "title_en": en,
                "classes": classes,
                "demolition": demolition,
                "steps": [
                    {"key": step, "title_zh": step_zh, "title_en": step_en, "weight": weight}
                    for step, step_zh, step_en, weight in steps
                ],
            }
            for number, (key, zh, en, classes, demolition, steps) in enumerate(TEMPLATES, start=1)
        ],
    )


def _element_columns() -> None:
    for table in ("element_identity", "element_progress"):
        op.add_column(table, sa.Column("step_template", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("step", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("step_percent", PERCENT, nullable=True))
    op.add_column("element_progress", sa.Column("evidence", sa.Text(), nullable=True))


def _schedules() -> None:
    op.add_column("baseline_milestone", sa.Column("labour_hours", sa.Double(), nullable=True))
    op.add_column("baseline_milestone", sa.Column("unit_values", JSONB, nullable=True))
    op.create_check_constraint(
        op.f("ck_baseline_milestone_labour_hours"), "baseline_milestone", "labour_hours >= 0"
    )
    op.create_table(
        "baseline_model",
        sa.Column("baseline_id", sa.BigInteger(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["baseline.id"], name=op.f("fk_baseline_model_baseline_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_model.id"], name=op.f("fk_baseline_model_model_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["bim_revision.id"],
            name=op.f("fk_baseline_model_revision_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("baseline_id", "model_id", name=op.f("pk_baseline_model")),
    )
    op.create_table(
        "schedule_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("baseline_id", sa.BigInteger(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("report", JSONB, nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["baseline.id"], name=op.f("fk_schedule_import_baseline_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_schedule_import_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["stored_object.sha256"], name=op.f("fk_schedule_import_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_import")),
    )
    op.create_index("ix_schedule_import_project_id", "schedule_import", ["project_id", "id"])
    op.create_index(op.f("ix_schedule_import_sha256"), "schedule_import", ["sha256"])
    op.create_table(
        "schedule_task",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("milestone_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("percent", PERCENT, nullable=True),
        sa.Column("percent_source", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["schedule_import.id"],
            name=op.f("fk_schedule_task_import_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestone.id"], name=op.f("fk_schedule_task_milestone_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "uid", name=op.f("pk_schedule_task")),
    )
    op.create_index(op.f("ix_schedule_task_milestone_id"), "schedule_task", ["milestone_id"])


def _links_and_decisions() -> None:
    op.create_table(
        "model_links",
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("rules", JSONB, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_model.id"], name=op.f("fk_model_links_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_model_links")),
    )
    op.create_table(
        "progress_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["element_identity.id"],
            name=op.f("fk_progress_decision_identity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_decision")),
    )
    op.create_index(
        "uq_progress_decision_proposal", "progress_decision", ["identity_id", "proposal"], unique=True
    )


def _exports() -> None:
    op.create_table(
        "model_export",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("state_key", sa.Text(), nullable=False),
        sa.Column("georeference", sa.Boolean(), nullable=False),
        sa.Column("job_id", postgresql.UUID(as_uuid=False), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["bim_revision.id"],
            name=op.f("fk_model_export_revision_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sha256"], ["stored_object.sha256"], name=op.f("fk_model_export_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_export")),
        sa.UniqueConstraint("revision_id", "state_key", name=op.f("uq_model_export_revision_id_state_key")),
    )
    op.create_index(op.f("ix_model_export_sha256"), "model_export", ["sha256"])


def downgrade() -> None:
    for table in (
        "model_export",
        "progress_decision",
        "model_links",
        "schedule_task",
        "schedule_import",
        "baseline_model",
    ):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_baseline_milestone_labour_hours"), "baseline_milestone")
    op.drop_column("baseline_milestone", "unit_values")
    op.drop_column("baseline_milestone", "labour_hours")
    op.drop_column("element_progress", "evidence")
    for table in ("element_progress", "element_identity"):
        for column in ("step_percent", "step", "step_template"):
            op.drop_column(table, column)
    op.drop_table("step_template")
