"""What a subject is laid over, and by which rules."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from gis.errors import InvalidParameterError
from gis.overlap.subject import MAX_BUFFER_M
from gis.overlap.words import Note
from gis.statement import Condition, identifier

MIN_AREA_M2: Final = 1.0
MIN_THICKNESS_M: Final = 0.02
Adjust = Literal["registered"]


@dataclass(frozen=True)
class OverlapTarget:
    """One row of the answer: a relation, or the part of one that a condition cuts out.

    Parameters
    ----------
    layer : str
        Name of the row in the answer: ``"land_parcels"``, ``"farmland"``.
    relation : str
        View or table; with `temporal` a function of one `timestamptz`. From a closed list.
    past_relation : str, optional
        Such a function that is asked in its place for an earlier time, where `relation` holds the present alone.
    condition : Condition
        Who sees which rows, which layer, and that the subject is no hit of its own.
    id_column : str
        Integer, one row per id.
    geometry_column : str
        Polygons in EPSG:4490, indexed; other kinds of geometry are no hit.
    plane_column : str, optional
        The surveyed geometry in its own zone; used as it is where that zone is the overlay's.
    keep_slivers : bool
        Farmland and ecology: slivers are kept and marked 临界.
    outside : bool
        Urban boundary: the part of the subject outside is reported too.
    not_itself : bool
        The subjects are of this layer: none is a hit of itself.
    owner_code_column, owner_name_column : str, optional
        Village that owns the land 坐落单位 (ZLDWDM, ZLDWMC).
    stated_column : str, optional
        Registered area of the feature, m².
    notes : tuple of Note
        Said where the layer is hit.
    """

    layer: str
    title_zh: str
    title_en: str
    relation: str
    condition: Condition
    id_column: str = "id"
    code_column: str | None = "code"
    name_column: str | None = "name"
    class_code_column: str | None = None
    class_name_column: str | None = None
    geometry_column: str = "geom"
    plane_column: str | None = None
    temporal: bool = False
    past_relation: str | None = None
    keep_slivers: bool = False
    outside: bool = False
    not_itself: bool = False
    owner_code_column: str | None = None
    owner_name_column: str | None = None
    stated_column: str | None = None
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        columns = (
            self.code_column,
            self.name_column,
            self.class_code_column,
            self.class_name_column,
            self.plane_column,
            self.owner_code_column,
            self.owner_name_column,
            self.stated_column,
        )
        for name in (self.relation, self.past_relation, self.id_column, self.geometry_column, *columns):
            if name is not None:
                identifier(name)

    def source_sql(self, at: datetime | None) -> str:
        """Return what the rows come from, as known at a time; the time is bound as `at`."""
        if not self.temporal:
            return self.relation
        past = None if at is None else self.past_relation
        return f"{past or self.relation}(%(at)s::timestamptz)"


@dataclass(frozen=True)
class OverlapOptions:
    """What the caller may choose.

    Parameters
    ----------
    buffer_m : float
        The subject is widened by this many metres first; areas and shares are then the widened one's.
    min_area_m2, min_thickness_m : float
        A piece smaller or thinner (2A/P) is a sliver.
    geometry : bool
        Whether pieces and remainder come with their geometry, longitude/latitude, 9 decimals.
    at : datetime, optional
        State of temporal relations; None is now.
    adjust : {"registered"}, optional
        Beside the measured areas, those scaled so that the pieces of a feature make up its registered area
        (higher level controls lower 上级控制下级).
    """

    buffer_m: float = 0.0
    min_area_m2: float = MIN_AREA_M2
    min_thickness_m: float = MIN_THICKNESS_M
    geometry: bool = False
    adjust: Adjust | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        self._check("buffer_m", self.buffer_m, MAX_BUFFER_M)
        self._check("min_area_m2", self.min_area_m2, 1e9)
        self._check("min_thickness_m", self.min_thickness_m, 1e3)

    def _check(self, name: str, value: float, most: float) -> None:
        if 0 <= value <= most:
            return
        raise InvalidParameterError(
            f"{name}={value} is outside of 0 to {most:g}.",
            f"{name}={value} 不在 0 至 {most:g} 之间。",
            where=name,
        )
