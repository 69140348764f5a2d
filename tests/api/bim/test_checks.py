"""From the door to the result: checks as jobs, their issues, and BCF in and out."""

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.conftest import Doors
from tests.api.seeding import as_owner
from tests.bim.bcf import archives
from tests.bim.checks.parts import WALL, pipe, write
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.workroom import open_workroom
from twin.objects import open_store
from twin.settings import HomeSettings, JobSettings

CHECKS, ISSUES, BCF = "/api/v1/models/1/checks", "/api/v1/models/1/issues", "/api/v1/models/1/bcf"
THROUGH = [pipe(1, -2.0, -1.0), pipe(2, 2.0, -1.0)]
IDS = (
    '<ids xmlns="http://standards.buildingsmart.org/IDS" xmlns:xs="http://www.w3.org/2001/XMLSchema"><info><title>墙</title>'
    '</info><specifications><specification name="墙应有标记" ifcVersion="IFC4"><applicability minOccurs="1" maxOccurs="unbounded">'
    "<entity><name><simpleValue>IFCWALL</simpleValue></name></entity></applicability><requirements><attribute><name>"
    "<simpleValue>Tag</simpleValue></name></attribute></requirements></specification></specifications></ids>"
)


def home_of(doors: Doors) -> HomeSettings:
    home: HomeSettings = doors.app.state.twin.settings.home
    return home


@pytest.fixture
def site(own_doors: Doors, tmp_path: Path) -> Doors:
    """Model 1 holds a wall, model 2 two pipes through it; both in one local frame."""
    store = open_store(home_of(own_doors))
    for model, parts in ((1, [WALL]), (2, THROUGH)):
        stored = store.add_file(write(tmp_path / f"{model}.ifc", parts))
        as_owner(
            own_doors.seeded.url,
            f"""INSERT INTO stored_object VALUES ('{stored.sha256}', {stored.size_bytes});
            UPDATE bim_revision SET sha256 = '{stored.sha256}', georeference = NULL WHERE model_id = {model}""",
        )
    return own_doors


def start(doors: Doors, login: str | None = "contractor", **body: Any) -> httpx.Response:
    return doors.request("POST", CHECKS, login, json=body)


def run(doors: Doors, job_id: str) -> None:
    room = open_workroom(doors.seeded.url, home_of(doors), JobSettings(heartbeat_s=0.4))
    try:
        asyncio.run(run_job(room, KINDS, job_id))
    finally:
        room.engine.dispose()


def done(doors: Doors, **body: Any) -> dict[str, Any]:
    """Ask for a check, run its job, and return the result."""
    told = start(doors, **body)
    assert told.status_code == 202, told.text
    run(doors, told.json()["job_id"])
    result: dict[str, Any] = doors.get(f"{CHECKS}/{told.json()['check']}", "contractor").json()
    return result


def count(doors: Doors, what: str) -> int:
    with psycopg.connect(doors.seeded.url) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0])  # type: ignore[index, call-overload]


def test_a_clash_between_two_models_runs_from_door_to_result(site: Doors) -> None:
    result = done(site, kind="clash", against=2)
    assert (result["state"], result["outcome"], result["against"]) == ("succeeded", "fail", 2)
    assert result["counts"]["pairs"] == 2
    pairs = {(row["global_id"], row["other_global_id"]) for row in result["results"]}
    assert pairs == {(WALL.global_id, each.global_id) for each in THROUGH}
    assert result["results"][0]["detail"]["distance_m"] == pytest.approx(0.2)
    assert any("local" in note for note in result["notes"])  # the models have no georeference
    assert count(site, "audit_event WHERE action = 'model.check'") == 1


def test_the_same_question_is_asked_once_until_something_changes(site: Doors) -> None:
    first = start(site, kind="schema")
    again = start(site, kind="schema")
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    run(site, first.json()["job_id"])
    assert start(site, kind="schema").status_code == 200
    assert start(site, kind="schema", again=True).json()["check"] == 2
    as_owner(
        site.seeded.url, 'UPDATE bim_revision SET georeference = \'{"crs": "local"}\' WHERE model_id = 1'
    )
    assert start(site, kind="schema").json()["check"] == 3  # it was placed anew


