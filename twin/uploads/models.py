"""Tables of the upload room: files that are sent, what they were read as, and what was imported of them."""

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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


class Reading(Tracked, Base):
    """What a file of an upload was read as 读取结果, with the choices of its owner; read again, it is replaced.

    `summary` holds evidence, warnings, questions, header, layers and columns. `mapping`, `fixed`, `target` and
    `repairs` are answers that need no reading: which column is which property, which property has one value in all
    features, of which layer, and what becomes of invalid rings.
    """

    __tablename__ = "upload_reading"

    upload_id: Mapped[int] = mapped_column(ForeignKey("upload.id", ondelete="CASCADE"), unique=True)
    kind: Mapped[str]
    encoding: Mapped[str]
    crs: Mapped[str | None]
    choices: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB)
    feature_count: Mapped[int]
    mapping: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # column → property
    fixed: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'")
    )  # property → value for all
    target: Mapped[str | None]
    repairs: Mapped[str | None]

    __table_args__ = (CheckConstraint("repairs IN ('accept','skip')", name="repairs"),)


class UploadedFeature(Base):
    """One feature or row of a file, as read: nothing of it is on the map yet.

    `geom` is in the coordinates of the file, `geom_map` the same in longitude and latitude; both are None while the
    coordinate system is in question, or for a row of a ledger without a place.
    """

    __tablename__ = "upload_feature"

    reading_id: Mapped[int] = mapped_column(
        ForeignKey("upload_reading.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    place: Mapped[str]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    survey_crs: Mapped[str | None]
    stated_area_m2: Mapped[float | None]
    computed_area_m2: Mapped[float | None]
    repair_note: Mapped[str | None]
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("GEOMETRY", srid=-1, spatial_index=False))
    geom_map: Mapped[WKBElement | None] = mapped_column(Geometry("GEOMETRY", srid=4490, spatial_index=False))
    repaired: Mapped[WKBElement | None] = mapped_column(Geometry("GEOMETRY", srid=-1, spatial_index=False))
    repaired_map: Mapped[WKBElement | None] = mapped_column(
        Geometry("GEOMETRY", srid=4490, spatial_index=False)
    )


class LayerImport(Tracked, Base):
    """One import of a file into a layer 入库记录: who, what of, with which answers, and what it changed."""

    __tablename__ = "layer_import"

    layer: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_object.sha256"), index=True)
    file_name: Mapped[str]
    kind: Mapped[str]
    crs: Mapped[str | None]
    choices: Mapped[dict[str, Any]] = mapped_column(JSONB)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fixed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    job_id: Mapped[str | None]
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    finished_at: Mapped[datetime | None]


class LayerImportRow(Base):
    """What an import said of one row, and did with it; `before` is the version that it ended, geometry as surveyed.

    `content_hash` is of what the file said: a file that says of a row what the last one said changes nothing there.
    """

    __tablename__ = "layer_import_row"

    import_id: Mapped[int] = mapped_column(
        ForeignKey("layer_import.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    layer: Mapped[str]
    feature_key: Mapped[str]
    feature_id: Mapped[int]
    action: Mapped[str]
    content_hash: Mapped[bytes]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    __table_args__ = (
        CheckConstraint("action IN ('added','changed','same')", name="action"),
        Index("ix_layer_import_row_feature_key", "layer", "feature_key", "import_id"),
    )


class MappingTemplate(Tracked, Base):
    """A saved mapping 字段映射模板 of columns to properties of a layer, proposed for files with the same columns."""

    __tablename__ = "mapping_template"

    layer: Mapped[str]
    name: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fixed: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    units: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # header → unit

    __table_args__ = (Index("uq_mapping_template_layer_name", "layer", "name", unique=True),)
