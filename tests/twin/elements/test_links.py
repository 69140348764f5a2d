"""Link rules go with a model from revision to revision."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.rows import add_plan, add_project
from tests.twin.elements.rows import element, model_result, pending_revision, publish, task, write_elements
from twin.elements.links import LinkRule, list_rules, replace_rules, report_links
from twin.errors import InvalidInputError


def links(session: Session, revision_id: int) -> dict[str, tuple[str | None, str | None]]:
    rows = session.execute(
        text(
            """SELECT e.name, m.code, e.plan_finish::text FROM bim_element e
            LEFT JOIN milestone m ON m.id = e.milestone_id WHERE e.revision_id = :id ORDER BY e.id"""
        ),
        {"id": revision_id},
    )
    return {name: (code, finish) for name, code, finish in rows}


def test_a_new_revision_is_linked_by_the_rules_and_else_by_its_own_tasks(
    session: Session, tmp_path: Path
) -> None:
    project = add_project(session)
    add_plan(session, project)
    first = pending_revision(session, project)
    tasks = [task("M01", "2025-02-01", "2025-03-01")]
    one = write_elements(tmp_path / "1", [element(1, task_codes=["M01"]), element(2)])
    publish(session, first, model_result(tasks=tasks), one)
    assert links(session, first.id) == {"墙 1": ("M01", "2025-03-01"), "墙 2": (None, None)}
    replace_rules(session, first.model_id, [LinkRule("M02", name="墙 2*"), LinkRule("M02", tag="T-9")], "甲")
    second = pending_revision(session, project, "cd" * 32)
    two = write_elements(
        tmp_path / "2",
        [
            element(1, task_codes=["M01"]),
            element(2),
            element(22),
            element(3, tag="T-9"),
            element(4, tag="T-90"),
        ],
    )
    publish(session, second, model_result(tasks=tasks), two)
    # A rule's task has the dates of the baseline, the file's own task those of the file.
    assert links(session, second.id) == {
        "墙 1": ("M01", "2025-03-01"),
        "墙 2": ("M02", "2025-11-30"),
        "墙 22": ("M02", "2025-11-30"),
        "墙 3": ("M02", "2025-11-30"),
        "墙 4": (None, None),
    }
    told = report_links(session, second.id)
    assert [(row["position"], row["linked"]) for row in told["matched"]] == [(1, 2), (2, 1)]
    assert (told["without_task_count"], told["conflict_count"]) == (1, 0)


def test_rules_are_stored_as_they_were_given(session: Session) -> None:
    revision = pending_revision(session)
    rules = [LinkRule("M02", ifc_class="IfcWall*", storey="二层"), LinkRule("M01", global_id="0x$_1")]
    assert replace_rules(session, revision.model_id, rules, "甲")
    assert list_rules(session, revision.model_id) == rules
    assert not replace_rules(session, revision.model_id, rules, "乙")


def test_too_many_patterns_are_refused(session: Session) -> None:
    revision = pending_revision(session)
    with pytest.raises(InvalidInputError, match="501"):
        replace_rules(session, revision.model_id, [LinkRule("M01", name=f"a{n}*") for n in range(501)], "甲")
