"""The application on a real socket, for clients that are programs of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.api.seeding import Seeded


@pytest.fixture(scope="session")
def live_url(seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the application in a process of its own: GDAL holds the interpreter while it waits."""
    environment = {
        **os.environ,
        "TWIN_APP_DATABASE_URL": seeded.url,
        "TWIN_HOME": str(tmp_path_factory.mktemp("home")),
        "TWIN_OGC_CLASSIC": "true",
    }
    listener = socket.create_server(("127.0.0.1", 0))
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "api.app:create_app", "--factory"),
            *("--fd", str(listener.fileno()), "--log-level", "warning"),
        ],
        pass_fds=[listener.fileno()],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    httpx.get(f"{url}/livez", timeout=60)  # the socket queues until the process answers
    yield url
    server.terminate()
    server.wait(10)
    listener.close()
