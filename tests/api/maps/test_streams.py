"""A download over a real socket: cut when it breaks, ended when the client goes."""

import http.client
import socket
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.maps import downloads
from api.maps.downloads import AT_ONCE, download_folder
from tests.api.conftest import app_settings
from tests.api.maps.test_features import PARCELS
from tests.api.seeding import Seeded

CHUNK = b"x" * 65_536


@dataclass(frozen=True)
class Site:
    """A service on a port of its own."""

    app: FastAPI
    port: int
    home: Path

    def ask(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()


@pytest.fixture
def site(seeded: Seeded, tmp_path: Path) -> Iterator[Site]:
    """The application behind uvicorn, on the shared seeded database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(app_settings(seeded.url, tmp_path))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield Site(app, port, tmp_path)
    server.should_exit = True
    thread.join(20)


def patch(monkeypatch: pytest.MonkeyPatch, ended: threading.Event, breaks: bool) -> None:
    async def stream(*_: object) -> AsyncGenerator[bytes, None]:
        try:
            for _number in range(4 if breaks else 100_000):
                yield CHUNK
            raise psycopg.OperationalError("the database went away")
        finally:
            ended.set()

    monkeypatch.setitem(downloads.STREAMS, "csv", stream)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_stream_that_breaks_is_cut_and_never_ends_well(
    site: Site, monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    patch(monkeypatch, threading.Event(), breaks=True)
    answer = site.ask(f"{PARCELS}?f=csv", **{"Accept-Encoding": coding})
    assert answer.status == 200
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()


def test_when_the_client_goes_the_source_ends_and_its_place_is_free(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(AT_ONCE + 1):
        ended = threading.Event()
        with monkeypatch.context() as patched:
            patch(patched, ended, breaks=False)
            answer = site.ask(f"{PARCELS}?f=csv")
            assert answer.read(10) == b"x" * 10
            answer.close()
            assert ended.wait(20)
    assert site.ask(f"{PARCELS}?f=csv").read().startswith(b"\xef\xbb\xbfid,")


def test_when_the_client_goes_a_file_in_the_making_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def write_slowly(*given: object) -> None:
        begun.set()
        progress = given[-1]
        assert callable(progress)
        try:
            for rows in range(10_000):
                progress(rows)
                time.sleep(0.01)
        finally:
            stopped.set()

    monkeypatch.setattr(downloads, "write_file", write_slowly)
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request("GET", f"{PARCELS}?f=gpkg")
    assert begun.wait(20)
    connection.close()
    assert stopped.wait(20)
    deadline = time.monotonic() + 20
    while list(download_folder(site.home).iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(download_folder(site.home).iterdir()) == []


def test_more_downloads_than_places_are_told_to_come_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "WAIT_S", 0.2)
    with monkeypatch.context() as patched:
        patch(patched, threading.Event(), breaks=False)
        held = [site.ask(f"{PARCELS}?f=csv") for _ in range(AT_ONCE)]
        refused = site.ask(f"{PARCELS}?f=csv")
        assert refused.status == 503
        assert refused.headers["Retry-After"]
        assert refused.headers["Content-Type"] == "application/problem+json"
        for answer in held:
            answer.close()
