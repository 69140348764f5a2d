"""Archives that no packer writes are refused like damaged ones."""

import struct
import zlib
from pathlib import Path

import pytest

from gis.exchange.errors import ExchangeError
from gis.exchange.read import read_file
from gis.exchange.zips import list_members


def _packed(name: bytes, data: bytes) -> bytes:
    """Return a ZIP of one stored member, its headers written by hand: `zipfile` refuses to write an empty name."""
    sums = struct.pack("<III", zlib.crc32(data), len(data), len(data))
    common = struct.pack("<HHHHH", 20, 0, 0, 0, 33) + sums + struct.pack("<HH", len(name), 0)
    local = b"PK\x03\x04" + common + name + data
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(_packed(b"", b"x"))
    with pytest.raises(ExchangeError, match="pack it again"):
        list_members(path, "地块.zip")
    with pytest.raises(ExchangeError, match="pack it again"):
        read_file(path, "地块.zip")


def test_the_same_archive_with_a_name_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(_packed("地块.txt".encode("gbk"), b"x"))
    assert [each.name for each in list_members(path, "地块.zip")] == ["地块.txt"]
