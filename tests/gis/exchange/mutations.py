"""Files broken on purpose, always the same way. Run it for many: ``python -m tests.gis.exchange.mutations 2000``."""

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gis.exchange.errors import ExchangeError
from gis.exchange.read import read_file
from tests.gis.exchange.boundary_cases import boundary_cases
from tests.gis.exchange.cases import Case
from tests.gis.exchange.container_cases import container_cases
from tests.gis.exchange.damage import anywhere, inside
from tests.gis.exchange.ledger_mutations import ledger_outcome, mutated_ledgers

_SEED = 20260101


def mutated(count: int, seed: int = _SEED) -> Iterator[tuple[Case, bytes]]:
    """Yield broken copies of the files of the corpus."""
    chance = random.Random(seed)
    cases = [case for case in (*boundary_cases(), *container_cases()) if 0 < len(case.data) < 200_000]
    for number in range(count):
        case = cases[number % len(cases)]
        yield case, (inside if number // len(cases) % 3 else anywhere)(case.data, chance)


def outcome(case: Case, data: bytes, folder: Path) -> str:
    """Read a broken file; return ``read``, ``asked`` or ``refused``. Any other error comes through."""
    path = folder / "file"
    path.write_bytes(data)
    try:
        result = read_file(path, case.file, case.choices)
    except ExchangeError as error:
        if not (error.errors and all(each.en and each.zh and each.level == "error" for each in error.errors)):
            raise AssertionError("a refusal says nothing") from error
        return "refused"
    if result.questions:
        return "asked"
    if result.crs is None or not all(each.survey_crs == result.crs for each in result.features):
        raise AssertionError("read, but nowhere")
    return "read"


def main() -> None:
    """Break as many files as asked and count what became of them."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Counter(outcome(case, data, Path(folder)) for case, data in mutated(count))
        print(dict(outcomes))
        ledgers = Counter(ledger_outcome(case, data, Path(folder)) for case, data in mutated_ledgers(count))
        print("ledgers", dict(ledgers))


if __name__ == "__main__":
    main()
