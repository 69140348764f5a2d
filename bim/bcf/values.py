"""Topics, comments and viewpoints of BCF, the same for both versions. Coordinates: the model's local metres."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Version = Literal["2.1", "3.0"]
VERSIONS: tuple[Version, ...] = ("2.1", "3.0")


@dataclass(frozen=True)
class Comment:
    """One comment; `unknown` is what the file says beyond the standard."""

    guid: str
    date: datetime
    author: str
    text: str
    viewpoint_guid: str | None = None
    modified_date: datetime | None = None
    modified_author: str | None = None
    unknown: list[dict[str, str]] = field(default_factory=list)

    @property
    def stamp(self) -> datetime:
        """When it was last changed."""
        return self.modified_date or self.date


@dataclass(frozen=True)
class Viewpoint:
    """A view of the model.

    Attributes
    ----------
    camera : dict or None
        ``type`` (``perspective``, ``orthogonal``), ``view_point``, ``direction``, ``up``; ``field_of_view``
        (degrees) or ``view_to_world_scale`` (metres), ``aspect_ratio``.
    components : dict or None
        ``selection``, ``visibility`` (``default``, ``exceptions``, ``hints``), ``coloring``; each component has
        ``ifc_guid``, ``originating_system``, ``authoring_tool_id``.
    clipping_planes : list of dict
        ``location``, ``direction``.
    lines : list of dict
        ``start``, ``end``.
    bitmaps : list of dict
        ``format``, ``file`` (name among the topic's files), ``location``, ``normal``, ``up``, ``height_m``.
    snapshot : str or None
        Name among the topic's files.
    """

    guid: str
    index: int | None = None
    camera: dict[str, Any] | None = None
    components: dict[str, Any] | None = None
    clipping_planes: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    bitmaps: list[dict[str, Any]] = field(default_factory=list)
    snapshot: str | None = None
    unknown: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Topic:
    """One issue.

    Attributes
    ----------
    header_files : list of dict
        Model files it speaks of: ``filename``, ``date``, ``reference``, ``ifc_project``,
        ``ifc_spatial_structure_element``, ``is_external``.
    snippet : dict or None
        ``type``, ``schema``, ``reference``, ``is_external``.
    documents : list of dict
        ``guid``, ``description``, and ``url`` or ``file`` with ``filename``.
    files : dict
        Name → where its bytes lie (a path while reading, a hash once stored).
    """

    guid: str
    title: str
    creation_date: datetime
    creation_author: str
    topic_type: str | None = None
    status: str | None = None
    priority: str | None = None
    index: int | None = None
    labels: list[str] = field(default_factory=list)
    modified_date: datetime | None = None
    modified_author: str | None = None
    due_date: datetime | None = None
    assigned_to: str | None = None
    stage: str | None = None
    description: str | None = None
    server_assigned_id: str | None = None
    reference_links: list[str] = field(default_factory=list)
    related_topics: list[str] = field(default_factory=list)
    header_files: list[dict[str, Any]] = field(default_factory=list)
    snippet: dict[str, Any] | None = None
    documents: list[dict[str, Any]] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    viewpoints: list[Viewpoint] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    unknown: list[dict[str, str]] = field(default_factory=list)

    @property
    def stamp(self) -> datetime:
        """When it was last changed."""
        return self.modified_date or self.creation_date


@dataclass(frozen=True)
class Archive:
    """A BCF file.

    Attributes
    ----------
    skipped : list of dict
        Topics that could not be read: ``where``, ``en``, ``zh``.
    """

    version: str
    project_id: str | None = None
    project_name: str | None = None
    topics: list[Topic] = field(default_factory=list)
    extensions: dict[str, list[str]] = field(default_factory=dict)
    skipped: list[dict[str, str]] = field(default_factory=list)


def as_utc(moment: datetime) -> datetime:
    """Give a moment its zone: one without is taken as UTC; finer than a microsecond is not kept.

    >>> as_utc(datetime(2025, 10, 31, 8, 0)).isoformat()
    '2025-10-31T08:00:00+00:00'
    """
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
