"""Users and the roles they hold."""

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from twin.errors import NotFoundError
from twin.identity.models import RoleGrant, User


@dataclass(frozen=True)
class UserSummary:
    """A user as lists show one; roles held for single projects carry the project's number."""

    login: str
    display_name: str
    unit: str | None
    disabled: bool
    roles: tuple[str, ...]


def get_user(session: Session, login: str) -> User:
    """Return the user of a login.

    Raises
    ------
    NotFoundError
        There is none.
    """
    user = session.scalar(select(User).where(User.login == login))
    if user is None:
        raise NotFoundError(
            f"There is no user {login}; make one with `twin user add {login}`.",
            f"没有用户 {login}；请用 `twin user add {login}` 创建。",
        )
    return user


def list_users(session: Session) -> list[UserSummary]:
    """List all users by login."""
    grants: dict[int, list[str]] = {}
    for grant in session.scalars(select(RoleGrant).order_by(RoleGrant.role, RoleGrant.project_id)):
        shown = grant.role if grant.project_id is None else f"{grant.role}@{grant.project_id}"
        grants.setdefault(grant.user_id, []).append(shown)
    users = session.scalars(select(User).order_by(User.login))
    return [
        UserSummary(user.login, user.display_name, user.unit, user.disabled, tuple(grants.get(user.id, ())))
        for user in users
    ]


def remove_role(session: Session, user: User, role: str, project_id: int | None = None) -> None:
    """Take a role away, everywhere or for one project.

    Raises
    ------
    NotFoundError
        The user does not hold it there.
    """
    done = session.execute(
        delete(RoleGrant).where(
            RoleGrant.user_id == user.id,
            RoleGrant.role == role,
            RoleGrant.project_id.is_not_distinct_from(project_id),
        )
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFoundError(
            f"User {user.login} does not hold the role {role} there.",
            f"用户 {user.login} 在此没有角色 {role}。",
        )
