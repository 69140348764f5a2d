"""The dossier of a project: what is public in it, and reports that are never overwritten."""

import time

import psycopg
import pytest

from tests.api.conftest import Doors
from tests.api.seeding import BIG, PRIVATE_CODE, PUBLIC_CODE, as_owner

PROJECT = f"/api/v1/projects/{PUBLIC_CODE}"


def test_the_list_counts_what_its_reader_sees(doors: Doors) -> None:
    public, whole = doors.get("/api/v1/projects").json(), doors.get("/api/v1/projects", "admin").json()
    assert [project["code"] for project in public["projects"]] == [PUBLIC_CODE]
    assert (public["portfolio"]["count"], public["portfolio"]["investment_total_yuan"]) == (1, 120_000_000)
    assert [project["code"] for project in whole["projects"]] == [PUBLIC_CODE, PRIVATE_CODE]
    assert public["portfolio"]["reporting_date"] == "2025-10-31"


def test_the_list_is_narrowed_by_words_and_stage(doors: Doors) -> None:
    assert len(doors.get("/api/v1/projects?q=跨线桥").json()["projects"]) == 1
    assert doors.get("/api/v1/projects?q=%25").json()["projects"] == []
    assert doors.get("/api/v1/projects?stage=operation").json()["projects"] == []
    assert doors.get("/api/v1/projects?colour=red").status_code == 422


def test_milestones_and_stages_name_people_to_insiders_alone(doors: Doors) -> None:
    assert [each["owner"] for each in doors.get(f"{PROJECT}/milestones").json()] == [None, None]
    assert doors.get(f"{PROJECT}/milestones", "contractor").json()[0]["owner"] == "INTERNAL 王五"
    assert doors.get(f"{PROJECT}/stages").json()[0]["responsible"] is None
    assert doors.get(f"{PROJECT}/stages", "auditor").json()[0]["responsible"] == "INTERNAL 李四"


def test_month_figures_are_public_and_the_reports_behind_them_are_not(doors: Doors) -> None:
    public, own = (
        doors.get(f"{PROJECT}/progress").json(),
        doors.get(f"{PROJECT}/progress", "contractor").json(),
    )
    assert public["states"][0]["progress"] == pytest.approx(60)
    assert public["reports"] is None
    assert own["reports"][0]["investment_ytd_yuan"] == 98765439


def test_a_light_is_public_and_its_reasons_are_not(doors: Doors) -> None:
    public, whole = doors.get(f"{PROJECT}/light").json()[0], doors.get(f"{PROJECT}/light", "admin").json()[0]
    assert public["light"] == whole["light"]
    assert (public["reasons"], public["inputs"], public["score"]) == (None, None, None)
    assert whole["reasons"]


def test_a_report_moves_progress_light_tile_and_feed_and_the_next_is_a_new_version(own_doors: Doors) -> None:
    tile, feed = "/tiles/projects/12/3363/1647.mvt", "/embed/projects.geojson?style=progress"
    tags = {path: own_doors.get(path).headers["ETag"] for path in (tile, feed)}
    body = {"percents": {"M1": 100, "M2": 80.5}, "investment_month_yuan": 1000.25, "note": "上部结构完成八成"}
    first = own_doors.request("PUT", f"{PROJECT}/progress/2025-10", "contractor", json=body)
    assert (first.status_code, first.json()["version"]) == (201, 2), first.text
    assert first.json()["reporter"] == "contractor"
    assert own_doors.get(PROJECT).json()["progress"] == pytest.approx(0.5 * 100 + 0.5 * 80.5)
    deadline = time.monotonic() + 20  # the word of an edit takes some milliseconds, on a busy machine more
    while any(
        own_doors.get(path, headers={"If-None-Match": tag}).status_code == 304 for path, tag in tags.items()
    ):
        assert time.monotonic() < deadline, "the kept tile or feed was not renewed"
        time.sleep(0.02)
    again = own_doors.request("PUT", f"{PROJECT}/progress/2025-10", "contractor", json=body)
    assert (again.status_code, again.json()["version"]) == (200, 2)
    reports = own_doors.get(f"{PROJECT}/progress", "contractor").json()["reports"]
    assert [report["version"] for report in reports] == [1, 2]
    events = own_doors.get(f"/api/v1/audit?thing=project {PUBLIC_CODE} 2025-10", "auditor").json()["events"]
    assert [(event["actor"], event["action"]) for event in events] == [("contractor", "progress.report")]


@pytest.mark.parametrize(
    ("period", "body"),
    [
        ("2025-13", {"percents": {}}),
        ("October", {"percents": {}}),
        ("2025-10", {"percents": {"M9": 1}}),
        ("2025-10", {"percents": {"M1": -1}}),
        ("2025-10", {"percents": {"M1": "NaN"}}),
        ("2025-10", {"note": "a\u0000b"}),
        ("2025-10", {"investment_month_yuan": 1e30}),
    ],
)
def test_a_wrong_report_is_refused_and_nothing_is_written(
    doors: Doors, period: str, body: dict[str, object]
) -> None:
    answer = doors.request("PUT", f"{PROJECT}/progress/{period}", "contractor", json=body)
    assert answer.status_code == 422, answer.text
    assert len(doors.get(f"{PROJECT}/progress", "contractor").json()["reports"]) == 1


def test_the_pool_is_listed_by_number_in_pages(doors: Doors) -> None:
    first = doors.get("/api/v1/land/parcels?limit=2").json()
    assert [parcel["parcel_no"] for parcel in first["parcels"]] == ["DK-0001", "DK-100000"]
    second = doors.get(f"/api/v1/land/parcels?limit=10000&after={first['next']}").json()
    assert len(second["parcels"]) == BIG - 2
    assert second["next"] is None
    parcel = first["parcels"][0]
    assert parcel["area_mu"] == pytest.approx(parcel["area_m2"] * 3 / 2000)


def test_the_audit_chain_is_intact_until_somebody_alters_it(own_doors: Doors) -> None:
    assert own_doors.get("/api/v1/audit/chain", "auditor").json() == {"intact": True, "broken_at": None}
    as_owner(own_doors.seeded.url, "UPDATE audit_event SET action = 'other' WHERE id = 1")
    assert own_doors.get("/api/v1/audit/chain", "auditor").json() == {"intact": False, "broken_at": 1}


def test_the_service_role_cannot_alter_the_audit_trail(own_doors: Doors) -> None:
    with (
        psycopg.connect(own_doors.seeded.url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("UPDATE audit_event SET action = 'other'")
