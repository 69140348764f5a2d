"""What a map layer is: a closed catalogue entry from which every output is generated."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from gis.crs import STORED_SRID
from gis.errors import UnknownPropertyError
from gis.statement import EVERYTHING, ROW, Condition, Statement, identifier, merged

FieldType = Literal["string", "integer", "number", "boolean", "date", "date-time"]
GeometryType = Literal["point", "line", "polygon"]

MAX_ZOOM: Final = 22


@dataclass(frozen=True)
class Choice:
    """One allowed value of a field, with its name in both languages."""

    value: str | int
    title_zh: str
    title_en: str


@dataclass(frozen=True)
class Field:
    """One attribute of a layer.

    Parameters
    ----------
    name : str
        Column of the relation and property name in every output.
    type : FieldType
        How the value is compared, described and written.
    title_zh, title_en : str
        Names for people; the Chinese one is the alias in QGIS.
    description : str
        What the number means, in one sentence.
    unit : str
        Unit of a number, such as ``"m²"``, ``"%"``, ``"元"``; empty where there is none.
    public : bool
        Whether an anonymous caller may see it.
    in_tiles : bool
        Whether a style or popup needs it in the vector tile.
    tiles_from_zoom : int
        The first zoom whose tiles carry it: what only labels and popups of near zooms need weighs most in far ones.
    queryable, sortable : bool
        Whether it may stand in a filter, in `sortby`.
    choices : tuple of Choice
        Closed list of values, where there is one.
    """

    name: str
    type: FieldType
    title_zh: str
    title_en: str
    description: str = ""
    unit: str = ""
    public: bool = True
    in_tiles: bool = False
    tiles_from_zoom: int = 0
    queryable: bool = True
    sortable: bool = True
    choices: tuple[Choice, ...] = ()

    def __post_init__(self) -> None:
        if identifier(self.name).startswith("_"):
            raise ValueError(f"field {self.name}: names with _ in front are kept for the statements")


@dataclass(frozen=True)
class Band:
    """A range of zooms whose tiles come from one table of geometry on the pixel grid 像素网格.

    Parameters
    ----------
    zoom : int
        The zoom of the grid, and the last one that the band serves.
    from_zoom : int
        The first one it serves.
    simplify : bool
        Whether corners that make a quarter of a screen pixel at `zoom` are left out.
    carries_fields : bool
        Whether the table also holds whose it is to see and the fields that tiles carry: then there is a view
        ``drawn_<layer>_<zoom>`` of what is drawn now, and no row need be looked up.
    """

    zoom: int
    from_zoom: int
    simplify: bool = False
    carries_fields: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.from_zoom <= self.zoom <= MAX_ZOOM:
            raise ValueError(f"band {self.from_zoom}–{self.zoom} is no range of zooms")


@dataclass(frozen=True)
class Aggregate:
    """How a layer too large to be drawn one by one from afar is drawn instead: by counts per square.

    Parameters
    ----------
    field : str
        The field that colours the layer; a square carries its commonest value.
    to_zoom : int
        The last zoom at which counts may stand for features.
    above : int
        Counts stand for features only while the layer holds more than this.
    """

    field: str
    to_zoom: int = 9
    above: int = 20_000


@dataclass(frozen=True)
class Surveyed:
    """Where the surveyed outlines of a layer's rows are kept, and which fields head them in a boundary-point TXT 勘测定界.

    Parameters
    ----------
    number, name : str
        Fields with the parcel number and name 地块编号、地块名称.
    use, land_code, sheet : str, optional
        Fields with the use, the land-class code and the map sheet 地块用途、地类编码、图幅号.
    areas : tuple of str
        Fields with the area in m², the one to take first in front.
    column : str
        Column of the outlines, each in its own CGCS2000 zone.
    """

    number: str
    name: str
    use: str | None = None
    land_code: str | None = None
    sheet: str | None = None
    areas: tuple[str, ...] = ("area_m2",)
    column: str = "geom_survey"

    def __post_init__(self) -> None:
        identifier(self.column)


@dataclass(frozen=True)
class Layer:
    """One collection: where its rows come from and what they carry.

    `relation` is a view, or where `temporal` is set an SQL function of one `timestamptz`
    (NULL = now) that returns the rows as they were known at that time. Its geometry is stored in
    EPSG:4490, longitude first. The id column is a positive integer, stable for life.
    `geometry_text` names a column that keeps the geometry as finished GeoJSON (RFC 7946: longitude first, nine
    decimals, outer rings anti-clockwise), which spares writing it for each answer. `surveyed` is set where every
    outline is kept as it was surveyed, too.
    """

    id: str
    title_zh: str
    title_en: str
    description: str
    relation: str
    geometry_type: GeometryType
    fields: tuple[Field, ...]
    id_column: str = "id"
    geometry_column: str = "geom"
    geometry_text: str | None = None
    srid: int = STORED_SRID
    temporal: bool = False
    past_relation: str | None = None
    changed_relation: str | None = None
    time_field: str | None = None
    label_field: str | None = None
    min_zoom: int = 0
    max_zoom: int = 16
    bands: tuple[Band, ...] = ()
    aggregate: Aggregate | None = None
    surveyed: Surveyed | None = None

    def __post_init__(self) -> None:
        for name in (self.id, self.relation, self.id_column, self.geometry_column):
            identifier(name)
        for optional in (self.geometry_text, self.past_relation, self.changed_relation):
            if optional is not None:
                identifier(optional)
        if not 0 <= self.min_zoom <= self.max_zoom <= MAX_ZOOM:
            raise ValueError(f"layer {self.id}: zooms {self.min_zoom}–{self.max_zoom} are no range")
        if len({item.name for item in self.fields}) != len(self.fields):
            raise ValueError(f"layer {self.id}: a field stands twice")
        served = [zoom for band in self.bands for zoom in range(band.from_zoom, band.zoom + 1)]
        if self.bands and served != list(range(self.min_zoom, self.max_zoom + 1)):
            raise ValueError(f"layer {self.id}: its bands do not serve each of its zooms once, in order")

    def field(self, name: str) -> Field:
        """Return the field of this name.

        Raises
        ------
        UnknownPropertyError
            The layer, as this caller may see it, has no such field.
        """
        for item in self.fields:
            if item.name == name:
                return item
        known = ", ".join(item.name for item in self.fields)
        raise UnknownPropertyError(
            f"Layer {self.id} has no property {name!r}; it has {known}.",
            f"图层 {self.id} 没有属性 {name!r}；可用属性：{known}。",
            where=name,
        )

    def has_field(self, name: str) -> bool:
        """Say whether the layer, as this caller may see it, carries the field."""
        return any(item.name == name for item in self.fields)

    def for_fields(self, names: Iterable[str]) -> "Layer":
        """Return the same layer with these fields only, in the layer's own order.

        Raises
        ------
        UnknownPropertyError
            One of the names is no field of this layer.
        """
        wanted = {self.field(name).name for name in names}
        return replace(self, fields=tuple(item for item in self.fields if item.name in wanted))

    def find_band(self, zoom: int) -> Band | None:
        """Return the band that serves a zoom, or None."""
        return next((band for band in self.bands if band.from_zoom <= zoom <= band.zoom), None)

    def fields_in_tiles(self, zoom: int) -> tuple[Field, ...]:
        """Return the fields that tiles of this zoom carry."""
        return tuple(item for item in self.fields if item.in_tiles and item.tiles_from_zoom <= zoom)

    def public(self) -> "Layer":
        """Return the layer with the fields that an anonymous caller may see."""
        return replace(self, fields=tuple(item for item in self.fields if item.public))

    def columns(self) -> str:
        """Return the select list of the fields, ``f.code, f.name``; empty without fields."""
        return ", ".join(f"{ROW}.{item.name}" for item in self.fields)

    def id_sql(self) -> str:
        """Return the id column of a row."""
        return f"{ROW}.{self.id_column}"

    def geometry_sql(self) -> str:
        """Return the geometry column of a row."""
        return f"{ROW}.{self.geometry_column}"

    def geometry_text_sql(self) -> str:
        """Return the column of the finished GeoJSON geometry of a row; a layer without one is a programming error."""
        if self.geometry_text is None:
            raise ValueError(f"layer {self.id} keeps no geometry as text")
        return f"{ROW}.{self.geometry_text}"


@dataclass(frozen=True)
class Selection:
    """The rows of one layer that a caller may see and asked for.

    `visible` has no default on purpose: whoever builds a selection has asked who is looking.

    Parameters
    ----------
    layer : Layer
        Cut down to the fields that the caller may see and wants.
    visible : Condition
        Who sees which rows; from the one place that decides it.
    where : Condition
        What the caller asked for: box, time, properties.
    at : datetime, optional
        State as known at that time, for temporal layers; None is now.
    """

    layer: Layer
    visible: Condition
    where: Condition = EVERYTHING
    at: datetime | None = None

    def filtered(self, *conditions: Condition) -> "Selection":
        """Return the selection with further conditions."""
        where = self.where
        for condition in conditions:
            where = where & condition
        return replace(self, where=where)

    @property
    def is_past(self) -> bool:
        """Whether the rows come from another relation than those of now."""
        return self.at is not None and self.layer.past_relation is not None

    def source_sql(self) -> str:
        """Return what the rows come from, all of them; its values are among those of `rows`."""
        return self._source()[0]

    def rows(self) -> Statement:
        """Return the text behind FROM and WHERE: ``layer AS f WHERE …``."""
        condition = self.visible & self.where
        source, params = self._source()
        return Statement(f"{source} AS {ROW} WHERE ({condition.sql})", merged(params, condition.params))

    def _source(self) -> tuple[str, dict[str, object]]:
        if not self.layer.temporal:
            return self.layer.relation, {}
        past = None if self.at is None else self.layer.past_relation
        return f"{past or self.layer.relation}(%(at)s::timestamptz)", {"at": self.at}
