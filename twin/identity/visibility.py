"""The one place that decides who sees which rows and which fields.

Every door uses it: features, tiles, counts, feeds, pages, overlap, jobs. A relation that is served
carries two columns, ``row_public`` and ``row_project_id`` (null for land), and the condition made here
is added to its WHERE.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text

from gis.layer import Layer
from gis.statement import EVERYTHING, ROW, Condition
from twin.identity.caller import Caller
from twin.identity.rights import Reach, reach


@dataclass(frozen=True)
class Sight:
    """What a caller sees of one kind of rows: the condition, and whether internal fields are shown."""

    condition: Condition
    internal_fields: bool
    group: Reach  # part of every cache key


def sight(caller: Caller, right: str, alias: str = ROW) -> Sight:
    """Return what the caller sees of the rows guarded by a reading right.

    A caller who holds the right everywhere sees all rows; one who holds it for some projects sees these
    alone, with their internal fields; everybody else sees what is marked public, without them.

    Parameters
    ----------
    right : str
        A reading right of `twin.identity.rights.RIGHTS`.
    alias : str
        Table alias, from our own code only, never from a request.
    """
    found = reach(caller, right)
    if found == "all":
        return Sight(EVERYTHING, internal_fields=True, group="all")
    if found == "own":
        sql = f"{alias}.row_project_id = ANY(%(see_projects)s::bigint[])"
        return Sight(
            Condition(sql, {"see_projects": list(caller.own_projects)}), internal_fields=True, group="own"
        )
    return Sight(Condition(f"{alias}.row_public", {}), internal_fields=False, group="public")


def visible_fields(layer: Layer, seen: Sight) -> Layer:
    """Return the layer with the fields this caller may read."""
    if seen.internal_fields:
        return layer
    return layer.for_fields([field.name for field in layer.fields if field.public])


def bound(sql: str, params: Mapping[str, Any]) -> TextClause:
    """Return a statement written for psycopg (``%(name)s``) for SQLAlchemy's ``:name``."""
    return text(sql.replace("::", "\\:\\:") % {name: f":{name}" for name in params})
