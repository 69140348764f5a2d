# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""What lies within a shape, and what meets it."""

from collections.abc import Sequence
from typing import Final, Literal

from gis.questions.answer import Branch, Paging, answer_statement, columns
from gis.questions.shape import AskedShape
from gis.questions.source import Source
from gis.statement import Statement

Relation = Literal["within", "intersects"]
_BORDER_DEG: Final = 5e-7
"""About 5 cm: so well is a boundary point surveyed, and a straight edge of 2 km bends so much between two zones."""

_SHAPE: Final = "ST_GeomFromEWKB(%(shape)s)"


def relation_statement(
    asked: AskedShape, sources: Sequence[Source], relation: Relation, paging: Paging
) -> Statement:
    """Build the statement of the features within a shape, or meeting it, by layer and id.

    `intersects` counts a touch. `within` allows a feature to stick out by 5 cm: a shared border that came by two
    ways (another file, another zone, fewer decimals) is still one border. A row without geometry, or with an empty
    one, is never an answer; one with an invalid area never lies within.
    Relations are taken in degrees of the stored geometry, of the shape with edges of some 100 m at most.
    """
    branches = [_branch(number, source, relation, paging) for number, source in enumerate(sources)]
    wanted = [branch for branch in branches if paging.after is None or branch.number >= paging.after.branch]
    return answer_statement("", wanted, paging, {"shape": _asked_ewkb(asked, relation)})


def _asked_ewkb(asked: AskedShape, relation: Relation) -> bytes:
    if relation == "intersects" or asked.stored.area == 0:
        return asked.ewkb
    wider = asked.stored.buffer(_BORDER_DEG, join_style="mitre")
    return AskedShape(wider, asked.zone_srid).ewkb


def relation_sql(geometry: str, relation: Relation, shape: str = _SHAPE) -> str:
    """Return the condition that a geometry is within a shape, or meets it; the index answers its first part."""
    if relation == "intersects":
        return f"({geometry} && {shape} AND ST_Intersects({geometry}, {shape}))"
    # An invalid area makes GEOS fail, and by failing tell of a row.
    sound = f"CASE WHEN ST_IsValid({geometry}) THEN ST_Within({geometry}, {shape}) END"
    return f"({geometry} @ {shape} AND {sound})"


def _branch(number: int, source: Source, relation: Relation, paging: Paging) -> Branch:
    prefix = f"s{number}_"
    rows = source.rows(prefix)
    after = ""
    # Said in the plain words that the key's index answers; the general condition follows in the answer.
    if paging.after is not None and paging.after.branch == number:
        after = f" AND {source.layer.id_sql()} > %(after_id)s::int8"
    select = (
        f"SELECT {columns(source.layer)}, 0::float8 AS _value FROM {rows.sql} "
        f"AND {relation_sql(source.layer.geometry_sql(), relation)}{after}"
    )
    return Branch(number, source.name, source.layer, select, rows.params)


def count_statement(asked: AskedShape, sources: Sequence[Source], relation: Relation) -> Statement:
    """Build the statement that counts the features of each source by class: number, class values, count, m².

    The area is that of the features, not of their parts inside the shape; NULL where the layer has no area field.
    """
    parts = []
    params: dict[str, object] = {"shape": _asked_ewkb(asked, relation)}
    for number, source in enumerate(sources):
        rows = source.rows(f"s{number}_")
        params |= rows.params
        kinds = [f"f.{item.name}" for item in source.class_fields()]
        area = "sum(f.area_m2)::float8" if source.layer.has_field("area_m2") else "NULL::float8"
        classes = f"json_build_array({', '.join(kinds)})::text" if kinds else "'[]'"
        parts.append(
            f"SELECT {number} AS _branch, {classes} AS _classes, count(*) AS _count, {area} AS _area_m2 "
            f"FROM {rows.sql} AND {relation_sql(source.layer.geometry_sql(), relation)} GROUP BY 2"
        )
    return Statement(" UNION ALL ".join(parts) + " ORDER BY 1, 3 DESC, 2", params)
