"""Ways to spoil an IFC file, each a function of a random generator and the bytes before; none knows the code under test."""

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable

Mutator = Callable[[random.Random, bytes], bytes]

_NUMBER = re.compile(rb"(?<=[(,])-?\d+\.\d*(?:E[-+]?\d+)?(?=[,)])")
_REFERENCE = re.compile(rb"#\d+")
_INSTANCE = re.compile(rb"#(\d+)\s*=\s*([A-Z0-9_]+)\s*\(")
_STRING = re.compile(rb"'[^'\\]*'")
_SCHEMA = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'[^']*'")
_NUMBERS = (
    b"1.E308", b"-1.E308", b"1.E400", b"9999999999999999999999.", b"-0.", b"1.E-320", b"0.", b"1.#INF",
    b"-1.#IND", b"NAN", b"1e5", b"1.5.5", b"--1.", b"99999999999999999999999999999999999999", b".5", b"1.E", b"5",
)  # fmt: skip
_ARGUMENTS = (
    b"$", b"*", b"''", b"'x'", b".T.", b".NOTDEFINED.", b"()", b"((()))", b"#999999999", b"#0", b"IFCLABEL('x')",
    b"IFCREAL(1.)", b"\"FF\"", b"-1", b"1.", b"(1.,2.,3.)", b"(#1,#1)", b".U.", b"", b"IFCBOOLEAN(.T.)",
)  # fmt: skip
_SCHEMAS = (
    b"IFC2X3", b"IFC4", b"IFC4X3_ADD2", b"IFC4X3_RC3", b"IFC2X2_FINAL", b"IFC5", b"AP214", b"", b"IFC4X1", b"ifc4",
    b"\xe5\xbb\xba\xe7\xad\x91",
)  # fmt: skip
_RAW = (
    "钢筋混凝土墙".encode("gbk"), "梁柱".encode("gb18030"), "コンクリート壁".encode("shift_jis"), "Bürogebäude".encode("latin-1"),
    "стена".encode("cp1251"), "墙体".encode(), "墙".encode("utf-16"), b"\xff\xfe\x00", b"\x00", b"\\X2\\4E2D", b"\\X2\\ZZZZ\\X0\\",
    b"\\S", b"\\P", b"\\X4\\0001F600\\X0\\", b"\\X2\\D800\\X0\\", b"\\", b"''", b"'", b"\r\n", b"/*", b"*/", b";",
)  # fmt: skip
_HEADS = (
    b"",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"PK\x03\x04",
    b"{",
    b"<?xml ",
    b"\x00" * 16,
    b"\n\n  ",
    b"%PDF",
    b"AC1032",
    b"\xd0\xcf\x11\xe0",
)


