"""The zip guard of BCF: entries are listed, checked and read under caps, in memory, one at a time."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from bim.errors import BcfError, Place

_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ArchiveLimits:
    """What is let through: entries, bytes of the whole, of one file and of one XML, packing ratio, topics."""

    entries: int = 50_000
    total_bytes: int = 1 << 30
    file_bytes: int = 128 << 20
    xml_bytes: int = 8 << 20
    ratio: int = 500
    topics: int = 10_000


class Entries:
    """The checked entries of an archive, by name with forward slashes.

    Raises
    ------
    BcfError
        No zip, encrypted, unusual packing, a name that leads out, double names, or a cap exceeded.
    """

    def __init__(self, path: Path, limits: ArchiveLimits) -> None:
        self.limits = limits
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise BcfError(
                "The file is no zip archive, or it is damaged. Export the BCF file (.bcf, .bcfzip) again.",
                "文件不是 zip 压缩包或已损坏，请重新导出 BCF 文件（.bcf、.bcfzip）。",
            ) from error
        self._infos = self._checked()
        self._read_bytes = 0

    @property
    def names(self) -> list[str]:
        """The names of all files."""
        return list(self._infos)

    def has(self, name: str) -> bool:
        """Tell whether there is such a file."""
        return name in self._infos

    def read(self, name: str, cap: int | None = None) -> bytes:
        """Read a file whole.

        Raises
        ------
        BcfError
            It is missing, damaged, or larger than `cap` or than the archive may unpack to.
        """
        info = self._infos.get(name)
        if info is None:
            raise BcfError(
                "The archive lacks this file. Export it again.",
                "压缩包缺少此文件，请重新导出。",
                Place(member=name),
            )
        cap = min(cap or self.limits.file_bytes, self.limits.file_bytes)
        data = bytearray()
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(_CHUNK):
                    data += chunk
                    self._read_bytes += len(chunk)
                    if len(data) > cap or self._read_bytes > self.limits.total_bytes:
                        raise _too_large(name, cap)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
            OSError,
        ) as error:
            raise BcfError(
                "The packed data are damaged. Export the file again.",
                "压缩数据损坏，请重新导出。",
                Place(member=name),
            ) from error
        return bytes(data)

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        if len(infos) > self.limits.entries:
            raise BcfError(
                f"The archive holds {len(infos)} files, allowed are {self.limits.entries}. Split it.",
                f"压缩包含 {len(infos)} 个文件，最多 {self.limits.entries} 个，请拆分。",
            )
        if sum(info.file_size for info in infos) > self.limits.total_bytes:
            raise _too_large("*", self.limits.total_bytes)
        found: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name = info.filename.replace("\\", "/")
            self._check(name, info)
            if name in found:
                raise BcfError(
                    "The archive holds two files of this name. Export it again.",
                    "压缩包含有重名文件，请重新导出。",
                    Place(member=name[:200]),
                )
            found[name] = info
        return found

    def _check(self, name: str, info: zipfile.ZipInfo) -> None:
        place = Place(member=name[:200])
        if (
            name.startswith("/")
            or ".." in name.split("/")
            or (len(name) > 1 and name[1] == ":")
            or "\0" in name
        ):
            raise BcfError(
                "The name leads out of the archive. Such a file is not read.",
                "文件名指向压缩包之外，拒绝读取。",
                place,
            )
        if info.flag_bits & 0x1 or info.compress_type not in _READABLE:
            raise BcfError(
                "The file is encrypted or packed in an unusual way. Pack with normal Deflate, without a password.",
                "文件已加密或压缩方法不支持，请用普通 Deflate 方法、不设密码重新打包。",
                place,
            )
        if info.file_size > _CHUNK and info.file_size > self.limits.ratio * max(info.compress_size, 1):
            raise BcfError(
                f"The file unpacks to more than {self.limits.ratio} times its packed size: this looks like a zip bomb.",
                f"解压后超过压缩大小的 {self.limits.ratio} 倍，疑似压缩炸弹。",
                place,
            )


def _too_large(name: str, cap: int) -> BcfError:
    return BcfError(
        f"It unpacks to more than {cap} bytes. Split the issues into several files.",
        f"解压后超过 {cap} 字节，请将问题拆分为多个文件。",
        Place(member=name),
    )
