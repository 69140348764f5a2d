"""Read the topics of an archive: markup, viewpoints and the files they name."""

import re
import uuid
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from bim.bcf.archive import Entries
from bim.bcf.markup import Unknown, bind, list_unknown, parse_tree
from bim.bcf.values import Comment, Topic, Viewpoint, as_utc
from bim.bcf.views import read_view
from bim.errors import BcfError, Place

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NAMESPACE = uuid.UUID("5b1c5f0e-6a0d-4f1b-9f1e-7a6f0f5c2b11")


class TopicReader:
    """Reads topic after topic of one archive.

    Parameters
    ----------
    model : module
        The classes of the archive's version.
    documents : dict
        File names of the archive's documents by GUID (3.0).
    """

    def __init__(self, entries: Entries, files: Path, model: ModuleType, documents: dict[str, str]) -> None:
        self._entries = entries
        self._files = files
        self._model = model
        self._documents = documents
        self._kept = 0
        self._is_old = not hasattr(model, "TopicViewpoints")

    def read(self, folder: str) -> Topic:
        """Read one topic.

        Raises
        ------
        BcfError
            Its markup or one of its viewpoints cannot be read.
        """
        member = f"{folder}/markup.bcf"
        tree = parse_tree(self._entries.read(member, self._entries.limits.xml_bytes), member)
        guid = _repair(tree, folder, member)
        markup = bind(tree, self._model.Markup, member)
        found: dict[str, str] = {}
        topic_tree = tree.find("Topic")
        above = None if topic_tree is None or self._is_old else topic_tree.find("Comments")
        comments = self._comments(markup, tree if self._is_old else above)
        views = self._views(folder, markup, found)
        topic = markup.topic
        return Topic(
            guid=guid,
            title=topic.title,
            creation_date=_moment(topic.creation_date),
            creation_author=topic.creation_author,
            topic_type=topic.topic_type or None,
            status=topic.topic_status or None,
            priority=topic.priority or None,
            index=topic.index,
            labels=list(topic.labels if self._is_old else getattr(topic.labels, "label", [])),
            modified_date=_optional_moment(topic.modified_date),
            modified_author=topic.modified_author or None,
            due_date=_optional_moment(topic.due_date),
            assigned_to=topic.assigned_to or None,
            stage=topic.stage or None,
            description=topic.description or None,
            server_assigned_id=getattr(topic, "server_assigned_id", None) or None,
            reference_links=_listed(topic, "reference_link", "reference_links"),
            related_topics=[each.guid.lower() for each in _listed(topic, "related_topic", "related_topics")],
            header_files=self._header(folder, markup, found),
            snippet=self._snippet(folder, topic, found),
            documents=self._references(folder, topic, found),
            comments=comments,
            viewpoints=views,
            files=found,
            unknown=_unknown_of(tree, self._model),
        )

    def _comments(self, markup: Any, tree: ElementTree.Element | None) -> list[Comment]:
        held = markup.comment if self._is_old else getattr(markup.topic.comments, "comment", [])
        trees = [] if tree is None else tree.findall("Comment")
        comments = []
        for comment, element in zip(held, trees, strict=False):
            comments.append(
                Comment(
                    guid=comment.guid.lower(),
                    date=_moment(comment.date),
                    author=comment.author,
                    text=comment.comment or "",
                    viewpoint_guid=comment.viewpoint.guid.lower() if comment.viewpoint else None,
                    modified_date=_optional_moment(comment.modified_date),
                    modified_author=comment.modified_author or None,
                    unknown=list_unknown(element, self._model.Comment),
                )
            )
        return comments

    def _views(self, folder: str, markup: Any, found: dict[str, str]) -> list[Viewpoint]:
        listed = markup.viewpoints if self._is_old else getattr(markup.topic.viewpoints, "view_point", [])
        named = [(each.guid.lower(), each.viewpoint, each.snapshot, each.index) for each in listed]
        if not named and self._entries.has(f"{folder}/viewpoint.bcfv"):
            named = [(_made_guid(folder, "viewpoint"), "viewpoint.bcfv", "snapshot.png", None)]
        views = []
        for guid, name, snapshot, index in named:
            member = f"{folder}/{name}"
            known = name is not None and self._entries.has(member)
            tree = (
                parse_tree(self._entries.read(member, self._entries.limits.xml_bytes), member)
                if known
                else None
            )
            view = read_view(tree, self._model, guid, member)
            bitmaps = [self._with_file(folder, bitmap, found) for bitmap in view.bitmaps]
            shot = self._keep(folder, snapshot, found)
            views.append(
                Viewpoint(
                    guid,
                    index,
                    view.camera,
                    view.components,
                    view.clipping_planes,
                    view.lines,
                    bitmaps,
                    shot,
                    view.unknown,
                )
            )
        return views

    def _with_file(self, folder: str, bitmap: dict[str, Any], found: dict[str, str]) -> dict[str, Any]:
        return {**bitmap, "file": self._keep(folder, bitmap["file"], found) or bitmap["file"]}

    def _header(self, folder: str, markup: Any, found: dict[str, str]) -> list[dict[str, Any]]:
        if markup.header is None:
            return []
        files = markup.header.file if self._is_old else getattr(markup.header.files, "file", [])
        return [
            {
                "filename": each.filename,
                "date": None if each.date is None else _moment(each.date).isoformat(),
                "reference": each.reference,
                "ifc_project": each.ifc_project,
                "ifc_spatial_structure_element": each.ifc_spatial_structure_element,
                "is_external": each.is_external,
                "file": None if each.is_external else self._keep(folder, each.reference, found),
            }
            for each in files
        ]

    def _snippet(self, folder: str, topic: Any, found: dict[str, str]) -> dict[str, Any] | None:
        snippet = topic.bim_snippet
        if snippet is None:
            return None
        return {
            "type": snippet.snippet_type,
            "schema": snippet.reference_schema,
            "reference": snippet.reference,
            "is_external": snippet.is_external,
            "file": None if snippet.is_external else self._keep(folder, snippet.reference, found),
        }

    def _references(self, folder: str, topic: Any, found: dict[str, str]) -> list[dict[str, Any]]:
        if self._is_old:
            return [self._old_reference(folder, each, found) for each in topic.document_reference]
        held = getattr(topic.document_references, "document_reference", [])
        return [self._reference(each, found) for each in held]

    def _old_reference(self, folder: str, each: Any, found: dict[str, str]) -> dict[str, Any]:
        path = each.referenced_document
        guid = (each.guid or _made_guid(folder, path or "document")).lower()
        if each.is_external or not path:
            return {"guid": guid, "description": each.description, "url": path}
        file = self._keep(folder, path, found)
        return {
            "guid": guid,
            "description": each.description,
            "file": file,
            "filename": path.rsplit("/", 1)[-1],
        }

    def _reference(self, each: Any, found: dict[str, str]) -> dict[str, Any]:
        base = {"guid": each.guid.lower(), "description": each.description}
        if each.document_guid is None:
            return {**base, "url": each.url}
        filename = self._documents.get(each.document_guid, "document")
        file = self._keep("documents", each.document_guid, found)
        return {**base, "file": file, "filename": filename}

    def _keep(self, folder: str, reference: str | None, found: dict[str, str]) -> str | None:
        """Put a file's bytes into the spool and return its name among the topic's files."""
        member = _resolved(folder, reference)
        if member is None or not self._entries.has(member):
            return None
        name = member.removeprefix(f"{folder}/")
        if name not in found:
            self._files.mkdir(parents=True, exist_ok=True)
            target = self._files / str(self._kept)
            self._kept += 1
            target.write_bytes(self._entries.read(member))
            found[name] = target.name
        return name


