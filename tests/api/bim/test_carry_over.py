"""Carry-over and federation over HTTP: who may look, who may decide, what follows."""

from typing import Any

import pytest

from tests.api.bim.test_revisions import MODEL, SECOND
from tests.api.conftest import Doors
from tests.api.seeding import MARKS, PRIVATE_CODE, PUBLIC_CODE, as_owner
from twin.db import make_engine, open_session
from twin.elements.prints import record_prints

SECOND_TO_THIRD: Any = {"from": 2, "to": 3}
COLUMN, RENEWED = "0public000000000000001", "0renewed00000000000001"

# Revision 3: the column of revision 2 under another GlobalId and the slab gone.
_THIRD = f"""
INSERT INTO stored_object VALUES (repeat('3', 64), 1);
INSERT INTO bim_revision (id, model_id, number, state, sha256, file_name, published_at)
  OVERRIDING SYSTEM VALUE VALUES (30, 1, 3, 'published', repeat('3', 64), 'INTERNAL-3.ifc', '2025-10-25');
INSERT INTO element_identity (id, model_id, global_id) OVERRIDING SYSTEM VALUE VALUES (301, 1, '{RENEWED}');
UPDATE bim_element SET signature = 'column', box = '{{0,0,0,1,1,3}}', placement = '{{1,0,0,0,0,1,0,0,0,0,1,0}}',
  geometry_hash = 'g' WHERE identity_id = 11;
INSERT INTO bim_element (revision_id, identity_id, project_id, milestone_id, step_id, global_id, ifc_class, name,
    storey, psets, psets_hash, quantity, quantity_unit, geom, signature, box, placement, geometry_hash)
  SELECT 30, 301, 1, 1, 11, '{RENEWED}', ifc_class, name, storey, psets, psets_hash, quantity, quantity_unit, geom,
    signature, box, placement, geometry_hash FROM bim_element WHERE identity_id = 11 AND revision_id = 20;
UPDATE bim_model SET current_revision_id = 30 WHERE id = 1;
"""


@pytest.fixture
def three(own_doors: Doors) -> Doors:
    """The public model with three revisions, the last under a renewed GlobalId."""
    as_owner(own_doors.seeded.url, SECOND + _THIRD)
    engine = make_engine(own_doors.seeded.url, pool_size=1)
    with open_session(engine) as session:
        for revision_id in (1, 20, 30):
            record_prints(session, revision_id)
    engine.dispose()
    return own_doors


def _decide(doors: Doors, login: str | None = "contractor", **body: Any) -> Any:
    return doors.request("POST", f"{MODEL}/carry-over", login, json={"pairs": "all", **body})


def test_proposals_and_orphans_are_told(three: Doors) -> None:
    told = three.get(f"{MODEL}/carry-over", "auditor").json()
    assert (told["from"], told["to"], told["kept"]) == (2, 3, 0)
    (proposal,) = told["proposals"]
    assert (proposal["from"], proposal["to"], proposal["progress"], proposal["state"]) == (
        COLUMN,
        RENEWED,
        100.0,
        "proposed",
    )
    assert told["counts"] == {"proposed": 1, "approved": 0, "refused": 0, "taken": 0}
    assert [each["global_id"] for each in told["orphaned"]["items"]] == [COLUMN, "0slab"]
    packages = {each["milestone"]: each["earned"] for each in told["orphaned"]["packages"]}
    assert packages == {"M1": 10.0, "M2": 10.0}


def test_an_approval_lifts_project_element_and_map_at_once(three: Doors) -> None:
    assert three.get(f"{MODEL}/elements/{RENEWED}").json()["status"] == "not_started"
    done = _decide(three, **SECOND_TO_THIRD).json()
    assert (done["decided"], done["unchanged"], done["refused"]) == (1, 0, [])
    # by hand: M1 (50 %) is done by the column again; M2 has no element any more, a report says 20 %
    assert done["project"]["progress"] == pytest.approx(0.5 * 100 + 0.5 * 20)
    assert three.get(f"{MODEL}/elements/{RENEWED}").json()["status"] == "done"
    items = three.get("/ogc/collections/bim_elements/items?model_id=1&f=json").json()["features"]
    assert [(each["properties"]["global_id"], each["properties"]["progress"]) for each in items] == [
        (RENEWED, 100.0)
    ]
    again = _decide(three).json()
    assert (again["decided"], again["unchanged"]) == (0, 1)
    told = three.get(f"{MODEL}/carry-over", "auditor").json()
    assert (told["counts"]["approved"], told["proposals"][0]["decided_by"]) == (1, "contractor")
    assert [each["global_id"] for each in told["orphaned"]["items"]] == ["0slab"]
    assert "progress.carry_over" in three.get("/api/v1/audit", "auditor").text


