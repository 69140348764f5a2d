"""What stands in the stamp of every file that leaves: reporting date, operator, whether the data are made up."""

from datetime import UTC, datetime

from gis.export import Origin, SyncConnection
from twin.identity.caller import Caller

_STATE = "SELECT reporting_date()::text, EXISTS (SELECT FROM project WHERE synthetic)"


def find_origin(connection: SyncConnection, caller: Caller) -> Origin:
    """Return the origin of a file taken out now by this caller."""
    row = connection.execute(_STATE).fetchone()
    reporting_date, synthetic = row or ("", False)
    return Origin(
        operator=f"{caller.display_name} ({caller.login})",
        made_at=datetime.now(UTC),
        reporting_date=reporting_date,
        synthetic=synthetic,
    )