def _repair(tree: ElementTree.Element, folder: str, member: str) -> str:
    """Fill in what some tools leave out and a topic can be kept without; return the topic's GUID."""
    topic = tree.find("Topic")
    if topic is None:
        raise BcfError(
            "The markup holds no Topic. Export the file again.",
            "标记文件中没有 Topic，请重新导出。",
            Place(member=member),
        )
    guid = topic.get("Guid", "").strip("{} ")
    if not _GUID.fullmatch(guid):
        guid = folder if _GUID.fullmatch(folder) else _made_guid(folder, "topic")
    topic.set("Guid", guid)
    topic.attrib.setdefault("TopicType", "")
    topic.attrib.setdefault("TopicStatus", "")
    first = tree.find(".//Comment/Date")
    _default(topic, "Title", "(untitled)")
    _default(topic, "CreationDate", (first.text if first is not None else None) or "1970-01-01T00:00:00Z")
    _default(topic, "CreationAuthor", "unknown")
    for number, comment in enumerate(tree.iter("Comment")):
        if len(comment) == 0 and not comment.attrib:
            continue  # the text element of a comment has the same name
        if not _GUID.fullmatch(comment.get("Guid", "")):
            comment.set("Guid", _made_guid(folder, f"comment {number}"))
        _default(comment, "Author", "unknown")
        _default(comment, "Comment", "")
    return guid.lower()


def _default(parent: ElementTree.Element, name: str, value: str) -> None:
    child = parent.find(name)
    if child is None:
        child = ElementTree.SubElement(parent, name)
    if not (child.text or "").strip():
        child.text = value


def _unknown_of(tree: ElementTree.Element, model: ModuleType) -> Unknown:
    """What the markup says of the topic beyond the standard; comments keep their own."""
    topic = tree.find("Topic")
    found = [] if topic is None else list_unknown(topic, model.Topic)
    return [each for each in found if not each["path"].startswith("Comments")]


def _resolved(folder: str, reference: str | None) -> str | None:
    """Name inside the archive of a reference relative to a topic; one that leads out is none."""
    if not reference or "://" in reference:
        return None
    parts = [folder]
    for part in reference.replace("\\", "/").split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _made_guid(folder: str, name: str) -> str:
    """Make the GUID a file does not give, the same at every reading."""
    return str(uuid.uuid5(_NAMESPACE, f"{folder}/{name}"))


def _moment(value: Any) -> datetime:
    return as_utc(value.to_datetime())


def _optional_moment(value: Any) -> datetime | None:
    return None if value is None else _moment(value)


def _listed(topic: Any, name: str, wrapper: str) -> list[Any]:
    """A list that 2.1 holds directly and 3.0 in a wrapper."""
    held = getattr(topic, wrapper, None)
    return list(getattr(topic if held is None else held, name, None) or [])
