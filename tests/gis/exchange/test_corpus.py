"""Every file of the corpus is read right, or refused with the place and the remedy."""

from pathlib import Path

import pytest

from gis.exchange.errors import ExchangeError
from gis.exchange.read import read_file
from tests.gis.exchange.boundary_cases import boundary_cases
from tests.gis.exchange.cases import Case
from tests.gis.exchange.container_cases import container_cases

CASES = [*boundary_cases(), *container_cases()]
READ = [case for case in CASES if not case.refused]
REFUSED = [case for case in CASES if case.refused]


def _put(case: Case, folder: Path) -> Path:
    path = folder / "file"
    path.write_bytes(case.data)
    return path


def test_the_corpus_has_sixty_files_and_more() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_a_file_with_a_quirk_is_read_right(case: Case, tmp_path: Path) -> None:
    result = read_file(_put(case, tmp_path), case.file, case.choices)
    assert result.crs == case.crs
    assert case.encoding is None or result.encoding == case.encoding
    found = [(each.attributes.get("parcel_no"), each.repaired or each.geometry) for each in result.features]
    assert [number for number, _ in found] == [number for number, _ in case.parts]
    if case.crs is not None:
        for feature, (_, area_m2) in zip(result.features, case.parts, strict=True):
            assert feature.computed_area_m2 == pytest.approx(area_m2, rel=1e-3)
    else:
        assert all(feature.computed_area_m2 is None for feature in result.features)
    warnings = [each.en for each in result.warnings if each.level != "note"]
    assert not (case.quiet and warnings), warnings
    for words in case.says:
        assert any(words in warning for warning in warnings), warnings
    assert [question.field for question in result.questions] == ([case.asks] if case.asks else [])
    assert all(question.choices and question.zh for question in result.questions)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_file_with_a_fault_is_refused_with_place_and_remedy(case: Case, tmp_path: Path) -> None:
    with pytest.raises(ExchangeError) as caught:
        read_file(_put(case, tmp_path), case.file, case.choices)
    for words in case.refused:
        assert words in caught.value.en
    assert all(fault.level == "error" and fault.zh and fault.en for fault in caught.value.errors)
