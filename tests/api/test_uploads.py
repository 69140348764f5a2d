"""Files that come in over several requests: tus 1.0 as its clients speak it, its owners, its ends."""

import base64
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.conftest import Doors
from tests.api.seeding import PRIVATE_CODE, PUBLIC_CODE, as_owner, seed
from twin.objects import open_store
from twin.settings import HomeSettings
from twin.uploads.partial import Partial, partial_path

UPLOADS = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}
MODEL = "ISO-10303-21;\n/* 停车楼 */".encode() * 1000


@pytest.fixture
def site(own_doors: Doors) -> Doors:
    """An application to upload to; the next models come after the seeded ones."""
    as_owner(
        own_doors.seeded.url,
        """SELECT setval(pg_get_serial_sequence(t, 'id'), 1000) FROM unnest(ARRAY['bim_model', 'bim_revision']) t""",
    )
    return own_doors


def _metadata(**told: str) -> str:
    return ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in told.items())


def _begin(doors: Doors, size: int, login: str | None = "contractor", **told: str) -> httpx.Response:
    headers = {**TUS, "Upload-Length": str(size)}
    if told:
        headers["Upload-Metadata"] = _metadata(**told)
    return doors.request("POST", UPLOADS, login, headers=headers)


def _begun(doors: Doors, size: int, **told: str) -> str:
    answer = _begin(doors, size, **told)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


def _send(
    doors: Doors, path: str, offset: int, content: bytes, login: str = "contractor", **more: str
) -> httpx.Response:
    headers = {**TUS, **BYTES, "Upload-Offset": str(offset), **more}
    return doors.request("PATCH", path, login, headers=headers, content=content)


def _offset(doors: Doors, path: str, login: str = "contractor") -> int:
    answer = doors.request("HEAD", path, login, headers=TUS)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers["Upload-Offset"])


def test_the_door_tells_what_it_can_do_to_anybody(doors: Doors) -> None:
    answer = doors.request("OPTIONS", UPLOADS)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) >= {
        "creation",
        "termination",
        "expiration",
        "checksum",
    }
    assert int(answer.headers["Tus-Max-Size"]) == 2_048 * 1024 * 1024


def test_a_model_sent_in_parts_is_submitted_with_its_last_byte(site: Doors) -> None:
    path = _begun(
        site, len(MODEL), filename="停车楼.ifc", project=PUBLIC_CODE, name="停车楼", discipline="结构"
    )
    first = _send(site, path, 0, MODEL[:5000])
    assert first.status_code == 204, first.text
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "5000")
    assert "Upload-Expires" in first.headers
    assert _offset(site, path) == 5000
    last = _send(site, path, 5000, MODEL[5000:])
    assert last.status_code == 204, last.text
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(MODEL)))
    upload = site.get(path, "contractor").json()
    assert (upload["state"], upload["sha256"]) == ("used", hashlib.sha256(MODEL).hexdigest())
    job = site.get(f"/api/v1/jobs/{upload['result']['job_id']}", "contractor").json()
    assert job["state"] == "queued"
    assert last.headers["Link"] == f'</api/v1/jobs/{upload["result"]["job_id"]}>; rel="monitor"'
    names = [
        each["name"]
        for each in site.get(f"/api/v1/projects/{PUBLIC_CODE}/models", "contractor").json()["models"]
    ]
    assert "停车楼" in names
    again = _begun(site, len(MODEL), filename="停车楼.ifc", project=PUBLIC_CODE, name="停车楼")
    assert _send(site, again, 0, MODEL).status_code == 204
    same = site.get(again, "contractor").json()["result"]
    assert (upload["result"]["is_new"], same["is_new"]) == (True, False)
    assert {key: same[key] for key in ("model_id", "revision", "job_id")} == {
        key: upload["result"][key] for key in ("model_id", "revision", "job_id")
    }


