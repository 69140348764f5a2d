"""The embedded PostGIS: one private cluster below the home folder."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg.conninfo import make_conninfo

from twin.cluster.account import (
    Account,
    check_reach,
    has_name,
    make_own_folder,
    passwd_environment,
    server_account,
)
from twin.cluster.capabilities import check_capabilities
from twin.cluster.errors import NotRunningError, other_major
from twin.cluster.folders import Folders
from twin.cluster.halt import halt
from twin.cluster.home import let_server_pass, make_home, starting_alone
from twin.cluster.initialise import add_data, find_data_major, finish_swap
from twin.cluster.installation import Installation, list_installations
from twin.cluster.launch import Launch, find_serving_port, start_server
from twin.cluster.obtain import obtain_installation, tell
from twin.cluster.packages import Say
from twin.cluster.passwords import OWNER, SERVICE, Role, add_passwords, get_password
from twin.cluster.pidfile import find_postmaster_file
from twin.cluster.prepare import DATABASE, add_database, add_extension, add_service_role
from twin.cluster.status import Started, Status
from twin.cluster.users import join_users, leave_users

SHIM_WAIT_S = 130.0


class Cluster:
    """A PostgreSQL cluster with PostGIS of our own.

    Parameters
    ----------
    home : Path
        Folder for data, passwords, log and, without root, the unpacked programs.
    durable : bool
        False trades safety for speed: for tests only.
    bin_dir : Path, optional
        A folder of server programs to use first.
    system_packages : bool
        False refuses to install packages into the system.
    say : Callable[[str], None]
        Receives lines of progress.
    """

    def __init__(
        self,
        home: Path,
        durable: bool = True,
        *,
        bin_dir: Path | None = None,
        system_packages: bool = True,
        say: Say = tell,
    ) -> None:
        self.folders = Folders(Path(os.path.abspath(home)))  # noqa: PTH100 -- symbolic links stay as given
        self.durable = durable
        self._bin_dir = bin_dir
        self._system_packages = system_packages
        self._say = say
        self._shim: subprocess.Popen[bytes] | None = None
        self._share: int | None = None
        self._port: int | None = None

    def __enter__(self) -> Self:
        """Start, or adopt a running server."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server if it is ours."""
        self.stop()

    @property
    def account(self) -> Account:
        """The account the server runs as; asked anew each time, as installing packages may bring one."""
        return server_account(self.folders.database)

    def ensure(self) -> None:
        """Find or fetch the programs and make the data folder; start nothing.

        Raises
        ------
        NoPostgisError, InstallError, HomeError, OtherMajorError, StartError
        """
        make_home(self.folders)
        with starting_alone(self.folders, self._say):
            self._ensure()

    def fetch(self) -> Installation:
        """Find or fetch the programs alone; make no data.

        Raises
        ------
        NoPostgisError, InstallError, HomeError
        """
        make_home(self.folders)
        with starting_alone(self.folders, self._say):
            return self.find_programs()

    def start(self, *, detached: bool = False) -> Started:
        """Start the server, or adopt the one that already serves this home.

        Parameters
        ----------
        detached : bool
            Let a server started here outlive this process, until `halt`.
        """
        make_home(self.folders)
        with starting_alone(self.folders, self._say):
            self._leave()
            self._share = join_users(self.folders.users_lock)
            try:
                port = self._find_serving()
                adopted = port is not None
                self._port = port or self._start_own(detached=detached)
            except BaseException:
                self._leave()
                raise
        return Started(adopted, self._port)

    def keep(self) -> bool:
        """Start the server again if it has gone; return whether it had. A supervisor calls this regularly."""
        if self._shim is not None:
            if self._shim.poll() is None:
                return False
        elif self._find_serving() is not None:
            return False
        self._shim = None
        self.start()
        return True

    def stop(self) -> None:
        """Give the server back: it stops if it is ours and nobody else uses it."""
        alone = self._leave()
        shim, self._shim = self._shim, None
        if shim is None:
            return
        if shim.stdin is not None:
            with suppress(BrokenPipeError):
                shim.stdin.close()
        if alone:
            shim.wait(SHIM_WAIT_S)
        elif shim.poll() is None:
            shim.returncode = 0  # it stays until the last user has gone; nobody here waits for it

    def halt(self) -> bool:
        """Stop a detached server on a person's order; return whether one ran.

        Raises
        ------
        StopRefusedError
            If it belongs to a process that still runs.
        """
        return halt(self.folders)

    def status(self) -> Status:
        """Say what is known; nothing is started."""
        major = find_data_major(self.folders.data)
        port = self._find_serving() if major is not None else None
        found = find_postmaster_file(self.folders.data)
        return Status(self.folders.home, major, port is not None, found.pid if found and port else None, port)

    def url(self, role: Role, database: str = DATABASE) -> str:
        """Return a plain `postgresql://` URL over loopback TCP, with the role's password.

        Raises
        ------
        NotRunningError
            If the server was never started.
        """
        password = quote(get_password(self.folders, role), safe="")
        return f"postgresql://{role}:{password}@127.0.0.1:{self._known_port()}/{quote(database, safe='')}"

    def find_programs(self, *, data: Path | None = None) -> Installation:
        """Return the programs in use, fetching them if there are none."""
        return obtain_installation(
            self.folders,
            explicit=self._bin_dir,
            major=find_data_major(data or self.folders.data),
            system_packages=self._system_packages,
            named=has_name(),
            say=self._say,
        )

    def list_programs(self) -> list[Installation]:
        """Return every folder of server programs on this machine, the unusable ones with the reason."""
        return list_installations(self.folders.runtime, self._bin_dir)

    def launch(self, data: Path, installation: Installation) -> Launch:
        """Return what starts a server of this cluster's on a data folder."""
        environment = self.server_environment(installation)
        return Launch(self.folders, data, installation, self.account, environment, self.durable)

    def server_environment(self, installation: Installation) -> dict[str, str]:
        """Return the whole environment of the server process; nothing of ours leaks into it."""
        roots = [self.folders.runtime, Path("/")]
        return {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            **installation.environment,
            **passwd_environment(self.account, roots, self.folders.home),
        }

    def connect(self, port: int, database: str = "postgres") -> "psycopg.Connection[tuple[str]]":
        """Connect as the cluster's owner, committing each statement."""
        return psycopg.connect(self.conninfo(port, database), autocommit=True)

    def conninfo(self, port: int, database: str) -> str:
        """Return libpq's description of a connection as the cluster's owner."""
        return make_conninfo(
            host="127.0.0.1",
            port=port,
            user=OWNER,
            password=get_password(self.folders, OWNER),
            dbname=database,
            connect_timeout=5,
            sslmode="disable",
        )

    def _ensure(self) -> Installation:
        installation = self.find_programs()
        account = self.account
        let_server_pass(self.folders, account)
        make_own_folder(self.folders.database, account)
        check_reach(self.folders.database, account)
        finish_swap(self.folders)
        major = find_data_major(self.folders.data)
        if major is None:
            self.add_data(self.folders.data, installation)
        elif major != installation.major:
            raise other_major(self.folders.data, major, installation.major)
        return installation

    def add_data(self, data: Path, installation: Installation) -> None:
        """Make a data folder at `data`."""
        self._say(f"Making the database in {self.folders.database} ... 正在建立数据库……")
        add_passwords(self.folders)
        add_data(
            data,
            self.folders,
            installation,
            self.account,
            self.server_environment(installation),
            get_password(self.folders, OWNER),
            durable=self.durable,
        )

    def _start_own(self, *, detached: bool) -> int:
        installation = self._ensure()
        self._shim, port = start_server(
            self.launch(self.folders.data, installation), self.connect, detached=detached
        )
        try:
            self.fill(port)
        except BaseException:
            self.stop()
            raise
        if detached:
            self._shim.returncode = 0  # it outlives us: nobody here waits for it
            self._shim = None
        return port

    def fill(self, port: int) -> None:
        """Make roles, database and extension where they are missing, and check the feature floor."""
        with self.connect(port) as connection:
            add_service_role(connection, get_password(self.folders, SERVICE))
            add_database(connection)
        with self.connect(port, DATABASE) as connection:
            add_extension(connection)
        check_capabilities(self.conninfo(port, DATABASE))

    def _find_serving(self) -> int | None:
        return find_serving_port(self.folders.data, self.connect)

    def _leave(self) -> bool:
        share, self._share = self._share, None
        return share is None or leave_users(share)

    def _known_port(self) -> int:
        if self._port is not None:
            return self._port
        found = find_postmaster_file(self.folders.data)
        if found is not None:
            return found.port
        raise NotRunningError(
            f"The database in {self.folders.home} does not run: `twin db start` starts it.",
            f"{self.folders.home} 中的数据库没有运行：请执行 `twin db start`。",
        )
