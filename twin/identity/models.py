"""Tables of the identity room: users, roles, tokens, audit."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.db import Base, Tracked


class User(Tracked, Base):
    """A person or a system that signs in."""

    __tablename__ = "app_user"

    login: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    unit: Mapped[str | None]
    disabled: Mapped[bool] = mapped_column(server_default=text("false"))


class RoleGrant(Tracked, Base):
    """A role of a user; with a project, only for that project (contracts, task forces)."""

    __tablename__ = "role_grant"

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    role: Mapped[str]
    project_id: Mapped[int | None]  # no foreign key: this room lies below the projects

    __table_args__ = (UniqueConstraint("user_id", "role", "project_id", postgresql_nulls_not_distinct=True),)


class ApiToken(Tracked, Base):
    """A bearer token: 256 random bits, kept only as a hash; the prefix names it in lists."""

    __tablename__ = "api_token"

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    prefix: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    roles: Mapped[list[str] | None] = mapped_column(JSONB)  # None: all of the user's; else a subset
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEvent(Base):
    """Who did what, when and from where; append-only and chained by hash."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str | None]
    address: Mapped[str | None]
    action: Mapped[str]
    thing: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_audit_event_thing", "thing", "at"),)


class AgencySetting(Base):
    """A setting that belongs to the data, not to the process, such as the reporting date 统计基准日."""

    __tablename__ = "agency_setting"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by: Mapped[str | None]
