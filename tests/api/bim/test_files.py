"""The file of a revision as it was sent: to insiders, whole or in part."""

from pathlib import Path

import pytest

from tests.api.conftest import Doors
from tests.api.seeding import as_owner
from twin.objects import open_store
from twin.settings import HomeSettings

CONTENT = "ISO-10303-21;\n/* 停车楼 */\n".encode() * 100_000
FILE = "/api/v1/models/1/revisions/1/file"


@pytest.fixture
def filed(own_doors: Doors, tmp_path: Path) -> Doors:
    """Revision 1 of model 1 came of these very bytes."""
    path = tmp_path / "停车楼.ifc"
    path.write_bytes(CONTENT)
    stored = open_store(HomeSettings(home=tmp_path)).add_file(path)
    as_owner(
        own_doors.seeded.url,
        f"""INSERT INTO stored_object VALUES ('{stored.sha256}', {stored.size_bytes});
        UPDATE bim_revision SET sha256 = '{stored.sha256}', file_name = '停车楼 "1".ifc' WHERE id = 1""",
    )
    return own_doors


def test_an_insider_gets_the_very_bytes_and_their_name(filed: Doors) -> None:
    answer = filed.get(FILE, "auditor")
    assert (answer.status_code, answer.content == CONTENT) == (200, True)
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert (
        "filename*=UTF-8''%E5%81%9C%E8%BD%A6%E6%A5%BC%20%221%22.ifc" in answer.headers["Content-Disposition"]
    )
    again = filed.get(FILE, "auditor", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = filed.request("HEAD", FILE, "auditor")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(len(CONTENT)), b"")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=5-", 5, None), ("bytes=-7", -7, None), ("bytes=10-99999999999", 10, None)],
)
def test_a_part_is_that_part(filed: Doors, asked: str, start: int, end: int | None) -> None:
    answer = filed.get(FILE, "auditor", headers={"Range": asked})
    expected = CONTENT[start:end]
    assert (answer.status_code, answer.content == expected) == (206, True)
    first = start % len(CONTENT)
    told = f"bytes {first}-{first + len(expected) - 1}/{len(CONTENT)}"
    assert answer.headers["Content-Range"] == told


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (f"bytes={len(CONTENT)}-", 416),
        ("bytes=-0", 416),
        ("bytes=9-3", 200),
        ("bytes=0-1,5-6", 200),
        ("lines=0-1", 200),
        ("bytes=-", 200),
        ("bytes=x-y", 200),
        ("bytes=" + "9" * 30 + "-", 200),
    ],
)
def test_a_part_that_is_none(filed: Doors, asked: str, code: int) -> None:
    assert filed.request("HEAD", FILE, "auditor", headers={"Range": asked}).status_code == code


def test_a_part_of_other_bytes_is_the_whole(filed: Doors) -> None:
    headers = {"Range": "bytes=0-3", "If-Range": '"other"'}
    assert filed.request("HEAD", FILE, "auditor", headers=headers).status_code == 200


@pytest.mark.parametrize(("login", "code"), [(None, 401), ("auditor", 404)])
def test_files_are_for_insiders_and_only_where_there_are_any(
    doors: Doors, login: str | None, code: int
) -> None:
    assert doors.get("/api/v1/models/1/revisions/99/file", login).status_code == code


def test_a_contractor_gets_files_of_the_own_project_alone(filed: Doors) -> None:
    assert filed.request("HEAD", FILE, "contractor").status_code == 200
    assert filed.request("HEAD", "/api/v1/models/3/revisions/1/file", "contractor").status_code == 404
