"""The upload page and its form as a browser without script meets them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api import rendering
from api.bim import upload_pages
from api.bim.upload_pages import list_phases
from api.front_end import Assets
from tests.api.conftest import Doors
from tests.api.seeding import MARKS, PRIVATE_CODE, PUBLIC_CODE, PUBLIC_NAME, as_owner
from twin.jobs import JobStatus

FILE = ("停车楼.ifc", "ISO-10303-21;\n/* 停车楼 */".encode(), "application/x-step")


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the front end, which need not be built here."""
    assets = Assets("/dashboard/assets/index.js", ("/dashboard/assets/index.css",))
    for module in (upload_pages, rendering):
        monkeypatch.setattr(module, "find_assets", lambda: assets)


@pytest.fixture
def site(own_doors: Doors) -> Doors:
    as_owner(
        own_doors.seeded.url,
        "SELECT setval(pg_get_serial_sequence(t, 'id'), 1000) FROM unnest(ARRAY['bim_model', 'bim_revision']) t",
    )
    return own_doors


def send(doors: Doors, login: str | None, **fields: str) -> tuple[int, str, str]:
    answer = doors.request("POST", "/upload?lang=zh", login, files={"file": FILE}, data=fields)
    return answer.status_code, answer.headers.get("Location", ""), answer.text


def test_projects_offered_are_those_the_caller_may_write(doors: Doors) -> None:
    contractor = doors.get("/upload?lang=zh", "contractor").text
    assert PUBLIC_NAME in contractor
    assert PRIVATE_CODE not in contractor
    assert PRIVATE_CODE in doors.get("/upload?lang=zh", "admin").text
    for login in (None, "planner"):
        text = doors.get("/upload?lang=zh", login).text
        assert "没有向任何项目上传模型的权限" in text
        assert "<form" not in text.replace('<form action="/logout"', "")


def test_form_leads_to_the_page_of_its_job(site: Doors) -> None:
    status, location, _ = send(site, "contractor", project=PUBLIC_CODE, name="停车楼")
    assert status == 303
    assert location.startswith(f"/upload?project={PUBLIC_CODE}&job=")
    page = site.get(location, "contractor").text
    assert "等待转换" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "没有您可查看的任务" in site.get(location).text  # nobody else learns of it


@pytest.mark.parametrize(
    ("login", "fields", "status", "words"),
    [
        (None, {"project": PUBLIC_CODE}, 401, "bim:write"),
        ("planner", {"project": PUBLIC_CODE}, 403, "bim:write"),
        ("contractor", {"project": PRIVATE_CODE}, 404, "没有档案编号为"),
        ("contractor", {}, 404, "没有档案编号为"),
    ],
)
def test_form_of_whoever_may_not_is_refused_in_words(
    site: Doors, login: str | None, fields: dict[str, str], status: int, words: str
) -> None:
    answered, _, text = send(site, login, **fields)
    assert (answered, words in text) == (status, True)


def test_page_tells_the_public_nothing_of_jobs(doors: Doors) -> None:
    text = doors.get("/upload?lang=zh&job=00000000-0000-0000-0000-00000000000a").text
    assert "没有您可查看的任务" in text
    assert [mark for mark in MARKS if mark in text] == []


def test_phases_before_the_running_one_are_over() -> None:
    now = datetime.now(UTC)
    running = JobStatus(
        "j", "ingest_model", 1, "running", 30.0, "geometry", None, None, 1, None, now, now, None
    )
    assert [(name, over, runs) for name, over, runs in list_phases(running) if over or runs] == [
        ("preflight", True, False),
        ("open", True, False),
        ("attributes", True, False),
        ("geometry", False, True),
    ]
    assert all(over for _, over, _ in list_phases(replace(running, state="succeeded", phase=None)))
