"""The declarative base and the columns that every fact carries."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Identity, Integer, MetaData, Text, event, func
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text(), int: BigInteger()}


class Keyed:
    """An integer key that outsiders may rely on: stable for the row's life."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


class Tracked(Keyed):
    """Who made and last changed a row, from what source, and how often (`domain.md` §3)."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by: Mapped[str | None]
    source: Mapped[str | None]
    row_version: Mapped[int] = mapped_column(Integer, server_default="1")


def _stamp(session: Session, *_: object) -> None:
    """Fill who and when from the session's actor, so that no rule has to remember it."""
    actor = session.info.get("actor")
    for row in session.new:
        if isinstance(row, Tracked):
            row.created_by = row.created_by or actor
            row.updated_by = row.updated_by or actor
    for row in session.dirty:
        if isinstance(row, Tracked) and session.is_modified(row):
            row.updated_by = actor
            row.updated_at = func.now()
            row.row_version = row.row_version + 1


event.listen(Session, "before_flush", _stamp)
