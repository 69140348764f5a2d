"""What a worker does beside its jobs."""

import time
from pathlib import Path

from sqlalchemy import text

from tests.rows import add_project
from tests.twin.elements.rows import element, model_result, pending_revision, publish, write_elements
from twin.db import open_session
from twin.jobs.chores import Chore, TermsWriter, start_chores
from twin.jobs.workroom import Workroom


def test_terms_of_new_revisions_are_written_while_the_worker_runs(room: Workroom, tmp_path: Path) -> None:
    with open_session(room.engine) as session:
        revision = pending_revision(session, add_project(session))
        publish(session, revision, model_result(), write_elements(tmp_path, [element(1), element(2)]))
        revision_id = revision.id
    end = start_chores(room, (Chore("terms", 0.05, TermsWriter()),))
    deadline = time.monotonic() + 30
    texts: list[str] = []
    while not texts and time.monotonic() < deadline:
        with open_session(room.engine) as session:
            statement = text("SELECT texts FROM element_text WHERE revision_id = :id")
            texts = list(session.scalars(statement, {"id": revision_id}))
        time.sleep(0.05)
    end()
    found = set("\x1f".join(texts).split("\x1f"))
    assert {"墙 1", "墙 2", "ifcwall", "一层", "c30 混凝土"} <= found


def test_a_revision_whose_terms_cannot_be_written_holds_up_no_other(room: Workroom, tmp_path: Path) -> None:
    with open_session(room.engine) as session:
        project = add_project(session)
        ids = []
        for number, value in enumerate(["1e999", "2"]):  # the first is a JSON number that no float holds
            revision = pending_revision(session, project, sha256=f"{number}a" * 32, name=f"楼 {number}")
            publish(session, revision, model_result(), write_elements(tmp_path, [element(1)]))
            ids.append(revision.id)
            odd = text(
                "UPDATE bim_element SET psets = CAST(:p AS jsonb), quantities = '{\"Q\": 5}' WHERE revision_id = :id"
            )
            session.execute(odd, {"p": f'{{"P": {{"x": {value}}}, "no set": 7}}', "id": revision.id})
    TermsWriter()(room)
    with open_session(room.engine) as session:
        written = text("SELECT id FROM bim_revision WHERE indexed_at IS NOT NULL")
        assert list(session.scalars(written)) == [ids[1]]


def test_a_chore_that_fails_is_done_again(room: Workroom) -> None:
    tries: list[int] = []

    def fail(_room: Workroom) -> None:
        tries.append(1)
        raise OSError("the disk is full")

    end = start_chores(room, (Chore("failing", 0.01, fail),))
    deadline = time.monotonic() + 30
    while len(tries) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    end()
    assert len(tries) >= 3
