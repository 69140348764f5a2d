"""First schema"""

from collections.abc import Sequence

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


MAP_POLYGON = geoalchemy2.Geometry("MULTIPOLYGON", srid=4490, spatial_index=False)
SURVEY_POLYGON = geoalchemy2.Geometry("MULTIPOLYGON", srid=-1, spatial_index=False)
MAP_GEOMETRY = geoalchemy2.Geometry("GEOMETRY", srid=4490, spatial_index=False)
SURVEY_GEOMETRY = geoalchemy2.Geometry("GEOMETRY", srid=-1, spatial_index=False)
LOCAL_GEOMETRY = geoalchemy2.Geometry("GEOMETRY", srid=0, spatial_index=False)

SERVICE_ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'twin_app') THEN
    CREATE ROLE twin_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
  END IF;
END $$
"""


def upgrade() -> None:
    op.execute(SERVICE_ROLE)
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    op.create_table(
        "agency_setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_agency_setting")),
    )
    op.create_table(
        "app_user",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("login", name=op.f("uq_app_user_login")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_thing", "audit_event", ["thing", "at"], unique=False)
    op.create_table(
        "control_area",
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("class_code", sa.Text(), nullable=True),
        sa.Column("class_name", sa.Text(), nullable=True),
        sa.Column("registered_area_m2", sa.Double(), nullable=True),
        sa.Column("sensitivity", sa.Text(), server_default="internal", nullable=False),
        sa.Column("public_visible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("geom", MAP_POLYGON, nullable=False),
        sa.Column("geom_survey", SURVEY_POLYGON, nullable=False),
        sa.Column("source_crs", sa.Text(), nullable=False),
        sa.Column("source_file", sa.Text(), nullable=True),
        sa.Column("source_sha256", sa.Text(), nullable=True),
        sa.Column("stated_area_m2", sa.Double(), nullable=True),
        sa.Column(
            "area_m2",
            sa.Double(),
            sa.Computed("ST_Area(geography(ST_SetSRID(geom, 4326)))", persisted=True),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "layer IN ('dltb','farmland','ecology','urban_boundary','heritage','river')",
            name=op.f("ck_control_area_layer"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_area")),
    )
    op.create_index("ix_control_area_layer_updated_at", "control_area", ["layer", "updated_at"], unique=False)
    op.create_index("ix_control_area_geom", "control_area", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("uq_control_area_layer_code", "control_area", ["layer", "code"], unique=True)
    op.create_table(
        "land_parcel",
        sa.Column("parcel_no", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("planned_use", sa.Text(), nullable=True),
        sa.Column("land_class", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("idle_state", sa.Text(), server_default="none", nullable=False),
        sa.Column("supply_date", sa.Date(), nullable=True),
        sa.Column("agreed_start", sa.Date(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("stopped_on", sa.Date(), nullable=True),
        sa.Column("built_share", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("invested_share", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("public_visible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("geom", MAP_POLYGON, nullable=False),
        sa.Column("geom_survey", SURVEY_POLYGON, nullable=False),
        sa.Column("source_crs", sa.Text(), nullable=False),
        sa.Column("source_file", sa.Text(), nullable=True),
        sa.Column("source_sha256", sa.Text(), nullable=True),
        sa.Column("stated_area_m2", sa.Double(), nullable=True),
        sa.Column(
            "area_m2",
            sa.Double(),
            sa.Computed("ST_Area(geography(ST_SetSRID(geom, 4326)))", persisted=True),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_land_parcel")),
        sa.UniqueConstraint("parcel_no", name=op.f("uq_land_parcel_parcel_no")),
    )
    op.create_index("ix_land_parcel_updated_at", "land_parcel", ["updated_at"], unique=False)
    op.create_index("ix_land_parcel_geom", "land_parcel", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "light_rule_set",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("in_force", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_light_rule_set")),
        sa.UniqueConstraint("preset", "version", name=op.f("uq_light_rule_set_preset_version")),
    )
    op.create_index(
        "uq_light_rule_set_active",
        "light_rule_set",
        ["active"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_index(
        "uq_light_rule_set_in_force",
        "light_rule_set",
        ["preset"],
        unique=True,
        postgresql_where=sa.text("in_force"),
    )
    op.create_table(
        "project_category",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_project_category")),
    )
    op.create_table(
        "stored_object",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_stored_object")),
    )
    op.create_table(
        "api_token",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("roles", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_api_token_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_token_hash")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"], unique=False)
    op.create_table(
        "project",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("nat_code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("owner_unit", sa.Text(), nullable=True),
        sa.Column("lead_person", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("delivery_mode", sa.Text(), nullable=True),
        sa.Column("approved_estimate_yuan", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("investment_total_yuan", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("annual_plan_yuan", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("plan_start", sa.Date(), nullable=True),
        sa.Column("plan_finish", sa.Date(), nullable=True),
        sa.Column("actual_start", sa.Date(), nullable=True),
        sa.Column("actual_finish", sa.Date(), nullable=True),
        sa.Column(
            "strategy_tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("suspended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("public_visible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('infrastructure','livelihood','industry')", name=op.f("ck_project_purpose")
        ),
        sa.CheckConstraint(
            "stage IN ('initiation','design','tender','construction','acceptance','operation')",
            name=op.f("ck_project_stage"),
        ),
        sa.ForeignKeyConstraint(["category"], ["project_category.code"], name=op.f("fk_project_category")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("code", name=op.f("uq_project_code")),
        sa.UniqueConstraint("nat_code", name=op.f("uq_project_nat_code")),
    )
    op.create_table(
        "role_grant",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_role_grant_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint(
            "user_id",
            "role",
            "project_id",
            name=op.f("uq_role_grant_user_id_role_project_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_role_grant_user_id"), "role_grant", ["user_id"], unique=False)
    op.create_table(
        "baseline",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_baseline_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baseline")),
        sa.UniqueConstraint("project_id", "version", name=op.f("uq_baseline_project_id_version")),
    )
    op.create_table(
        "bim_model",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("discipline", sa.Text(), nullable=True),
        sa.Column("public_visible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("current_revision_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["current_revision_id"], ["bim_revision.id"], name="fk_bim_model_current_revision", use_alter=True
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_bim_model_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_model")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_bim_model_project_id_name")),
    )
    op.create_table(
        "job_run",
        sa.Column(
            "job_id", sa.UUID(as_uuid=False), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("crashes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("token", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("progress", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("verdict", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("engine_job_id", sa.BigInteger(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued','running','succeeded','failed','quarantined','cancelled')",
            name=op.f("ck_job_run_state"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_job_run_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_run")),
    )
    op.create_index(
        "ix_job_run_open",
        "job_run",
        ["heartbeat_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued','running')"),
    )
    op.create_table(
        "light_evaluation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column(
            "evaluated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("light", sa.Text(), nullable=False),
        sa.Column("light_code", sa.Integer(), nullable=False),
        sa.Column("score", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_light_evaluation_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rule_set_id"], ["light_rule_set.id"], name=op.f("fk_light_evaluation_rule_set_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_light_evaluation")),
    )
    op.create_index(
        "ix_light_evaluation_latest",
        "light_evaluation",
        ["preset", "project_id", "as_of", "id"],
        unique=False,
    )
    op.create_table(
        "milestone",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("critical", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("actual_start", sa.Date(), nullable=True),
        sa.Column("actual_finish", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["milestone.id"], name=op.f("fk_milestone_parent_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_milestone_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
        sa.UniqueConstraint("project_id", "code", name=op.f("uq_milestone_project_id_code")),
    )
    op.create_index(op.f("ix_milestone_project_id"), "milestone", ["project_id"], unique=False)
    op.create_table(
        "progress_report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("investment_month_yuan", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("investment_ytd_yuan", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reporter", sa.Text(), nullable=True),
        sa.Column("reviewer", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("period ~ '^\\d{4}-(0[1-9]|1[0-2])$'", name=op.f("ck_progress_report_period")),
        sa.CheckConstraint("status IN ('submitted','confirmed')", name=op.f("ck_progress_report_status")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_progress_report_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_report")),
        sa.UniqueConstraint(
            "project_id", "period", "version", name=op.f("uq_progress_report_project_id_period_version")
        ),
    )
    op.create_table(
        "project_footprint",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("geom", MAP_POLYGON, nullable=False),
        sa.Column("geom_survey", SURVEY_POLYGON, nullable=False),
        sa.Column("source_crs", sa.Text(), nullable=False),
        sa.Column("source_file", sa.Text(), nullable=True),
        sa.Column("source_sha256", sa.Text(), nullable=True),
        sa.Column("stated_area_m2", sa.Double(), nullable=True),
        sa.Column(
            "area_m2",
            sa.Double(),
            sa.Computed("ST_Area(geography(ST_SetSRID(geom, 4326)))", persisted=True),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_footprint_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_footprint")),
        sa.UniqueConstraint("project_id", "version", name=op.f("uq_project_footprint_project_id_version")),
    )
    op.create_index(
        "ix_project_footprint_geom", "project_footprint", ["geom"], unique=False, postgresql_using="gist"
    )
    op.create_index(
        "uq_project_footprint_current",
        "project_footprint",
        ["project_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "project_stage",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('not_started','in_progress','done','suspended','waived')",
            name=op.f("ck_project_stage_state"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_stage_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_stage")),
        sa.UniqueConstraint("project_id", "stage", name=op.f("uq_project_stage_project_id_stage")),
    )
    op.create_table(
        "baseline_milestone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("baseline_id", sa.BigInteger(), nullable=False),
        sa.Column("milestone_id", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.Numeric(precision=20, scale=12), nullable=True),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("finish", sa.Date(), nullable=True),
        sa.Column("monthly_targets", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("finish >= start", name=op.f("ck_baseline_milestone_order")),
        sa.CheckConstraint("weight >= 0", name=op.f("ck_baseline_milestone_weight")),
        sa.ForeignKeyConstraint(
            ["baseline_id"],
            ["baseline.id"],
            name=op.f("fk_baseline_milestone_baseline_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["milestone.id"],
            name=op.f("fk_baseline_milestone_milestone_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baseline_milestone")),
        sa.UniqueConstraint(
            "baseline_id", "milestone_id", name=op.f("uq_baseline_milestone_baseline_id_milestone_id")
        ),
    )
    op.create_index(
        op.f("ix_baseline_milestone_milestone_id"), "baseline_milestone", ["milestone_id"], unique=False
    )
    op.create_table(
        "bim_revision",
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("job_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("schema_name", sa.Text(), nullable=True),
        sa.Column("units", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("georeference", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("storeys", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("tree", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("tasks", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("counts_by_class", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("bbox", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        # Types of their own: a geometry type remembers the NOT NULL of the column that used it before.
        sa.Column(
            "geom", geoalchemy2.Geometry("MULTIPOLYGON", srid=4490, spatial_index=False), nullable=True
        ),
        sa.Column(
            "geom_survey", geoalchemy2.Geometry("MULTIPOLYGON", srid=-1, spatial_index=False), nullable=True
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending','published','failed','withdrawn')", name=op.f("ck_bim_revision_state")
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_model.id"], name=op.f("fk_bim_revision_model_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["stored_object.sha256"], name=op.f("fk_bim_revision_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_revision")),
        sa.UniqueConstraint("model_id", "number", name=op.f("uq_bim_revision_model_id_number")),
        sa.UniqueConstraint("model_id", "sha256", name=op.f("uq_bim_revision_model_id_sha256")),
    )
    op.create_index("ix_bim_revision_geom", "bim_revision", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_bim_revision_sha256"), "bim_revision", ["sha256"], unique=False)
    op.create_table(
        "element_identity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("global_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="not_started", nullable=False),
        sa.Column("progress", sa.Numeric(precision=9, scale=6), server_default="0", nullable=False),
        sa.Column("actual_start", sa.Date(), nullable=True),
        sa.Column("actual_finish", sa.Date(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_model.id"], name=op.f("fk_element_identity_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_element_identity")),
        sa.UniqueConstraint("model_id", "global_id", name=op.f("uq_element_identity_model_id_global_id")),
    )
    op.create_table(
        "light_transition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("evaluation_id", sa.BigInteger(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("from_light", sa.Text(), nullable=True),
        sa.Column("to_light", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["light_evaluation.id"], name=op.f("fk_light_transition_evaluation_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_light_transition_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_light_transition")),
    )
    op.create_index(op.f("ix_light_transition_project_id"), "light_transition", ["project_id"], unique=False)
    op.create_table(
        "progress_report_item",
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("milestone_id", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_progress_report_item_percent")),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["milestone.id"],
            name=op.f("fk_progress_report_item_milestone_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["progress_report.id"],
            name=op.f("fk_progress_report_item_report_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("report_id", "milestone_id", name=op.f("pk_progress_report_item")),
    )
    op.create_index(
        "ix_progress_report_item_milestone_id", "progress_report_item", ["milestone_id"], unique=False
    )
    op.create_table(
        "project_state",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("progress", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("planned_progress", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("deviation", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("weight_basis", sa.Text(), nullable=False),
        sa.Column("coverage", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("baseline_id", sa.BigInteger(), nullable=True),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["baseline_id"], ["baseline.id"], name=op.f("fk_project_state_baseline_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_state_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_state")),
    )
    op.create_index("ix_project_state_latest", "project_state", ["project_id", "as_of", "id"], unique=False)
    op.create_table(
        "bim_element",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("milestone_id", sa.BigInteger(), nullable=True),
        sa.Column("fid", sa.Integer(), nullable=True),
        sa.Column("step_id", sa.BigInteger(), nullable=False),
        sa.Column("global_id", sa.Text(), nullable=False),
        sa.Column("ifc_class", sa.Text(), nullable=False),
        sa.Column("predefined_type", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("type_global_id", sa.Text(), nullable=True),
        sa.Column("type_name", sa.Text(), nullable=True),
        sa.Column("storey", sa.Text(), nullable=True),
        sa.Column("container", sa.Text(), nullable=True),
        sa.Column("parent_global_id", sa.Text(), nullable=True),
        sa.Column("planning_status", sa.Text(), nullable=True),
        sa.Column(
            "psets", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "quantities",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "classification",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column(
            "materials",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("task_codes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=True),
        sa.Column("quantity_unit", sa.Text(), nullable=True),
        sa.Column("quantity_source", sa.Text(), nullable=True),
        sa.Column("plan_start", sa.Date(), nullable=True),
        sa.Column("plan_finish", sa.Date(), nullable=True),
        sa.Column("geom", MAP_GEOMETRY, nullable=True),
        sa.Column("geom_survey", SURVEY_GEOMETRY, nullable=True),
        sa.Column("geom_local", LOCAL_GEOMETRY, nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("z_min_m", sa.Double(), nullable=True),
        sa.Column("z_max_m", sa.Double(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("geometry_hash", sa.Text(), nullable=True),
        sa.Column("kernel", sa.Text(), nullable=True),
        sa.Column("geometry_error", sa.Text(), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["element_identity.id"],
            name=op.f("fk_bim_element_identity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["milestone_id"], ["milestone.id"], name=op.f("fk_bim_element_milestone_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_bim_element_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["bim_revision.id"], name=op.f("fk_bim_element_revision_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_element")),
        sa.UniqueConstraint("revision_id", "global_id", name=op.f("uq_bim_element_revision_id_global_id")),
    )
    op.create_index("ix_bim_element_geom", "bim_element", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_bim_element_identity_id"), "bim_element", ["identity_id"], unique=False)
    op.create_index(op.f("ix_bim_element_milestone_id"), "bim_element", ["milestone_id"], unique=False)
    op.create_index(
        "ix_bim_element_revision_class", "bim_element", ["revision_id", "ifc_class"], unique=False
    )
    op.create_table(
        "element_progress",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("actual_start", sa.Date(), nullable=True),
        sa.Column("actual_finish", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('not_started','in_progress','done')", name=op.f("ck_element_progress_status")
        ),
        sa.CheckConstraint("actual_finish >= actual_start", name=op.f("ck_element_progress_dates")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_element_progress_percent")),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["element_identity.id"],
            name=op.f("fk_element_progress_identity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_element_progress")),
    )
    op.create_index(
        "ix_element_progress_latest", "element_progress", ["identity_id", "as_of", "id"], unique=False
    )
    op.create_foreign_key(
        "fk_bim_model_current_revision", "bim_model", "bim_revision", ["current_revision_id"], ["id"]
    )


def downgrade() -> None:
    """Refuse: the step before this one is an empty database."""
    raise RuntimeError("0001 is the first schema; drop the database instead")
