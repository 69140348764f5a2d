"""Ledgers as imports see them: what their rows are, the faults that keep them out, mappings saved for their headers."""

from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gis.exchange import LEDGER_KINDS, MappingTemplate, TemplateColumn
from twin.errors import InvalidInputError
from twin.imports.targets import Target
from twin.uploads import models
from twin.uploads.models import Reading

LAYERS: Final = {"land_parcel": "land_parcels", "control_area": "control_areas", "project": "projects"}
"""Layers by what the reader of ledgers calls its rows."""

_FAULTS: Final = text("""
SELECT faults FROM upload_feature
WHERE reading_id = :reading_id AND jsonb_path_exists(faults, '$[*] ? (@.level == "error")') ORDER BY number LIMIT 200
""")


class LedgerFaultsError(InvalidInputError):
    """Cells of a ledger are wrong; `faults` names each, and the marked copy shows them."""

    def __init__(self, faults: list[dict[str, Any]], count: int) -> None:
        first = faults[0]
        super().__init__(
            f"{count} cells are wrong, the first is {first['where']}: {first['en']} Mend them (the marked copy shows "
            "where) and send the ledger again.",
            f"有 {count} 处单元格错误，首个为 {first['where']}：{first['zh']}请按标注副本修改后重新上传。",
            first["where"],
        )
        self.faults = [(each["where"], each["en"], each["zh"]) for each in faults]


def is_ledger(reading: Reading) -> bool:
    """Tell whether a file is a table of rows, not of features."""
    return reading.kind in LEDGER_KINDS


def check_ledger(session: Session, reading: Reading, target: Target) -> None:
    """Check that a ledger holds rows of a layer and no faulty cell.

    Raises
    ------
    InvalidInputError
        Its rows are something else.
    LedgerFaultsError
        Cells are wrong.
    """
    told = reading.summary["ledger"]
    if LAYERS.get(told["target"]) != target.collection:
        raise InvalidInputError(
            f"The ledger was read as {told['target']}, not as rows of {target.name}; answer target otherwise, or import "
            f"it into {LAYERS.get(told['target'])}.",
            f"台账按 {told['target']} 读取，不能导入 {target.name}；请更改 target，或导入 {LAYERS.get(told['target'])}。",
            "target",
        )
    if not told["error_count"]:
        return
    faults = list(told["table_errors"])
    for row in session.scalars(_FAULTS, {"reading_id": reading.id}):
        faults += [each for each in row if each["level"] == "error"]
    raise LedgerFaultsError(faults[:200], told["error_count"])


def headers_of(reading: Reading) -> list[str]:
    """Return the headers of a ledger's columns, each once, sorted."""
    return sorted({str(each["header"]) for each in reading.summary["ledger"]["columns"]})


def find_ledger_template(session: Session, reading: Reading) -> MappingTemplate | None:
    """Return the newest mapping that was saved for exactly these headers."""
    table = models.MappingTemplate
    statement = select(table).where(table.columns == headers_of(reading), table.layer.in_(LAYERS.values()))
    target = reading.summary["ledger"]["target"]
    if target is not None:
        statement = statement.where(table.layer == LAYERS[target])
    saved = session.scalar(statement.order_by(table.updated_at.desc()).limit(1))
    if saved is None:
        return None
    rows = next(name for name, layer in LAYERS.items() if layer == saved.layer)
    columns = [
        TemplateColumn(header, name, saved.units.get(header)) for header, name in saved.mapping.items()
    ]
    return MappingTemplate(rows, tuple(columns))
