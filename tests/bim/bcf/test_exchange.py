"""Archives of other tools are read whole; what we write is read by bcf-client and follows the schema."""

import dataclasses
import io
import xml.etree.ElementTree as ElementTree
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import bcf.bcfxml
import bcf.v2.model as v2
import bcf.v3.model as v3
import pytest

from bim.bcf.read import read_archive
from bim.bcf.stored import load_read, write_read
from bim.bcf.values import Archive, Topic, Version
from bim.bcf.write import write_archive
from tests.bim.bcf import archives
from tests.bim.bcf.structure import list_faults


def read(folder: Path, files: dict[str, str | bytes], name: str = "in") -> Archive:
    spool = folder / name
    spool.mkdir()
    return read_archive(archives.pack(folder / f"{name}.bcf", files), spool)


def write(archive: Archive, spool: Path, version: Version, *, vendor: bool = False) -> bytes:
    target = io.BytesIO()
    write_archive(
        target, archive, version, lambda where: (spool / "files" / where).read_bytes(), vendor=vendor
    )
    return target.getvalue()


def test_a_checkers_topic_is_read_whole(tmp_path: Path) -> None:
    archive = read(tmp_path, archives.files_21())
    (topic,) = archive.topics
    assert (archive.version, archive.project_id, archive.project_name) == ("2.1", "p-1", "滨河路")
    assert (topic.guid, topic.title, topic.priority) == (
        archives.TOPIC_A,
        "风管穿梁 Duct through beam",
        "High",
    )
    assert (topic.topic_type, topic.status, topic.index, topic.stage) == ("Clash", "Open", 3, "施工图")
    assert topic.labels == ["结构", "暖通"]
    assert topic.creation_date == datetime(2025, 10, 20, 1, 30, tzinfo=UTC)  # 09:30 in China
    assert topic.stamp == datetime(2025, 10, 21, 2, 0, tzinfo=UTC)
    assert topic.due_date == datetime(2025, 11, 14, 16, 0, tzinfo=UTC)
    assert topic.description == "标高 3.6 m 处，风管与主梁相交 <120 mm>。"
    assert topic.related_topics == [archives.TOPIC_B]
    assert topic.documents[0]["filename"] == "说明.txt"
    assert topic.header_files[0]["ifc_project"] == "0YvctVUKr0kugbFTf53O9L"
    first, second = topic.comments
    assert (first.text, first.viewpoint_guid) == ("请设计院确认。", archives.VIEW_A)
    assert second.date == datetime(2025, 10, 21, 10, 0, tzinfo=UTC)  # no zone given: UTC


def test_a_viewpoint_keeps_its_local_metres_and_components(tmp_path: Path) -> None:
    (topic,) = read(tmp_path, archives.files_21()).topics
    (view,) = topic.viewpoints
    assert view.camera == {
        "type": "perspective",
        "view_point": [12.5, -3.25, 1.7],
        "direction": [-0.6, 0.8, 0.0],
        "up": [0.0, 0.0, 1.0],
        "field_of_view": 60.0,
    }
    assert view.components is not None
    assert [each["ifc_guid"] for each in view.components["selection"]] == [archives.WALL, archives.PIPE]
    assert view.components["selection"][0]["authoring_tool_id"] == "314159"
    assert view.components["coloring"][0]["color"] == "FF00FF00"
    assert view.clipping_planes == [{"location": [0.0, 0.0, 3.6], "direction": [0.0, 0.0, 1.0]}]
    assert view.lines == [{"start": [0.0, 0.0, 0.0], "end": [1.0, 1.0, 1.0]}]
    assert view.bitmaps[0]["height_m"] == 0.5
    assert (tmp_path / "in" / "files" / topic.files[view.snapshot or ""]).read_bytes() == archives.PNG


def test_what_the_standard_does_not_know_is_kept_and_written_back_on_request(tmp_path: Path) -> None:
    archive = read(tmp_path, archives.files_21())
    (topic,) = archive.topics
    assert ["CheckerRule" in each.get("xml", "") for each in topic.unknown] == [True]
    assert "worried" in topic.comments[0].unknown[0]["xml"]
    strict = write(archive, tmp_path / "in", "2.1")
    assert b"CheckerRule" not in zipfile.ZipFile(io.BytesIO(strict)).read(f"{topic.guid}/markup.bcf")
    full = zipfile.ZipFile(io.BytesIO(write(archive, tmp_path / "in", "2.1", vendor=True)))
    markup = full.read(f"{topic.guid}/markup.bcf").decode()
    assert 'severity="2"' in markup
    assert "worried" in markup


def test_a_3_0_archive_is_read_whole(tmp_path: Path) -> None:
    archive = read(tmp_path, archives.files_30())
    (topic,) = archive.topics
    assert (topic.server_assigned_id, topic.status, topic.labels) == ("ISS-42", "In Progress", ["机电"])
    assert topic.documents[0]["filename"] == "样本.pdf"
    (view,) = topic.viewpoints
    assert view.camera is not None
    assert (view.camera["type"], view.camera["view_to_world_scale"], view.camera["aspect_ratio"]) == (
        "orthogonal",
        25.0,
        1.6,
    )
    assert view.components is not None
    assert view.components["visibility"] == {
        "default": False,
        "exceptions": [],
        "hints": {"spaces": True, "space_boundaries": False, "openings": False},
    }
    assert topic.comments[0].text == "吊顶需留 600×600。"
    assert "Closed" in archive.extensions["TopicStatuses"]


