"""Several edits in one transaction: what follows from them happens once, and others need not wait for the trail."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from tests.twin.editing.people import DIVISION, PLANNER, parcel
from tests.twin.editing.test_elements import LAYER, ids, progress  # noqa: F401  the fixture of the elements
from twin.db import for_sqlalchemy, open_session
from twin.editing import Feature, create_feature, edits_together, update_feature
from twin.errors import ConflictError
from twin.identity.audit import list_events


def count(session: Session, table: str) -> int:
    return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def test_a_project_is_rolled_up_once_however_many_of_its_elements_are_edited(
    session: Session,
    ids: tuple[int, int, int],  # noqa: F811
) -> None:
    project, first, second = ids
    session.execute(text("UPDATE bim_element SET planning_status = NULL"))
    with edits_together(session):
        for element, percent in ((first, 20), (second, 40), (first, 60)):
            update_feature(session, DIVISION, LAYER, element, Feature({"progress": percent}))
        assert count(session, "project_state") == 0
    assert count(session, "project_state") == 1
    assert progress(session, project) == pytest.approx(0.7 * (60 + 40) / 2)
    assert [event.after for event in reversed(list_events(session))] == [
        {"status": "in_progress", "progress": 20.0},
        {"status": "in_progress", "progress": 40.0},
        {"progress": 60.0},
    ]


def test_an_edit_that_fails_alone_leaves_nothing_to_follow(session: Session) -> None:
    create_feature(session, PLANNER, "land_parcels", parcel("CB-1"))
    with edits_together(session):
        for number in ("CB-2", "CB-1", "CB-3"):
            try:
                with session.begin_nested():
                    create_feature(session, PLANNER, "land_parcels", parcel(number))
            except ConflictError:
                assert number == "CB-1"
    things = [event.thing for event in list_events(session)]
    assert things == ["land_parcel CB-3", "land_parcel CB-2", "land_parcel CB-1"]


def test_an_error_that_ends_them_all_leaves_no_trail(session: Session) -> None:
    def twice() -> None:
        with session.begin_nested(), edits_together(session):
            create_feature(session, PLANNER, "land_parcels", parcel("CB-1"))
            create_feature(session, PLANNER, "land_parcels", parcel("CB-1"))

    with pytest.raises(ConflictError):
        twice()
    assert (count(session, "audit_event"), count(session, "land_parcel")) == (0, 0)
    create_feature(session, PLANNER, "land_parcels", parcel("CB-1"))
    assert count(session, "audit_event") == 1


def test_another_writer_is_not_held_up_while_edits_are_made_together(clone_url: str) -> None:
    """Else the two could wait for each other: one for the trail, the other for a row."""
    engine = create_engine(for_sqlalchemy(clone_url), connect_args={"options": "-c lock_timeout=3000"})
    with open_session(engine) as session:
        one, two = (create_feature(session, PLANNER, "land_parcels", parcel(f"CB-{n}")) for n in (1, 2))
    with open_session(engine) as session, edits_together(session):
        update_feature(session, PLANNER, "land_parcels", one, Feature({"name": "甲"}))
        with open_session(engine) as other:
            update_feature(other, PLANNER, "land_parcels", two, Feature({"name": "乙"}))
        update_feature(session, PLANNER, "land_parcels", two, Feature({"planned_use": "工业用地"}))
    with open_session(engine) as session:
        rows = session.execute(text("SELECT name, planned_use FROM land_parcel ORDER BY id")).all()
        assert [tuple(row) for row in rows] == [("甲", None), ("乙", "工业用地")]
    engine.dispose()
