"""An HJ 212 log as a gateway keeps it, a drawing, a list of project codes."""

from datetime import datetime, timedelta
from functools import cache

from twin.samples.codes import national_code
from twin.samples.district import AS_OF
from twin.samples.draw import between, stream
from twin.samples.plane import Ring
from twin.samples.shapes import box
from twin.samples.sites import WRONG_UNIT, device_rows
from twin.samples.write import table_csv

GOOD_FRAMES, BROKEN, UNKNOWN, EMPTY_TAIL, WRONG_UNIT_FRAMES = 40, 4, 3, 2, 6


def crc(segment: bytes) -> int:
    """Return the HJ 212 check sum of a data segment (not Modbus: the byte meets the high half).

    Examples
    --------
    >>> f"{crc(b'123456789'):04X}"
    '2F80'
    """
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            odd = register & 1
            register >>= 1
            if odd:
                register ^= 0xA001
    return register


def _frame(device: int, minute: int, values: str, *, broken: bool = False) -> bytes:
    at = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 8) + timedelta(minutes=minute)  # noqa: DTZ001 - device's local time
    mn = device_rows()[device]["mn"]
    segment = (
        f"QN={at:%Y%m%d%H%M%S}{minute % 1000:03d};ST=39;CN=2051;PW=123456;MN={mn};Flag=4;"
        f"CP=&&DataTime={at:%Y%m%d%H%M%S};{values}&&"
    ).encode("ascii")
    check = crc(segment) ^ (0x0101 if broken else 0)
    return b"##" + f"{len(segment):04d}".encode() + segment + f"{check:04X}".encode() + b"\r\n"


@cache
def hj212_log() -> bytes:
    """Return the log: good frames with broken, unknown and odd ones between them."""
    rng = stream("hj212")
    frames: list[bytes] = []
    for n in range(GOOD_FRAMES):
        dust, noise = between(rng, 35, 110), between(rng, 55, 68)
        frames.append(_frame(n % 5, n, f"a34002-Avg={dust:.1f},a34002-Flag=N;LA-Avg={noise:.1f},LA-Flag=N"))
    for n in range(BROKEN):
        frames.insert(9 * n + 4, _frame(0, 100 + n, "LA-Avg=60.0,LA-Flag=N", broken=True))
    for n in range(UNKNOWN):
        frames.insert(11 * n + 2, _frame(1, 120 + n, "a99999-Avg=1.0,a99999-Flag=N;LA-Avg=58.0,LA-Flag=N"))
    for n in range(EMPTY_TAIL):
        frames.insert(13 * n + 6, _frame(2, 140 + n, "LA-Avg=57.5,LA-Flag=N;"))
    frames += [
        _frame(WRONG_UNIT, 160 + n, f"a34002-Avg={between(rng, 0.04, 0.1):.4f},a34002-Flag=N")
        for n in range(WRONG_UNIT_FRAMES)
    ]
    return b"# synthetic: true\r\n" + b"".join(frames)


CODES = (
    (national_code(2023, 3, 10001), "valid"),
    (national_code(2024, 3, 20017), "valid"),
    ("2303-341299-04-01-100016", "wrong_check_digit"),
    ("2018-341299-47-03-012345", "old_style"),
    ("2017-341299-54-01-023456-000", "old_style"),
)


def code_file() -> bytes:
    """Return the list of project codes with what a checker must say of each."""
    return table_csv(("nat_code", "verdict"), CODES, comment="synthetic: true")


def dxf_rings() -> dict[str, list[Ring]]:
    """Return the drawing's closed polylines by layer."""
    x, y = 39376400.0, 3667800.0
    return {
        "红线": [box(x, y, 240, 180)],
        "建筑": [box(x + 30, y + 30, 60, 24), box(x + 120, y + 40, 48, 90)],
    }


def dxf_file() -> bytes:
    """Return an R12 drawing in GBK, as its code page says."""
    pairs: list[tuple[int, object]] = [
        (999, "synthetic: true"),
        (0, "SECTION"),
        (2, "HEADER"),
        (9, "$ACADVER"),
        (1, "AC1009"),
    ]
    pairs += [(9, "$DWGCODEPAGE"), (3, "ANSI_936"), (0, "ENDSEC"), (0, "SECTION"), (2, "TABLES")]
    pairs += [(0, "TABLE"), (2, "LAYER"), (70, 2)]
    for layer in dxf_rings():
        pairs += [(0, "LAYER"), (2, layer), (70, 0), (62, 7), (6, "CONTINUOUS")]
    pairs += [(0, "ENDTAB"), (0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES")]
    for layer, rings in dxf_rings().items():
        for ring in rings:
            pairs += _polyline(layer, ring)
    pairs += [(0, "ENDSEC"), (0, "EOF")]
    return "".join(f"{code:>3}\r\n{value}\r\n" for code, value in pairs).encode("gbk")


def _polyline(layer: str, ring: Ring) -> list[tuple[int, object]]:
    pairs: list[tuple[int, object]] = [
        (0, "POLYLINE"),
        (8, layer),
        (66, 1),
        (10, 0.0),
        (20, 0.0),
        (30, 0.0),
        (70, 1),
    ]
    for east, north in ring:
        pairs += [(0, "VERTEX"), (8, layer), (10, f"{east:.3f}"), (20, f"{north:.3f}"), (30, "0.0")]
    return [*pairs, (0, "SEQEND"), (8, layer)]
