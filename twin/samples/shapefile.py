"""Zipped shapefiles with a DBF in a chosen encoding, with or without the .cpg that names it."""

import struct
from collections.abc import Mapping, Sequence

from twin.samples.archive import zipped
from twin.samples.plane import Ring

PRJ = (
    'PROJCS["CGCS2000_3_Degree_GK_Zone_39",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",39500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)
Field = tuple[str, str, int, int]  # name, kind (C or N), width in bytes, decimals


def shapefile_zip(
    name: str,
    polygons: Sequence[Sequence[Ring]],
    fields: Sequence[Field],
    rows: Sequence[Mapping[str, str | float]],
    *,
    encoding: str,
    with_cpg: bool,
) -> bytes:
    """Return a ZIP of .shp, .shx, .dbf and .prj; rings run shell clockwise, as the format asks."""
    records = [_record(rings) for rings in polygons]
    box = _box([ring for rings in polygons for ring in rings])
    members = {
        f"{name}.shp": _shp(records, box),
        f"{name}.shx": _shx(records, box),
        f"{name}.dbf": _dbf(fields, rows, encoding),
        f"{name}.prj": PRJ.encode(),
    }
    if with_cpg:
        members[f"{name}.cpg"] = encoding.upper().encode()
    return zipped(members)


def _record(rings: Sequence[Ring]) -> bytes:
    closed = [[*ring[::-1], ring[-1]] for ring in rings]  # ours run the other way round
    starts, total = [], 0
    for ring in closed:
        starts.append(total)
        total += len(ring)
    points = b"".join(struct.pack("<2d", *point) for ring in closed for point in ring)
    head = struct.pack("<i4d2i", 5, *_box(rings), len(closed), total)
    return head + struct.pack(f"<{len(starts)}i", *starts) + points


def _box(rings: Sequence[Ring]) -> tuple[float, float, float, float]:
    xs = [x for ring in rings for x, _ in ring]
    ys = [y for ring in rings for _, y in ring]
    return min(xs), min(ys), max(xs), max(ys)


def _header(length_bytes: int, box: tuple[float, float, float, float]) -> bytes:
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length_bytes // 2) + struct.pack(
        "<2i8d", 1000, 5, *box, 0, 0, 0, 0
    )


def _shp(records: Sequence[bytes], box: tuple[float, float, float, float]) -> bytes:
    body = b"".join(struct.pack(">2i", n, len(r) // 2) + r for n, r in enumerate(records, start=1))
    return _header(100 + len(body), box) + body


def _shx(records: Sequence[bytes], box: tuple[float, float, float, float]) -> bytes:
    offset, index = 50, b""
    for record in records:
        index += struct.pack(">2i", offset, len(record) // 2)
        offset += 4 + len(record) // 2
    return _header(100 + len(index), box) + index


def _dbf(fields: Sequence[Field], rows: Sequence[Mapping[str, str | float]], encoding: str) -> bytes:
    width = 1 + sum(f[2] for f in fields)
    # Language byte 0: the file does not say how its text is encoded.
    head = struct.pack("<4BIHH20x", 3, 125, 10, 31, len(rows), 33 + 32 * len(fields), width)
    described = b"".join(
        name.encode("ascii").ljust(11, b"\0") + kind.encode() + struct.pack("<4x2B14x", size, decimals)
        for name, kind, size, decimals in fields
    )
    body = b"".join(b" " + b"".join(_value(row[f[0]], f, encoding) for f in fields) for row in rows)
    return head + described + b"\r" + body + b"\x1a"


def _value(value: str | float, field: Field, encoding: str) -> bytes:
    _, kind, size, decimals = field
    if kind == "N":
        return f"{value:{size}.{decimals}f}".encode()
    return str(value).encode(encoding).ljust(size)
