"""Revisions over HTTP: compared, withdrawn, restored, approved; who sees what of it."""

from typing import Any

import orjson
import pytest
from sqlalchemy import text

from tests.api.conftest import Doors
from tests.api.seeding import MARKS, PUBLIC_CODE, as_owner
from twin.db import make_engine, open_session
from twin.elements.prints import record_prints

COLUMN = "0public000000000000001"
MODEL = "/api/v1/models/1"

# Revision 2 of the public model: the column is renamed and has other properties, a slab is new. Both are done.
SECOND = """
INSERT INTO stored_object VALUES (repeat('2', 64), 1);
INSERT INTO bim_revision (id, model_id, number, state, sha256, file_name, published_at, schema_name, created_by)
  OVERRIDING SYSTEM VALUE VALUES
  (20, 1, 2, 'published', repeat('2', 64), 'INTERNAL-2.ifc', '2025-10-20', 'IFC4', 'INTERNAL sender');
INSERT INTO element_identity (id, model_id, global_id, status, progress) OVERRIDING SYSTEM VALUE
  VALUES (201, 1, '0slab', 'done', 100);
INSERT INTO bim_element (revision_id, identity_id, project_id, milestone_id, step_id, global_id, ifc_class, name,
    storey, psets, psets_hash, quantity, quantity_unit, geom)
  SELECT 20, 11, 1, 1, 11, '0public000000000000001', 'IfcColumn', '1号墩柱（改）', '下部', CAST('{"Pset": {"a": "INTERNAL-2"}}' AS jsonb),
    'other', 10, 'm3', geom FROM bim_element WHERE identity_id = 11
  UNION ALL SELECT 20, 201, 1, 2, 12, '0slab', 'IfcSlab', '桥面板', '上部', '{}', NULL, 10, 'm3', geom
  FROM bim_element WHERE identity_id = 11;
INSERT INTO element_progress (identity_id, as_of, status, percent, source)
  VALUES (11, '2025-10-01', 'done', 100, 'table'), (201, '2025-10-25', 'done', 100, 'table');
UPDATE bim_element SET milestone_id = 1 WHERE identity_id = 11;
UPDATE bim_model SET current_revision_id = 20 WHERE id = 1;
"""


@pytest.fixture
def two(own_doors: Doors) -> Doors:
    """The public model with a second revision."""
    as_owner(own_doors.seeded.url, SECOND)
    engine = make_engine(own_doors.seeded.url, pool_size=1)
    with open_session(engine) as session:
        for revision_id in (1, 20):
            record_prints(session, revision_id)
    engine.dispose()
    return own_doors


def _post(doors: Doors, path: str, login: str | None, body: Any = None) -> Any:
    return doors.request("POST", f"{MODEL}{path}", login, json=body)


def _scalar(doors: Doors, statement: str) -> Any:
    engine = make_engine(doors.seeded.url, pool_size=1)
    with open_session(engine) as session:
        found = session.scalar(text(statement))
    engine.dispose()
    return found


def test_the_current_revision_is_compared_with_the_one_before_it(two: Doors) -> None:
    told = two.get(f"{MODEL}/diff", "auditor").json()
    assert told == {
        "model_id": 1,
        "from": 1,
        "to": 2,
        "counts": {"added": 1, "removed": 0, "changed": 1, "matched": 0},
        "unchanged": 0,
        "kinds": {"name": 1, "psets": 1},
        "next": None,
        "added": ["0slab"],
        "removed": [],
        "changed": [{"global_id": COLUMN, "what": ["name", "psets"]}],
        "matched": [],
    }
    summary = two.get(f"{MODEL}/diff?summary=true", "auditor").json()
    assert summary == {
        key: told[key] for key in told if key not in ("added", "removed", "changed", "matched")
    }
    back = two.get(f"{MODEL}/diff?from=2&to=1", "auditor").json()
    assert (back["added"], back["removed"]) == ([], ["0slab"])


def test_the_public_is_not_told_that_properties_changed(two: Doors) -> None:
    answer = two.get(f"{MODEL}/diff?from=1&to=2")
    assert answer.json()["changed"] == [{"global_id": COLUMN, "what": ["name"]}]
    for form in ("json", "geojson", "csv"):
        shown = two.get(f"{MODEL}/diff?f={form}")
        assert shown.status_code == 200
        assert not [mark for mark in MARKS if mark in shown.text]


