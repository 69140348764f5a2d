"""Tables of the element room. An element's identity outlives revisions; its content belongs to one."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from twin.db import Base, Tracked

PERCENT = Numeric(9, 6)
ELEMENT_STATUSES = ("not_started", "in_progress", "done")


class BimModel(Tracked, Base):
    """A named model of a project; its current revision is what the map shows."""

    __tablename__ = "bim_model"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str]
    discipline: Mapped[str | None]
    public_visible: Mapped[bool] = mapped_column(server_default=text("false"))
    current_revision_id: Mapped[int | None] = mapped_column(
        ForeignKey("bim_revision.id", use_alter=True, name="fk_bim_model_current_revision")
    )

    __table_args__ = (UniqueConstraint("project_id", "name"),)


class BimRevision(Tracked, Base):
    """One uploaded file of a model, from its upload to its publication."""

    __tablename__ = "bim_revision"

    model_id: Mapped[int] = mapped_column(ForeignKey("bim_model.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default="pending")
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_object.sha256"), index=True)
    file_name: Mapped[str]
    job_id: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    published_at: Mapped[datetime | None]
    indexed_at: Mapped[datetime | None]  # since when its elements' terms are there to be searched
    schema_name: Mapped[str | None]
    units: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    georeference: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    storeys: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    tree: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)  # spatial nodes, parents by GlobalId
    tasks: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    counts_by_class: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    warnings: Mapped[list[Any] | None] = mapped_column(JSONB)
    bbox: Mapped[list[float] | None] = mapped_column(JSONB)  # lon/lat and height in metres
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4490, spatial_index=False))
    geom_survey: Mapped[WKBElement | None] = mapped_column(
        Geometry("MULTIPOLYGON", srid=-1, spatial_index=False)
    )
    geom_local: Mapped[WKBElement | None] = mapped_column(
        Geometry("MULTIPOLYGON", srid=0, spatial_index=False)
    )

    __table_args__ = (
        UniqueConstraint("model_id", "number"),
        UniqueConstraint("model_id", "sha256"),
        CheckConstraint("state IN ('pending','held','published','failed','withdrawn')", name="state"),
        Index("ix_bim_revision_geom", "geom", postgresql_using="gist"),
    )


class ModelPlacement(Tracked, Base):
    """Where a person says a model lies; never written into the file, ended by a later one or by withdrawal."""

    __tablename__ = "model_placement"

    model_id: Mapped[int] = mapped_column(ForeignKey("bim_model.id", ondelete="CASCADE"))
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("bim_revision.id", ondelete="SET NULL"))
    crs: Mapped[str]
    eastings: Mapped[float]
    northings: Mapped[float]
    height_m: Mapped[float]
    rotation_deg: Mapped[float]
    scale_factor: Mapped[float]
    control_points: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    residuals: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    fitted_scale: Mapped[float | None]
    reason: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_kind: Mapped[str | None]
    end_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("end_kind IN ('replaced','withdrawn')", name="end_kind"),
        CheckConstraint("(ended_at IS NULL) = (end_kind IS NULL)", name="ended"),
        CheckConstraint("scale_factor > 0", name="scale_factor"),
        Index("ix_model_placement_model_id", "model_id"),
        Index(
            "uq_model_placement_in_force",
            "model_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class RevisionDecision(Base):
    """What became of a converted revision: held back, let through, withdrawn or restored; only ever added to."""

    __tablename__ = "bim_revision_decision"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"), index=True)
    action: Mapped[str]
    reason: Mapped[str | None]
    decided_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    decided_by: Mapped[str | None]

    __table_args__ = (CheckConstraint("action IN ('hold','approve','withdraw','restore')", name="action"),)


class ElementIdentity(Base):
    """An element across revisions: its stable map id and what is now known of its progress."""

    __tablename__ = "element_identity"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("bim_model.id", ondelete="CASCADE"))
    global_id: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="not_started")
    progress: Mapped[Decimal] = mapped_column(PERCENT, server_default="0")
    actual_start: Mapped[date | None]
    actual_finish: Mapped[date | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    step_template: Mapped[str | None]
    step: Mapped[str | None]  # the last accepted step 工序; the percent cannot exceed `step_percent`
    step_percent: Mapped[Decimal | None] = mapped_column(PERCENT)

    __table_args__ = (
        UniqueConstraint("model_id", "global_id"),
        Index("ix_element_identity_status", "model_id", "status"),
    )


class ElementProgress(Base):
    """What was reported of an element, by whom and as of when; only ever added to."""

    __tablename__ = "element_progress"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("element_identity.id", ondelete="CASCADE"))
    as_of: Mapped[date]
    status: Mapped[str]
    percent: Mapped[Decimal] = mapped_column(PERCENT)
    actual_start: Mapped[date | None]
    actual_finish: Mapped[date | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    recorded_by: Mapped[str | None]
    source: Mapped[str]
    step_template: Mapped[str | None]
    step: Mapped[str | None]
    step_percent: Mapped[Decimal | None] = mapped_column(PERCENT)
    evidence: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("status IN ('not_started','in_progress','done')", name="status"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("actual_finish >= actual_start", name="dates"),
        Index("ix_element_progress_latest", "identity_id", "as_of", "id"),
    )


class ElementCarryOver(Base):
    """A person's word on whether an element goes on under another GlobalId; only ever added to, the newest holds.

    An approval is final, as progress was copied by it; nobody takes over from two.
    """

    __tablename__ = "element_carry_over"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    from_identity_id: Mapped[int] = mapped_column(
        ForeignKey("element_identity.id", ondelete="CASCADE"), index=True
    )
    to_identity_id: Mapped[int] = mapped_column(
        ForeignKey("element_identity.id", ondelete="CASCADE"), index=True
    )
    from_revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"))
    to_revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"))
    approved: Mapped[bool]
    confidence: Mapped[float]
    decided_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    decided_by: Mapped[str | None]

    __table_args__ = (
        Index(
            "uq_element_carry_over_approved", "to_identity_id", unique=True, postgresql_where=text("approved")
        ),
    )


class BimElement(Base):
    """One IfcProduct of one revision: properties, quantities and its place."""

    __tablename__ = "bim_element"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"))
    identity_id: Mapped[int] = mapped_column(
        ForeignKey("element_identity.id", ondelete="CASCADE"), index=True
    )
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    milestone_id: Mapped[int | None] = mapped_column(ForeignKey("milestone.id"), index=True)
    fid: Mapped[int | None] = mapped_column(Integer)
    step_id: Mapped[int]
    global_id: Mapped[str]
    ifc_class: Mapped[str]
    predefined_type: Mapped[str | None]
    name: Mapped[str | None]
    tag: Mapped[str | None]
    type_global_id: Mapped[str | None]
    type_name: Mapped[str | None]
    storey: Mapped[str | None]
    container: Mapped[str | None]
    parent_global_id: Mapped[str | None]
    space: Mapped[str | None]
    host_global_id: Mapped[str | None]
    planning_status: Mapped[str | None]
    psets: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    pset_si: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    type_psets: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    quantities: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    classification: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    materials: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    layers: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    groups: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    task_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    quantity: Mapped[float | None]
    quantity_unit: Mapped[str | None]
    quantity_source: Mapped[str | None]
    plan_start: Mapped[date | None]
    plan_finish: Mapped[date | None]
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("GEOMETRY", srid=4490, spatial_index=False))
    geom_survey: Mapped[WKBElement | None] = mapped_column(Geometry("GEOMETRY", srid=-1, spatial_index=False))
    geom_local: Mapped[WKBElement | None] = mapped_column(Geometry("GEOMETRY", srid=0, spatial_index=False))
    area_m2: Mapped[float | None]
    z_min_m: Mapped[float | None]
    z_max_m: Mapped[float | None]
    placement: Mapped[list[float] | None] = mapped_column(ARRAY(Double))  # three rows of the matrix, metres
    box: Mapped[list[float] | None] = mapped_column(ARRAY(Double))  # lowest x, y, z, then highest, metres
    signature: Mapped[str | None]
    psets_hash: Mapped[str | None]
    quantities_hash: Mapped[str | None]
    geometry_hash: Mapped[str | None]
    kernel: Mapped[str | None]
    geometry_error: Mapped[str | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))

    __table_args__ = (
        UniqueConstraint("revision_id", "global_id"),
        Index("ix_bim_element_geom", "geom", postgresql_using="gist"),
        Index("ix_bim_element_revision_class", "revision_id", "ifc_class", postgresql_include=["id"]),
        Index(
            "uq_bim_element_revision_fid",
            "revision_id",
            "fid",
            unique=True,
            postgresql_include=["identity_id", "plan_start", "plan_finish", "planning_status"],
            postgresql_where=text("fid IS NOT NULL"),
        ),
    )


class BimScene(Base):
    """The scene of a revision: how many elements have geometry, and the point its files count from."""

    __tablename__ = "bim_scene"

    revision_id: Mapped[int] = mapped_column(
        ForeignKey("bim_revision.id", ondelete="CASCADE"), primary_key=True
    )
    features: Mapped[int] = mapped_column(Integer)
    local_origin: Mapped[list[float]] = mapped_column(ARRAY(Double))


class BimSceneTile(Base):
    """One GLB of a scene; its bytes lie in the object store."""

    __tablename__ = "bim_scene_tile"

    revision_id: Mapped[int] = mapped_column(
        ForeignKey("bim_scene.revision_id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_object.sha256"), index=True)
    storey: Mapped[str | None]
    discipline: Mapped[str]
    level: Mapped[int] = mapped_column(Integer)
    features: Mapped[int] = mapped_column(Integer)
    triangles: Mapped[int] = mapped_column(Integer)
    size_bytes: Mapped[int]
    box: Mapped[list[float]] = mapped_column(ARRAY(Double))  # metres in the model frame
    largest_m: Mapped[float]
    packed_sha256: Mapped[str | None] = mapped_column(ForeignKey("stored_object.sha256"), index=True)
    packed_bytes: Mapped[int | None]  # of the same tile, packed by a job of its own


class StepTemplate(Base):
    """The steps 工序 of a kind of work and what each is worth; weights sum to 1."""

    __tablename__ = "step_template"

    key: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(Integer)  # the first template that fits an element is its own
    title_zh: Mapped[str]
    title_en: Mapped[str]
    classes: Mapped[list[str]] = mapped_column(ARRAY(Text))  # IFC classes, `*` for any letters
    demolition: Mapped[bool] = mapped_column(server_default=text("false"))
    steps: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB
    )  # key, title_zh, title_en, weight; in order of work
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by: Mapped[str | None]


class ModelLinks(Base):
    """The rules that link a model's elements to tasks, in order; applied to every new revision."""

    __tablename__ = "model_links"

    model_id: Mapped[int] = mapped_column(
        ForeignKey("bim_model.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by: Mapped[str | None]


class ProgressDecision(Base):
    """What a person decided about progress that a file proposes for an element."""

    __tablename__ = "progress_decision"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("element_identity.id", ondelete="CASCADE"))
    proposal: Mapped[str]  # hash of what was proposed: a file that proposes something else asks again
    accepted: Mapped[bool]
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_by: Mapped[str | None]

    __table_args__ = (Index("uq_progress_decision_proposal", "identity_id", "proposal", unique=True),)


class ModelExport(Base):
    """A revision's file with our results written in, as of one state of them."""

    __tablename__ = "model_export"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"))
    state_key: Mapped[str]
    georeference: Mapped[bool]
    job_id: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    sha256: Mapped[str | None] = mapped_column(ForeignKey("stored_object.sha256"), index=True)
    size_bytes: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("revision_id", "state_key"),)