def test_an_upload_is_used_by_a_later_request_and_twice_is_once(site: Doors) -> None:
    path = _begun(site, len(MODEL), filename="a.ifc", kind="model")
    asked = {"upload": path.rsplit("/", 1)[1], "name": "主楼", "discipline": "建筑"}
    models = f"/api/v1/projects/{PUBLIC_CODE}/models"
    early = site.request("POST", models, "contractor", json=asked)
    assert early.status_code == 409
    assert _send(site, path, 0, MODEL).status_code == 204
    first = site.request("POST", models, "contractor", json=asked)
    again = site.request("POST", models, "contractor", json=asked)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["model_id"] == again.json()["model_id"]
    assert first.json()["job_id"] == again.json()["job_id"]


def test_the_first_bytes_may_come_with_the_creation(own_doors: Doors) -> None:
    headers = {**TUS, **BYTES, "Upload-Length": "10"}
    answer = own_doors.request("POST", UPLOADS, "contractor", headers=headers, content=b"01234")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "5")
    assert _offset(own_doors, answer.headers["Location"]) == 5


def test_a_wrong_offset_is_refused_and_changes_nothing(own_doors: Doors) -> None:
    path = _begun(own_doors, 10)
    _send(own_doors, path, 0, b"0123")
    assert _send(own_doors, path, 0, b"xxxx").status_code == 409
    assert _send(own_doors, path, 5, b"xxxx").status_code == 409
    assert _offset(own_doors, path) == 4
    _send(own_doors, path, 4, b"456789")
    assert own_doors.get(path, "contractor").json()["sha256"] == hashlib.sha256(b"0123456789").hexdigest()
    assert _send(own_doors, path, 10, b"more").status_code == 409


def test_more_bytes_than_announced_are_refused_and_the_rest_can_still_come(own_doors: Doors) -> None:
    path = _begun(own_doors, 5)
    assert _send(own_doors, path, 0, b"0123456789").status_code == 413
    assert (
        _send(own_doors, path, _offset(own_doors, path), b"01234"[_offset(own_doors, path) :]).status_code
        == 204
    )
    assert own_doors.get(path, "contractor").json()["sha256"] == hashlib.sha256(b"01234").hexdigest()


def test_bytes_that_do_not_hash_to_what_was_told_are_forgotten(own_doors: Doors) -> None:
    path = _begun(own_doors, 8)
    good = base64.b64encode(hashlib.sha1(b"0123").digest()).decode()
    assert _send(own_doors, path, 0, b"012X", **{"Upload-Checksum": f"sha1 {good}"}).status_code == 460
    assert _offset(own_doors, path) == 0
    assert _send(own_doors, path, 0, b"0123", **{"Upload-Checksum": f"sha1 {good}"}).status_code == 204
    assert _send(own_doors, path, 4, b"4567", **{"Upload-Checksum": "crc32 AAAA"}).status_code == 400
    assert _send(own_doors, path, 4, b"4567").status_code == 204
    assert own_doors.get(path, "contractor").json()["sha256"] == hashlib.sha256(b"01234567").hexdigest()


def test_a_given_up_upload_leaves_nothing(own_doors: Doors, tmp_path: Path) -> None:
    path = _begun(own_doors, 10)
    _send(own_doors, path, 0, b"0123")
    assert own_doors.request("DELETE", path, "contractor", headers=TUS).status_code == 204
    assert own_doors.request("HEAD", path, "contractor", headers=TUS).status_code == 404
    assert not list((tmp_path / "objects").rglob("*.upload"))


def test_two_senders_at_once_do_not_mix_their_bytes(own_doors: Doors, tmp_path: Path) -> None:
    path = _begun(own_doors, 10)
    store = open_store(HomeSettings(home=tmp_path))
    with Partial(store, path.rsplit("/", 1)[1]) as other:
        other.write(b"0123")
        assert _send(own_doors, path, 0, b"zzzz").status_code == 409
    assert _offset(own_doors, path) == 4


@pytest.mark.parametrize("login", [None, "auditor", "admin"])
def test_an_upload_is_its_owners_alone(own_doors: Doors, login: str | None) -> None:
    path = _begun(own_doors, 10)
    for method, headers in (("HEAD", TUS), ("GET", {}), ("DELETE", TUS)):
        assert own_doors.request(method, path, login, headers=headers).status_code == 404
    patch = {**TUS, **BYTES, "Upload-Offset": "0"}
    assert own_doors.request("PATCH", path, login, headers=patch, content=b"x").status_code == 404


