"""ZIP archives from outside: checked before a byte is unpacked, names decoded, written under safe names only.

Names without the UTF-8 flag are bytes of the packer's code page, which `zipfile` shows as cp437: they are turned back
and read as UTF-8 or else GB18030.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from gis.exchange.errors import ExchangeError
from gis.exchange.model import refuse

MOST_MEMBERS: Final = 2_000
MOST_BYTES: Final = 4_000_000_000
MOST_RATIO: Final = 500
_SMALL_BYTES: Final = 10_000_000
"""Below this a high ratio is no bomb: empty DBF columns pack that well."""

_UTF8_FLAG: Final = 0x800
_ENCRYPTED_FLAG: Final = 0x1
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Member:
    """A file in an archive: its name as it was meant, and what `zipfile` knows of it."""

    name: str
    info: zipfile.ZipInfo


def list_members(path: Path, name: str) -> list[Member]:
    """Return the files of an archive after the checks; folders and the litter of macOS are left out.

    Raises
    ------
    ExchangeError
        No sound ZIP, paths that lead out, encrypted members, too many or too large ones.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError) as error:
        raise _broken(name) from error
    if len(infos) > MOST_MEMBERS:
        raise refuse(
            f"The archive holds {len(infos)} members, {MOST_MEMBERS} are taken.",
            f"压缩包内有 {len(infos)} 个文件，上限 {MOST_MEMBERS}。",
            name,
        )
    if not all(info.filename for info in infos):
        raise _broken(name)
    members = [Member(member_name(info), info) for info in infos if not info.is_dir()]
    for member in members:
        _check(member)
    if sum(member.info.file_size for member in members) > MOST_BYTES:
        raise refuse(
            "The archive is too large unpacked (4 GB are taken).", "压缩包解压后超过 4 GB 上限。", name
        )
    return [member for member in members if not _is_litter(member.name)]


def member_name(info: zipfile.ZipInfo) -> str:
    """Return the name of a member as it was meant.

    Examples
    --------
    >>> member_name(zipfile.ZipInfo("地块.shp".encode("gbk").decode("cp437")))
    '地块.shp'
    """
    if info.flag_bits & _UTF8_FLAG:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def extract(path: Path, member: Member, target: Path) -> None:
    """Unpack one member to a path of our own choosing, never more bytes than it stated.

    Raises
    ------
    ExchangeError
        A damaged member, or one that unpacks to more than it says.
    """
    written = 0
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member.info) as source, target.open("wb") as file:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > member.info.file_size:
                    break
                file.write(chunk)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        raise _broken(member.name) from error
    if written != member.info.file_size:
        raise _broken(member.name)


def _check(member: Member) -> None:
    info = member.info
    parts = PurePosixPath(member.name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or (parts.parts and parts.parts[0].endswith(":")):
        raise refuse(
            "A member's path leads out of the archive; pack the files without paths.",
            "压缩包成员路径越界，请重新打包（不含路径）。",
            member.name[:80],
        )
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise refuse(
            "The archive is encrypted; pack it without a password.",
            "压缩包已加密，请去除密码后重新打包。",
            member.name[:80],
        )
    if info.file_size > _SMALL_BYTES and info.file_size > MOST_RATIO * max(1, info.compress_size):
        raise refuse(
            f"The member unpacks to more than {MOST_RATIO} times its size; it is not opened.",
            f"该成员解压后超过压缩大小的 {MOST_RATIO} 倍，不予打开。",
            member.name[:80],
        )


def _is_litter(name: str) -> bool:
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith("._") or path.name == ".DS_Store"


def _broken(where: str) -> ExchangeError:
    return refuse(
        "The archive is damaged; pack it again as ZIP.", "压缩包已损坏，请重新打包为 ZIP。", where[:80]
    )