class ElementTerm(Base):
    """One value that elements of a revision carry somewhere, and which: the index by which they are searched.

    A revision never changes, so its terms are written once, after its publication, and then only read.
    """

    __tablename__ = "element_term"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"))
    field: Mapped[int]  # hash of the path, for example psets, Pset_WallCommon, FireRating
    value: Mapped[str | None]  # in lower case; null for a number
    number: Mapped[float | None]  # in SI
    elements: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))

    __table_args__ = (Index("ix_element_term_field", "revision_id", "field", "number"),)


class ModelPreview(Base):
    """What is known of a pending revision before its geometry; gone when it is published or given up."""

    __tablename__ = "model_preview"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"), index=True)
    stored_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB)  # schema, units, storeys, tree, counts

    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class ModelPreviewElement(Base):
    """One IfcProduct of a preview, as the converter wrote it: properties, relations, placement."""

    __tablename__ = "model_preview_element"

    preview_id: Mapped[int] = mapped_column(
        ForeignKey("model_preview.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    doc: Mapped[dict[str, Any]] = mapped_column(JSON)  # as text: it is stored once and read by few

    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class ElementPrint(Base):
    """What tells an element of one revision from the same in another, in a row narrow enough to read all of them.

    Hashes are those of PostgreSQL's `hashtextextended`; `geometry` is NULL for what is not drawn.
    """

    __tablename__ = "element_print"

    element_id: Mapped[int] = mapped_column(
        ForeignKey("bim_element.id", ondelete="CASCADE"), primary_key=True
    )
    revision_id: Mapped[int] = mapped_column(index=True)
    identity_id: Mapped[int]
    name: Mapped[int]
    tag: Mapped[int]
    ifc_class: Mapped[int]
    type_name: Mapped[int]
    storey: Mapped[int]
    geometry: Mapped[int | None]
    psets: Mapped[int]
    quantities: Mapped[int]
    classification: Mapped[int]
    materials: Mapped[int]
    signature: Mapped[int]
    kernel: Mapped[int | None]
    area_m2: Mapped[float | None]
    placement: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    box: Mapped[list[float] | None] = mapped_column(ARRAY(Double))


class ElementText(Base):
    """The texts of some hundred terms one after the other: looked through at once, where each would cost a row."""

    __tablename__ = "element_text"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("bim_revision.id", ondelete="CASCADE"), index=True)
    first_term: Mapped[int]
    last_term: Mapped[int]
    texts: Mapped[str]


class StoredObject(Base):
    """A file in the object store, named by the hash of its bytes."""

    __tablename__ = "stored_object"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int]
    stored_at: Mapped[datetime] = mapped_column(server_default=func.now())
