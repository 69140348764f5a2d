"""What each role may do: the matrix of `domain.md` §2 as data, closed by default."""

from typing import Literal

from twin.errors import ForbiddenError, UnauthenticatedError
from twin.identity.caller import Caller

Reach = Literal["all", "own", "public"]

ROLES = {
    "admin": "系统管理员 administrator",
    "director": "局长 bureau head",
    "division": "处室 division",
    "planner": "规划 planner",
    "task_force": "专班 task force",
    "contractor": "施工单位 contractor",
    "site_supervisor": "监理 site supervisor",
    "evaluator": "第三方评估 evaluator",
    "department": "部门 department",
    "auditor": "审计 auditor",
}

_EVERYWHERE = {"admin", "director", "division", "planner", "department", "auditor"}
_OWN = {"task_force", "contractor", "site_supervisor", "evaluator"}

# right → roles that hold it for every project, roles that hold it for their own projects only
RIGHTS: dict[str, tuple[set[str], set[str]]] = {
    "project:read": (_EVERYWHERE, _OWN),
    "project:write": ({"admin", "division"}, {"task_force"}),
    "progress:read": (_EVERYWHERE, _OWN),
    "progress:write": ({"admin", "division"}, {"task_force", "contractor"}),
    "light:read": (_EVERYWHERE, {"task_force", "contractor", "site_supervisor", "evaluator"}),
    "bim:read": (_EVERYWHERE, _OWN),
    "bim:write": ({"admin"}, {"task_force", "contractor"}),
    "land:read": ({"admin", "director", "division", "planner", "department", "auditor"}, set()),
    "land:write": ({"admin", "planner"}, set()),
    "overlap:run": ({"admin", "director", "division", "planner", "department", "auditor"}, {"task_force"}),
    "job:read": (_EVERYWHERE, _OWN),
    "audit:read": ({"admin", "director", "auditor"}, set()),
    "user:write": ({"admin"}, set()),
    "setting:write": ({"admin"}, set()),
}


def reach(caller: Caller, right: str) -> Reach:
    """Return for which rows the caller holds a right.

    Parameters
    ----------
    right : str
        A key of `RIGHTS`; any other is a programming error (KeyError), never an open door.

    Examples
    --------
    >>> reach(Caller(user_id=1, roles=frozenset({"auditor"})), "land:read")
    'all'
    >>> reach(Caller(), "land:read")
    'public'
    """
    everywhere, own = RIGHTS[right]
    if caller.roles & everywhere:
        return "all"
    if (caller.own_roles | caller.roles) & own:
        return "own"
    return "public"


def may(caller: Caller, right: str, project_id: int | None = None) -> bool:
    """Tell whether the caller holds the right for this project (or, without one, everywhere)."""
    found = reach(caller, right)
    return found == "all" or (found == "own" and project_id is not None and project_id in caller.own_projects)


def require(caller: Caller, right: str, project_id: int | None = None) -> None:
    """Refuse a caller who does not hold the right.

    Raises
    ------
    UnauthenticatedError
        Nobody signed in.
    ForbiddenError
        The caller is known and does not hold the right here.
    """
    if may(caller, right, project_id):
        return
    if caller.is_anonymous:
        raise UnauthenticatedError(
            f"This needs the right {right}; send a token in the Authorization header or sign in at /login.",
            f"此操作需要权限 {right}；请在 Authorization 头中携带令牌，或先在 /login 登录。",
        )
    raise ForbiddenError(
        f"{caller.display_name} does not hold the right {right} here; ask an administrator for a role that does.",
        f"{caller.display_name} 在此没有权限 {right}；请向管理员申请相应角色。",
    )