def test_a_refusal_stays_in_the_list(three: Doors) -> None:
    body: Any = {"pairs": [{"from": COLUMN, "to": RENEWED}], "decision": "refuse"}
    assert _decide(three, **body).json()["decided"] == 1
    told = three.get(f"{MODEL}/carry-over", "auditor").json()
    assert told["proposals"][0]["state"] == "refused"
    wrong = _decide(three, pairs=[{"from": COLUMN, "to": "0slab"}]).json()
    assert [(each["from"], each["to"]) for each in wrong["refused"]] == [(COLUMN, "0slab")]


@pytest.mark.parametrize(
    ("login", "body", "status"),
    [
        (None, {}, 401),
        ("auditor", {}, 403),
        ("contractor", {"pairs": "some"}, 422),
        ("contractor", {"min_confidence": 2}, 422),
        ("contractor", {"to": 9}, 404),
    ],
)
def test_only_those_who_report_progress_decide(
    three: Doors, login: str | None, body: Any, status: int
) -> None:
    assert _decide(three, login, **body).status_code == status
    assert three.get(f"{MODEL}/elements/{RENEWED}").json()["status"] == "not_started"


def test_the_public_sees_no_proposals(three: Doors) -> None:
    assert three.get(f"{MODEL}/carry-over").status_code == 401


def test_models_lie_side_by_side_and_the_public_sees_its_own(doors: Doors) -> None:
    path = f"/api/v1/projects/{PUBLIC_CODE}/models/federation"
    public = doors.get(path)
    assert public.status_code == 200
    assert [each["id"] for each in public.json()["models"]] == [1]
    assert not [mark for mark in MARKS if mark in public.text]
    inside = doors.get(path, "auditor").json()
    assert [each["id"] for each in inside["models"]] == [1, 2]
    (apart,) = inside["apart"]
    assert apart["models"] == [1, 2]
    # by hand, from 115.62°E 33.16°N to 116.76543°E 33.76543°N: 1.14543° · 111.32 km · cos 33.46° and 0.60543° · 110.9 km
    assert apart["distance_m"] == pytest.approx(125_700, rel=0.01)
    assert {each["code"] for each in inside["warnings"]} == {"far_apart"}
    assert doors.get(f"/api/v1/projects/{PRIVATE_CODE}/models/federation").status_code == 404


def test_one_global_id_in_two_models_is_two_elements(own_doors: Doors) -> None:
    as_owner(
        own_doors.seeded.url,
        f"""UPDATE bim_revision SET geom = (SELECT geom FROM bim_revision WHERE id = 1),
             storeys = CASE id WHEN 1 THEN CAST('[{{"global_id": "S", "name": "一层", "elevation_m": 0}}]' AS jsonb)
               ELSE CAST('[{{"global_id": "S", "name": "一层", "elevation_m": 0.3}}]' AS jsonb) END,
             tree = CAST('[{{"global_id": "S", "ifc_class": "IfcBuildingStorey", "name": "一层", "parent": null}}]' AS jsonb),
             georeference = CAST('{{"crs": "EPSG:4527", "placed": true, "matrix":
               [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 20, 0, 0, 0, 1]}}' AS jsonb) WHERE id IN (1, 2);
           UPDATE element_identity SET global_id = '{COLUMN}' WHERE id = 12;
           UPDATE bim_element SET global_id = '{COLUMN}' WHERE identity_id = 12""",
    )
    told = own_doors.get(f"/api/v1/projects/{PUBLIC_CODE}/models/federation", "auditor").json()
    assert told["shared_nodes"] == [
        {"global_id": "S", "ifc_class": "IfcBuildingStorey", "name": "一层", "models": [1, 2]}
    ]
    assert told["shared_elements"] == 1
    assert told["apart"][0]["distance_m"] == 0.0
    assert [(each["code"], each["models"]) for each in told["warnings"]] == [("storey_heights", [1, 2])]
    assert "20.000" in told["warnings"][0]["message"]
    found = own_doors.get(f"/api/v1/projects/{PUBLIC_CODE}/elements", "auditor").json()
    assert [each["global_id"] for each in found["elements"]] == [COLUMN, COLUMN]
    rows = [{"global_id": COLUMN, "percent": 30}]
    own_doors.request("PATCH", "/api/v1/models/2/elements", "contractor", json=rows)
    shown = [
        own_doors.get(f"/api/v1/models/{n}/elements/{COLUMN}", "auditor").json()["progress"] for n in (1, 2)
    ]
    assert shown == [100.0, 30.0]
