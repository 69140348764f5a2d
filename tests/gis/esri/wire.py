"""A second decoder of the binary form, by hand from the wire format, so that nothing of ours is trusted twice.

Source: Protocol Buffers, "Encoding".
"""

import struct
from typing import Any


def messages(data: bytes) -> dict[int, list[Any]]:
    """Return the fields of one message: whole numbers for varints, bytes for all with a length, 8 bytes for doubles."""
    found: dict[int, list[Any]] = {}
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        value: Any
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = struct.unpack("<d", data[at : at + 8])[0], at + 8
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            raise ValueError(f"wire type {kind}")
        found.setdefault(number, []).append(value)
    return found


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a whole number and where the next byte stands."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            return value, at


def packed(data: bytes, *, signed: bool) -> list[int]:
    """Return the numbers of a packed field; signed ones are zigzag coded."""
    numbers, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        numbers.append((value >> 1) ^ -(value & 1) if signed else value)
    return numbers


def zigzag(value: int) -> int:
    """Return the signed number of a zigzag coded one."""
    return (value >> 1) ^ -(value & 1)


def read_collection(data: bytes) -> dict[str, Any]:
    """Return names, types, attributes and parts in true coordinates of a binary feature collection."""
    outer = messages(data)
    (query,) = outer[2]
    (result,) = messages(query)[1]
    fields = messages(result)
    transform = messages(fields[12][0])
    scale, shift = messages(transform[2][0]), messages(transform.get(3, [b""])[0])
    down = -1 if transform.get(1, [0])[0] == 0 else 1
    origin = (shift.get(1, [0.0])[0], shift.get(2, [0.0])[0])
    step = (scale[1][0], scale[2][0] * down)
    described = [messages(item) for item in fields[13]]
    return {
        "version": outer[1][0].decode(),
        "id": fields[1][0].decode(),
        "type": fields.get(7, [0])[0],
        "wkid": messages(fields[8][0])[1][0],
        "cut": bool(fields.get(9, [0])[0]),
        "names": [item[1][0].decode() for item in described],
        "types": [item.get(2, [0])[0] for item in described],
        "features": [_feature(item, origin, step) for item in fields.get(15, [])],
    }


def _feature(data: bytes, origin: tuple[float, float], step: tuple[float, float]) -> dict[str, Any]:
    fields = messages(data)
    values = [_value(messages(item)) for item in fields.get(1, [])]
    if 2 not in fields:
        return {"values": values, "parts": None}
    geometry = messages(fields[2][0])
    numbers = packed(geometry[3][0], signed=True)
    lengths = packed(geometry[2][0], signed=False) if 2 in geometry else [1]
    parts, at = [], 0
    for length in lengths:
        x = y = 0
        part = []
        for dx, dy in zip(
            numbers[at : at + 2 * length : 2], numbers[at + 1 : at + 2 * length : 2], strict=True
        ):
            x, y = x + dx, y + dy
            part.append((origin[0] + x * step[0], origin[1] + y * step[1]))
        parts.append(part)
        at += 2 * length
    assert at == len(numbers)
    return {"values": values, "parts": parts}


def _value(fields: dict[int, list[Any]]) -> Any:
    if not fields:
        return None
    ((number, (value,)),) = fields.items()
    if number == 1:
        return value.decode()
    return zigzag(value) if number in (4, 8) else value