def test_requirements_come_as_file_as_text_or_by_name(site: Doors) -> None:
    inline = done(site, kind="ids", ids=IDS)
    (group,) = inline["groups"]
    assert (group["title"], group["applicable"], group["failed"]) == ("墙应有标记", 1, 1)
    assert inline["results"][0]["global_id"] == WALL.global_id
    sent = site.request("POST", CHECKS, "contractor", files={"ids": ("要求.ids", IDS.encode())})
    assert sent.status_code == 200  # the same requirements on the same model
    starter = done(site, kind="ids", ids="key-works")
    assert len(starter["groups"]) == 9
    assert site.get("/api/v1/ids").json()["ids"] == ["building-fire", "key-works"]
    assert b"http://standards.buildingsmart.org/IDS" in site.get("/api/v1/ids/key-works").content
    assert site.get("/api/v1/ids/..%2Fsecret").status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "ids", "ids": IDS.replace("IFC4", "IFC9")}, "specification"),
        ({"kind": "ids", "ids": "<a/>"}, "IDS 1.0"),
        ({"kind": "ids", "ids": "no-such-starter"}, "key-works"),
        ({"kind": "clash", "mode": "clearance"}, "clearance_m"),
        ({"kind": "schema", "against": 2}, "against"),
        ({"kind": "clash", "a": {"classes": ["a\0"]}}, "NUL"),
        ({"kind": "weather"}, "kind"),
    ],
)
def test_a_wrong_question_is_refused_with_its_place(site: Doors, body: dict[str, Any], said: str) -> None:
    answer = start(site, **body)
    assert answer.status_code in (404, 422)
    assert said in answer.text
    assert count(site, "model_check") == 0


def test_reports_are_offered_as_table_page_spreadsheet_and_bcf(site: Doors) -> None:
    done(site, kind="ids", ids=IDS)
    table = site.get(f"{CHECKS}/1?f=csv", "contractor")
    assert WALL.global_id in table.text
    assert "墙应有标记" in table.text
    page = site.get(f"{CHECKS}/1?f=html", "contractor")
    assert "墙应有标记" in page.text
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert site.get(f"{CHECKS}/1?f=ods", "contractor").content[:2] == b"PK"
    packed = zipfile.ZipFile(io.BytesIO(site.get(f"{CHECKS}/1?f=bcf&version=3.0", "contractor").content))
    assert "extensions.xml" in packed.namelist()
    assert count(site, "bim_issue") == 0  # a download stores nothing
    done(site, kind="schema")
    assert site.get(f"{CHECKS}/2?f=html", "contractor").status_code == 404


def test_results_become_issues_once(site: Doors) -> None:
    done(site, kind="clash", against=2)
    first = site.request("POST", f"{CHECKS}/1/issues", "contractor")
    assert first.status_code == 201
    assert len(first.json()["added"]) == 2
    again = site.request("POST", f"{CHECKS}/1/issues", "contractor").json()
    assert (again["added"], set(again["existing"])) == ([], set(first.json()["added"]))
    done(site, kind="clash", against=2, again=True)  # a later run finds the same pairs
    assert site.request("POST", f"{CHECKS}/2/issues", "contractor").json()["added"] == []
    issues = site.get(f"{ISSUES}?global_id={THROUGH[0].global_id}", "contractor").json()["issues"]
    assert [issue["check"] for issue in issues] == [1]
    issue = site.get(f"{ISSUES}/{issues[0]['guid']}", "contractor").json()
    (view,) = issue["viewpoints"]
    # The camera looks at the clash in the model's local metres: x −2, wall's middle, pipe's height.
    eye, direction = view["camera"]["view_point"], view["camera"]["direction"]
    seen = [round(e + 6.0 * d, 3) for e, d in zip(eye, direction, strict=True)]
    assert seen == pytest.approx([-2.0, 0.0, 1.5], abs=0.15)


def test_a_failed_check_says_why_and_leaves_no_rows(site: Doors) -> None:
    told = start(site, kind="clash", a={"classes": ["IfcDoor"]}).json()
    run(site, told["job_id"])
    result = site.get(f"{CHECKS}/1", "contractor").json()
    assert (result["state"], result["outcome"]) == ("failed", None)
    assert result["verdict"]["code"] == "selection_empty"
    assert count(site, "check_result") == 0
    assert site.request("POST", f"{CHECKS}/1/issues", "contractor").status_code == 409
    assert (
        start(site, kind="clash", a={"classes": ["IfcDoor"]}).status_code == 202
    )  # a failure may be tried again


def test_a_broken_file_ends_in_a_verdict_and_nothing_else_suffers(site: Doors) -> None:
    broken = open_store(home_of(site))
    path = home_of(site).home / "broken.ifc"
    path.write_bytes(b"ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n#1=IFCWALL(")
    stored = broken.add_file(path)
    as_owner(
        site.seeded.url,
        f"""INSERT INTO stored_object VALUES ('{stored.sha256}', 1);
        UPDATE bim_revision SET sha256 = '{stored.sha256}' WHERE model_id = 1""",
    )
    result = done(site, kind="schema")
    assert (result["state"], result["verdict"]["code"]) == ("failed", "truncated")
    assert site.get("/livez").status_code == 200


def test_a_cancelled_check_publishes_nothing(site: Doors) -> None:
    told = start(site, kind="schema").json()
    assert (
        site.request("DELETE", f"/api/v1/jobs/{told['job_id']}", "contractor").json()["state"] == "cancelled"
    )
    run(site, told["job_id"])
    result = site.get(f"{CHECKS}/1", "contractor").json()
    assert (result["state"], result["outcome"], result["results"]) == ("cancelled", None, [])


