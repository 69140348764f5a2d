"""Merging topics by GUID: newer wins, comments are united, nothing is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bim.bcf.values import Archive, Comment, Topic, Viewpoint
from tests.rows import add_project
from twin.checks.edit import edit_issue
from twin.checks.models import BimIssue
from twin.checks.queries import list_comments, list_files, list_viewpoints
from twin.checks.topics import Merged, list_archive, merge_archive
from twin.elements.models import BimModel
from twin.objects import Stored

GUID = "7ddc3ef0-0ab7-43f1-918a-45e38b42369c"
MORNING = datetime(2025, 10, 20, 8, 0, tzinfo=UTC)
NOON = MORNING + timedelta(hours=4)
COMMENT = Comment("c0ffee00-0000-4000-8000-000000000001", MORNING, "张", "请确认")
VIEW = Viewpoint("a1b2c3d4-0000-4000-8000-000000000001", snapshot="snapshot.png")
TOPIC = Topic(
    GUID,
    "风管穿梁",
    MORNING,
    "张",
    status="Open",
    comments=[COMMENT],
    viewpoints=[VIEW],
    files={"snapshot.png": "0"},
)
STORED = {"0": Stored("aa" * 32, 10), "1": Stored("bb" * 32, 10)}


@pytest.fixture
def model(session: Session) -> BimModel:
    found = BimModel(project_id=add_project(session).id, name="结构")
    session.add(found)
    session.flush()
    return found


def merge(session: Session, model: BimModel, *topics: Topic) -> Merged:
    return merge_archive(session, model.id, Archive("2.1", topics=list(topics)), STORED)


def issue_of(session: Session) -> BimIssue:
    return session.scalars(select(BimIssue)).one()


def test_the_same_archive_twice_changes_nothing(session: Session, model: BimModel) -> None:
    assert merge(session, model, TOPIC).added == [GUID]
    issue = issue_of(session)
    version = issue.row_version
    again = merge(session, model, TOPIC)
    assert (again.added, again.changed, again.unchanged) == ([], [], [GUID])
    session.flush()
    assert issue.row_version == version
    assert len(list_comments(session, [issue.id])) == len(list_viewpoints(session, [issue.id])) == 1


def test_a_newer_topic_wins_and_what_it_replaces_is_told(session: Session, model: BimModel) -> None:
    merge(session, model, TOPIC)
    newer = replace(TOPIC, status="Closed", modified_date=NOON, modified_author="李")
    merged = merge(session, model, newer)
    assert merged.changed == [GUID]
    assert merged.before[GUID]["status"] == "Open"
    assert (issue_of(session).status, issue_of(session).modified_author) == ("Closed", "李")


def test_an_older_topic_changes_no_field_but_brings_its_comments(session: Session, model: BimModel) -> None:
    merge(session, model, replace(TOPIC, status="Closed", modified_date=NOON))
    other = replace(COMMENT, guid="c0ffee00-0000-4000-8000-000000000002", text="补充")
    merged = merge(session, model, replace(TOPIC, title="旧标题", comments=[other]))
    issue = issue_of(session)
    assert (issue.title, issue.status) == ("风管穿梁", "Closed")
    assert merged.comments == 1
    assert [each.text for each in list_comments(session, [issue.id])] == ["请确认", "补充"]


def test_a_change_made_here_is_newer_than_the_file_it_came_from(session: Session, model: BimModel) -> None:
    future = datetime.now(UTC) + timedelta(days=400)  # the clock of the other tool is wrong
    merge(session, model, replace(TOPIC, modified_date=future))
    edit_issue(issue_of(session), {"status": "Closed"}, "王")
    session.flush()
    merge(session, model, replace(TOPIC, modified_date=future))
    assert issue_of(session).status == "Closed"


def test_an_edited_comment_wins_over_the_one_it_was(session: Session, model: BimModel) -> None:
    merge(session, model, TOPIC)
    edited = replace(COMMENT, text="已确认", modified_date=NOON, modified_author="张")
    assert merge(session, model, replace(TOPIC, comments=[edited])).comments == 1
    assert merge(session, model, TOPIC).comments == 0
    assert [each.text for each in list_comments(session, [issue_of(session).id])] == ["已确认"]


def test_two_tools_may_send_different_files_of_one_name(session: Session, model: BimModel) -> None:
    merge(session, model, TOPIC)
    view = replace(VIEW, guid="a1b2c3d4-0000-4000-8000-000000000002")
    merge(session, model, replace(TOPIC, viewpoints=[view], files={"snapshot.png": "1"}))
    issue = issue_of(session)
    files = {each.name: each.sha256 for each in list_files(session, [issue.id])}
    shown = {files[each.snapshot or ""] for each in list_viewpoints(session, [issue.id])}
    assert shown == {"aa" * 32, "bb" * 32}


def test_what_was_merged_is_exported_as_it_came(session: Session, model: BimModel) -> None:
    topic = replace(
        TOPIC,
        labels=["结构"],
        header_files=[{"filename": "结构.ifc", "is_external": True}],
        unknown=[{"path": "", "xml": "<x/>"}],
    )
    merge_archive(
        session, model.id, Archive("3.0", topics=[topic], extensions={"TopicStatuses": ["Closed"]}), STORED
    )
    archive = list_archive(session, model, "3.0")
    assert archive.extensions == {"TopicStatuses": ["Closed"]}
    (back,) = archive.topics
    name = f"{'aa' * 6}_snapshot.png"
    assert back == replace(topic, files={name: "aa" * 32}, viewpoints=[replace(VIEW, snapshot=name)])


def test_the_same_topic_may_stand_in_two_models(session: Session, model: BimModel) -> None:
    other = BimModel(project_id=model.project_id, name="机电")
    session.add(other)
    session.flush()
    merge(session, model, TOPIC)
    assert merge(session, other, TOPIC).added == [GUID]
