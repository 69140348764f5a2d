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

_SEED = 20260101


def mutated(count: int, seed: int = _SEED) -> Iterator[tuple[Case, bytes]]:
    """Yield broken copies of the files of the corpus."""
    chance = random.Random(seed)
    cases = [case for case in (*boundary_cases(), *container_cases()) if 0 < len(case.data) < 200_000]
    for number in range(count):
        case = cases[number % len(cases)]
        data = bytearray(case.data)
        for _ in range(chance.randint(1, 6)):
            _break(data, chance)
        yield case, bytes(data)


def _break(data: bytearray, chance: random.Random) -> None:
    if not data:
        return
    at, kind = chance.randrange(len(data)), chance.randrange(6)
    length = chance.randint(1, 40)
    if kind == 0:
        data[at] = chance.randrange(256)
    elif kind == 1:
        del data[at : at + length]
    elif kind == 2:
        data[at:at] = data[at : at + length]
    elif kind == 3:
        data[at:at] = chance.randbytes(length)
    elif kind == 4:
        data[at : at + 1] = chance.choice(
            [b"\x00", b",", b"\n", b"-", b"9", b"@", b"e9", b"\xff\xff\xff\xff"]
        )
    elif chance.random() < 0.2:
        del data[at:]


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


if __name__ == "__main__":
    main()
