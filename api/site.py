"""One installation: its database made ready, its service role's URL, its administrator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.state import AppSettings
from twin.alerts.presets import add_shipped_presets
from twin.cluster import Cluster, check_capabilities, open_cluster
from twin.db import make_engine, migrate, open_session
from twin.db.outside import ensure_service_url
from twin.identity.admin_token import ensure_admin_token


@dataclass(frozen=True)
class Site:
    """A database at the newest schema, and how to reach it.

    Attributes
    ----------
    owner_url : str
        Owner of the tables: migrations only.
    service_url : str
        The role the service works as, neither superuser nor owner.
    cluster : Cluster or None
        The embedded cluster; None when `DATABASE_URL` names an outside server.
    admin_token_file : Path or None
        Where the administrator's token lies; None where the operator gave it.
    """

    settings: AppSettings
    owner_url: str
    service_url: str
    cluster: Cluster | None
    admin_token_file: Path | None

    @property
    def environment(self) -> dict[str, str]:
        """What children need to find the same database as the service role, and nothing more."""
        return {"TWIN_APP_DATABASE_URL": self.service_url, "TWIN_HOME": str(self.settings.home.home)}


@contextmanager
def open_site(settings: AppSettings) -> Iterator[Site]:
    """Open the installation: start or adopt the database, migrate it, see to presets and administrator.

    Raises
    ------
    TwinError
        No PostGIS is to be had, it lacks something, or a role may not do what is needed; with the remedy.
    """
    outside = settings.database.url
    if outside:
        yield _ready(settings, outside, None)
        return
    with open_cluster(settings.home) as cluster:
        yield _ready(settings, cluster.url("twin"), cluster)


def _ready(settings: AppSettings, owner_url: str, cluster: Cluster | None) -> Site:
    check_capabilities(owner_url)
    migrate(owner_url)
    service_url = _service_url(settings, owner_url, cluster)
    engine = make_engine(service_url, pool_size=1)
    try:
        with open_session(engine, "system") as session:
            add_shipped_presets(session)
            home = settings.home.home
            home.mkdir(parents=True, exist_ok=True)
            token_file = ensure_admin_token(session, home, settings.server.admin_token)
    finally:
        engine.dispose()
    return Site(settings, owner_url, service_url, cluster, token_file)


def _service_url(settings: AppSettings, owner_url: str, cluster: Cluster | None) -> str:
    if cluster is not None:
        return cluster.url("twin_app")
    if settings.database.app_url:
        return settings.database.app_url
    engine = make_engine(owner_url, pool_size=1)
    try:
        return ensure_service_url(engine, owner_url, settings.home.home)
    finally:
        engine.dispose()
