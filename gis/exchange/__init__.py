"""Files that planners really have, read with the reasons and written so that others can read them."""

from gis.exchange.errors import ExchangeError
from gis.exchange.ledger import read_ledger
from gis.exchange.ledger_fields import TARGETS, LedgerField
from gis.exchange.ledger_marks import write_marked_copy
from gis.exchange.ledger_model import (
    LEDGER_KINDS,
    CellFinding,
    LedgerChoices,
    LedgerColumn,
    LedgerResult,
    LedgerRow,
    MappingTemplate,
    SkippedRow,
    TemplateColumn,
)
from gis.exchange.model import (
    KINDS,
    Evidence,
    Finding,
    Question,
    ReadChoices,
    ReadFeature,
    ReadResult,
)
from gis.exchange.read import read_file
from gis.exchange.sniff import sniff
from gis.exchange.txt_write import write_txt

__all__ = [
    "KINDS",
    "LEDGER_KINDS",
    "TARGETS",
    "CellFinding",
    "Evidence",
    "ExchangeError",
    "Finding",
    "LedgerChoices",
    "LedgerColumn",
    "LedgerField",
    "LedgerResult",
    "LedgerRow",
    "MappingTemplate",
    "Question",
    "ReadChoices",
    "ReadFeature",
    "ReadResult",
    "SkippedRow",
    "TemplateColumn",
    "read_file",
    "read_ledger",
    "sniff",
    "write_marked_copy",
    "write_txt",
]
