# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""What changed in a layer between two dates: added, removed, moved and re-described features."""

from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from gis.crs import CRS84
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
    after]}), `moved` and the area that the geometry gained and lost, m² on the ellipsoid, and the fields as they are
    after (of a removed one, as they were). Geometry that differs in no corner is no change.
    """
    sql = (
        f"WITH {_both(source, before, after, after_id)}, differing AS ({_differing()} ORDER BY 1 LIMIT %(limit)s::int8 + 1)\n"
        f"SELECT _id, {_text(source, form)} FROM differing LEFT JOIN LATERAL ({_areas()}) g ON _moved ORDER BY _id"
    )
    return Statement(sql, merged(_params(source, before, after), {"limit": limit, "after_id": after_id}))


def change_count_statement(source: Source, before: datetime, after: datetime) -> Statement:
    """Build the statement that counts the changes of each kind."""
    sql = f"WITH {_both(source, before, after, 0)}, differing AS ({_differing()}) SELECT _change, count(*) FROM differing GROUP BY 1"
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
    parts = [
        f"{name} AS MATERIALIZED (SELECT {layer.id_sql()} AS id, {layer.geometry_sql()} AS geom, {fields} AS fields "
        f"FROM {_at(source, moment, prefix)[0]}{past})"
        for name, moment, prefix in (("earlier", before, "b_"), ("later", after, "a_"))
    ]
    return ",\n".join(parts)


def _differing() -> str:
    names = ", ".join(literal(name) for name in sorted(_BOOKKEEPING))
    described = f"(b.fields - ARRAY[{names}]) IS DISTINCT FROM (a.fields - ARRAY[{names}])"
    moved = "b.id IS NOT NULL AND a.id IS NOT NULL AND b.geom IS DISTINCT FROM a.geom"
    fields = (
        f"(SELECT json_object_agg(key, json_build_array(b.fields -> key, a.fields -> key) ORDER BY key) FROM "
        f"jsonb_object_keys(a.fields - ARRAY[{names}]) key WHERE b.fields -> key IS DISTINCT FROM a.fields -> key)"
    )
    return (
        "SELECT coalesce(a.id, b.id) AS _id, CASE WHEN b.id IS NULL THEN 'added' WHEN a.id IS NULL THEN 'removed' "
        f"ELSE 'changed' END AS _change, {moved} AS _moved, b.geom AS _before, a.geom AS _after, "
        f"CASE WHEN a.id IS NOT NULL AND b.id IS NOT NULL THEN {fields} END AS _changed, "
        "coalesce(a.fields, b.fields) AS _fields FROM earlier b FULL JOIN later a ON a.id = b.id "
        f"WHERE a.id IS NULL OR b.id IS NULL OR ({moved}) OR {described}"
    )


def _areas() -> str:
    sound = "CASE WHEN ST_IsValid({0}) THEN {0} ELSE ST_MakeValid({0}) END"
    area = "ST_Area(ST_CollectionExtract(ST_Difference({}, {}), 3)::geography)"
    return (
        f"SELECT {area.format('later', 'earlier')} AS gained_m2, {area.format('earlier', 'later')} AS lost_m2 FROM "
        f"(SELECT {sound.format('_before')} AS earlier, {sound.format('_after')} AS later OFFSET 0) q OFFSET 0"
    )


def _text(source: Source, form: Form) -> str:
    first = "'id', _id, " if form == "json" else ""
    own = (
        f"json_build_object({first}'collection', {literal(source.name)}, 'change', _change, 'moved', _moved, "
        "'changed', _changed, 'gained_area_m2', g.gained_m2, 'lost_area_m2', g.lost_m2, 'state', _fields)"
    )
    if form == "json":
        return f"{own}::text"
    geometry = geometry_in(CRS84, "coalesce(_after, _before)")
    return (
        f'\'{{"type":"Feature","id":\' || _id || \',"geometry":\' || coalesce(ST_AsGeoJSON({geometry}, 9, 0), \'null\') '
        f"|| ',\"properties\":' || {own}::text || '}}'"
    )
