"""Ways to break a file: anywhere, or within what its container holds."""

import io
import random
import zipfile

from tests.gis.exchange.container_cases import packed


def anywhere(whole: bytes, chance: random.Random) -> bytes:
    """Break bytes of a file."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, 6)):
        _break(data, chance)
    return bytes(data)


def inside(whole: bytes, chance: random.Random) -> bytes:
    """Break what a container holds and leave the container sound; of a text, whole lines and fields."""
    if whole.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(whole)):
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        name = chance.choice(sorted(files))
        return packed({**files, name: inside(files[name], chance)})
    for encoding in ("utf-8", "gb18030"):
        try:
            lines = whole.decode(encoding).split("\n")
        except UnicodeDecodeError:
            continue
        for _ in range(chance.randint(1, 2)):
            break_piece(lines, chance)
        return "\n".join(lines).encode(encoding)
    data = bytearray(whole)
    data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def break_piece(lines: list[str], chance: random.Random) -> None:
    """Break one of the lines of a text: drop, double, swap, add a sign, drop a sign, shuffle its fields."""
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
