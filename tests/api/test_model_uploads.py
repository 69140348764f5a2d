"""The door by which models come in, and the jobs it leads to."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.api.conftest import Doors
from tests.api.seeding import PRIVATE_CODE, PUBLIC_CODE, as_owner
from twin.objects import open_store
from twin.settings import HomeSettings

MODELS = f"/api/v1/projects/{PUBLIC_CODE}/models"
BYTES = "ISO-10303-21;\n/* 停车楼 */".encode()


def _upload(
    doors: Doors, content: bytes = BYTES, login: str | None = "contractor", path: str = MODELS, **fields: str
) -> httpx.Response:
    files = {"file": ("停车楼.ifc", content, "application/x-step")}
    return doors.request("POST", path, login, files=files, data=fields)


@pytest.fixture
def site(own_doors: Doors) -> Doors:
    """An application to upload to; the next models come after the seeded ones."""
    as_owner(
        own_doors.seeded.url,
        """SELECT setval(pg_get_serial_sequence(t, 'id'), 1000) FROM unnest(ARRAY['bim_model', 'bim_revision',
           'element_identity', 'bim_element']) t""",
    )
    return own_doors


def _count(doors: Doors, what: str) -> Any:
    with psycopg.connect(doors.seeded.url) as connection:
        return connection.execute(f"SELECT {what}").fetchone()[0]  # type: ignore[index, call-overload]


def test_an_upload_is_stored_queued_and_audited(site: Doors) -> None:
    answer = _upload(site, name="停车楼", discipline="结构")
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["Location"] == f"/api/v1/jobs/{told['job_id']}"
    assert told["revision"] == 1
    sha256 = _count(site, f"sha256 FROM bim_revision WHERE model_id = {told['model_id']}")
    home: HomeSettings = site.app.state.twin.settings.home
    assert b"".join(open_store(home).stream(sha256)) == BYTES
    assert _count(site, "count(*) FROM procrastinate_jobs") == 1
    assert _count(site, "count(*) FROM audit_event WHERE action = 'model.upload'") == 1
    model = site.get(f"/api/v1/models/{told['model_id']}", "contractor").json()
    assert (model["name"], model["discipline"], model["revision"]) == ("停车楼", "结构", None)
    assert [each["state"] for each in model["revisions"]] == ["pending"]


def test_the_same_bytes_again_lead_to_the_same_revision(site: Doors) -> None:
    first = _upload(site, name="停车楼")
    again = _upload(site, name="另一个名字")
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    assert again.json()["model_name"] == "停车楼"
    assert _count(site, "count(*) FROM procrastinate_jobs") == 1


def test_the_bytes_of_a_withdrawn_revision_are_told_and_not_converted_again(site: Doors) -> None:
    first = _upload(site, name="停车楼").json()
    as_owner(
        site.seeded.url, f"UPDATE bim_revision SET state = 'withdrawn' WHERE model_id = {first['model_id']}"
    )
    again = _upload(site, name="停车楼")
    assert again.status_code == 200
    assert again.json() == {**first, "state": "withdrawn"}
    assert _count(site, "count(*) FROM procrastinate_jobs") == 1


def test_other_bytes_under_the_same_name_are_the_next_revision(site: Doors) -> None:
    first = _upload(site, name="停车楼").json()
    second = _upload(site, BYTES + b"2", name="停车楼").json()
    assert (second["model_id"], second["revision"]) == (first["model_id"], 2)


def test_a_revision_that_failed_is_tried_again_under_its_number(site: Doors) -> None:
    first = _upload(site).json()
    site.request("DELETE", f"/api/v1/jobs/{first['job_id']}", "contractor")
    again = _upload(site)
    assert again.status_code == 202
    assert (again.json()["model_id"], again.json()["revision"]) == (first["model_id"], 1)
    assert again.json()["job_id"] != first["job_id"]


def test_a_name_is_taken_from_the_file_when_none_is_given(site: Doors) -> None:
    told = _upload(site).json()
    assert site.get(f"/api/v1/models/{told['model_id']}", "admin").json()["name"] == "停车楼"


def test_an_empty_file_is_refused(site: Doors) -> None:
    answer = _upload(site, b"")
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "file")


def test_a_form_without_a_file_is_refused(site: Doors) -> None:
    answer = site.request("POST", MODELS, "contractor", files={"other": ("a", b"b")})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ncut'),
        ("multipart/form-data; boundary=x", b"garbage"),
    ],
)
def test_a_body_that_is_no_whole_form_leaves_nothing(site: Doors, kind: str, body: bytes) -> None:
    answer = site.request("POST", MODELS, "contractor", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 422
    home: HomeSettings = site.app.state.twin.settings.home
    assert [path for path in home.home.rglob("*") if path.is_file()] == []
    assert _count(site, "count(*) FROM job_run WHERE kind = 'ingest_model'") == 0


@pytest.mark.parametrize(("login", "status"), [(None, 401), ("auditor", 403), ("planner", 403)])
def test_only_those_with_the_right_may_upload(doors: Doors, login: str | None, status: int) -> None:
    assert _upload(doors, login=login).status_code == status


def test_a_contractor_cannot_upload_to_a_project_of_others(doors: Doors) -> None:
    path = f"/api/v1/projects/{PRIVATE_CODE}/models"
    assert _upload(doors, path=path).status_code == 404


def test_a_job_is_shown_to_those_who_may_read_its_project(site: Doors) -> None:
    job_id = _upload(site).json()["job_id"]
    told = site.get(f"/api/v1/jobs/{job_id}", "auditor").json()
    assert (told["state"], told["progress"], told["verdict"]) == ("queued", 0.0, None)
    assert site.get(f"/api/v1/jobs/{job_id}").status_code == 401


def test_a_job_of_another_project_looks_like_none(doors: Doors) -> None:
    answer = doors.get("/api/v1/jobs/00000000-0000-0000-0000-00000000000a", "contractor")
    assert answer.status_code == 404
    assert "PRIVATE" not in answer.text


def test_a_cancelled_job_cannot_be_cancelled_twice(site: Doors) -> None:
    path = f"/api/v1/jobs/{_upload(site).json()['job_id']}"
    assert site.request("DELETE", path, "auditor").status_code == 403
    cancelled = site.request("DELETE", path, "contractor").json()
    assert (cancelled["state"], cancelled["verdict"]["code"]) == ("cancelled", "cancelled")
    assert site.request("DELETE", path, "contractor").status_code == 409


def test_the_event_stream_tells_changes_and_ends_with_the_job(site: Doors) -> None:
    job_id = _upload(site).json()["job_id"]
    as_owner(site.seeded.url, f"UPDATE job_run SET state = 'failed' WHERE job_id = '{job_id}'")
    answer = site.get(f"/api/v1/jobs/{job_id}/events", "contractor")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.text.startswith("event: job\ndata: {")
    assert '"state":"failed"' in answer.text


def test_the_models_of_a_project_are_listed_to_whom_they_are_shown(doors: Doors) -> None:
    assert [row["name"] for row in doors.get(MODELS).json()["models"]] == ["桥梁模型"]
    assert len(doors.get(MODELS, "contractor").json()["models"]) == 2
