"""Make a large IFC file of a small one: ``python -m tests.big_ifc SOURCE TARGET --megabytes 100``.

The model stands again and again in one project, every copy on a site 200 m from the last, with numbers of its own and
GlobalIds derived from the first ones. Project, units and contexts are shared. Points stay as they are: moving a shared
point would end the reuse of shapes and make the kernel several times slower than with a real model of that size.
"""

import argparse
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

_INSTANCE = re.compile(rb"#(\d+)\s*=\s*([A-Z0-9_]+)\s*(\((?:[^';]|'(?:[^']|'')*')*\))\s*;")
_TOKEN = re.compile(rb"'(?:[^']|'')*'|#(\d+)")
_GLOBAL_ID = re.compile(rb"^\(\s*'([0-9A-Za-z_$]{22})'")
_SHARED = (b"IFCPROJECT", b"IFCGEOMETRICREPRESENTATIONSUBCONTEXT")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$"
STEP_M = 200.0


def replicate(source: Path, target: Path, copies: int) -> None:
    """Write so many copies of a model into one file.

    Parameters
    ----------
    source : Path
        Plain STEP, with one IfcSite whose placement is an IfcLocalPlacement; lengths in metres, millimetres or feet.
    copies : int
        The first one keeps its numbers, GlobalIds and place.
    """
    data = source.read_bytes()
    head, mark, rest = data.partition(b"DATA;")
    body, end, tail = rest.rpartition(b"ENDSEC;")
    instances = {int(one[1]): (one[2], one[3]) for one in _INSTANCE.finditer(body)}
    shared = _closure(instances, [number for number, (name, _) in instances.items() if name in _SHARED])
    offset = max(instances) + 10
    step = STEP_M / _length_m(instances)
    with target.open("wb") as sink:
        sink.write(head + mark + b"\n")
        for copy in range(copies):
            for line in _copied(instances, shared, copy, offset, step):
                sink.write(line)
        sink.write(end + tail)


def _copied(
    instances: dict[int, tuple[bytes, bytes]], shared: set[int], copy: int, offset: int, step: float
) -> Iterator[bytes]:
    shift = copy * offset
    sites = {number for number, (name, _) in instances.items() if name == b"IFCSITE"}
    placements = {_site_placement(instances[number][1]): number for number in sites}
    free = shift + offset - 5  # numbers no instance of this copy has

    def renumbered(arguments: bytes) -> bytes:
        return _TOKEN.sub(
            lambda one: one[0] if one[1] is None or int(one[1]) in shared else b"#%d" % (int(one[1]) + shift),
            arguments,
        )

    for number, (name, arguments) in instances.items():
        if number in shared:
            if copy == 0:
                yield b"#%d=%s%s;\n" % (number, name, arguments)
            continue
        fresh = renumbered(arguments)
        if copy:
            fresh = _GLOBAL_ID.sub(lambda one: b"('" + _derived(one[1], copy) + b"'", fresh)
        if copy and number in placements:
            above = fresh[1:-1].split(b",")[0]
            yield b"#%d=IFCCARTESIANPOINT((%.6f,0.,0.));\n" % (free, copy * step)
            yield b"#%d=IFCAXIS2PLACEMENT3D(#%d,$,$);\n" % (free + 1, free)
            fresh = b"(%s,#%d)" % (above, free + 1)
        yield b"#%d=%s%s;\n" % (number + shift, name, fresh)


def _closure(instances: dict[int, tuple[bytes, bytes]], start: list[int]) -> set[int]:
    found: set[int] = set()
    while start:
        number = start.pop()
        if number in found or number not in instances:
            continue
        found.add(number)
        start += [int(one[1]) for one in _TOKEN.finditer(instances[number][1]) if one[1] is not None]
    return found


def _site_placement(arguments: bytes) -> int:
    """Number of the placement: the sixth argument of an IfcSite; texts may hold commas."""
    bare = re.sub(rb"'(?:[^']|'')*'", b"''", arguments)
    return int(bare[1:-1].split(b",")[5].strip().lstrip(b"#"))


def _length_m(instances: dict[int, tuple[bytes, bytes]]) -> float:
    for name, arguments in instances.values():
        if name == b"IFCCONVERSIONBASEDUNIT" and b".LENGTHUNIT." in arguments:
            return 0.3048
    for name, arguments in instances.values():
        if name == b"IFCSIUNIT" and b".LENGTHUNIT." in arguments:
            return 0.001 if b".MILLI." in arguments else 1.0
    return 1.0


def _derived(global_id: bytes, copy: int) -> bytes:
    number = int.from_bytes(hashlib.sha256(b"%s/%d" % (global_id, copy)).digest()[:16], "big")
    letters = []
    for _ in range(21):
        number, digit = divmod(number, 64)
        letters.append(_LETTERS[digit])
    return (_LETTERS[number % 4] + "".join(letters)).encode("ascii")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--megabytes", type=float, default=100.0)
    asked = parser.parse_args()
    copies = max(1, round(asked.megabytes * 1e6 / asked.source.stat().st_size))
    replicate(asked.source, asked.target, copies)
    print(f"{copies} copies, {asked.target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
