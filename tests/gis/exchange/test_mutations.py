"""Broken files are read, asked about or refused: nothing else is raised."""

from collections import Counter
from pathlib import Path

from tests.gis.exchange.ledger_mutations import ledger_outcome, mutated_ledgers
from tests.gis.exchange.mutations import mutated, outcome


def test_broken_files_never_crash_a_reader(tmp_path: Path) -> None:
    outcomes = Counter(outcome(case, data, tmp_path) for case, data in mutated(180))
    assert sum(outcomes.values()) == 180
    # Both ends are reached: some damage is survived, some refused.
    assert outcomes["refused"] > 40
    assert outcomes["read"] > 4


def test_broken_ledgers_never_crash_the_reader(tmp_path: Path) -> None:
    outcomes = Counter(ledger_outcome(case, data, tmp_path) for case, data in mutated_ledgers(240))
    assert sum(outcomes.values()) == 240
    assert outcomes["refused"] > 40
    assert outcomes["read"] > 20
    assert outcomes["faulty"] > 20
