"""What the doors of uploads answer: a file as it was read, its features, the mappings it could be imported with."""

from typing import Any, Final

import orjson
from sqlalchemy.orm import Session

from api.i18n import Lang
from twin.identity import Caller
from twin.identity.rights import reach
from twin.imports.plan import columns_of, propose
from twin.imports.targets import LAYERS, get_target
from twin.uploads.models import Reading, Upload
from twin.uploads.preview import PreviewFeature
from twin.uploads.readings import list_questions

_TOLD: Final = (
    "header", "layers", "columns", "invalid_count", "geometry_types", "stated_area_m2", "computed_area_m2", "warning_count", "ledger",
)  # fmt: skip


def describe_reading(
    session: Session, caller: Caller, upload: Upload, reading: Reading, lang: Lang
) -> dict[str, Any]:
    """Return an upload that was read: what it is, why it was taken so, and what is still to be answered."""
    summary = reading.summary
    return {
        "upload_id": upload.token,
        "file_name": upload.file_name,
        "kind": reading.kind,
        "encoding": reading.encoding,
        "crs": reading.crs,
        "crs_evidence": [
            {"subject": each["subject"], "value": each["value"], "message": each[lang]}
            for each in summary.get("evidence", [])
        ],
        "feature_count": reading.feature_count,
        "warnings": [
            {"where": each["where"], "message": each[lang], "level": each["level"]}
            for each in summary.get("warnings", [])
        ],
        "questions": [
            {
                "field": each.field,
                "message": each.en if lang == "en" else each.zh,
                "choices": list(each.choices),
            }
            for each in list_questions(reading)
        ],
        **{name: summary[name] for name in _TOLD if name in summary},
        "choices": {**reading.choices, "repairs": reading.repairs},
        "mappings": _mappings(session, caller, reading),
    }


def _mappings(session: Session, caller: Caller, reading: Reading) -> dict[str, Any]:
    """Return, for each layer the caller may write to, the mapping an import would use and what may be mapped."""
    found = {}
    for name in LAYERS if columns_of(reading) else ():
        target = get_target(name)
        if reach(caller, target.editable.right) == "public":
            continue
        each = propose(session, reading, target)
        mapping = {column: to for column, to in each.mapping.items() if to in target.fields}
        found[name] = {
            "mapping": mapping,
            "values": dict(each.fixed),
            "source": each.source,
            "template": each.template,
            "left_out": [column for column in columns_of(reading) if column not in mapping],
            "properties": list(target.fields),
        }
    return found


def render_preview(
    described: dict[str, Any], features: list[PreviewFeature], limit: int, lang: Lang
) -> bytes:
    """Render a feature collection in longitude and latitude with 9 decimals; rows of a ledger stand beside it."""
    last = features[-1].number if len(features) == limit else None
    document = {
        "type": "FeatureCollection",
        "features": [_feature(each, lang) for each in features],
        "numberMatched": described["feature_count"],
        "numberReturned": len(features),
        "next_after": last,
        "upload": described,
    }
    if described["kind"] in ("xlsx", "csv"):
        document["rows"] = [_row(each, lang) for each in features]
    return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)


def _feature(each: PreviewFeature, lang: Lang) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": each.number,
        "geometry": None if each.shape is None else orjson.Fragment(each.shape),
        "properties": {
            **each.attributes,
            "stated_area_m2": each.stated_area_m2,
            "computed_area_m2": each.computed_area_m2,
            "area_mu": each.area_mu,
            "difference_percent": each.difference_percent,
            "where": each.place,
            "valid": each.repair_note is None,
        },
        "survey_crs": each.survey_crs,
        "repair_note": each.repair_note,
        "repaired": None if each.repaired is None else orjson.Fragment(each.repaired),
        "errors": _faults(each, lang),
    }


def _row(each: PreviewFeature, lang: Lang) -> dict[str, Any]:
    return {
        "row": int(each.place.removeprefix("row ")),
        "where": each.place,
        "values": each.attributes,
        "errors": _faults(each, lang),
    }


def _faults(each: PreviewFeature, lang: Lang) -> list[dict[str, Any]]:
    return [
        {"where": fault["where"], "message": fault[lang], "level": fault["level"]} for fault in each.faults
    ]
