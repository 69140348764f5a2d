"""Write topics as a BCF archive of version 2.1 or 3.0, byte for byte the same for the same topics."""

import uuid
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import ModuleType
from typing import IO, Any

import bcf.v2.model as v2
import bcf.v3.model as v3
from xsdata.models.datatype import XmlDateTime

from bim.bcf.markup import put_back, render
from bim.bcf.values import Archive, Comment, Topic, Version, Viewpoint
from bim.bcf.views import make_view

Fetch = Callable[[str], bytes]

_STILL = (1980, 1, 1, 0, 0, 0)
_NAMESPACE = uuid.UUID("2f3a7a1e-60c5-4d0f-8f43-0c1f6f0f9c35")
_DEFAULT_TYPE, _DEFAULT_STATUS = "Issue", "Open"


def write_archive(
    target: IO[bytes], archive: Archive, version: Version, fetch: Fetch, *, vendor: bool = False
) -> None:
    """Write an archive.

    Parameters
    ----------
    target : file
        Opened for writing bytes.
    fetch : callable
        Gives the bytes behind a value of `Topic.files`.
    vendor : bool
        Also write back what other tools added beyond the standard; strict readers refuse such files.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        writer = _Writer(packed, v2 if version == "2.1" else v3, fetch, vendor)
        writer.write(archive, version)


class _Writer:
    def __init__(self, packed: zipfile.ZipFile, model: ModuleType, fetch: Fetch, vendor: bool) -> None:
        self._packed = packed
        self._model = model
        self._fetch = fetch
        self._vendor = vendor
        self._is_old = model is v2
        self._documents: dict[str, tuple[str, str | None]] = {}

    def write(self, archive: Archive, version: Version) -> None:
        if self._is_old:
            self._put("bcf.version", render(v2.Version(version_id=version, detailed_version=version)))
        else:
            self._put("bcf.version", render(v3.Version(version_id=version)))
        self._write_project(archive)
        if not self._is_old:
            self._put("extensions.xml", render(_extensions(archive)))
        for topic in archive.topics:
            self._write_topic(topic)
        if not self._is_old:
            self._put("documents.xml", render(self._document_info()))

    def _put(self, name: str, data: bytes) -> None:
        entry = zipfile.ZipInfo(name, _STILL)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 0
        self._packed.writestr(entry, data)

    def _write_project(self, archive: Archive) -> None:
        if archive.project_id is None:
            return
        project = self._model.Project(project_id=archive.project_id, name=archive.project_name or None)
        if self._is_old:
            self._put("project.bcfp", render(v2.ProjectExtension(project=project, extension_schema="")))
        else:
            self._put("project.bcfp", render(v3.ProjectInfo(project=project)))

    def _write_topic(self, topic: Topic) -> None:
        names = self._write_files(topic)
        views = []
        for number, view in enumerate(topic.viewpoints):
            stem = "viewpoint" if number == 0 else f"viewpoint_{view.guid}"
            shot = None if view.snapshot is None else names.get(view.snapshot)
            views.append(
                self._model.ViewPoint(
                    guid=view.guid, viewpoint=f"{stem}.bcfv", snapshot=shot, index=view.index
                )
            )
            self._write_view(f"{topic.guid}/{stem}.bcfv", view, names)
        markup = self._markup(topic, views, names)
        data = render(markup)
        self._put(f"{topic.guid}/markup.bcf", self._with_unknown(data, topic) if self._vendor else data)

    def _write_view(self, name: str, view: Viewpoint, names: dict[str, str]) -> None:
        data = render(make_view(view, self._model, names))
        if self._vendor and view.unknown:
            tree = ElementTree.fromstring(data)  # noqa: S314  our own
            put_back(tree, view.unknown)
            data = ElementTree.tostring(tree, encoding="utf-8", xml_declaration=True)
        self._put(name, data)

    def _write_files(self, topic: Topic) -> dict[str, str]:
        """Write the bytes a topic carries; return each file's name inside the topic's folder."""
        documents = {each.get("file"): each.get("filename") for each in topic.documents}
        names: dict[str, str] = {}
        for name, where in topic.files.items():
            if name in documents and not self._is_old:
                continue
            plain = (documents.get(name) or name).replace("\\", "/").rsplit("/", 1)[-1] or "file"
            unused = plain
            while unused in names.values() or unused.endswith((".bcfv", "markup.bcf")):
                unused = f"{uuid.uuid5(_NAMESPACE, name).hex[:8]}_{unused.removesuffix('.bcfv').removesuffix('.bcf')}"
            names[name] = unused
            self._put(f"{topic.guid}/{unused}", self._fetch(where))
        return names

    def _markup(self, topic: Topic, views: list[Any], names: dict[str, str]) -> Any:
        values: dict[str, Any] = {
            "guid": topic.guid,
            "title": _words(topic.title) or "(untitled)",
            "creation_date": _xml_date(topic.creation_date),
            "creation_author": _words(topic.creation_author) or "unknown",
            "priority": _words(topic.priority),
            "index": topic.index,
            "modified_date": _optional_date(topic.modified_date),
            "modified_author": _words(topic.modified_author),
            "due_date": _optional_date(topic.due_date),
            "assigned_to": _words(topic.assigned_to),
            "stage": _words(topic.stage),
            "description": _words(topic.description),
            "bim_snippet": self._snippet(topic, names),
        }
        comments = [self._comment(each) for each in topic.comments]
        header = self._header(topic, names)
        if self._is_old:
            made = v2.Topic(
                topic_type=topic.topic_type,
                topic_status=topic.status,
                labels=topic.labels,
                reference_link=topic.reference_links,
                related_topic=[v2.TopicRelatedTopic(guid=each) for each in topic.related_topics],
                document_reference=[self._old_reference(each, names) for each in topic.documents],
                **values,
            )
            return v2.Markup(header=header, topic=made, comment=comments, viewpoints=views)
        return v3.Markup(header=header, topic=self._new_topic(topic, values, comments, views))

    def _new_topic(self, topic: Topic, values: dict[str, Any], comments: list[Any], views: list[Any]) -> Any:
        labels = [word for word in map(_words, topic.labels) if word]
        links = [word for word in map(_words, topic.reference_links) if word]
        related = [v3.TopicRelatedTopicsRelatedTopic(guid=each) for each in topic.related_topics]
        references = [self._reference(topic, each) for each in topic.documents]
        return v3.Topic(
            topic_type=_words(topic.topic_type) or _DEFAULT_TYPE,
            topic_status=_words(topic.status) or _DEFAULT_STATUS,
            server_assigned_id=_words(topic.server_assigned_id),
            labels=v3.TopicLabels(label=labels) if labels else None,
            reference_links=v3.TopicReferenceLinks(reference_link=links) if links else None,
            related_topics=v3.TopicRelatedTopics(related_topic=related) if related else None,
            document_references=v3.TopicDocumentReferences(document_reference=references)
            if references
            else None,
            comments=v3.TopicComments(comment=comments) if comments else None,
            viewpoints=v3.TopicViewpoints(view_point=views) if views else None,
            **values,
        )

    def _comment(self, comment: Comment) -> Any:
        view = comment.viewpoint_guid
        return self._model.Comment(
            guid=comment.guid,
            date=_xml_date(comment.date),
            author=_words(comment.author) or "unknown",
            comment=(_words(comment.text) or "") if self._is_old else _words(comment.text),
            viewpoint=None if view is None else self._model.CommentViewpoint(guid=view),
            modified_date=_optional_date(comment.modified_date),
            modified_author=_words(comment.modified_author),
        )

    def _header(self, topic: Topic, names: dict[str, str]) -> Any:
        if not topic.header_files:
            return None
        kind = v2.HeaderFile if self._is_old else v3.File
        files = []
        for each in topic.header_files:
            held = names.get(each.get("file") or "")
            date = each.get("date")
            files.append(
                kind(
                    filename=_words(each.get("filename")),
                    date=None if not date else _xml_date(datetime.fromisoformat(date)),
                    reference=held or _words(each.get("reference")),
                    ifc_project=each.get("ifc_project"),
                    ifc_spatial_structure_element=each.get("ifc_spatial_structure_element"),
                    is_external=held is None,
                )
            )
        return v2.Header(file=files) if self._is_old else v3.Header(files=v3.HeaderFiles(file=files))

    def _snippet(self, topic: Topic, names: dict[str, str]) -> Any:
        snippet = topic.snippet
        if snippet is None:
            return None
        held = names.get(snippet.get("file") or "")
        return self._model.BimSnippet(
            snippet_type=snippet["type"] or "unknown",
            reference_schema=snippet["schema"] or "unknown",
            reference=held or snippet["reference"],
            is_external=held is None,
        )

    def _old_reference(self, each: dict[str, Any], names: dict[str, str]) -> Any:
        held = names.get(each.get("file") or "")
        return v2.TopicDocumentReference(
            guid=each["guid"],
            description=each.get("description"),
            referenced_document=held or each.get("url") or each.get("filename"),
            is_external=held is None,
        )

    def _reference(self, topic: Topic, each: dict[str, Any]) -> Any:
        where = topic.files.get(each.get("file") or "")
        base = {"guid": each["guid"], "description": _words(each.get("description"))}
        if where is None:
            return v3.DocumentReference(url=_words(each.get("url")) or _words(each.get("filename")), **base)
        guid = str(uuid.uuid5(_NAMESPACE, where))
        if guid not in self._documents:
            self._documents[guid] = (each.get("filename") or "document", each.get("description"))
            self._put(f"documents/{guid}", self._fetch(where))
        return v3.DocumentReference(document_guid=guid, **base)

    def _document_info(self) -> Any:
        held = [
            v3.Document(guid=guid, filename=name, description=_words(words))
            for guid, (name, words) in self._documents.items()
        ]
        return v3.DocumentInfo(documents=v3.DocumentInfoDocuments(document=held) if held else None)

    def _with_unknown(self, data: bytes, topic: Topic) -> bytes:
        tree = ElementTree.fromstring(data)  # noqa: S314  our own
        above = tree.find("Topic")
        if above is not None:
            put_back(above, topic.unknown)
        by_guid = {each.guid: each for each in topic.comments}
        for element in tree.iter("Comment"):
            comment = by_guid.get(element.get("Guid", ""))
            if comment is not None:
                put_back(element, comment.unknown)
        return bytes(ElementTree.tostring(tree, encoding="utf-8", xml_declaration=True))


def _extensions(archive: Archive) -> Any:
    """The words the topics use, besides those the project allowed already."""
    topics = archive.topics
    authors = {each.creation_author for each in topics} | {each.assigned_to or "" for each in topics}
    authors |= {comment.author for each in topics for comment in each.comments}
    used: dict[str, Iterable[str]] = {
        "TopicTypes": [each.topic_type or _DEFAULT_TYPE for each in topics],
        "TopicStatuses": [each.status or _DEFAULT_STATUS for each in topics],
        "Priorities": [each.priority or "" for each in topics],
        "TopicLabels": [label for each in topics for label in each.labels],
        "Users": authors,
        "SnippetTypes": [each.snippet["type"] for each in topics if each.snippet],
        "Stages": [each.stage or "" for each in topics],
    }
    words = {
        kind: sorted({w for w in map(_words, [*values, *archive.extensions.get(kind, [])]) if w})
        for kind, values in used.items()
    }
    return v3.Extensions(
        topic_types=v3.ExtensionsTopicTypes(topic_type=words["TopicTypes"]) if words["TopicTypes"] else None,
        topic_statuses=v3.ExtensionsTopicStatuses(topic_status=words["TopicStatuses"])
        if words["TopicStatuses"]
        else None,
        priorities=v3.ExtensionsPriorities(priority=words["Priorities"]) if words["Priorities"] else None,
        topic_labels=v3.ExtensionsTopicLabels(topic_label=words["TopicLabels"])
        if words["TopicLabels"]
        else None,
        users=v3.ExtensionsUsers(user=words["Users"]) if words["Users"] else None,
        snippet_types=v3.ExtensionsSnippetTypes(snippet_type=words["SnippetTypes"])
        if words["SnippetTypes"]
        else None,
        stages=v3.ExtensionsStages(stage=words["Stages"]) if words["Stages"] else None,
    )


def _xml_date(moment: datetime) -> XmlDateTime:
    return XmlDateTime.from_datetime(moment.astimezone(UTC))


def _optional_date(moment: datetime | None) -> XmlDateTime | None:
    return None if moment is None else _xml_date(moment)


def _words(text: str | None) -> str | None:
    """A text that may be written: characters XML cannot hold are left out, an empty one is none."""
    if text is None:
        return None
    kept = "".join(
        c
        for c in text
        if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff")
    )
    return kept.strip() or None
