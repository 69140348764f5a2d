"""What users see of background work 后台任务; the engine's own tables stay behind `twin.jobs`."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from twin.db import Base


class JobRun(Base):
    """One piece of background work; `token` names the attempt that may publish (fencing token 隔离令牌)."""

    __tablename__ = "job_run"

    job_id: Mapped[str] = mapped_column(
        UUID(as_uuid=False), primary_key=True, server_default=text("gen_random_uuid()")
    )
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(server_default="queued")
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    crashes: Mapped[int] = mapped_column(Integer, server_default="0")
    token: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    progress: Mapped[float] = mapped_column(Numeric(5, 2), server_default="0")
    phase: Mapped[str | None]
    verdict: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    engine_job_id: Mapped[int | None]
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    created_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "state IN ('queued','running','succeeded','failed','quarantined','cancelled')", name="state"
        ),
        Index("ix_job_run_open", "heartbeat_at", postgresql_where=text("state IN ('queued','running')")),
    )
