"""Read a BCF archive of version 2.0, 2.1 or 3.0; a topic that cannot be read does not lose the others."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import bcf.v2.model as v2
import bcf.v3.model as v3

from bim.bcf.archive import ArchiveLimits, Entries
from bim.bcf.markup import local, parse_tree
from bim.bcf.stored import FILES
from bim.bcf.topics import TopicReader
from bim.bcf.values import Archive
from bim.errors import BcfError, Place

_OLD = ("2.0", "2.1")


def read_archive(path: Path, spool: Path, limits: ArchiveLimits | None = None) -> Archive:
    """Read every topic; the bytes of snapshots and other files go to ``spool/files``.

    Raises
    ------
    BcfError
        The archive breaks the zip guard, has no known version, or no topic of it can be read.
    """
    entries = Entries(path, limits or ArchiveLimits())
    version = _version(entries)
    folders = sorted(name.removesuffix("/markup.bcf") for name in entries.names if _is_markup(name))
    if len(folders) > entries.limits.topics:
        raise BcfError(
            f"The file holds {len(folders)} topics, allowed are {entries.limits.topics}. Split it.",
            f"文件含有 {len(folders)} 个问题，最多 {entries.limits.topics} 个，请拆分。",
        )
    model = v2 if version in _OLD else v3
    reader = TopicReader(entries, spool / FILES, model, _documents(entries, version))
    topics, skipped = [], []
    for folder in folders:
        try:
            topics.append(reader.read(folder))
        except BcfError as error:
            skipped.append({"where": folder, "en": error.message_en, "zh": error.message_zh})
    if skipped and not topics:
        raise BcfError(skipped[0]["en"], skipped[0]["zh"])
    project_id, name = _project(entries)
    return Archive(version, project_id, name, topics, _extensions(entries, version), skipped)


def _is_markup(name: str) -> bool:
    return name.count("/") == 1 and name.endswith("/markup.bcf")


def _version(entries: Entries) -> str:
    if not entries.has("bcf.version"):
        deeper = next((name for name in entries.names if name.endswith("/bcf.version")), None)
        hint = f"; it lies in {deeper}: pack the contents, not the folder" if deeper else ""
        raise BcfError(
            f"The archive has no bcf.version at its root{hint}. Export a BCF 2.1 or 3.0 file.",
            "压缩包根目录没有 bcf.version，请导出 BCF 2.1 或 3.0 文件（打包内容而不是文件夹）。",
        )
    root = parse_tree(entries.read("bcf.version", entries.limits.xml_bytes), "bcf.version")
    version = root.get("VersionId", "").strip()
    if version not in (*_OLD, "3.0"):
        raise BcfError(
            f"BCF version {version[:20] or 'unknown'} is not read. Export as BCF 2.1 or 3.0.",
            f"不支持 BCF 版本 {version[:20] or '未知'}，请导出为 BCF 2.1 或 3.0。",
            Place(member="bcf.version"),
        )
    return version


def _project(entries: Entries) -> tuple[str | None, str | None]:
    root = _tree(entries, "project.bcfp")
    project = None if root is None else root.find("Project")
    if project is None:
        return None, None
    return project.get("ProjectId"), project.findtext("Name")


def _extensions(entries: Entries, version: str) -> dict[str, list[str]]:
    """The words a 3.0 project allows, by kind."""
    root = None if version in _OLD else _tree(entries, "extensions.xml")
    if root is None:
        return {}
    return {local(kind.tag): [word.text or "" for word in kind][:1000] for kind in root}


def _documents(entries: Entries, version: str) -> dict[str, str]:
    """File name of each document of a 3.0 archive, by its GUID."""
    root = None if version in _OLD else _tree(entries, "documents.xml")
    if root is None:
        return {}
    return {each.get("Guid", ""): each.findtext("Filename") or "document" for each in root.iter("Document")}


def _tree(entries: Entries, name: str) -> ElementTree.Element | None:
    """Parse a file that may be missing."""
    return parse_tree(entries.read(name, entries.limits.xml_bytes), name) if entries.has(name) else None
