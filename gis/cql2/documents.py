"""Values inside a column of JSON, named by their path: ``psets.Pset_WallCommon.FireRating``.

What a document holds is not known beforehand, and neither is its kind: a value is read as text, number or truth
by what it is compared with, and is unknown where it is none. The path is bound, never written into the statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gis.cql2.faults import fault, shown
from gis.statement import ROW, identifier

MAX_PARTS: Final = 10
MAX_PART: Final = 512

# A list is its members, one after the other; a group of values has no text.
_TEXT: Final = (
    "(CASE jsonb_typeof({0}) WHEN 'object' THEN NULL WHEN 'array' THEN (SELECT string_agg(m.value, ', ' "
    "ORDER BY m.place) FROM jsonb_array_elements_text(CASE jsonb_typeof({0}) WHEN 'array' THEN {0} END) "
    "WITH ORDINALITY AS m(value, place)) ELSE {0} #>> '{{}}' END)"
)


@dataclass(frozen=True)
class Document:
    """One column of JSON whose inner values may stand in a filter.

    Parameters
    ----------
    name : str
        Column of the relation and first part of every path.
    inner : tuple of str
        What follows the caller's path, where a value carries more than itself, such as ``("value",)``.
    si : str or None
        Column of the same paths that holds ``[number, unit]`` where a number has a unit of its own: that number
        is compared instead.
    parts : tuple of int
        How many parts a path may have behind the name, at least and at most.
    """

    name: str
    inner: tuple[str, ...] = ()
    si: str | None = None
    parts: tuple[int, int] = (2, MAX_PARTS)

    def __post_init__(self) -> None:
        identifier(self.name)
        if self.si is not None:
            identifier(self.si)

    def readings(self, path: str, outer: str) -> Mapping[str, str]:
        """Return how a value is read, by kind.

        Parameters
        ----------
        path, outer : str
            Placeholders of the bound path with and without `inner`.
        """
        found = f"({ROW}.{self.name} #> {path})"
        number = f"CASE jsonb_typeof({found}) WHEN 'number' THEN ({ROW}.{self.name} #>> {path})::numeric END"
        if self.si is not None:
            beside = f"({ROW}.{self.si} #> {outer})"
            number = (
                f"CASE WHEN jsonb_typeof({found}) = 'number' AND jsonb_typeof({beside}) = 'array' "
                f"AND jsonb_typeof({beside} -> 0) = 'number' THEN ({beside} ->> 0)::numeric ELSE {number} END"
            )
        return {
            "any": f"nullif({found}, 'null'::jsonb)",
            "text": _TEXT.format(found),
            "number": f"({number})",
            "boolean": f"(CASE jsonb_typeof({found}) WHEN 'boolean' THEN ({ROW}.{self.name} #>> {path})::boolean END)",
        }


def split_path(name: str) -> list[str]:
    r"""Return the parts of a name between its dots; ``\.`` is a dot that belongs to a part, ``\\`` a backslash.

    Raises
    ------
    InvalidFilterError
        A part is empty or longer than any name, there are too many, or the name ends inside an escape.

    Examples
    --------
    >>> split_path("psets.Pset_WallCommon.FireRating"), split_path(r"psets.A\.B.C")
    (['psets', 'Pset_WallCommon', 'FireRating'], ['psets', 'A.B', 'C'])
    """
    parts, part, escaped = [], "", False
    for character in name:
        if escaped or character not in "\\.":
            part, escaped = part + character, False
        elif character == "\\":
            escaped = True
        else:
            parts.append(part)
            part = ""
    parts.append(part)
    if escaped or len(parts) > MAX_PARTS or not all(0 < len(each) <= MAX_PART for each in parts):
        raise fault(
            f"{shown(name)} is no path; its parts are joined by dots, as in psets.Pset_WallCommon.FireRating",
            f"{shown(name)} 不是路径；各部分以点连接，如 psets.Pset_WallCommon.FireRating",
        )
    return parts
