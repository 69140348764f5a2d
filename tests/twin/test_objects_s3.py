"""The object store in a bucket, against a server that speaks S3: `moto_server` from PyPI, where there is one.

Set `TEST_MOTO_SERVER` to its path, or put it on the PATH; it is no dependency of ours.
"""

import hashlib
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from twin.errors import NotFoundError
from twin.objects import ObjectStore

BUCKET = "twin-objects"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    program = os.environ.get("TEST_MOTO_SERVER") or shutil.which("moto_server")
    if program is None:
        pytest.skip("no moto_server here; set TEST_MOTO_SERVER to its path")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url)
        yield url
    finally:
        server.kill()
        server.wait(10)


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=2)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the S3 server did not start")


@pytest.fixture
def store(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    for name, value in {
        "AWS_ENDPOINT": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    assert httpx.put(f"{address}/{BUCKET}").status_code == 200
    return ObjectStore(f"s3://{BUCKET}/城建", tmp_path / "incoming")


def test_a_large_file_goes_up_and_comes_down_whole_and_in_part(store: ObjectStore, tmp_path: Path) -> None:
    content = random.Random(3).randbytes(24_000_000)
    source = tmp_path / "大.ifc"
    source.write_bytes(content)
    stored = store.add_file(source)
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.confirm is None
    assert not list(store.intake.iterdir())
    target = tmp_path / "back.ifc"
    store.fetch(stored.sha256, target)
    assert target.read_bytes() == content
    span = (1_000_000, 9_000_001)
    assert b"".join(store.stream(stored.sha256, span=span)) == content[slice(*span)]
    again = store.add_file(source)
    assert again.confirm is not None
    assert again.confirm()


def test_objects_are_listed_looked_up_and_removed(store: ObjectStore) -> None:
    with store.receive() as incoming:
        incoming.write("桥".encode())
        stored = incoming.keep()
    listed = [each for each in store.iter_objects() if each.sha256 == stored.sha256]
    assert [each.size_bytes for each in listed] == [3]
    found = store.find(stored.sha256)
    assert found is not None
    assert abs(found.put_at.timestamp() - time.time()) < 60
    store.remove(stored.sha256)
    store.remove(stored.sha256)
    assert not store.has(stored.sha256)
    with pytest.raises(NotFoundError):
        next(store.stream(stored.sha256))
