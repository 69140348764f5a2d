"""Where the embedded server's files lie below the home folder."""

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# sun_path holds 108 bytes with the closing NUL; the socket's name takes the rest.
SOCKET_PATH_LIMIT_BYTES = 107
LONGEST_SOCKET_NAME = "/.s.PGSQL.65535"


@dataclass(frozen=True)
class Folders:
    """The layout below one home folder."""

    home: Path

    @property
    def runtime(self) -> Path:
        """The distribution's packages, unpacked without root."""
        return self.home / "runtime"

    @property
    def database(self) -> Path:
        """What the server's account owns: data, socket."""
        return self.home / "database"

    @property
    def data(self) -> Path:
        """The data folder of the cluster."""
        return self.database / "data"

    @property
    def new_data(self) -> Path:
        """A data folder in the making; renamed when complete."""
        return self.database / "data.new"

    @property
    def upgraded_data(self) -> Path:
        """A whole data folder of a newer major version, about to take the old one's place."""
        return self.database / "data.upgraded"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.home / "database.log"

    @property
    def port_file(self) -> Path:
        """The TCP port chosen at the first start."""
        return self.home / "database.port"

    @property
    def start_lock(self) -> Path:
        """Held over find, init and start; never while serving."""
        return self.home / "start.lock"

    @property
    def owner_lock(self) -> Path:
        """Held by the server's parent for the server's whole life."""
        return self.home / "owner.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by every process that uses the server; exclusive while it stops."""
        return self.home / "users.lock"

    @property
    def dumps(self) -> Path:
        """Dumps written before an upgrade."""
        return self.home / "dumps"

    def password_file(self, role: str) -> Path:
        """Return the file holding the role's generated password (mode 0600)."""
        return self.home / "secrets" / f"{role}.password"


def socket_folder(folders: Folders) -> Path:
    """Return a folder whose socket path fits the system's limit: the home if short, else a private one.

    Examples
    --------
    >>> socket_folder(Folders(Path("/srv/twin")))
    PosixPath('/srv/twin/database/socket')
    """
    wanted = folders.database / "socket"
    if fits(wanted):
        return wanted
    run = os.environ.get("XDG_RUNTIME_DIR", "")
    if run and os.geteuid() != 0 and Path(run).is_dir() and fits(Path(run) / "twin"):
        return Path(run) / "twin"
    return _private_temporary(folders)


def _private_temporary(folders: Folders) -> Path:
    """Return the same short folder at every start, unless someone else made it first."""
    digest = hashlib.sha256(os.fsencode(folders.home)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"twin-{digest}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    facts = folder.lstat()
    owners = {os.geteuid()} | ({folders.database.stat().st_uid} if folders.database.exists() else set())
    if stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) == 0o700 and facts.st_uid in owners:
        return folder
    return Path(tempfile.mkdtemp(prefix="twin-"))


def fits(folder: Path) -> bool:
    """Tell whether a socket in this folder has a path the system accepts.

    Examples
    --------
    >>> fits(Path("/tmp")), fits(Path("/" + "长" * 40))
    (True, False)
    """
    return len(os.fsencode(folder)) + len(LONGEST_SOCKET_NAME) <= SOCKET_PATH_LIMIT_BYTES
