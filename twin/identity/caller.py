"""Who is calling, as a value."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Caller:
    """One caller of one request.

    Attributes
    ----------
    user_id : int or None
        None for anonymous callers.
    roles : frozenset of str
        Roles held everywhere; see `twin.identity.rights.ROLES`.
    own_projects : tuple of int
        Projects a role is held for (contracts, task forces), ascending.
    own_roles : frozenset of str
        Roles held only for `own_projects`.
    """

    user_id: int | None = None
    login: str = "anonymous"
    display_name: str = "公众 public"
    roles: frozenset[str] = frozenset()
    own_roles: frozenset[str] = frozenset()
    own_projects: tuple[int, ...] = ()
    address: str | None = field(default=None, compare=False)

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody signed in."""
        return self.user_id is None


ANONYMOUS = Caller()
SYSTEM = Caller(user_id=0, login="system", display_name="系统 system", roles=frozenset({"admin"}))
