"""Signing in from a browser: a token is exchanged for a short-lived one of its own."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from twin.errors import UnauthenticatedError
from twin.identity.models import ApiToken, User
from twin.identity.tokens import add_token, find_caller, hash_token

SESSION_HOURS = 12
SESSION_NAME = "session"


def sign_in(session: Session, token: str) -> str:
    """Exchange a valid token for the value of a session cookie.

    The session is a token itself: kept as a hash, bounded by the roles of the one it was made from, and
    never longer-lived than that one.

    Raises
    ------
    UnauthenticatedError
        The token is unknown, expired or revoked, or its user is disabled.
    """
    if not token.isascii() or find_caller(session, token) is None:
        raise UnauthenticatedError(
            "This token is not valid (any more); ask an administrator for a new one.",
            "此令牌无效或已失效；请向管理员索取新令牌。",
        )
    held = session.execute(select(ApiToken).where(ApiToken.hash == hash_token(token))).scalar_one()
    user = session.get_one(User, held.user_id)
    end = datetime.now(UTC) + timedelta(hours=SESSION_HOURS)
    if held.expires_at is not None:
        end = min(end, held.expires_at)
    return add_token(session, user, SESSION_NAME, expires_at=end, roles=held.roles)


def session_end(session: Session, value: str) -> datetime:
    """Return when a session ends of itself.

    Raises
    ------
    NoResultFound, ValueError
        No such session, or a token that never ends: a programming error.
    """
    end = session.execute(select(ApiToken.expires_at).where(ApiToken.hash == hash_token(value))).scalar_one()
    if end is None:
        raise ValueError("a session has always an end")
    return end


def sign_out(session: Session, value: str) -> None:
    """Revoke a session; an unknown value is no error, its holder is signed out already.

    Only sessions end this way: a bearer token sent as a cookie stays valid.
    """
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.hash == hash_token(value), ApiToken.name == SESSION_NAME, ApiToken.revoked_at.is_(None)
        )
        .values(revoked_at=func.now())
    )
