"""The zip guard."""

import struct
import zipfile
from pathlib import Path

import pytest

from bim.archive import unpack_model
from bim.errors import ZipRefusedError
from bim.limits import FileLimits
from bim.sniff import sniff
from tests.bim.ifc_text import Sheet, escaped

LIMITS = FileLimits()


def _pack(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def _model() -> bytes:
    return escaped(Sheet().text()).encode("ascii")


def test_one_model_is_recognised_and_unpacked_unchanged(tmp_path: Path) -> None:
    path = _pack(tmp_path / "a.ifczip", {"模型.ifc": _model(), "readme.txt": b"x"})
    assert sniff(path).container == "ifczip"
    assert unpack_model(path, tmp_path / "out.ifc", LIMITS) == "模型.ifc"
    assert (tmp_path / "out.ifc").read_bytes() == _model()


def test_two_models_are_refused_by_name(tmp_path: Path) -> None:
    path = _pack(tmp_path / "a.ifczip", {"a.ifc": _model(), "b.ifc": _model()})
    with pytest.raises(ZipRefusedError, match=r"found 2: a.ifc, b.ifc"):
        sniff(path)


def test_archive_without_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ZipRefusedError, match=r"found 0: a\.txt"):
        sniff(_pack(tmp_path / "a.zip", {"a.txt": b"x"}))


@pytest.mark.parametrize("name", ["../a.ifc", "/etc/a.ifc", "x/../../a.ifc", "C:\\a.ifc", "..\\a.ifc"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ZipRefusedError, match="leads out"):
        sniff(_pack(tmp_path / "a.zip", {name: _model()}))


def test_bomb_is_refused_by_its_ratio_before_unpacking(tmp_path: Path) -> None:
    path = _pack(tmp_path / "a.zip", {"a.ifc": _model() + b" " * 20_000_000})
    with pytest.raises(ZipRefusedError, match="zip bomb"):
        unpack_model(path, tmp_path / "out.ifc", LIMITS)
    assert not (tmp_path / "out.ifc").exists()


def test_bomb_that_lies_about_its_size_is_stopped_while_unpacking(tmp_path: Path) -> None:
    path = _pack(tmp_path / "a.zip", {"a.ifc": b" " * 20_000_000})
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 1000)
    path.write_bytes(data)
    with pytest.raises(ZipRefusedError):
        unpack_model(path, tmp_path / "out.ifc", LIMITS)
    written = (tmp_path / "out.ifc").stat().st_size if (tmp_path / "out.ifc").exists() else 0
    assert written < 5_000_000


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    members = {f"{number}.txt": b"x" for number in range(40)} | {"a.ifc": _model()}
    with pytest.raises(ZipRefusedError, match="41 files"):
        sniff(_pack(tmp_path / "a.zip", members))


def test_deflate64_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = _pack(tmp_path / "a.zip", {"a.ifc": _model()})
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, 8, 9)
    struct.pack_into("<H", data, data.rindex(b"PK\x01\x02") + 10, 9)
    path.write_bytes(data)
    with pytest.raises(ZipRefusedError, match=r"Deflate64.*Repack with normal Deflate"):
        sniff(path)


def test_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = _pack(tmp_path / "a.zip", {"a.ifc": _model()})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ZipRefusedError, match="encrypted"):
        sniff(path)


def test_cut_archive_is_refused(tmp_path: Path) -> None:
    path = _pack(tmp_path / "a.zip", {"a.ifc": _model()})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ZipRefusedError, match="damaged"):
        sniff(path)


def test_damaged_data_are_refused(tmp_path: Path) -> None:
    path = _pack(tmp_path / "a.zip", {"a.ifc": _model()})
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    with pytest.raises(ZipRefusedError, match="damaged"):
        unpack_model(path, tmp_path / "out.ifc", LIMITS)
