# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""What changed in a layer between two dates: added, removed, moved and re-described features."""

from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from gis.crs import CRS84, MU_PER_M2
from gis.features import geometry_in
from gis.questions.answer import Form
from gis.questions.source import Source
from gis.statement import Statement, literal, merged

Kind = Literal["added", "removed", "changed"]
KINDS: Final = ("added", "removed", "changed")
_BOOKKEEPING: Final = frozenset({"updated_at", "as_of"})
"""Fields that tell of the record and not of the thing: their change alone is none."""


def change_statement(
    source: Source, before: datetime, after: datetime, limit: int, after_id: int = 0, form: Form = "geojson"
) -> Statement:
    """Build the statement of what differs between a layer as known at two times: id and finished text, by id.

    One row beyond the limit. Each has `change` (``added``, ``removed``, ``changed``), `changed` ({field: [before,
    after]}), `reclassed` where one of the fields that tell kinds apart is among them, `moved` and the area that the
    geometry gained and lost, of areas their size before and after with the difference, m² on the ellipsoid and 亩, and
    the fields as they are after (of a removed one, as they were). Geometry that differs in no corner is no change.
    """
    sql = (
        f"WITH {_both(source, before, after, after_id)}, differing AS ({_differing(source)} ORDER BY 1 LIMIT %(limit)s::int8 + 1)\n"
        f"SELECT _id, {_text(source, form)} FROM differing LEFT JOIN LATERAL ({_areas(source)}) g ON TRUE ORDER BY _id"
    )
    return Statement(sql, merged(_params(source, before, after), {"limit": limit, "after_id": after_id}))


def change_count_statement(source: Source, before: datetime, after: datetime) -> Statement:
    """Build the statement that counts the changes: a row for each kind.

    Its columns: kind, how many, how many of them moved and were reclassed, and the sums of their areas before and
    after, m² on the ellipsoid (NULL where the layer holds no areas).
    """
    sizes = [f"sum({_size(source, geometry)})" for geometry in ("_before", "_after")]
    sql = (
        f"WITH {_both(source, before, after, 0)}, differing AS ({_differing(source)}) SELECT _change, count(*), "
        f"count(*) FILTER (WHERE _moved), count(*) FILTER (WHERE _reclassed), {', '.join(sizes)} FROM differing GROUP BY 1"
    )
    return Statement(sql, merged(_params(source, before, after), {"after_id": 0}))


def _at(source: Source, moment: datetime, prefix: str) -> tuple[str, dict[str, object]]:
    rows = replace(source, selection=replace(source.selection, at=moment)).rows(prefix)
    return rows.sql, dict(rows.params)


def _params(source: Source, before: datetime, after: datetime) -> dict[str, object]:
    return merged(_at(source, before, "b_")[1], _at(source, after, "a_")[1])


def _both(source: Source, before: datetime, after: datetime, after_id: int) -> str:
    layer = source.layer
    fields = "row_to_json((SELECT p FROM (SELECT " + (layer.columns() or "1") + ") p))::jsonb"
    past = f" AND {layer.id_sql()} > %(after_id)s::int8" if after_id else ""
    if layer.changed_relation is not None:
        moments = "%(b_at)s::timestamptz, %(a_at)s::timestamptz"
        past += (
            f" AND {layer.id_sql()} = ANY (ARRAY(SELECT c.id FROM {layer.changed_relation}({moments}) AS c))"
        )
    parts = [
        f"{name} AS MATERIALIZED (SELECT {layer.id_sql()} AS id, {layer.geometry_sql()} AS geom, {fields} AS fields "
        f"FROM {_at(source, moment, prefix)[0]}{past})"
        for name, moment, prefix in (("earlier", before, "b_"), ("later", after, "a_"))
    ]
    return ",\n".join(parts)


def _differing(source: Source) -> str:
    names = ", ".join(literal(name) for name in sorted(_BOOKKEEPING))
    described = f"(b.fields - ARRAY[{names}]) IS DISTINCT FROM (a.fields - ARRAY[{names}])"
    moved = "b.id IS NOT NULL AND a.id IS NOT NULL AND b.geom IS DISTINCT FROM a.geom"
    fields = (
        f"(SELECT json_object_agg(key, json_build_array(b.fields -> key, a.fields -> key) ORDER BY key) FROM "
        f"jsonb_object_keys(a.fields - ARRAY[{names}]) key WHERE b.fields -> key IS DISTINCT FROM a.fields -> key)"
    )
    kinds = [literal(field.name) for field in source.class_fields()]
    other = " OR ".join(f"b.fields -> {name} IS DISTINCT FROM a.fields -> {name}" for name in kinds)
    reclassed = f"b.id IS NOT NULL AND a.id IS NOT NULL AND ({other or 'FALSE'})"
    return (
        "SELECT coalesce(a.id, b.id) AS _id, CASE WHEN b.id IS NULL THEN 'added' WHEN a.id IS NULL THEN 'removed' "
        f"ELSE 'changed' END AS _change, {moved} AS _moved, {reclassed} AS _reclassed, b.geom AS _before, a.geom AS _after, "
        f"CASE WHEN a.id IS NOT NULL AND b.id IS NOT NULL THEN {fields} END AS _changed, "
        "coalesce(a.fields, b.fields) AS _fields FROM earlier b FULL JOIN later a ON a.id = b.id "
        f"WHERE a.id IS NULL OR b.id IS NULL OR ({moved}) OR {described}"
    )


def _size(source: Source, geometry: str) -> str:
    """Return the area of a geometry, m² on the ellipsoid; of layers without areas NULL."""
    return f"ST_Area({geometry}::geography)" if source.layer.geometry_type == "polygon" else "NULL::float8"


def _areas(source: Source) -> str:
    sound = "CASE WHEN ST_IsValid({0}) THEN {0} ELSE ST_MakeValid({0}) END"
    area = "CASE WHEN _moved THEN ST_Area(ST_CollectionExtract(ST_Difference({}, {}), 3)::geography) END"
    return (
        f"SELECT {area.format('later', 'earlier')} AS gained_m2, {area.format('earlier', 'later')} AS lost_m2, "
        f"{_size(source, '_before')} AS before_m2, {_size(source, '_after')} AS after_m2 FROM "
        f"(SELECT {sound.format('_before')} AS earlier, {sound.format('_after')} AS later OFFSET 0) q OFFSET 0"
    )


def _text(source: Source, form: Form) -> str:
    first = "'id', _id, " if form == "json" else ""
    difference = "coalesce(g.after_m2, 0) - coalesce(g.before_m2, 0)"
    areas = (
        ", 'area_before_m2', g.before_m2, 'area_after_m2', g.after_m2, "
        f"'area_difference_m2', {difference}, 'area_difference_mu', ({difference}) * {MU_PER_M2}"
    )
    own = (
        f"json_build_object({first}'collection', {literal(source.name)}, 'change', _change, 'moved', _moved, "
        "'reclassed', _reclassed, 'changed', _changed, 'gained_area_m2', g.gained_m2, 'lost_area_m2', g.lost_m2"
        f"{areas if source.layer.geometry_type == 'polygon' else ''}, 'state', _fields)"
    )
    if form == "json":
        return f"{own}::text"
    geometry = geometry_in(CRS84, "coalesce(_after, _before)")
    return (
        f'\'{{"type":"Feature","id":\' || _id || \',"geometry":\' || coalesce(ST_AsGeoJSON({geometry}, 9, 0), \'null\') '
        f"|| ',\"properties\":' || {own}::text || '}}'"
    )
