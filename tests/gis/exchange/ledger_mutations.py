"""Ledgers broken on purpose, always the same way; `tests.gis.exchange.mutations` runs them with the other files."""

import io
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

from gis.exchange.errors import ExchangeError
from gis.exchange.ledger import read_ledger
from gis.exchange.ledger_marks import write_marked_copy
from tests.gis.exchange.container_cases import packed
from tests.gis.exchange.damage import anywhere, break_piece, inside
from tests.gis.exchange.ledger_cases import ledger_cases
from tests.gis.exchange.ledger_files import LedgerCase
from tests.gis.exchange.ledger_hostile import hostile_cases

_SEED = 20260102


def mutated_ledgers(count: int, seed: int = _SEED) -> Iterator[tuple[LedgerCase, bytes]]:
    """Yield broken copies of the ledgers of the corpus: two in three within the container, the others anywhere."""
    chance = random.Random(seed)
    corpus = (*ledger_cases(), *hostile_cases())
    cases = [case for case in corpus if not case.refused and len(case.data) < 100_000]
    for number in range(count):
        case = cases[number % len(cases)]
        yield case, (part if number % 3 else anywhere)(case.data, chance)


def part(whole: bytes, chance: random.Random) -> bytes:
    """Break tags of a workbook's parts, of a sheet the likeliest; of a CSV its lines."""
    if not (whole.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(whole))):
        return inside(whole, chance)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    sheets = [name for name in files if "sheet" in name or "shared" in name]
    name = chance.choice(sheets if sheets and chance.random() < 0.8 else sorted(files))
    pieces = files[name].decode("utf-8", "replace").split("<")
    damage = break_piece if chance.random() < 0.3 else _alter
    for _ in range(chance.randint(1, 4)):
        damage(pieces, chance)
    return packed({**files, name: "<".join(pieces).encode()})


def _alter(pieces: list[str], chance: random.Random) -> None:
    """Change a digit or letter of a value, so that the XML stays sound."""
    at = chance.randrange(len(pieces))
    start = max(pieces[at].find(" "), pieces[at].find(">")) + 1
    places = [place for place in range(start, len(pieces[at])) if start and pieces[at][place].isalnum()]
    if places:
        place = chance.choice(places)
        pieces[at] = pieces[at][:place] + chance.choice("0123456789AZsnbe.-年") + pieces[at][place + 1 :]


def ledger_outcome(case: LedgerCase, data: bytes, folder: Path) -> str:
    """Read a broken ledger; return ``read``, ``asked``, ``faulty`` or ``refused``. Any other error comes through."""
    path = folder / "ledger"
    path.write_bytes(data)
    try:
        result = read_ledger(path, case.file, case.choices)
        if result.errors:
            write_marked_copy(path, case.file, result)
    except ExchangeError as error:
        if not (error.errors and all(each.en and each.zh and each.level == "error" for each in error.errors)):
            raise AssertionError("a refusal says nothing") from error
        return "refused"
    if not all(each.en and each.zh for each in result.findings):
        raise AssertionError("a finding says nothing")
    if result.errors:
        return "faulty"
    if result.questions:
        return "asked"
    if not result.rows or (result.features and result.crs is None):
        raise AssertionError("read, but nothing or nowhere")
    return "read"
