"""What a filter's parts become: SQL expressions with the kind of their values, and the values they bind."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from gis.cql2.documents import Document, split_path
from gis.cql2.faults import fault, shown
from gis.crs import Crs
from gis.errors import InvalidFilterError, UnknownPropertyError
from gis.layer import Field, FieldType, Layer
from gis.statement import ROW

Kind = Literal["text", "number", "boolean", "date", "date-time", "geometry", "any"]

KIND_WORDS: Final[dict[Kind, tuple[str, str]]] = {
    "text": ("text", "文本"),
    "number": ("number", "数值"),
    "boolean": ("true or false", "布尔值"),
    "date": ("date", "日期"),
    "date-time": ("time", "时刻"),
    "geometry": ("geometry", "几何"),
    "any": ("a value of any kind", "任意类型的值"),
}
GEOMETRY_NAMES: Final = ("geom", "geometry")
_KIND_OF_FIELD: Final[dict[FieldType, Kind]] = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "date-time": "date-time",
}


@dataclass(frozen=True)
class Term:
    """One part of a filter as an SQL expression.

    Parameters
    ----------
    kind : Kind
        What its values are.
    sql : str
        The expression, ready to stand in any other.
    en, zh : str
        What messages call it: the property, or the value as written.
    computed : bool
        Whether it is a `numeric` that may lie beyond what a column of floats can be compared with.
    readings : mapping or None
        For a value whose kind is only known by what it is compared with: the expression for each kind.
    """

    kind: Kind
    sql: str
    en: str
    zh: str
    computed: bool = False
    readings: Mapping[str, str] | None = None

    def read_as(self, kind: Kind) -> "Term":
        """Return a value of any kind as one of this kind; any other term as it is."""
        if self.readings is None or kind not in self.readings:
            return self
        return replace(self, kind=kind, sql=self.readings[kind], computed=kind == "number", readings=None)

    def words(self) -> tuple[str, str]:
        """Return how messages name it, in English and Chinese."""
        en, zh = KIND_WORDS[self.kind]
        return f"{self.en} ({en})", f"{self.zh}（{zh}）"


@dataclass
class Scope:
    """The layer a filter is walked against, and the values bound on the way.

    Parameters
    ----------
    layer : Layer
        As the caller may see it: what it does not carry cannot be named.
    crs : Crs
        Coordinate system of the geometries in the filter.
    documents : tuple of Document
        Columns of JSON, as the caller may see them, whose inner values may be named by path.
    """

    layer: Layer
    crs: Crs
    documents: tuple[Document, ...] = ()
    params: dict[str, object] = field(default_factory=dict)
    calculations: int = 0

    def bind(self, value: object, cast: str) -> str:
        """Bind a value and return its placeholder, ``%(cql_0)s::text``."""
        name = f"cql_{len(self.params)}"
        self.params[name] = value
        return f"%({name})s::{cast}"

    def property(self, name: object) -> Term:
        """Return a property of the layer.

        Raises
        ------
        UnknownPropertyError
            The layer, as this caller may see it, has none of this name, or it may not be filtered by.
        """
        if not isinstance(name, str):
            raise fault("a property's name must be a text", "属性名应为文本")
        if name in GEOMETRY_NAMES and not self.layer.has_field(name):
            return Term("geometry", self.layer.geometry_sql(), f"property {name!r}", f"属性 {name}")
        return self._inner(name) or _column(self._queryable(name))

    def _inner(self, name: str) -> Term | None:
        """Return a value inside a document, None where the name begins with none of them."""
        head = name.partition(".")[0]
        found = next((each for each in self.documents if each.name == head and head != name), None)
        if found is None:
            return None
        path = split_path(name)[1:]
        least, most = found.parts
        if not least <= len(path) <= most:
            raise fault(
                f"{shown(name)} does not name a value; write {head} and {least} names behind it, joined by dots",
                f"{shown(name)} 未指明某个值；请写 {head} 及其后的 {least} 个名称，以点连接",
            )
        outer = self.bind(path, "text[]")
        inner = self.bind([*path, *found.inner], "text[]") if found.inner else outer
        readings = found.readings(inner, outer)
        return Term(
            "any", readings["any"], f"property {shown(name)}", f"属性 {shown(name)}", readings=readings
        )

    def _queryable(self, name: str) -> Field:
        for item in self.layer.fields:
            if item.name == name and item.queryable:
                return item
        known = [item.name for item in self.layer.fields if item.queryable]
        known += [f"{each.name}.…" for each in self.documents]
        raise UnknownPropertyError(
            f"Layer {self.layer.id} has no property {shown(name)} to filter by; it has "
            f"{', '.join([*known, 'geom'])}.",
            f"图层 {self.layer.id} 没有可筛选的属性 {shown(name)}；可用属性：{'、'.join([*known, 'geom'])}。",
            where="filter",
        )


def _column(item: Field) -> Term:
    return Term(
        _KIND_OF_FIELD[item.type], f"{ROW}.{item.name}", f"property {item.name!r}", f"属性 {item.name}"
    )


def as_day(term: Term) -> str:
    """Return a date as it is, a time as its day in China: one time all year, no summer time."""
    if term.kind == "date-time":
        return f"({term.sql} AT TIME ZONE INTERVAL '8 hours')::date"
    return term.sql


def wrong_kind(term: Term, wanted: Kind, what: str) -> InvalidFilterError:
    """Return the error of a part that is of another kind than its place asks for."""
    en, zh = term.words()
    wanted_en, wanted_zh = KIND_WORDS[wanted]
    return fault(f"{what} takes {wanted_en}, not {en}", f"{what} 需要{wanted_zh}，而不是 {zh}")
