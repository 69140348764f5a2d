"""Tables of what parcels and control areas were: a former row whole, and the time `[held_from, held_to)` it held.

Triggers write them, nobody else (`twin/sql/57_land_history.sql`); they are read through `past_land_parcels` and
`past_control_areas`, the layers as they were at a time.
"""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, PrimaryKeyConstraint, Table

from twin.db import Base
from twin.land.models import ControlArea, LandParcel

_WRITTEN_WHEN_READ = "geom_json"


def _version_table(model: type[Base]) -> Table:
    live = model.__table__
    columns: list[Column[object]] = [
        Column(column.name, column.type, nullable=column.nullable, autoincrement=False)
        for column in live.columns
        if column.name != _WRITTEN_WHEN_READ
    ]
    name = f"{model.__tablename__}_version"
    table = Table(
        name,
        Base.metadata,
        *columns,
        Column("held_from", DateTime(timezone=True), nullable=False),
        Column("held_to", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("id", "held_to"),
        CheckConstraint("held_from < held_to", name="period"),
    )
    Index(f"ix_{name}_geom", table.c.geom, postgresql_using="gist")
    Index(f"ix_{name}_held_to", table.c.held_to)
    return table


LAND_PARCEL_VERSION = _version_table(LandParcel)
CONTROL_AREA_VERSION = _version_table(ControlArea)
