"""Whose rights a job has: those with which it was asked for."""

from typing import Any

from twin.identity.caller import Caller


def kept_caller(caller: Caller) -> dict[str, Any]:
    """Return a caller as the payload of a job holds it."""
    return {
        "user_id": caller.user_id,
        "login": caller.login,
        "display_name": caller.display_name,
        "roles": sorted(caller.roles),
        "own_roles": sorted(caller.own_roles),
        "own_projects": list(caller.own_projects),
        "address": caller.address,
    }


def caller_of(kept: dict[str, Any]) -> Caller:
    """Return the caller that a payload holds.

    Examples
    --------
    >>> planner = Caller(user_id=1, login="planner", roles=frozenset({"planner"}))
    >>> caller_of(kept_caller(planner)) == planner
    True
    """
    return Caller(
        user_id=kept["user_id"],
        login=kept["login"],
        display_name=kept["display_name"],
        roles=frozenset(kept["roles"]),
        own_roles=frozenset(kept["own_roles"]),
        own_projects=tuple(kept["own_projects"]),
        address=kept["address"],
    )
