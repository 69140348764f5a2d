"""What can go wrong while finding, starting or checking a PostGIS; each message carries the remedy."""

from pathlib import Path

from twin.errors import ConflictError, TwinError, UnavailableError


class NoPostgisError(TwinError):
    """No server with PostGIS on this machine, and none could be fetched."""


class InstallError(TwinError):
    """The distribution's package tools failed."""


class HomeError(TwinError):
    """The data folder cannot be used by the account the server runs as."""


class OtherMajorError(TwinError):
    """The data folder belongs to another major version of PostgreSQL."""


class StartError(UnavailableError):
    """The server did not come up."""


class OwnedElsewhereError(ConflictError):
    """Another machine or container holds this data folder."""


class NotRunningError(UnavailableError):
    """The embedded server does not run."""


class StopRefusedError(ConflictError):
    """The server belongs to a service that still runs."""


class CapabilityError(TwinError):
    """The server lacks a function the service is built on."""


class DumpError(TwinError):
    """A dump could not be written or read back."""


def other_major(data: Path, found: int, here: int) -> OtherMajorError:
    """Return the error of data that this machine's server cannot read."""
    return OtherMajorError(
        f"The data in {data} were made by PostgreSQL {found}, this machine has {here}: make PostgreSQL {found} with "
        "PostGIS available as well (TWIN_PG_BIN names its program folder) and run `twin db upgrade`.",
        f"{data} 中的数据由 PostgreSQL {found} 建立，而本机只有 {here}：请同时提供带 PostGIS 的 PostgreSQL {found}"
        "（TWIN_PG_BIN 指其程序目录），再执行 `twin db upgrade`。",
    )