@pytest.mark.parametrize(("login", "code"), [(None, 401), ("auditor", 403)])
def test_only_who_may_write_may_upload(doors: Doors, login: str | None, code: int) -> None:
    assert _begin(doors, 10, login).status_code == code
    assert _begin(doors, 10, login, project=PUBLIC_CODE).status_code == code


def test_a_contractor_uploads_for_the_own_projects_alone(doors: Doors) -> None:
    assert _begin(doors, 10, project=PRIVATE_CODE).status_code == 404


def test_an_expired_upload_is_gone(own_doors: Doors) -> None:
    path = _begun(own_doors, 10)
    as_owner(own_doors.seeded.url, "UPDATE upload SET expires_at = now() - interval '1 second'")
    assert own_doors.request("HEAD", path, "contractor", headers=TUS).status_code == 404


def test_one_owner_has_so_many_unfinished_uploads_and_no_more(own_doors: Doors) -> None:
    codes = [_begin(own_doors, 10).status_code for _ in range(33)]
    assert codes == [201] * 32 + [409]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "x" * 99,
        "x" * 200,
        "0" * 32,
        "' OR 1=1 --",
        "名",
        "a.upload",
    ],
)
def test_names_that_are_none_of_ours_are_unknown(doors: Doors, name: str) -> None:
    for method in ("HEAD", "GET", "DELETE", "PATCH"):
        headers = {**TUS, **BYTES, "Upload-Offset": "0"}
        answer = doors.request(method, f"{UPLOADS}/{name}", "contractor", headers=headers)
        assert answer.status_code in (400, 404, 405, 422), (method, answer.status_code)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Upload-Length": "10"}, 412),
        ({"Tus-Resumable": "0.2.2", "Upload-Length": "10"}, 412),
        (TUS, 400),
        ({**TUS, "Upload-Length": "-1"}, 400),
        ({**TUS, "Upload-Length": "1e3"}, 400),
        ({**TUS, "Upload-Length": "9" * 30}, 400),
        ({**TUS, "Upload-Length": "99999999999"}, 413),
        ({**TUS, "Upload-Length": "0"}, 422),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": "filename !!!"}, 400),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": "a YQ==,a YQ=="}, 400),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": "a " + "Y" * 20_000}, 400),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": ",".join(f"k{n} YQ==" for n in range(40))}, 400),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": _metadata(kind="virus")}, 422),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": _metadata(project="no such")}, 404),
    ],
)
def test_a_malformed_creation_is_refused(doors: Doors, headers: dict[str, str], code: int) -> None:
    assert doors.request("POST", UPLOADS, "contractor", headers=headers).status_code == code


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({**BYTES, "Upload-Offset": "0"}, 412),
        ({**TUS, "Upload-Offset": "0"}, 415),
        ({**TUS, "Content-Type": "text/plain", "Upload-Offset": "0"}, 415),
        ({**TUS, **BYTES}, 400),
        ({**TUS, **BYTES, "Upload-Offset": "x"}, 400),
    ],
)
def test_a_malformed_part_is_refused(own_doors: Doors, headers: dict[str, str], code: int) -> None:
    path = _begun(own_doors, 10)
    answer = own_doors.request("PATCH", path, "contractor", headers=headers, content=b"x")
    assert answer.status_code == code
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_senders_that_know_post_alone_are_understood(own_doors: Doors) -> None:
    path = _begun(own_doors, 4)
    headers = {**TUS, **BYTES, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert own_doors.request("POST", path, "contractor", headers=headers, content=b"0123").status_code == 204
    assert own_doors.get(path, "contractor").json()["state"] == "complete"


@pytest.mark.parametrize("cut", ["before it moved", "after it moved"])
def test_an_upload_killed_while_it_became_an_object_is_finished_by_who_asks_next(
    own_doors: Doors, tmp_path: Path, cut: str
) -> None:
    path = _begun(own_doors, 10)
    token, sha256 = path.rsplit("/", 1)[1], hashlib.sha256(b"0123456789").hexdigest()
    store = open_store(HomeSettings(home=tmp_path))
    with Partial(store, token) as partial:
        partial.write(b"0123456789")
    as_owner(
        own_doors.seeded.url,
        f"INSERT INTO stored_object VALUES ('{sha256}', 10); UPDATE upload SET sha256 = '{sha256}'",
    )
    if cut == "after it moved":
        store.take(partial_path(store, token), sha256, 10)
    assert _offset(own_doors, path) == 10
    upload = own_doors.get(path, "contractor").json()
    assert (upload["state"], upload["sha256"]) == ("complete", sha256)
    assert b"".join(store.stream(sha256)) == b"0123456789"
    assert not partial_path(store, token).exists()


class _Server:
    """The application in a process of its own that may be killed and started again on the same port."""

    def __init__(self, url: str, home: Path) -> None:
        self._environment = {**os.environ, "TWIN_APP_DATABASE_URL": url, "TWIN_HOME": str(home)}
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "api.app:create_app",
            "--factory",
            "--port",
            str(self._port),
        ]
        self._process = subprocess.Popen(
            [*command, "--log-level", "error"], env=self._environment, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.address}/livez", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError("the application did not start")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


