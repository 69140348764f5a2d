"""Which URL the service connects with: never the owner's where another is known."""

from twin.cluster import open_cluster
from twin.settings import DatabaseSettings, HomeSettings


def service_url(home: HomeSettings, database: DatabaseSettings) -> str:
    """Return the URL of the service role.

    Parameters
    ----------
    home : HomeSettings
        Where the embedded cluster lies.
    database : DatabaseSettings
        `TWIN_APP_DATABASE_URL` if set, else `DATABASE_URL`, else the running embedded cluster's.

    Raises
    ------
    NotRunningError
        No URL is set and the embedded cluster does not run.
    """
    return database.app_url or database.url or open_cluster(home).url("twin_app")
