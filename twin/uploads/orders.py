"""What the process that reads a file is told, and the names of the files in its folder."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

ORDER: Final = "order.json"
SUMMARY: Final = "summary.json"
FEATURES: Final = "features.copy"
REFUSAL: Final = "refusal.json"
MARKED: Final = "marked.xlsx"
LOG: Final = "log.txt"
PROGRESS: Final = "progress.txt"


@dataclass(frozen=True)
class Order:
    """Which file to read, with which choices of its owner, within which limits.

    Attributes
    ----------
    choices : dict
        By the names of `gis.exchange.ReadChoices` and `gis.exchange.LedgerChoices`.
    marked : bool
        Make the marked copy of a ledger instead of its rows.
    """

    source: str
    name: str
    choices: dict[str, Any] = field(default_factory=dict)
    memory_mb: int = 2_048
    cpu_s: int = 120
    output_mb: int = 2_048
    marked: bool = False


def write_order(path: Path, order: Order) -> None:
    """Write an order for the process that will read it."""
    path.write_text(json.dumps(asdict(order), ensure_ascii=False), encoding="utf-8")


def read_order(path: Path) -> Order:
    """Read an order."""
    return Order(**json.loads(path.read_text(encoding="utf-8")))