@pytest.fixture
def server(clone_url: str, tmp_path: Path) -> Iterator[tuple[_Server, dict[str, str]]]:
    seeded = seed(clone_url)
    running = _Server(seeded.url, tmp_path)
    yield running, {"Authorization": f"Bearer {seeded.tokens['contractor']}"}
    running.kill()


def _slowly(content: bytes, sent: list[int]) -> Iterator[bytes]:
    for start in range(0, len(content), 1 << 18):
        piece = content[start : start + (1 << 18)]
        yield piece
        sent[0] += len(piece)
        time.sleep(0.01)


def test_an_upload_survives_kill_9_of_the_api_and_goes_on_where_its_bytes_end(
    server: tuple[_Server, dict[str, str]], tmp_path: Path
) -> None:
    running, who = server
    content = random.Random(7).randbytes(24_000_000)
    headers = {
        **who,
        **TUS,
        "Upload-Length": str(len(content)),
        "Upload-Metadata": _metadata(filename="大.ifc"),
    }
    path = httpx.post(f"{running.address}{UPLOADS}", headers=headers).headers["Location"]
    offsets = [0]
    for _ in range(2):
        _cut_off(running, who, path, content, offsets[-1])
        running.start()
        head = httpx.head(f"{running.address}{path}", headers={**who, **TUS})
        offsets.append(int(head.headers["Upload-Offset"]))
    assert 0 < offsets[1] < offsets[2] < len(content)
    rest = httpx.patch(
        f"{running.address}{path}",
        headers={**who, **TUS, **BYTES, "Upload-Offset": str(offsets[2])},
        content=content[offsets[2] :],
        timeout=120,
    )
    assert rest.status_code == 204
    upload: dict[str, Any] = httpx.get(f"{running.address}{path}", headers=who).json()
    sha256 = hashlib.sha256(content).hexdigest()
    assert (upload["state"], upload["sha256"]) == ("complete", sha256)
    assert b"".join(open_store(HomeSettings(home=tmp_path)).stream(sha256)) == content


def _cut_off(running: _Server, who: dict[str, str], path: str, content: bytes, offset: int) -> None:
    """Kill the application once some megabytes more are on their way."""
    sent = [0]

    def send() -> None:
        with pytest.raises(httpx.TransportError):
            httpx.patch(
                f"{running.address}{path}",
                headers={**who, **TUS, **BYTES, "Upload-Offset": str(offset)},
                content=_slowly(content[offset:], sent),
                timeout=60,
            )

    sender = threading.Thread(target=send)
    sender.start()
    deadline = time.monotonic() + 60
    while sent[0] < 6_000_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    running.kill()
    sender.join(60)


def test_a_row_is_all_that_a_database_keeps_of_an_upload(own_doors: Doors) -> None:
    path = _begun(own_doors, 10, filename="..\\..\\evil\0/桥.ifc")
    with psycopg.connect(own_doors.seeded.url) as connection:
        row = connection.execute("SELECT owner, file_name, size_bytes, state FROM upload").fetchone()
    assert row == ("contractor", "桥.ifc", 10, "receiving")
    assert own_doors.get(path, "contractor").json()["received_bytes"] == 0