def test_the_difference_lies_on_the_map_and_in_a_table(two: Doors) -> None:
    collection = two.get(f"{MODEL}/diff?f=geojson", "auditor").json()
    assert (collection["type"], collection["counts"]["added"]) == ("FeatureCollection", 1)
    changes = {
        each["properties"]["global_id"]: each["properties"]["change"] for each in collection["features"]
    }
    assert changes == {"0slab": "added", COLUMN: "changed"}
    assert collection["features"][0]["geometry"]["type"] == "MultiPolygon"
    table = two.get(f"{MODEL}/diff?f=csv", "auditor")
    lines = table.content.decode("utf-8-sig").split("\r\n")
    assert lines[0].startswith("change,global_id,from_global_id,ifc_class,name")
    assert f"changed,{COLUMN},,IfcColumn,1号墩柱（改）,,,下部,name psets," in lines
    page = two.get(f"{MODEL}/diff?f=csv&limit=1", "auditor")
    assert 'rel="next"' in page.headers["Link"]
    rest = two.get(page.headers["Link"].split(">")[0][1:], "auditor")
    assert rest.text.count("\r\n") == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=1&to=9", 404),
        ("from=9&to=1", 404),
        ("to=1", 409),
        ("after=x", 422),
        ("f=xml", 422),
        ("limit=0", 422),
    ],
)
def test_what_cannot_be_compared_says_why(two: Doors, query: str, status: int) -> None:
    answer = two.get(f"{MODEL}/diff?{query}", "auditor")
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_a_withdrawn_revision_leaves_map_progress_and_light_at_once(two: Doors) -> None:
    told = _post(two, "/revisions/2/withdraw", "contractor", {"reason": "图纸有误 INTERNAL"})
    assert told.status_code == 200, told.text
    assert told.json()["current"] == 1
    # by hand: both packages are done by elements in revision 2; without it M1 stays done (50 %), M2 is reported at 20 %
    assert told.json()["project"]["progress"] == pytest.approx(0.5 * 100 + 0.5 * 20)
    items = two.get("/ogc/collections/bim_elements/items?model_id=1&f=json").json()["features"]
    assert [each["properties"]["name"] for each in items] == ["1号墩柱"]
    tree = two.get(f"{MODEL}/elements").json()
    assert (tree["revision"], tree["matched"]) == (1, 1)
    assert two.get(f"/api/v1/projects/{PUBLIC_CODE}").json()["progress"] == pytest.approx(60.0)

    again = _post(two, "/revisions/2/restore", "contractor")
    assert again.json()["current"] == 2
    assert again.json()["project"]["progress"] == pytest.approx(100.0)
    assert two.get(f"{MODEL}/elements").json()["matched"] == 2


def test_who_withdrew_when_and_why_is_for_insiders(two: Doors) -> None:
    _post(two, "/revisions/2/withdraw", "contractor", {"reason": "图纸有误 INTERNAL"})
    shown = two.get(f"{MODEL}/revisions", "auditor").json()
    assert shown["current"] == 1
    withdrawn = shown["revisions"][1]
    assert (withdrawn["state"], withdrawn["decided_by"]) == ("withdrawn", "contractor")
    assert withdrawn["reason"] == "图纸有误 INTERNAL"
    assert withdrawn["decided_at"]
    public = two.get(f"{MODEL}/revisions")
    assert [each["number"] for each in public.json()["revisions"]] == [1]
    assert "INTERNAL" not in public.text
    assert two.get(f"{MODEL}?revision=2", "auditor").json()["revision"] == 2
    assert two.get(f"{MODEL}/diff?from=1&to=2", "auditor").status_code == 200
    assert two.get(f"{MODEL}?revision=2").status_code == 404
    events = two.get("/api/v1/audit", "auditor").text
    assert "model.withdraw" in events
    assert "图纸有误" in events


def test_the_last_one_withdrawn_takes_the_model_off_the_map(two: Doors) -> None:
    gone = two.request("DELETE", f"{MODEL}?reason=重新建模", "contractor")
    assert gone.status_code == 200, gone.text
    assert gone.json()["current"] is None
    assert {each["state"] for each in gone.json()["revisions"]} == {"withdrawn"}
    assert two.get("/ogc/collections/bim_elements/items?model_id=1&f=json").json()["features"] == []
    assert two.get("/ogc/collections/bim_models/items?f=json").json()["features"] == []
    assert two.get(f"{MODEL}/elements", "auditor").json()["matched"] == 0
    assert two.get(f"{MODEL}/diff", "auditor").status_code == 409
    # nothing is deleted, and each comes back by itself
    assert _scalar(two, "SELECT count(*) FROM bim_element WHERE revision_id IN (1, 20)") == 3
    assert _post(two, "/revisions/1/restore", "contractor").json()["current"] == 1


