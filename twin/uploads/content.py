"""A file from outside as rows and a summary of them; runs in the process of the reader."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from gis.exchange import LEDGER_KINDS, ReadChoices, ReadResult, read_file, sniff
from twin.uploads.described import describe_columns, describe_features, feature_row
from twin.uploads.ledgers import read_ledger_content
from twin.uploads.lines import Content, Row, evidence_json, finding_json, plain, question_json
from twin.uploads.orders import Order

MOST_WARNINGS: Final = 1_000


def read_content(order: Order) -> Content:
    """Read a file.

    Raises
    ------
    ExchangeError
        It cannot be used; every fault with its place.
    """
    path = Path(order.source)
    if order.marked or sniff(path, order.name) in LEDGER_KINDS:
        return read_ledger_content(order)
    names = [each.name for each in fields(ReadChoices)]
    choices = {name: order.choices[name] for name in names if order.choices.get(name) is not None}
    result = read_file(path, order.name, ReadChoices(**choices))
    return Content(_rows(result), _summary(result))


def _rows(result: ReadResult) -> Iterator[Row]:
    return (feature_row(each) for each in result.features)


def _summary(result: ReadResult) -> dict[str, Any]:
    warnings = result.warnings[:MOST_WARNINGS]
    return {
        "kind": result.kind,
        "encoding": result.encoding,
        "crs": result.crs,
        "evidence": [evidence_json(each) for each in result.crs_evidence],
        "warnings": [finding_json(each) for each in warnings],
        "warning_count": len(result.warnings),
        "questions": [question_json(each) for each in result.questions],
        "header": plain(result.header),
        "layers": plain(result.layers),
        "columns": describe_columns(each.attributes for each in result.features),
        **describe_features(result.features),
    }