def test_everything_goes_with_its_model(site: Doors) -> None:
    done(site, kind="clash", against=2)
    site.request("POST", f"{CHECKS}/1/issues", "contractor")
    as_owner(
        site.seeded.url, "UPDATE bim_model SET current_revision_id = NULL; DELETE FROM bim_model WHERE id = 1"
    )
    for table in ("model_check", "check_result", "bim_issue", "bim_issue_viewpoint"):
        assert count(site, table) == 0


def test_only_insiders_read_and_only_writers_run(site: Doors) -> None:
    assert start(site, None, kind="schema").status_code == 401
    assert start(site, "auditor", kind="schema").status_code == 403
    done(site, kind="schema")
    for path in (CHECKS, f"{CHECKS}/1", ISSUES, BCF):
        assert site.get(path).status_code == 401
        assert site.get(path, "auditor").status_code == 200
        assert site.get(path.replace("/1/", "/3/", 1), "contractor").status_code == 404
    assert site.request("POST", ISSUES, "auditor", json={"title": "x"}).status_code == 403
    assert site.request("POST", BCF, "auditor", files={"file": ("a.bcf", b"x")}).status_code == 403


def send(doors: Doors, files: dict[str, str | bytes], folder: Path) -> httpx.Response:
    data = archives.pack(folder / "sent.bcf", files).read_bytes()
    return doors.request("POST", BCF, "contractor", files={"file": ("问题.bcfzip", data)})


def test_an_archive_is_merged_and_the_same_one_changes_nothing(site: Doors, tmp_path: Path) -> None:
    first = send(site, archives.files_21(), tmp_path).json()
    assert (first["added"], first["comments"], first["viewpoints"]) == ([archives.TOPIC_A], 2, 1)
    again = send(site, archives.files_21(), tmp_path).json()
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], [archives.TOPIC_A])
    assert (again["comments"], again["viewpoints"]) == (0, 0)
    issue = site.get(f"{ISSUES}/{archives.TOPIC_A}", "contractor").json()
    assert (issue["title"], issue["labels"]) == ("风管穿梁 Duct through beam", ["结构", "暖通"])
    assert "CheckerRule" in issue["unknown"][0]["xml"]
    picture = site.get(f"{ISSUES}/{archives.TOPIC_A}/viewpoints/{archives.VIEW_A}/snapshot", "contractor")
    assert (picture.content, picture.headers["Content-Type"]) == (archives.PNG, "image/png")


def test_what_is_exported_comes_back_as_it_was(site: Doors, tmp_path: Path) -> None:
    send(site, {**archives.files_21()}, tmp_path)
    site.request("POST", ISSUES, "contractor", json={"title": "现场发现", "global_ids": [WALL.global_id]})
    for version in ("2.1", "3.0"):
        data = site.get(f"{BCF}?version={version}", "contractor").content
        back = site.request(
            "POST", BCF, "contractor", content=data, headers={"Content-Type": "application/zip"}
        ).json()
        assert (back["version"], back["added"], back["changed"], len(back["unchanged"])) == (
            version,
            [],
            [],
            2,
        )
    assert site.get(f"{BCF}?version=1.0", "contractor").status_code == 422


def test_a_hostile_archive_is_refused_by_its_place(site: Doors, tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><Markup><Topic>&b;</Topic></Markup>'
    answer = send(site, {**archives.files_21(), f"{archives.TOPIC_A}/markup.bcf": bomb}, tmp_path)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"].endswith("bcf_invalid")
    assert archives.TOPIC_A in problem["detail"]
    assert site.request("POST", BCF, "contractor", files={"file": ("a.bcf", b"no zip")}).status_code == 422
    assert site.request("POST", BCF, "contractor", files={"file": ("a.bcf", b"")}).status_code == 422
    assert count(site, "bim_issue") == 0
    assert not list((home_of(site).home / "reading").iterdir())


def test_people_add_change_and_comment_issues(site: Doors) -> None:
    made = site.request(
        "POST",
        ISSUES,
        "contractor",
        json={"title": "梁底标高", "type": "Request", "priority": "High", "labels": ["结构"]},
    )
    assert made.status_code == 201
    issue = made.json()
    path = f"{ISSUES}/{issue['guid']}"
    changed = site.request(
        "PATCH", path, "contractor", json={"status": "Closed", "assigned_to": "wang@example.org"}
    ).json()
    assert (changed["status"], changed["priority"], changed["modified_author"]) == (
        "Closed",
        "High",
        "contractor",
    )
    stale = {"status": "Open", "modified_date": issue["creation_date"]}
    assert site.request("PATCH", path, "contractor", json=stale).status_code == 409
    assert site.request("PATCH", path, "contractor", json={"guid": "x"}).status_code == 422
    told = site.request("POST", f"{path}/comments", "contractor", json={"text": "已整改。"}).json()
    assert [each["text"] for each in told["comments"]] == ["已整改。"]
    assert [each["title"] for each in site.get(f"{ISSUES}?status=Closed", "contractor").json()["issues"]] == [
        "梁底标高"
    ]
    assert count(site, "audit_event WHERE action LIKE 'issue.%'") == 3
