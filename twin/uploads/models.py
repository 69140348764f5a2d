"""Table of the upload room: one row a file that is sent in parts."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.db import Base, Tracked

STATES = ("receiving", "complete", "used")


class Upload(Tracked, Base):
    """A file that its owner sends, or has sent; its bytes become an object once they are all here.

    `sha256` is known from the moment the last byte is on the disk. `used` uploads have served their purpose; they
    are kept until they expire, so that whoever asks again gets the same answer.
    """

    __tablename__ = "upload"

    token: Mapped[str]  # 32 hexadecimal digits, the name in its address
    owner: Mapped[str]  # login
    kind: Mapped[str]
    file_name: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    size_bytes: Mapped[int]
    received_bytes: Mapped[int] = mapped_column(server_default=text("0"))
    sha256: Mapped[str | None] = mapped_column(ForeignKey("stored_object.sha256"), index=True)
    state: Mapped[str] = mapped_column(server_default=text("'receiving'"))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    expires_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("state IN ('receiving','complete','used')", name="state"),
        CheckConstraint("received_bytes BETWEEN 0 AND size_bytes", name="received"),
        CheckConstraint("state = 'receiving' OR sha256 IS NOT NULL", name="finished"),
        Index("ix_upload_token", "token", unique=True),
        Index("ix_upload_owner", "owner", "state"),
    )