def flip_bytes(rng: random.Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
    return bytes(spoilt)


def flip_bits(rng: random.Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def flip_digits(rng: random.Random, data: bytes) -> bytes:
    places = [match.start() for match in re.finditer(rb"\d", data)]
    spoilt = bytearray(data)
    for place in rng.sample(places, min(len(places), rng.randint(1, 30))):
        spoilt[place] = 0x30 + rng.randrange(10)
    return bytes(spoilt)


def cut_end(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def cut_end_but_close(rng: random.Random, data: bytes) -> bytes:
    """Lose the tail and close the file again, as a repair tool might."""
    place = data.rfind(b";", 0, rng.randint(1, max(1, len(data) - 1))) + 1
    return data[:place] + b"\nENDSEC;\nEND-ISO-10303-21;\n"


def cut_middle(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, max(1, len(data) // 4)) :]


def double_part(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    stop = start + rng.randint(1, 2000)
    return data[:stop] + data[start:stop] + data[stop:]


def drop_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    for _ in range(rng.randint(1, 5)):
        del lines[rng.randrange(len(lines))]
        if not lines:
            break
    return b"\n".join(lines)


def double_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    for _ in range(rng.randint(1, 5)):
        place = rng.randrange(len(lines))
        lines.insert(rng.randrange(len(lines)), lines[place])
    return b"\n".join(lines)


def shuffle_lines(rng: random.Random, data: bytes) -> bytes:
    head, mark, body = data.partition(b"DATA;")
    lines = body.split(b"\n")
    rng.shuffle(lines)
    return head + mark + b"\n".join(lines)


def swap_references(rng: random.Random, data: bytes) -> bytes:
    found = list(_REFERENCE.finditer(data))
    return _replaced(data, [(one, rng.choice(found).group()) for one in _some(rng, found, 6)])


def refer_to_itself(rng: random.Random, data: bytes) -> bytes:
    """Let some references inside an instance point to the instance itself, or to one that points back."""
    instances = list(_INSTANCE.finditer(data))
    changes = []
    for one in _some(rng, instances, 4):
        end = data.find(b";", one.end())
        inside = list(_REFERENCE.finditer(data, one.end(), end if end > 0 else len(data)))
        changes += [(each, b"#" + one.group(1)) for each in _some(rng, inside, 1)]
    return _replaced(data, changes)


def renumber(rng: random.Random, data: bytes) -> bytes:
    """Give an instance the number of another, or one beyond any integer."""
    instances = list(_INSTANCE.finditer(data))
    changes = []
    for one in _some(rng, instances, 2):
        number = rng.choice([rng.choice(instances).group(1), b"0", b"4294967296", b"9" * 20, b"-1"])
        changes.append((one, b"#" + number + b"=" + one.group(2) + b"("))
    return _replaced(data, changes)


def change_numbers(rng: random.Random, data: bytes) -> bytes:
    found = list(_NUMBER.finditer(data))
    return _replaced(data, [(one, rng.choice(_NUMBERS)) for one in _some(rng, found, 8)])


def scale_numbers(rng: random.Random, data: bytes) -> bytes:
    """Huge, tiny or negative lengths everywhere: valid text, mad geometry."""
    factor = rng.choice([1e9, 1e-9, -1.0, 1e15, 0.0, 1e100])
    share = rng.random()
    return _NUMBER.sub(
        lambda one: (
            repr(float(one.group()) * factor).encode().replace(b"e", b"E")
            if rng.random() < share
            else one.group()
        ),
        data,
    )


def nest_parentheses(rng: random.Random, data: bytes) -> bytes:
    depth = rng.choice([1, 5, 60, 70, 1_000, 100_000])
    found = list(_NUMBER.finditer(data)) or list(_REFERENCE.finditer(data))
    return _replaced(data, [(one, b"(" * depth + one.group() + b")" * depth) for one in _some(rng, found, 1)])


def spoil_texts(rng: random.Random, data: bytes) -> bytes:
    found = list(_STRING.finditer(data))
    changes = []
    for one in _some(rng, found, 5):
        raw = rng.choice(
            [*_RAW, b"x" * rng.choice([300, 70_000]), bytes(rng.randrange(256) for _ in range(9))]
        )
        changes.append((one, b"'" + raw + b"'"))
    return _replaced(data, changes)


def change_arguments(rng: random.Random, data: bytes) -> bytes:
    """Put values of another kind in place of arguments, or leave some out, or add some."""
    changes = []
    for one in _some(rng, list(_INSTANCE.finditer(data)), 6):
        end = data.find(b");", one.end())
        if end < 0:
            continue
        arguments = data[one.end() : end].split(b",")
        what = rng.randrange(4)
        if what == 0:
            arguments.pop(rng.randrange(len(arguments)))
        elif what == 1:
            arguments.insert(rng.randrange(len(arguments) + 1), rng.choice(_ARGUMENTS))
        else:
            arguments[rng.randrange(len(arguments))] = rng.choice(_ARGUMENTS)
        changes.append((one.end(), end, b",".join(arguments)))
    return _put(data, changes)


def change_classes(rng: random.Random, data: bytes) -> bytes:
    instances = list(_INSTANCE.finditer(data))
    names = [one.group(2) for one in instances] or [b"IFCWALL"]
    changes = []
    for one in _some(rng, instances, 5):
        name = rng.choice([*rng.choices(names, k=4), b"IFCNOTHING", b"IFCROOT", b"ifcwall", b"IFCWALL", b""])
        changes.append((one, b"#" + one.group(1) + b"=" + name + b"("))
    return _replaced(data, changes)


def change_schema(rng: random.Random, data: bytes) -> bytes:
    name = rng.choice(_SCHEMAS)
    return _SCHEMA.sub(lambda _: b"FILE_SCHEMA(('" + name + b"'", data, count=1)


def change_head(rng: random.Random, data: bytes) -> bytes:
    return rng.choice(_HEADS) + data[rng.choice([0, 0, 1, 5, 13]) :]


def change_tail(rng: random.Random, data: bytes) -> bytes:
    tails = (b"\x00" * 40, b"/* end */", b"ENDSEC;", data[:200], b"#1=", b"\xff", b"\nEND-ISO-10303-21;")
    return data + rng.choice(tails)


def change_lines(rng: random.Random, data: bytes) -> bytes:
    return data.replace(b"\n", rng.choice([b"\r\n", b"\r", b"", b"\n\n", b" \t", b"/**/\n"]))


def pack(rng: random.Random, data: bytes) -> bytes:
    """Put the file into a zip, honest or not."""
    packed = io.BytesIO()
    method = rng.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    names = rng.choice(
        [["a.ifc"], ["a.ifc"], ["a.ifc", "b.ifc"], ["a.txt"], ["../../a.ifc"], ["/etc/a.ifc"], ["C:\\a.ifc"],
         ["模型.ifc"], ["d/a.ifc", "d/b.xml"], [f"{n}.txt" for n in range(50)] + ["a.ifc"]]
    )  # fmt: skip
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name in names:
            archive.writestr(name, data)
    return packed.getvalue()


def pack_and_spoil(rng: random.Random, data: bytes) -> bytes:
    packed = pack(rng, data)
    return rng.choice([flip_bytes, flip_bits, cut_end, cut_middle, double_part])(rng, packed)


def bomb(rng: random.Random, data: bytes) -> bytes:
    """A zip that says little and holds much: 64 MB of blanks, or one whose directory lies about its size."""
    packed = io.BytesIO()
    size = rng.choice([1 << 20, 1 << 24, 1 << 26])
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a.ifc", data + b" " * size)
    value = packed.getvalue()
    if rng.random() < 0.5:
        return value
    place = value.rfind(b"PK\x01\x02") + 24
    return value[:place] + struct.pack("<I", rng.choice([1, len(data), 0xFFFFFFFF])) + value[place + 4 :]


def be_foreign(rng: random.Random, data: bytes) -> bytes:
    return rng.choice(
        [b"", b"\x00", b" ", b"ISO-10303-21;", b"ISO-10303-21;END-ISO-10303-21;", zlib.compress(data),
         bytes(rng.randrange(256) for _ in range(rng.randint(1, 5000))), b"{\"type\":\"ifcJSON\"}", data[::-1],
         b"ISO-10303-21;\nHEADER;\nENDSEC;\nDATA;\nENDSEC;\nEND-ISO-10303-21;\n"]
    )  # fmt: skip


MUTATORS: dict[str, tuple[Mutator, int]] = {
    "flip_bytes": (flip_bytes, 4), "flip_bits": (flip_bits, 4), "flip_digits": (flip_digits, 6),
    "cut_end": (cut_end, 3), "cut_end_but_close": (cut_end_but_close, 5), "cut_middle": (cut_middle, 3),
    "double_part": (double_part, 2), "drop_lines": (drop_lines, 6), "double_lines": (double_lines, 4),
    "shuffle_lines": (shuffle_lines, 1), "swap_references": (swap_references, 10),
    "refer_to_itself": (refer_to_itself, 8), "renumber": (renumber, 5), "change_numbers": (change_numbers, 8),
    "scale_numbers": (scale_numbers, 5), "nest_parentheses": (nest_parentheses, 3), "spoil_texts": (spoil_texts, 6),
    "change_arguments": (change_arguments, 10), "change_classes": (change_classes, 8),
    "change_schema": (change_schema, 2), "change_head": (change_head, 2), "change_tail": (change_tail, 1),
    "change_lines": (change_lines, 1), "pack": (pack, 2), "pack_and_spoil": (pack_and_spoil, 3), "bomb": (bomb, 1),
    "be_foreign": (be_foreign, 1),
}  # fmt: skip


def mutate(rng: random.Random, data: bytes) -> tuple[str, bytes]:
    """Spoil a file in one to three ways; return their names and the bytes."""
    names = list(MUTATORS)
    weights = [weight for _, weight in MUTATORS.values()]
    chosen = rng.choices(names, weights, k=rng.choice([1, 1, 1, 2, 3]))
    for name in chosen:
        if data:
            data = MUTATORS[name][0](rng, data)
    return "+".join(chosen), data


def _some(rng: random.Random, found: list[re.Match[bytes]], most: int) -> list[re.Match[bytes]]:
    return rng.sample(found, min(len(found), rng.randint(1, most))) if found else []


def _replaced(data: bytes, changes: list[tuple[re.Match[bytes], bytes]]) -> bytes:
    return _put(data, [(one.start(), one.end(), new) for one, new in changes])


def _put(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Put new text in place of stretches, from the back; of two that overlap the later one wins."""
    end = len(data) + 1
    for start, stop, new in sorted(changes, reverse=True):
        if stop <= end:
            data, end = data[:start] + new + data[stop:], start
    return data
