"""Small pictures for citizen reports: hand-written PNG and JPEG, some with EXIF time and position."""

import struct
import zlib

from twin.samples.draw import stream, whole

WIDTH, HEIGHT = 64, 48
BLOCK = 8
PHOTO_NAMES = ("dust.jpg", "noise.jpg", "road.jpg", "water.png", "fence.png", "ramp.png")
GPS_PHOTOS = {"dust.jpg": (115.7812, 33.0415), "road.jpg": (115.8427, 32.9538)}
COMMENT = b"synthetic: true"

# The first 12 luminance DC codes of ITU-T T.81 table K.3: how many of each length, and their values.
DC_COUNTS = (0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
DC_VALUES = tuple(range(12))


def photo_files() -> dict[str, bytes]:
    """Return the pictures by path."""
    return {f"photos/{name}": _png(name) if name.endswith("png") else _jpeg(name) for name in PHOTO_NAMES}


def _mosaic(name: str) -> list[list[int]]:
    rng = stream(f"photo:{name}")
    return [[whole(rng, 40, 220) for _ in range(WIDTH // BLOCK)] for _ in range(HEIGHT // BLOCK)]


def _png(name: str) -> bytes:
    tiles = _mosaic(name)
    rows = [b"\0" + bytes(tiles[y // BLOCK][x // BLOCK] for x in range(WIDTH)) for y in range(HEIGHT)]
    raw = b"".join(rows)
    # One stored block: compressors differ between versions, this does not.
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(raw), 0xFFFF - len(raw)) + raw
    data = stored + struct.pack(">I", zlib.adler32(raw))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"tEXt", b"Comment\0" + COMMENT), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _jpeg(name: str) -> bytes:
    """Return a grey baseline JPEG whose 8 × 8 blocks are flat, so only DC coefficients are coded."""
    quantisation = b"\xff\xdb" + struct.pack(">HB", 67, 0) + bytes([8] * 64)
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, HEIGHT, WIDTH, 1) + bytes((1, 0x11, 0))
    dc = b"\xff\xc4" + struct.pack(">HB", 19 + len(DC_VALUES), 0x00) + bytes(DC_COUNTS) + bytes(DC_VALUES)
    # The only AC code is "0" for end of block.
    ac = b"\xff\xc4" + struct.pack(">HB", 20, 0x10) + bytes((1, *([0] * 15))) + b"\0"
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes((1, 0, 0, 63, 0))
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(COMMENT)) + COMMENT
    body = comment + _exif(name) + quantisation + frame + dc + ac + scan + _scan_data(_mosaic(name))
    return b"\xff\xd8" + body + b"\xff\xd9"


def _scan_data(tiles: list[list[int]]) -> bytes:
    codes, bits, before = _dc_codes(), "", 0
    for value in (tile - 128 for row in tiles for tile in row):
        difference, before = value - before, value
        size = abs(difference).bit_length()
        amount = difference if difference > 0 else difference + (1 << size) - 1
        bits += codes[size] + (f"{amount:0{size}b}" if size else "") + "0"
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[n : n + 8], 2) for n in range(0, len(bits), 8))
    return data.replace(b"\xff", b"\xff\0")


def _dc_codes() -> dict[int, str]:
    code, codes, values = 0, {}, iter(DC_VALUES)
    for length, count in enumerate(DC_COUNTS, start=1):
        for _ in range(count):
            codes[next(values)] = f"{code:0{length}b}"
            code += 1
        code <<= 1
    return codes


def _exif(name: str) -> bytes:
    """Return an EXIF segment with time and position; empty for pictures without."""
    place = GPS_PHOTOS.get(name)
    if not place:
        return b""
    taken = b"2025:09:12 18:20:00\0"
    # Two directories: the first (time, pointer) at 8, the second (position) behind its data.
    text_at = 8 + 2 + 2 * 12 + 4
    gps_at = text_at + len(taken)
    numbers_at = gps_at + 2 + 4 * 12 + 4
    first = struct.pack("<H", 2) + _entry(0x0132, 2, len(taken), text_at) + _entry(0x8825, 4, 1, gps_at)
    gps = struct.pack("<H", 4) + _entry(1, 2, 2, ord("N")) + _entry(2, 5, 3, numbers_at)
    gps += _entry(3, 2, 2, ord("E")) + _entry(4, 5, 3, numbers_at + 24)
    body = b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + b"\0\0\0\0" + taken
    body += gps + b"\0\0\0\0" + _sexagesimal(place[1]) + _sexagesimal(place[0])
    return b"\xff\xe1" + struct.pack(">H", 2 + len(body)) + body


def _entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def _sexagesimal(degrees: float) -> bytes:
    hundredths = round(degrees * 3600 * 100)
    whole_degrees, rest = divmod(hundredths, 360_000)
    minutes, seconds = divmod(rest, 6_000)
    return struct.pack("<IIIIII", whole_degrees, 1, minutes, 1, seconds, 100)