def test_the_least_a_plug_in_writes_is_enough(tmp_path: Path) -> None:
    (topic,) = read(tmp_path, archives.files_bare()).topics
    assert (topic.title, topic.topic_type, topic.status) == ("梁偏位", None, None)
    (view,) = topic.viewpoints
    assert view.snapshot == "snapshot.png"
    again = read(tmp_path, archives.files_bare(), "again").topics[0]
    assert again.viewpoints[0].guid == view.guid  # a GUID that the file does not give is the same every time


@pytest.mark.parametrize("version", ["2.1", "3.0"])
@pytest.mark.parametrize("source", [archives.files_21, archives.files_30, archives.files_bare])
def test_what_is_written_reads_back_as_it_was(tmp_path: Path, source: object, version: Version) -> None:
    archive = read(tmp_path, source())  # type: ignore[operator]
    data = write(archive, tmp_path / "in", version)
    (tmp_path / "out.bcf").write_bytes(data)
    back = read_archive(tmp_path / "out.bcf", tmp_path / "out")
    assert back.version == version
    assert [plain(topic, version) for topic in back.topics] == [
        plain(topic, version) for topic in archive.topics
    ]
    for topic, before in zip(back.topics, archive.topics, strict=True):
        contents = {(tmp_path / "out/files" / where).read_bytes() for where in topic.files.values()}
        assert contents == {(tmp_path / "in/files" / where).read_bytes() for where in before.files.values()}
    assert write(archive, tmp_path / "in", version) == data  # the same topics give the same bytes


def plain(topic: Topic, version: Version) -> Topic:
    """A topic without what a version cannot say: names of files, defaults, what only one version knows."""
    views = []
    for view in topic.viewpoints:
        camera = {key: value for key, value in (view.camera or {}).items() if key != "aspect_ratio"}
        bitmaps = [{**each, "file": ""} for each in view.bitmaps]
        views.append(dataclasses.replace(view, camera=camera, bitmaps=bitmaps, snapshot=None, unknown=[]))
    comments = [dataclasses.replace(each, unknown=[]) for each in topic.comments]
    documents = [{**each, "file": "", "filename": each.get("filename")} for each in topic.documents]
    return dataclasses.replace(
        topic,
        viewpoints=views,
        comments=comments,
        documents=documents,
        header_files=[{**each, "file": None} for each in topic.header_files],
        files={},
        unknown=[],
        server_assigned_id=None,
        topic_type=topic.topic_type or "Issue" if version == "3.0" else topic.topic_type,
        status=topic.status or "Open" if version == "3.0" else topic.status,
    )


@pytest.mark.parametrize("version", ["2.1", "3.0"])
def test_bcf_client_reads_what_we_write(tmp_path: Path, version: Version) -> None:
    archive = read(tmp_path, archives.files_21())
    path = tmp_path / "out.bcf"
    path.write_bytes(write(archive, tmp_path / "in", version))
    loaded = bcf.bcfxml.load(path)
    assert loaded is not None
    with loaded:
        topic = loaded.topics[archives.TOPIC_A]
        assert topic.topic.title == "风管穿梁 Duct through beam"
        assert topic.comments[0].comment == "请设计院确认。"
        (view,) = topic.viewpoints.values()
        assert view.snapshot == archives.PNG
        assert view.get_selected_guids() == [archives.WALL, archives.PIPE]
        assert view.visualization_info.perspective_camera.camera_view_point.x == 12.5


@pytest.mark.parametrize("source", [archives.files_21, archives.files_30, archives.files_bare])
@pytest.mark.parametrize(("version", "model"), [("2.1", v2), ("3.0", v3)])
def test_what_we_write_follows_the_schema(
    tmp_path: Path, source: object, version: Version, model: object
) -> None:
    archive = read(tmp_path, source())  # type: ignore[operator]
    packed = zipfile.ZipFile(io.BytesIO(write(archive, tmp_path / "in", version)))
    kinds = {
        "markup.bcf": "Markup",
        "bcf.version": "Version",
        "extensions.xml": "Extensions",
        "documents.xml": "DocumentInfo",
    }
    kinds["project.bcfp"] = "ProjectExtension" if version == "2.1" else "ProjectInfo"
    faults = []
    for name in packed.namelist():
        kind = "VisualizationInfo" if name.endswith(".bcfv") else kinds.get(name.rsplit("/", 1)[-1])
        if kind is not None:
            faults += list_faults(ElementTree.fromstring(packed.read(name)), getattr(model, kind))
    assert faults == []


def test_an_archive_survives_the_way_between_processes(tmp_path: Path) -> None:
    archive = read(tmp_path, archives.files_21())
    write_read(tmp_path, archive)
    assert load_read(tmp_path) == archive
