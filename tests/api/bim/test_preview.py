"""The doors to a model whose geometry is still being made."""

import orjson
import psycopg
import pytest

from tests.api.conftest import Doors

_PENDING = """
INSERT INTO stored_object (sha256, size_bytes) VALUES (repeat('9', 64), 1);
INSERT INTO bim_revision (id, model_id, number, state, sha256, file_name)
  OVERRIDING SYSTEM VALUE VALUES (900, 1, 90, 'pending', repeat('9', 64), 'b.ifc')"""
_ELEMENTS = """
INSERT INTO model_preview_element (preview_id, doc)
  SELECT 1, json_build_object('global_id', 'g' || n, 'ifc_class', 'IfcWall', 'name', '墙体 ' || n,
    'placement', ARRAY[1,0,0,5.0 * n,0,1,0,0,0,0,1,0], 'psets', json_build_object('Pset_WallCommon', '{}'::json))
  FROM generate_series(1, 3) n"""
SUMMARY = {"schema_name": "IFC4", "units": {"LENGTHUNIT": 0.001}, "elements": 3, "counts_by_class": {"IfcWall": 3},
           "storeys": [{"global_id": "s", "name": "首层", "elevation_m": 0.0}], "tree": [], "warnings": []}  # fmt: skip


@pytest.fixture
def pending(own_doors: Doors) -> Doors:
    """A seeded application in which a second revision of the public model is being converted."""
    with psycopg.connect(own_doors.seeded.url) as connection:
        connection.execute("SET ROLE NONE")
        connection.execute(_PENDING)
        connection.execute(
            "INSERT INTO model_preview (id, revision_id, summary) OVERRIDING SYSTEM VALUE VALUES (1, 900, %s)",
            [orjson.dumps(SUMMARY).decode()],
        )
        connection.execute(_ELEMENTS)
    return own_doors


def test_an_insider_sees_tree_counts_and_elements_before_geometry(pending: Doors) -> None:
    model = pending.get("/api/v1/models/1", "contractor").json()
    assert (model["preview"]["revision"], model["preview"]["counts_by_class"]) == (90, {"IfcWall": 3})
    assert model["revision"] != 90
    found = pending.get("/api/v1/models/1/preview", "contractor").json()
    assert (found["schema_name"], found["storeys"][0]["name"]) == ("IFC4", "首层")
    page = pending.get("/api/v1/models/1/preview/elements?limit=2", "contractor").json()
    assert [each["global_id"] for each in page["elements"]] == ["g1", "g2"]
    rest = pending.get(f"/api/v1/models/1/preview/elements?after={page['next']}", "contractor").json()
    assert ([each["global_id"] for each in rest["elements"]], rest["next"]) == (["g3"], None)
    assert rest["elements"][0]["placement"][3] == 15.0
    one = pending.get("/api/v1/models/1/preview/elements/g2", "contractor").json()
    assert one["psets"] == {"Pset_WallCommon": {}}


@pytest.mark.parametrize("path", ["/preview", "/preview/elements", "/preview/elements/g1"])
def test_the_public_never_sees_a_preview(pending: Doors, path: str) -> None:
    assert pending.get(f"/api/v1/models/1{path}").status_code == 404
    assert "preview" not in pending.get("/api/v1/models/1").json()


def test_without_a_job_there_is_no_preview(doors: Doors) -> None:
    assert doors.get("/api/v1/models/1", "contractor").json()["preview"] is None
    assert doors.get("/api/v1/models/1/preview", "contractor").status_code == 404
