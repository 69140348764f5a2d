"""What the BIM page of a project shows, made ready for its templates: no SQL, no HTTP, no markup."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from api.i18n import NO_VALUE, Speech
from gis.style import StyleClass
from twin.elements.figures import Group
from twin.layers.themes import BIM_PROGRESS

PAGE_ROWS: Final = 50
DECIMALS: Final = 3
UNITS: Final = {"m2": "m²", "m3": "m³"}


@dataclass(frozen=True)
class AskedElements:
    """What the address of the page asks for; the field names are the query parameters.

    All are texts, so that a link with a damaged number opens the page with a notice instead of an error.
    """

    model: str = ""
    revision: str = ""
    q: str = ""
    filter: str = ""
    ifc_class: str = ""
    storey: str = ""
    status: str = ""
    after: str = ""
    sel: str = ""

    def href(self, code: str, **changes: str) -> str:
        """Return the address of the page with some parameters changed; empty ones are left out.

        Examples
        --------
        >>> AskedElements(model="3", q="墙", after="9").href("A-1", sel="0abc", after="")
        '/projects/A-1/bim?model=3&q=%E5%A2%99&sel=0abc'
        """
        kept = {name: value for name, value in asdict(replace(self, **changes)).items() if value}
        path = f"/projects/{quote(code, safe='')}/bim"
        return f"{path}?{urlencode(kept)}" if kept else path

    @property
    def is_filtered(self) -> bool:
        """Whether the list shows less than everything."""
        return bool(self.q or self.filter or self.ifc_class or self.storey or self.status)


def read_number(text: str) -> int | None:
    """Return the positive number a parameter holds, or None where it holds none.

    Examples
    --------
    >>> read_number("12"), read_number("x"), read_number("0"), read_number("²")
    (12, None, None, None)
    """
    is_number = text.isascii() and text.isdigit() and 0 < len(text) < 19
    return (int(text) or None) if is_number else None


@dataclass(frozen=True)
class Status:
    """A status of elements with its name and the colour that the map gives it."""

    key: str
    name: str
    colour: str


@dataclass(frozen=True)
class StatusCount:
    """How many elements have a status."""

    status: Status
    n: int
    share: float


@dataclass(frozen=True)
class StoreyRow:
    """One storey of the tree without script: its elements in all, done, and by class."""

    name: str
    n: int
    done: int
    classes: tuple[tuple[str, int], ...]


def status_classes() -> Sequence[StyleClass]:
    """Return the statuses of elements in the order and colours of the map's own rule."""
    return BIM_PROGRESS.classes


def read_status(key: str | None, speech: Speech) -> Status:
    """Return a status with its name in the language of the page and its colour; an unknown one has none.

    Examples
    --------
    >>> read_status("done", Speech("zh")).name, read_status("odd", Speech("zh"))
    ('已完成', Status(key='odd', name='odd', colour='none'))
    """
    for each in status_classes():
        if each.key == key:
            return Status(key, each.title_zh if speech.lang == "zh" else each.title_en, each.colour)
    return Status(key or "", key or NO_VALUE, "none")


def count_statuses(groups: Iterable[Group], speech: Speech) -> list[StatusCount]:
    """Count elements by status, in the order of the legend; statuses without elements are left out.

    Examples
    --------
    >>> [(c.status.key, c.n, c.share) for c in count_statuses([Group(None, "IfcWall", "done", 4)], Speech("zh"))]
    [('done', 4, 100.0)]
    """
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group.status] += group.n
    total = counts.total()
    return [
        StatusCount(read_status(each.key, speech), counts[each.key], 100 * counts[each.key] / total)
        for each in status_classes()
        if counts[each.key]
    ]


def list_storeys(groups: Sequence[Group], storeys: Sequence[Mapping[str, Any]]) -> list[StoreyRow]:
    """Return the storeys from below with their elements by class; those of no storey stand last, unnamed."""
    heights = {str(each["name"]): float(each["elevation_m"] or 0.0) for each in storeys}
    names = {group.storey or "" for group in groups}
    rows = []
    for name in sorted(names, key=lambda name: (not name, heights.get(name, float("inf")), name)):
        own = [group for group in groups if (group.storey or "") == name]
        classes: Counter[str] = Counter()
        for group in own:
            classes[group.ifc_class] += group.n
        done = sum(group.n for group in own if group.status == "done")
        rows.append(StoreyRow(name, classes.total(), done, tuple(classes.most_common())))
    return rows


@dataclass(frozen=True)
class Property:
    """A name and a value as words."""

    name: str
    value: str


@dataclass(frozen=True)
class PropertySet:
    """Properties or quantities under one heading."""

    name: str
    rows: tuple[Property, ...]


def list_property_sets(psets: Mapping[str, Any] | None, speech: Speech) -> list[PropertySet]:
    """Return the property sets of an element with their values in words; empty sets are left out."""
    sets = []
    for name, properties in sorted((psets or {}).items()):
        rows = tuple(Property(key, say(value, speech)) for key, value in properties.items() if key != "id")
        if rows:
            sets.append(PropertySet(name, rows))
    return sets


def list_quantities(quantities: Mapping[str, Any] | None, speech: Speech) -> list[PropertySet]:
    """Return quantities by set with their units; one that was worked out from the shape says so."""
    sets = []
    for name, members in sorted((quantities or {}).items()):
        rows = tuple(Property(key, _quantity(each, speech)) for key, each in members.items())
        sets.append(PropertySet(name, rows))
    return sets


def _quantity(each: Mapping[str, Any], speech: Speech) -> str:
    unit = str(each.get("unit") or "")
    value = f"{say(each.get('value'), speech)} {UNITS.get(unit, unit)}".strip()
    measured = str(each.get("source") or "qto").startswith("qto")
    return value if measured else f"{value} ({speech('bim.derived')})"


def say(value: Any, speech: Speech) -> str:
    """Write a value of a property as words.

    Examples
    --------
    >>> say(True, Speech("en")), say([1.5, "x"], Speech("en")), say(None, Speech("en"))
    ('yes', '1.5, x', '—')
    """
    if value is None or value == "":
        return NO_VALUE
    if isinstance(value, bool):
        return speech("bim.yes" if value else "bim.no")
    if isinstance(value, float):
        return f"{round(value, DECIMALS):,.{DECIMALS}f}".rstrip("0").rstrip(".")
    if isinstance(value, list | tuple):
        return ("、" if speech.lang == "zh" else ", ").join(say(each, speech) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {say(each, speech)}" for key, each in value.items())
    return str(value)
