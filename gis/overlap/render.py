"""The answer of an overlap as the JSON that clients rely on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gis.crs import MU_PER_M2
from gis.overlap.answer import ClassOverlap, ItemOverlap, LayerOverlap, OverlapAnswer, Slivers
from gis.overlap.words import Note

HECTARES_PER_M2: Final = 1 / 10_000


def render_overlap(
    answer: OverlapAnswer, data_versions: Mapping[str, object], computed_at: datetime
) -> dict[str, Any]:
    """Return the body of the public answer.

    Parameters
    ----------
    data_versions : mapping
        Version or date of each layer's data, as the caller knows them.
    computed_at : datetime
        With its time zone.
    """
    subject = {
        **_areas(answer.area_m2),
        "area_plane_m2": _m2(answer.area_plane_m2),
        "crs_overlay": answer.crs_overlay,
    }
    if answer.options.buffer_m:
        subject |= {"buffer_m": answer.options.buffer_m, "area_without_buffer_m2": _m2(answer.bare_area_m2)}
    return {
        "subject": subject,
        "layers": [_layer_json(layer) for layer in answer.layers],
        "slivers": _slivers_json(answer.slivers),
        "warnings": [_note_json(note) for note in answer.warnings],
        "data_versions": dict(data_versions),
        "computed_at": computed_at.isoformat(),
    }


def _m2(area_m2: float) -> float:
    return round(area_m2, 4)


def _areas(area_m2: float) -> dict[str, float]:
    # Six decimals of 亩 and ha are below a square millimetre's worth of the four of m².
    return {
        "area_m2": _m2(area_m2),
        "area_mu": round(area_m2 * MU_PER_M2, 6),
        "area_ha": round(area_m2 * HECTARES_PER_M2, 6),
    }


def _layer_json(layer: LayerOverlap) -> dict[str, Any]:
    target = layer.target
    body: dict[str, Any] = {
        "layer": target.layer,
        "title": {"zh": target.title_zh, "en": target.title_en},
        "hit": layer.hit,
        **_areas(layer.area_m2),
        "area_plane_m2": _m2(layer.area_plane_m2),
        "share_of_subject": round(layer.share_of_subject, 6),
        "pieces": layer.pieces,
        "largest_piece_m2": _m2(layer.largest_piece_m2),
        "remainder_area_m2": _m2(layer.remainder_area_m2),
        "slivers": _slivers_json(layer.slivers),
        "critical": layer.critical,
        "by_class": [_class_json(row) for row in layer.by_class],
        "items": [_item_json(item) for item in layer.items],
        "notes": [_note_json(note) for note in target.notes] if layer.hit else [],
    }
    if target.outside:
        body["outside_area_m2"] = body["remainder_area_m2"]
    return body if layer.remainder is None else {**body, "remainder": layer.remainder}


def _class_json(row: ClassOverlap) -> dict[str, Any]:
    areas = _areas(row.area_m2)
    return {"class_code": row.class_code, "class_name": row.class_name, "count": row.count, **areas}


def _item_json(item: ItemOverlap) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": item.id,
        "code": item.code,
        "name": item.name,
        "class_code": item.class_code,
        "class_name": item.class_name,
        **_areas(item.area_m2),
        "share_of_subject": round(item.share_of_subject, 6),
        "share_of_feature": round(item.share_of_feature, 6),
        "pieces": item.pieces,
        "critical": item.critical,
    }
    if item.critical:
        body["critical_note"] = {"zh": "临界", "en": "critical: below the sliver limits, kept by rule"}
    return body if item.geometry is None else {**body, "geometry": item.geometry}


def _slivers_json(slivers: Slivers) -> dict[str, Any]:
    return {"count": slivers.count, "area_m2": _m2(slivers.area_m2)}


def _note_json(note: Note) -> dict[str, str]:
    return {"code": note.code, "en": note.en, "zh": note.zh}
