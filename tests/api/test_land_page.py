"""`/land`: who sees which rows of the ledger, and the table of an overlap as a part of the page."""

import re
from typing import Any

import pytest

from api.front_end import find_assets
from tests.api.conftest import Doors
from tests.api.seeding import MARKS

pytestmark = pytest.mark.skipif(find_assets() is None, reason="the front end is not built")

BOX = [[115.61, 33.15], [115.62, 33.15], [115.62, 33.16], [115.61, 33.16], [115.61, 33.15]]
BODY: dict[str, Any] = {
    "subject": {"geometry": {"type": "Polygon", "coordinates": [BOX]}},
    "layers": ["land_parcels", "farmland"],
}


def test_nobody_in_particular_sees_public_parcels_without_what_is_internal(doors: Doors) -> None:
    page = doors.get("/land?parcel=DK-0001").text
    assert "DK-0001" in page
    assert not [mark for mark in MARKS if mark in page]
    hidden = doors.get("/land?parcel=PRIVATE-2&lang=en").text
    assert "There is no parcel PRIVATE-2" in hidden
    assert "PRIVATE" not in hidden.replace("PRIVATE-2", "")


def test_a_planner_sees_every_parcel_by_state_and_page(doors: Doors) -> None:
    first = doors.get("/land?part=ledger&state=stored", "planner").text
    assert first.count("<tr data-parcel=") == 100
    assert 'rel="next"' in first
    held = doors.get("/land?part=ledger&state=held", "planner").text
    assert held.count("<tr data-parcel=") == 0


def test_an_overlap_is_a_table_for_whom_it_may_be_run(doors: Doors) -> None:
    table = doors.request("POST", "/land/overlap?lang=zh", "planner", json=BODY)
    assert table.status_code == 200
    assert "永久基本农田" in table.text
    assert "储备地块" in table.text
    assert doors.request("POST", "/land/overlap", json=BODY).status_code == 401
    assert doors.request("POST", "/land/overlap", "contractor", json=BODY).status_code == 403


def test_a_form_of_another_site_cannot_use_the_reader_s_cookie(doors: Doors) -> None:
    signed = doors.request("POST", "/login", data={"token": doors.seeded.tokens["planner"]})
    cookie = signed.headers["set-cookie"].partition(";")[0]
    foreign = {"Cookie": cookie, "Origin": "https://elsewhere.example"}
    assert doors.request("POST", "/land/overlap", json=BODY, headers=foreign).status_code == 403
    doors.client.cookies.clear()


def test_a_subject_that_names_nothing_is_refused(doors: Doors) -> None:
    empty = {"subject": {}, "layers": ["farmland"]}
    assert doors.request("POST", "/land/overlap", "planner", json=empty).status_code == 422


def test_a_file_goes_into_the_layers_that_its_sender_may_write_to(doors: Doors) -> None:
    """A planner writes to land, a division to the red lines of its own projects, the public to nothing."""
    offered = {
        login: set(re.findall(r'<option value="([a-z_]+)">', _form(doors.get("/land", login).text)))
        for login in ("planner", "division", None)
    }
    assert offered["planner"] >= {"land_parcels", "farmland", "ecology", "control_areas"}
    assert "projects" not in offered["planner"]
    assert offered["division"] <= {"projects"}
    assert offered[None] == set()


def _form(page: str) -> str:
    return page.partition('<form id="import-form"')[2].partition("</form>")[0]
