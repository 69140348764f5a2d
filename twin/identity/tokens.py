"""Bearer tokens: made once, shown once, kept as a hash."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from twin.errors import InvalidInputError, NotFoundError
from twin.identity.caller import Caller
from twin.identity.models import ApiToken, RoleGrant, User
from twin.identity.rights import ROLES

PREFIX = "twt_"


def hash_token(token: str) -> bytes:
    """Return what is stored of a token. A plain hash suffices: 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).digest()


def add_user(session: Session, login: str, display_name: str, unit: str | None = None) -> User:
    """Add a user, or return the one with this login."""
    user = session.scalar(select(User).where(User.login == login))
    if user is None:
        user = User(login=login, display_name=display_name, unit=unit)
        session.add(user)
        session.flush()
    return user


def assign_role(session: Session, user: User, role: str, project_id: int | None = None) -> None:
    """Assign a role, everywhere or for one project; twice is once.

    Raises
    ------
    InvalidInputError
        The role is not one of `ROLES`.
    """
    if role not in ROLES:
        raise InvalidInputError(
            f"There is no role {role}; choose one of {', '.join(ROLES)}.",
            f"没有角色 {role}；可选：{'、'.join(ROLES)}。",
        )
    held = select(RoleGrant).where(
        RoleGrant.user_id == user.id,
        RoleGrant.role == role,
        RoleGrant.project_id.is_not_distinct_from(project_id),
    )
    if session.scalar(held) is None:
        session.add(RoleGrant(user_id=user.id, role=role, project_id=project_id))
        session.flush()


def add_token(
    session: Session,
    user: User,
    name: str,
    expires_at: datetime | None = None,
    roles: list[str] | None = None,
    token: str | None = None,
) -> str:
    """Add a token for a user and return it; it cannot be read again.

    Parameters
    ----------
    roles : list of str, optional
        A subset of the user's roles; a token never exceeds its user.
    token : str, optional
        A secret chosen by the operator (`TWIN_ADMIN_TOKEN`), at least 16 characters.
    """
    secret = token or PREFIX + secrets.token_urlsafe(32)
    if len(secret) < 16:
        raise InvalidInputError(
            "A token needs at least 16 characters; leave TWIN_ADMIN_TOKEN unset to have one made.",
            "令牌至少需要 16 个字符；不设置 TWIN_ADMIN_TOKEN 则自动生成。",
        )
    session.add(
        ApiToken(
            user_id=user.id,
            name=name,
            prefix=secret[:8],
            hash=hash_token(secret),
            roles=roles,
            expires_at=expires_at,
        )
    )
    session.flush()
    return secret


def list_tokens(session: Session) -> list[ApiToken]:
    """List all tokens, newest first."""
    return list(session.scalars(select(ApiToken).order_by(ApiToken.id.desc())))


def revoke_token(session: Session, token_id: int) -> None:
    """Revoke a token for good.

    Raises
    ------
    NotFoundError
        No such token, or it was revoked before.
    """
    done = session.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFoundError(
            f"There is no valid token with number {token_id}; see `twin token list`.",
            f"没有编号为 {token_id} 的有效令牌；参见 `twin token list`。",
        )


def find_caller(session: Session, secret: str, address: str | None = None) -> Caller | None:
    """Return who holds this token, or None when it is unknown, expired, revoked or its user is disabled."""
    found = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(
            ApiToken.hash == hash_token(secret),
            ApiToken.revoked_at.is_(None),
            (ApiToken.expires_at.is_(None)) | (ApiToken.expires_at > func.now()),
            User.disabled.is_(False),
        )
    ).first()
    if found is None:
        return None
    token, user = found
    grants = session.execute(
        select(RoleGrant.role, RoleGrant.project_id).where(RoleGrant.user_id == user.id)
    ).all()
    kept = [(role, project) for role, project in grants if token.roles is None or role in token.roles]
    return Caller(
        user_id=user.id,
        login=user.login,
        display_name=user.display_name,
        roles=frozenset(role for role, project in kept if project is None),
        own_roles=frozenset(role for role, project in kept if project is not None),
        own_projects=tuple(sorted({project for _, project in kept if project is not None})),
        address=address,
    )
