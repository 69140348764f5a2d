"""Tables of the land room."""

from datetime import date
from decimal import Decimal
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Computed, Index, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twin.db import Base, Tracked

GEODESIC_AREA = "ST_Area(geography(ST_SetSRID(geom, 4326)))"  # 4326 ≡ 4490 by policy
GEOJSON = "ST_AsGeoJSON(ST_ForcePolygonCCW(geom), 9, 0)"  # as the doors of the map write it
CONTROL_LAYERS = ("dltb", "farmland", "ecology", "urban_boundary", "heritage", "river")


class _Surveyed(Tracked):
    """A polygon as surveyed and as shown, with what the source said of it."""

    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=4490, spatial_index=False))
    geom_json: Mapped[str] = mapped_column(Computed(GEOJSON, persisted=True), deferred=True)
    geom_survey: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=-1, spatial_index=False))
    source_crs: Mapped[str]
    source_file: Mapped[str | None]
    source_sha256: Mapped[str | None]
    stated_area_m2: Mapped[float | None]
    area_m2: Mapped[float] = mapped_column(Computed(GEODESIC_AREA, persisted=True))


class LandParcel(_Surveyed, Base):
    """A parcel of the reserve pool 储备地块."""

    __tablename__ = "land_parcel"

    parcel_no: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    kind: Mapped[str]  # 储备 reserve, 供应 supplied, 闲置 idle
    planned_use: Mapped[str | None]
    land_class: Mapped[str | None]  # GB/T 21010
    state: Mapped[str]
    idle_state: Mapped[str] = mapped_column(server_default="none")
    supply_date: Mapped[date | None]
    agreed_start: Mapped[date | None]
    started_on: Mapped[date | None]
    stopped_on: Mapped[date | None]
    built_share: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    invested_share: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    released_on: Mapped[date | None]
    public_visible: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        Index("ix_land_parcel_geom", "geom", postgresql_using="gist"),
        Index("ix_land_parcel_updated_at", "updated_at"),
    )


class ControlArea(_Surveyed, Base):
    """A patch of a control layer: farmland, ecological red line, urban boundary, land-use patch, …"""

    __tablename__ = "control_area"

    layer: Mapped[str]
    code: Mapped[str]
    name: Mapped[str | None]
    class_code: Mapped[str | None]
    class_name: Mapped[str | None]
    registered_area_m2: Mapped[float | None]
    sensitivity: Mapped[str] = mapped_column(server_default="internal")
    public_visible: Mapped[bool] = mapped_column(server_default=text("false"))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))

    __table_args__ = (
        CheckConstraint(
            "layer IN ('dltb','farmland','ecology','urban_boundary','heritage','river')", name="layer"
        ),
        Index("uq_control_area_layer_code", "layer", "code", unique=True),
        Index("ix_control_area_geom", "geom", postgresql_using="gist"),
        Index("ix_control_area_layer_updated_at", "layer", "updated_at"),
    )
