"""Who sees which rows: every reach against public and internal projects."""

import pytest
from sqlalchemy.orm import Session

from tests.rows import add_project
from twin.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from twin.identity import ANONYMOUS, Caller
from twin.identity.rights import RIGHTS, ROLES, reach, require
from twin.layers import select_rows
from twin.projects.queries import CardFilters, get_portfolio, get_project, list_project_cards

PUBLIC, HIDDEN = "341299-2025-03-0128-4", "341299-2024-05-0017-3"


@pytest.fixture
def ids(session: Session) -> dict[str, int]:
    seen = add_project(session, PUBLIC, "公开项目")
    hidden = add_project(
        session, HIDDEN, "未公开项目", public=False, box=(39389000, 3653300, 39389100, 3653400)
    )
    return {PUBLIC: seen.id, HIDDEN: hidden.id}


def codes(session: Session, caller: Caller) -> list[str]:
    return sorted(card.code for card in list_project_cards(session, caller))


def test_the_public_sees_public_projects_without_the_lead_person(
    session: Session, ids: dict[str, int]
) -> None:
    cards = list_project_cards(session, ANONYMOUS)
    assert [(card.code, card.lead_person) for card in cards] == [(PUBLIC, None)]
    assert get_portfolio(session, ANONYMOUS).count == 1
    with pytest.raises(NotFoundError):
        get_project(session, ANONYMOUS, HIDDEN)


def test_a_contractor_sees_only_the_projects_of_its_contracts(session: Session, ids: dict[str, int]) -> None:
    contractor = Caller(user_id=7, own_roles=frozenset({"contractor"}), own_projects=(ids[HIDDEN],))
    assert codes(session, contractor) == [HIDDEN]
    assert list_project_cards(session, contractor)[0].lead_person == "甲某某"
    with pytest.raises(NotFoundError):
        get_project(session, contractor, PUBLIC)


def test_a_contractor_without_a_contract_sees_nothing(session: Session, ids: dict[str, int]) -> None:
    assert codes(session, Caller(user_id=8, own_roles=frozenset({"contractor"}))) == []


def test_a_division_sees_everything(session: Session, ids: dict[str, int]) -> None:
    assert codes(session, Caller(user_id=9, roles=frozenset({"division"}))) == sorted([PUBLIC, HIDDEN])


def test_filters_narrow_by_name_and_never_widen(session: Session, ids: dict[str, int]) -> None:
    found = list_project_cards(session, ANONYMOUS, CardFilters(q="项目"))
    assert [card.code for card in found] == [PUBLIC]
    assert list_project_cards(session, ANONYMOUS, CardFilters(q="%")) == []


def test_every_role_is_reached_by_some_right_and_an_unknown_right_is_a_programming_error() -> None:
    named = set().union(*(everywhere | own for everywhere, own in RIGHTS.values()))
    assert named == set(ROLES)
    with pytest.raises(KeyError):
        reach(ANONYMOUS, "project:destroy")


def test_missing_rights_are_told_apart_from_missing_sign_in() -> None:
    with pytest.raises(UnauthenticatedError):
        require(ANONYMOUS, "bim:write", 1)
    with pytest.raises(ForbiddenError):
        require(Caller(user_id=3, roles=frozenset({"auditor"})), "bim:write", 1)
    require(Caller(user_id=4, own_roles=frozenset({"contractor"}), own_projects=(1,)), "bim:write", 1)


def test_internal_fields_leave_the_layer_for_the_public() -> None:
    public = {field.name for field in select_rows(ANONYMOUS, "projects").selection.layer.fields}
    inside = {
        field.name
        for field in select_rows(
            Caller(user_id=1, roles=frozenset({"director"})), "projects"
        ).selection.layer.fields
    }
    assert inside - public == {"annual_plan_yuan", "approved_estimate_yuan", "lead_person"}
