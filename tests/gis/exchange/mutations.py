"""Files broken on purpose, always the same way. Run it for many: ``python -m tests.gis.exchange.mutations 2000``."""

import io
import random
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gis.exchange.errors import ExchangeError
from gis.exchange.read import read_file
from tests.gis.exchange.boundary_cases import boundary_cases
from tests.gis.exchange.cases import Case
from tests.gis.exchange.container_cases import container_cases, packed

_SEED = 20260101


def mutated(count: int, seed: int = _SEED) -> Iterator[tuple[Case, bytes]]:
    """Yield broken copies of the files of the corpus."""
    chance = random.Random(seed)
    cases = [case for case in (*boundary_cases(), *container_cases()) if 0 < len(case.data) < 200_000]
    for number in range(count):
        case = cases[number % len(cases)]
        yield case, (_inside if number // len(cases) % 3 else _anywhere)(case.data, chance)


def _anywhere(whole: bytes, chance: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(chance.randint(1, 6)):
        _break(data, chance)
    return bytes(data)


def _inside(whole: bytes, chance: random.Random) -> bytes:
    """Break what a container holds and leave the container sound; of a text, whole lines and fields."""
    if whole.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(whole)):
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        name = chance.choice(sorted(files))
        return packed({**files, name: _inside(files[name], chance)})
    for encoding in ("utf-8", "gb18030"):
        try:
            lines = whole.decode(encoding).split("\n")
        except UnicodeDecodeError:
            continue
        for _ in range(chance.randint(1, 2)):
            _break_line(lines, chance)
        return "\n".join(lines).encode(encoding)
    data = bytearray(whole)
    data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def _break_line(lines: list[str], chance: random.Random) -> None:
    at, kind = chance.randrange(len(lines)), chance.randrange(6)
    line = lines[at]
    place = chance.randrange(len(line) + 1)
    if kind == 0:
        del lines[at]
        lines.append("")
    elif kind == 1:
        lines.insert(at, line)
    elif kind == 2:
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], line
    elif kind == 3:
        lines[at] = line[:place] + chance.choice('0123456789,.-@=地[]{}"<>') + line[place:]
    elif kind == 4:
        lines[at] = line[:place] + line[place + 1 :]
    else:
        fields = line.split(",")
        chance.shuffle(fields)
        lines[at] = ",".join(fields)


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
