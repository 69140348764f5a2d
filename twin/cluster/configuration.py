"""The server's settings and its port."""

import os
import random
import socket
from pathlib import Path

from twin.cluster.account import Account, give
from twin.cluster.folders import Folders

# Below the range the kernel hands out to outgoing connections, so that a stored port stays ours.
FIRST_PORT, LAST_PORT = 15432, 16431
SMALL_SHM_BYTES = 256 * 1024 * 1024

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "shared_buffers": "128MB",
    "jit": "off",  # slower on every measured query of ours, tiles above all
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_min_duration_statement": "5s",
    "password_encryption": "scram-sha-256",
}
# For tests, which also run many applications side by side on one server.
NOT_DURABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
}


def write_configuration(data: Path, account: Account, socket_dir: Path, port: int, *, durable: bool) -> None:
    """Write `twin.conf`, which postgresql.conf includes; an operator's `local.conf` comes after it."""
    settings = SETTINGS | {"port": str(port), "unix_socket_directories": str(socket_dir)}
    settings |= {} if durable else NOT_DURABLE
    settings |= shared_memory_settings(Path("/dev/shm"))  # noqa: S108 -- looked at, not written to
    path = data / "twin.conf"
    path.write_text(
        "".join(f"{key} = {_quoted(value)}\n" for key, value in settings.items()), encoding="utf-8"
    )
    path.chmod(0o600)
    give(path, account)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def shared_memory_settings(shm: Path) -> dict[str, str]:
    """Return settings for containers whose /dev/shm is too small for parallel queries.

    Examples
    --------
    >>> shared_memory_settings(Path("/no/such/folder"))
    {'dynamic_shared_memory_type': 'mmap'}
    """
    try:
        facts = os.statvfs(shm)
    except OSError:
        return {"dynamic_shared_memory_type": "mmap"}
    if facts.f_frsize * facts.f_blocks < SMALL_SHM_BYTES:
        return {"dynamic_shared_memory_type": "mmap"}
    return {}


def choose_port(folders: Folders, *, anew: bool = False) -> int:
    """Return the stored port, or choose a free one and store it (also when `anew`)."""
    if not anew and folders.port_file.exists():
        return int(folders.port_file.read_text(encoding="ascii"))
    port = next(port for port in _shuffled_ports() if _is_free(port))
    new = folders.port_file.with_suffix(".port.new")
    new.write_text(str(port), encoding="ascii")
    new.rename(folders.port_file)
    return port


def _shuffled_ports() -> list[int]:
    ports = list(range(FIRST_PORT, LAST_PORT + 1))
    random.shuffle(ports)  # two homes on one machine should not meet at the same port
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
