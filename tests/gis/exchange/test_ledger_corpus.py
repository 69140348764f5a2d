"""Every ledger of the corpus is read right, or refused with the place and the remedy."""

from pathlib import Path

import pytest

from gis.exchange import ExchangeError, LedgerResult, read_ledger
from tests.gis.exchange.ledger_cases import ledger_cases
from tests.gis.exchange.ledger_files import LedgerCase
from tests.gis.exchange.ledger_hostile import hostile_cases

CASES = [*ledger_cases(), *hostile_cases()]
READ = [case for case in CASES if not case.refused]
REFUSED = [case for case in CASES if case.refused]


def _read(case: LedgerCase, folder: Path) -> LedgerResult:
    path = folder / "file"
    path.write_bytes(case.data)
    return read_ledger(path, case.file, case.choices)


def test_the_corpus_has_many_ledgers() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 80


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_a_ledger_with_a_quirk_is_read_right(case: LedgerCase, tmp_path: Path) -> None:
    result = _read(case, tmp_path)
    assert [question.field for question in result.questions] == list(case.asks)
    assert all(question.choices and question.en and question.zh for question in result.questions)
    assert result.target == case.target
    found = {each.where: each.level for each in result.findings if each.level != "note"}
    assert found == case.cells, [each.en for each in result.findings]
    for values, row in zip(case.values, result.rows, strict=False):
        assert {name: row.values[name] for name in values} == pytest.approx(values)
    assert len(result.rows) >= len(case.values)
    if case.rows is not None:
        assert tuple(row.row for row in result.rows) == case.rows
    if case.skipped:
        assert {each.row: each.reason for each in result.skipped} == case.skipped
    for words in case.says:
        assert any(words in each.en for each in result.findings), [each.en for each in result.findings]
    assert case.encoding is None or result.encoding == case.encoding
    assert result.crs == case.crs
    areas = [each.computed_area_m2 for each in result.features if each.computed_area_m2 is not None]
    assert areas == pytest.approx(list(case.areas), rel=1e-3)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_ledger_that_cannot_be_opened_is_refused_with_the_remedy(case: LedgerCase, tmp_path: Path) -> None:
    with pytest.raises(ExchangeError) as caught:
        _read(case, tmp_path)
    said = " ".join(f"{each.where}: {each.en}" for each in caught.value.errors)
    for words in case.refused:
        assert words in said
    assert all(fault.level == "error" and fault.zh and fault.en for fault in caught.value.errors)
