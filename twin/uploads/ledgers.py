"""A ledger as rows and a summary of them; runs in the process of the reader."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from gis.exchange import (
    CellFinding,
    LedgerChoices,
    LedgerColumn,
    LedgerResult,
    LedgerRow,
    MappingTemplate,
    ReadFeature,
    read_ledger,
    write_marked_copy,
)
from twin.uploads.described import describe_features, feature_row
from twin.uploads.lines import Content, Row, evidence_json, plain, question_json, storable
from twin.uploads.orders import MARKED, Order

_SIMPLE: Final = (
    "target",
    "sheet",
    "encoding",
    "delimiter",
    "crs",
    "unit",
    "hidden_rows",
    "header_rows",
    "zone",
)
_FINDINGS: Final = 1_000


def read_ledger_content(order: Order) -> Content:
    """Read a ledger; every fault of a cell stands with its row.

    Raises
    ------
    ExchangeError
        It cannot be used at all.
    """
    path = Path(order.source)
    result = read_ledger(path, order.name, ledger_choices(order.choices))
    marked = (MARKED, write_marked_copy(path, order.name, result)) if order.marked else None
    return Content(_rows(result), _summary(result), marked)


def ledger_choices(told: Mapping[str, Any]) -> LedgerChoices:
    """Return the choices of a ledger's owner as its reader takes them.

    Raises
    ------
    ExchangeError
        One of them is none.

    Examples
    --------
    >>> found = ledger_choices({"layer": "2025", "zone": 39, "mapping": {"B": "name"}, "answers": {"units.D": "万元"}})
    >>> found.sheet, found.zone, dict(found.mapping), dict(found.units)
    ('2025', 39, {'B': 'name'}, {'D': '万元'})
    """
    template = told.get("template")
    choices = LedgerChoices(
        mapping=dict(told.get("mapping") or {}),
        units=dict(told.get("units") or {}),
        template=None if template is None else MappingTemplate.from_dict(template),
    )
    simple = {"sheet": told.get("layer"), **{name: told[name] for name in _SIMPLE if name in told}}
    for question, answer in {**simple, **(told.get("answers") or {})}.items():
        if answer is not None:
            choices = choices.answered(question, str(answer))
    return choices


def _rows(result: LedgerResult) -> list[Row]:
    faults: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for each in result.findings:
        faults[each.row].append(_finding(each))
    shapes = {each.where: each for each in result.features}
    return [_row(each, shapes.get(f"row {each.row}"), faults[each.row]) for each in result.rows]


def _row(row: LedgerRow, shape: ReadFeature | None, faults: list[dict[str, Any]]) -> Row:
    place = f"row {row.row}"
    attributes = {**row.extra, **row.values}
    stated = row.values.get("stated_area_m2")
    area_m2 = float(stated) if isinstance(stated, int | float | Decimal) else None
    if shape is None:
        return Row(place, attributes, stated_area_m2=area_m2, faults=faults)
    made = feature_row(shape)
    return Row(
        place,
        attributes,
        made.survey_crs,
        area_m2 if area_m2 is not None else made.stated_area_m2,
        made.computed_area_m2,
        made.repair_note,
        faults,
        made.geom,
        made.geom_map,
        made.repaired,
        made.repaired_map,
    )


def _summary(result: LedgerResult) -> dict[str, Any]:
    known = {each.row for each in result.rows}
    apart = [each for each in result.findings if each.row not in known]
    described = describe_features(result.features)
    return {
        "kind": result.kind,
        "encoding": result.encoding,
        "crs": result.crs,
        "evidence": [evidence_json(each) for each in result.evidence],
        "warnings": [_finding(each) for each in apart[:_FINDINGS]],
        "warning_count": len(apart),
        "questions": [question_json(each) for each in result.questions],
        "header": {},
        "layers": plain(result.sheets),
        "columns": [{"name": each.field, "samples": []} for each in result.columns if each.field is not None],
        **described,
        "feature_count": len(result.rows),
        "ledger": {
            "sheet": result.sheet,
            "target": result.target,
            "header_rows": list(result.header_rows),
            "columns": [_column(each) for each in result.columns],
            "skipped": [
                {"row": each.row, "reason": each.reason, "text": storable(each.text)}
                for each in result.skipped[:_FINDINGS]
            ],
            "error_count": len(result.errors),
            "table_errors": [_finding(each) for each in apart if each.level == "error"][:_FINDINGS],
            "template": result.template().to_dict(),
        },
    }


def _column(column: LedgerColumn) -> dict[str, Any]:
    return {
        "letter": column.letter,
        "header": storable(column.header),
        "field": column.field,
        "unit": column.unit,
        "confidence": column.confidence,
        "evidence": [evidence_json(each) for each in column.evidence],
    }


def _finding(finding: CellFinding) -> dict[str, Any]:
    return {
        "where": finding.where or "table",
        "en": storable(finding.en),
        "zh": storable(finding.zh),
        "level": finding.level,
    }
