"""Run a check as the worker does: in a process of its own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bim.checks.runner import run_check
from bim.checks.values import CheckOrder, ResultRow, Summary, iter_rows, read_summary
from bim.limits import ConversionLimits, ProcessLimits
from bim.results import Verdict


@dataclass(frozen=True)
class Done:
    """A finished check."""

    verdict: Verdict
    spool: Path

    @property
    def summary(self) -> Summary:
        """The head of the result."""
        return read_summary(self.spool)

    @property
    def rows(self) -> list[ResultRow]:
        """The rows of the result."""
        return list(iter_rows(self.spool))

    @property
    def pairs(self) -> set[tuple[str | None, str | None]]:
        """The pairs of a clash check."""
        return {(row.global_id, row.other_global_id) for row in self.rows}


Check = Callable[..., Done]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run a check and give what came of it."""
    runs = iter(range(100))

    def run(kind: Any, source: Path, wall_s: float = 120.0, **given: Any) -> Done:
        spool = tmp_path / f"spool-{next(runs)}"
        limits = ConversionLimits(process=ProcessLimits(wall_s=wall_s, cpu_s=120))
        order = CheckOrder(kind, spool, source=source, limits=limits, **given)
        return Done(asyncio.run(run_check(order)).verdict, spool)

    return run