def test_what_is_held_counts_only_once_it_is_approved(two: Doors) -> None:
    as_owner(
        two.seeded.url,
        """UPDATE bim_revision SET state = 'held', published_at = NULL WHERE id = 20;
           UPDATE bim_model SET current_revision_id = 1 WHERE id = 1""",
    )
    assert two.get(f"{MODEL}?revision=2", "auditor").status_code == 200
    assert two.get(f"{MODEL}?revision=2").status_code == 404
    withdrawn = _post(two, "/revisions/2/withdraw", "contractor", {"reason": "先不用"})
    assert withdrawn.json()["current"] == 1
    restored = _post(two, "/revisions/2/restore", "contractor").json()
    assert (restored["current"], restored["revisions"][1]["state"]) == (1, "held")
    approved = _post(two, "/revisions/2/approve", "contractor", {"reason": "已核对"}).json()
    assert (approved["current"], approved["revisions"][1]["state"]) == (2, "published")
    assert approved["revisions"][1]["published_at"]


@pytest.mark.parametrize(
    ("path", "body", "login", "status"),
    [
        ("/revisions/2/withdraw", {"reason": "x"}, None, 401),
        ("/revisions/2/withdraw", {"reason": "x"}, "auditor", 403),
        ("/revisions/2/withdraw", {"reason": " "}, "contractor", 422),
        ("/revisions/2/withdraw", {}, "contractor", 422),
        ("/revisions/9/withdraw", {"reason": "x"}, "contractor", 404),
        ("/revisions/2/restore", {}, "contractor", 409),
        ("/revisions/2/approve", {}, "contractor", 409),
        ("/revisions/2/approve", None, None, 401),
    ],
)
def test_a_decision_out_of_place_changes_nothing(
    two: Doors, path: str, body: Any, login: str | None, status: int
) -> None:
    answer = _post(two, path, login, body)
    assert answer.status_code == status, answer.text
    assert _scalar(two, "SELECT count(*) FROM bim_revision_decision") == 0
    assert two.get(MODEL).json()["revision"] == 2


def test_a_refusal_names_who_decided_before(two: Doors) -> None:
    _post(two, "/revisions/2/withdraw", "contractor", {"reason": "x"})
    answer = two.request(
        "POST",
        f"{MODEL}/revisions/2/withdraw",
        "admin",
        json={"reason": "y"},
        headers={"Accept-Language": "zh"},
    )
    assert answer.status_code == 409
    assert "contractor" in answer.json()["detail"]


def test_a_model_is_renamed_and_hidden(two: Doors) -> None:
    body = {"name": "主桥", "discipline": "结构", "public_visible": False}
    answer = two.request("PATCH", MODEL, "contractor", json=body)
    assert answer.json() == {"id": 1, **body}
    assert two.get(MODEL).status_code == 404
    assert two.get("/ogc/collections/bim_elements/items?model_id=1&f=json").json()["features"] == []
    shown = two.get(MODEL, "auditor").json()
    assert (shown["name"], shown["discipline"]) == ("主桥", "结构")
    taken = two.request("PATCH", MODEL, "contractor", json={"name": "PRIVATE 内部模型"})
    assert taken.status_code == 409
    assert two.request("PATCH", MODEL, "contractor", json={"name": "  "}).status_code == 422
    assert two.request("PATCH", MODEL, "auditor", json={"name": "x"}).status_code == 403


def test_tiles_of_a_withdrawn_model_are_made_anew(two: Doors) -> None:
    tile = "/tiles/bim_elements/14/13453/6583.mvt"
    before = _scalar(two, "SELECT coalesce(sum(n), 0) FROM layer_change WHERE layer = 'bim_elements'")
    _post(two, "/revisions/2/withdraw", "contractor", {"reason": "x"})
    after = _scalar(two, "SELECT coalesce(sum(n), 0) FROM layer_change WHERE layer = 'bim_elements'")
    assert after > before
    assert two.get(tile).status_code in (200, 204)
    assert orjson.loads(two.get(f"{MODEL}/revisions", "admin").content)["current"] == 1
