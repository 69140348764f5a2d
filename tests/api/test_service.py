"""The processes of the service, started as the supervisor starts them."""

import http.client
import os
import subprocess
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from api.service import children, is_ready
from api.site import Site
from api.state import AppSettings
from tests.api.seeding import Seeded
from tests.benchmarks.serving import free_port

IDLE_S = 6.0  # a second longer than the server's own default


def test_an_idle_connection_is_kept_for_its_next_request(seeded: Seeded, tmp_path: Path) -> None:
    settings = AppSettings()
    server = settings.server.model_copy(update={"port": free_port()})
    home = settings.home.model_copy(update={"home": tmp_path})
    site = Site(replace(settings, server=server, home=home), seeded.url, seeded.url, None, None)
    api = next(child for child in children(site) if child.name == "api")
    with subprocess.Popen(
        api.argv, env={**os.environ, **api.environment}, stderr=subprocess.DEVNULL
    ) as running:
        try:
            deadline = time.monotonic() + 60
            while not is_ready(site) and time.monotonic() < deadline:
                time.sleep(0.2)
            with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as door:
                for wait_s in (0.0, IDLE_S):
                    time.sleep(wait_s)
                    door.request("GET", "/livez")
                    answer = door.getresponse()
                    assert (answer.status, answer.getheader("Connection")) == (200, None)
                    answer.read()
        finally:
            with suppress(ProcessLookupError):
                running.terminate()
