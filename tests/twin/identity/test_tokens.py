"""Tokens and the audit chain."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.errors import InvalidInputError, NotFoundError
from twin.identity.audit import find_broken_link, record_audit
from twin.identity.caller import SYSTEM
from twin.identity.tokens import add_token, add_user, assign_role, find_caller, list_tokens, revoke_token


def test_a_token_opens_what_its_user_may_and_is_not_stored(session: Session) -> None:
    user = add_user(session, "li", "李样例")
    assign_role(session, user, "planner")
    assign_role(session, user, "contractor", project_id=5)
    secret = add_token(session, user, "测试")
    caller = find_caller(session, secret)
    assert caller is not None
    assert (caller.roles, caller.own_roles, caller.own_projects) == ({"planner"}, {"contractor"}, (5,))
    assert secret not in str(session.execute(text("SELECT * FROM api_token")).all())


def test_a_token_never_exceeds_its_user(session: Session) -> None:
    user = add_user(session, "li", "李样例")
    assign_role(session, user, "planner")
    secret = add_token(session, user, "narrow", roles=["admin"])
    caller = find_caller(session, secret)
    assert caller is not None
    assert caller.roles == frozenset()


def test_revoked_expired_and_unknown_tokens_open_nothing(session: Session) -> None:
    user = add_user(session, "li", "李样例")
    kept = add_token(session, user, "kept")
    expired = add_token(session, user, "old", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert find_caller(session, expired) is None
    assert find_caller(session, "twt_" + "x" * 43) is None
    token_id = next(token.id for token in list_tokens(session) if token.name == "kept")
    revoke_token(session, token_id)
    assert find_caller(session, kept) is None
    with pytest.raises(NotFoundError):
        revoke_token(session, token_id)


def test_a_role_that_does_not_exist_is_refused_with_the_list(session: Session) -> None:
    with pytest.raises(InvalidInputError, match="planner"):
        assign_role(session, add_user(session, "li", "李样例"), "局长")


def test_the_audit_chain_shows_an_altered_event(session: Session) -> None:
    for number in range(3):
        record_audit(session, SYSTEM, "upload", f"模型 {number}", after={"大小": number})
    assert find_broken_link(session) is None
    second = session.scalar(text("SELECT id FROM audit_event ORDER BY id OFFSET 1 LIMIT 1"))
    session.execute(text("UPDATE audit_event SET actor = '别人' WHERE id = :id"), {"id": second})
    session.expire_all()
    assert find_broken_link(session) == second
