"""Which URL the service connects with: a role that is neither superuser nor owner of the tables."""

from twin.cluster import Cluster
from twin.db.engine import make_engine
from twin.db.outside import ensure_service_url
from twin.settings import DatabaseSettings, HomeSettings


def service_url(home: HomeSettings, database: DatabaseSettings) -> str:
    """Return the URL of the service role.

    Parameters
    ----------
    home : HomeSettings
        Where the embedded cluster lies, and the service role's password for an outside server.
    database : DatabaseSettings
        `TWIN_APP_DATABASE_URL` is used as it is; with `DATABASE_URL` alone the owner gives the service role a
        password; with neither the running embedded cluster is asked.

    Raises
    ------
    NotRunningError
        No URL is set and the embedded cluster does not run.
    UnavailableError
        The owner may not give the service role a password.
    """
    if database.app_url:
        return database.app_url
    if not database.url:
        return Cluster(home.home).url("twin_app")
    engine = make_engine(database.url, pool_size=1)
    try:
        return ensure_service_url(engine, database.url, home.home)
    finally:
        engine.dispose()
