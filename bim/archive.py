"""The zip guard: one model in an archive, unpacked under caps by ourselves."""

import zipfile
import zlib
from pathlib import Path

from bim.errors import Place, ZipRefusedError
from bim.limits import FileLimits

_CHUNK = 1 << 20
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES"}
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def find_member(archive: zipfile.ZipFile, limits: FileLimits) -> zipfile.ZipInfo:
    """Find the one model of an archive and check it against the caps, before any byte is unpacked."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > limits.zip_entries:
        raise ZipRefusedError(
            f"The archive holds {len(entries)} files, allowed are {limits.zip_entries}. Pack only the model.",
            f"压缩包内有 {len(entries)} 个文件,最多允许 {limits.zip_entries} 个。请只打包模型。",
        )
    for entry in entries:
        _check_name(entry.filename)
    models = [entry for entry in entries if entry.filename.lower().endswith(".ifc")]
    if len(models) != 1:
        raise _wrong_count(models, entries)
    _check_entry(models[0], limits)
    return models[0]


def read_member_head(path: Path, size: int, limits: FileLimits) -> tuple[str, bytes]:
    """Read the name and the first bytes of the model inside an archive."""
    with _opened(path) as archive:
        member = find_member(archive, limits)
        try:
            with archive.open(member) as stream:
                return member.filename, stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise _damaged(member.filename) from error


def unpack_model(path: Path, target: Path, limits: FileLimits) -> str:
    """Unpack the one model of an archive to a file and return its name in the archive.

    Raises
    ------
    ZipRefusedError
        Several models or none, unusual method, encrypted, traversal name, ratio or size over the cap, damage.
    """
    with _opened(path) as archive:
        member = find_member(archive, limits)
        written = 0
        try:
            with archive.open(member) as source, target.open("wb") as sink:
                while chunk := source.read(_CHUNK):
                    written += len(chunk)
                    _check_size(member, written, limits)
                    sink.write(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise _damaged(member.filename) from error
    return member.filename


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ZipRefusedError(
            "The zip archive is damaged or incomplete. Upload it again.", "压缩包损坏或不完整,请重新上传。"
        ) from error


def _check_name(name: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or (len(name) > 1 and name[1] == ":"):
        raise ZipRefusedError(
            "The name leads out of the archive. Pack the model without a path.",
            "文件名指向压缩包之外。请去掉路径后重新打包。",
            Place(member=name[:200]),
        )


def _check_entry(entry: zipfile.ZipInfo, limits: FileLimits) -> None:
    place = Place(member=entry.filename)
    if entry.flag_bits & 0x1:
        raise ZipRefusedError(
            "The archive is encrypted. Pack it without a password.",
            "压缩包已加密,请不设密码重新打包。",
            place,
        )
    if entry.compress_type not in _READABLE:
        method = _METHODS.get(entry.compress_type, str(entry.compress_type))
        raise ZipRefusedError(
            f"The packing method {method} cannot be read. Repack with normal Deflate.",
            f"无法读取压缩方法 {method},请用普通 Deflate 方法重新打包。",
            place,
        )
    _check_size(entry, entry.file_size, limits)


def _check_size(entry: zipfile.ZipInfo, size: int, limits: FileLimits) -> None:
    place = Place(member=entry.filename)
    if size > limits.file_bytes:
        raise ZipRefusedError(
            f"The model unpacks to more than {limits.file_bytes} bytes. Split it.",
            f"模型解压后超过 {limits.file_bytes} 字节,请拆分。",
            place,
        )
    if size > _CHUNK and size > limits.zip_ratio * max(entry.compress_size, 1):
        raise ZipRefusedError(
            f"The model unpacks to more than {limits.zip_ratio} times its packed size: this looks like a zip bomb. "
            "Send the plain .ifc file.",
            f"解压后超过压缩大小的 {limits.zip_ratio} 倍,疑似压缩炸弹。请直接上传 .ifc 文件。",
            place,
        )


def _wrong_count(models: list[zipfile.ZipInfo], entries: list[zipfile.ZipInfo]) -> ZipRefusedError:
    shown = ", ".join(entry.filename for entry in (models or entries)[:8]) or "-"
    return ZipRefusedError(
        f"The archive must hold exactly one .ifc file; found {len(models)}: {shown}. Upload each model by itself.",
        f"压缩包内应只有一个 .ifc 文件,实际有 {len(models)} 个:{shown}。请逐个上传模型。",
    )


def _damaged(name: str) -> ZipRefusedError:
    return ZipRefusedError(
        "The packed data are damaged. Upload the archive again.",
        "压缩数据损坏,请重新上传压缩包。",
        Place(member=name),
    )
