"""The answer of an overlap as the JSON that clients rely on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gis.crs import MU_PER_M2
from gis.overlap.answer import ClassOverlap, ItemOverlap, LayerOverlap, OverlapAnswer, Remainder, Slivers
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
    return {
        "subject": _subject_json(answer),
        "layers": [_layer_json(layer) for layer in answer.layers],
        "remainder": _remainder_json(answer.remainder),
        "slivers": slivers_json(answer.slivers),
        "rules": _rules_json(answer),
        "warnings": [note_json(note) for note in answer.warnings],
        "data_versions": dict(data_versions),
        "computed_at": computed_at.isoformat(),
    }


def _subject_json(answer: OverlapAnswer) -> dict[str, Any]:
    subject: dict[str, Any] = {
        **areas_json(answer.area_m2),
        "area_plane_m2": _m2(answer.area_plane_m2),
        "crs_overlay": answer.crs_overlay,
        **_sizes(answer.length_m, answer.points),
    }
    if answer.stated_area_m2 is not None:
        subject["survey_area_m2"] = _m2(answer.stated_area_m2)
    if answer.zones:
        subject["zones"] = [
            {"crs": part.crs, "area_m2": _m2(part.area_m2), "area_plane_m2": _m2(part.area_plane_m2)}
            for part in answer.zones
        ]
    if answer.options.buffer_m:
        subject |= {"buffer_m": answer.options.buffer_m, "area_without_buffer_m2": _m2(answer.bare_area_m2)}
    return subject


def _rules_json(answer: OverlapAnswer) -> dict[str, Any]:
    options = answer.options
    return {
        "area": "ellipsoidal, CGCS2000",
        "min_area_m2": options.min_area_m2,
        "min_thickness_m": options.min_thickness_m,
        "adjust": options.adjust,
        "at": options.at.isoformat() if options.at else None,
    }


def _m2(area_m2: float) -> float:
    return round(area_m2, 4)


def areas_json(area_m2: float) -> dict[str, float]:
    """Return an area in m², 亩 and ha.

    Examples
    --------
    >>> areas_json(800_000)
    {'area_m2': 800000, 'area_mu': 1200.0, 'area_ha': 80.0}
    """
    # Six decimals of 亩 and ha are below a square millimetre's worth of the four of m².
    return {
        "area_m2": _m2(area_m2),
        "area_mu": round(area_m2 * MU_PER_M2, 6),
        "area_ha": round(area_m2 * HECTARES_PER_M2, 6),
    }


def _sizes(length_m: float | None, points: int | None) -> dict[str, Any]:
    sizes = {"length_m": None if length_m is None else round(length_m, 4), "points": points}
    return {name: size for name, size in sizes.items() if size is not None}


def _adjusted(area_m2: float | None) -> dict[str, float]:
    if area_m2 is None:
        return {}
    return {"adjusted_area_m2": _m2(area_m2), "adjusted_area_mu": round(area_m2 * MU_PER_M2, 6)}


def _layer_json(layer: LayerOverlap) -> dict[str, Any]:
    target = layer.target
    body: dict[str, Any] = {
        "layer": target.layer,
        "title": {"zh": target.title_zh, "en": target.title_en},
        "hit": layer.hit,
        **areas_json(layer.area_m2),
        **_adjusted(layer.adjusted_area_m2),
        "area_plane_m2": _m2(layer.area_plane_m2),
        **_sizes(layer.length_m, layer.points),
        "share_of_subject": round(layer.share_of_subject, 6),
        "pieces": layer.pieces,
        "largest_piece_m2": _m2(layer.largest_piece_m2),
        "remainder_area_m2": _m2(layer.remainder_area_m2),
        "slivers": slivers_json(layer.slivers),
        "critical": layer.critical,
        "by_class": [_class_json(row) for row in layer.by_class],
        "items": [_item_json(item) for item in layer.items],
        "notes": [note_json(note) for note in target.notes] if layer.hit else [],
    }
    if target.owner_code_column:
        body["by_owner"] = [
            {"owner_code": row.owner_code, "owner_name": row.owner_name, **_class_json(row)}
            for row in layer.by_owner
        ]
    left = _sizes(layer.remainder_length_m, layer.remainder_points)
    body |= {f"remainder_{name}": size for name, size in left.items()}
    if target.outside:
        outside = left or {"area_m2": body["remainder_area_m2"]}
        body |= {f"outside_{name}": size for name, size in outside.items()}
    return body if layer.remainder is None else {**body, "remainder": layer.remainder}


def _class_json(row: ClassOverlap) -> dict[str, Any]:
    return {
        "class_code": row.class_code,
        "class_name": row.class_name,
        "count": row.count,
        **areas_json(row.area_m2),
        **_adjusted(row.adjusted_area_m2),
        **_sizes(row.length_m, row.points),
    }


def _item_json(item: ItemOverlap) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": item.id,
        "code": item.code,
        "name": item.name,
        "class_code": item.class_code,
        "class_name": item.class_name,
        **areas_json(item.area_m2),
        **_adjusted(item.adjusted_area_m2),
        "area_plane_m2": _m2(item.area_plane_m2),
        **_sizes(item.length_m, item.points),
        "share_of_subject": round(item.share_of_subject, 6),
        "share_of_feature": None if item.share_of_feature is None else round(item.share_of_feature, 6),
        "pieces": item.pieces,
        "largest_piece_m2": _m2(item.largest_piece_m2),
        "critical": item.critical,
    }
    if item.owner_code or item.owner_name:
        body |= {"owner_code": item.owner_code, "owner_name": item.owner_name}
    if item.stated_area_m2 is not None:
        body |= {"registered_area_m2": _m2(item.stated_area_m2), "area_disagrees": item.area_disagrees}
    if item.critical:
        body["critical_note"] = {"zh": "临界", "en": "critical: below the sliver limits, kept by rule"}
    if item.parts:
        body["parts"] = [
            {
                "piece": number,
                **areas_json(part.area_m2),
                "area_plane_m2": _m2(part.area_plane_m2),
                "critical": part.critical,
            }
            for number, part in enumerate(item.parts, start=1)
        ]
    return body if item.geometry is None else {**body, "geometry": item.geometry}


def _remainder_json(rest: Remainder) -> dict[str, Any]:
    body = {**areas_json(rest.area_m2), "pieces": rest.pieces, **_sizes(rest.length_m, rest.points)}
    return body if rest.geometry is None else {**body, "geometry": rest.geometry}


def slivers_json(slivers: Slivers) -> dict[str, Any]:
    """Return the pieces left out, by count and sum."""
    return {"count": slivers.count, "area_m2": _m2(slivers.area_m2)}


def note_json(note: Note) -> dict[str, str]:
    """Return a remark in both languages."""
    return {"code": note.code, "en": note.en, "zh": note.zh}
