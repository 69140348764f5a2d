"""The overlap vector of the domain reference, and who learns what of internal layers.

Vector (EPSG:4527): project 200 m × 150 m with a hole of 50 × 40; ellipsoidal areas are the survey formula's.
"""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.overlap import OverlapOptions
from tests.rows import add_project, square_wkt
from twin.errors import ForbiddenError, InvalidInputError, NotFoundError, UnauthenticatedError
from twin.identity import ANONYMOUS, Caller
from twin.land.compliance import Subject, compute_overlap

E, N = 39371200.0, 3671300.0
CODE = "341299-2025-03-0128-4"
PLANNER = Caller(user_id=1, roles=frozenset({"planner"}))
HOLED = (
    f"MULTIPOLYGON((({E} {N}, {E + 200} {N}, {E + 200} {N + 150}, {E} {N + 150}, {E} {N}),"
    f"({E + 50} {N + 50}, {E + 50} {N + 90}, {E + 100} {N + 90}, {E + 100} {N + 50}, {E + 50} {N + 50})))"
)


def add_area(session: Session, layer: str, code: str, wkt: str, public: bool = False) -> None:
    session.execute(
        text(
            """INSERT INTO control_area (layer, code, name, class_code, class_name, public_visible, source_crs,
              geom_survey, geom)
            SELECT :layer, :code, '图斑' || :code, '0103', '旱地', :public, 'EPSG:4527', g,
              ST_Transform(ST_Segmentize(g, 500), 4490) FROM (SELECT ST_GeomFromText(:wkt, 4527) AS g) q"""
        ),
        {"layer": layer, "code": code, "wkt": wkt, "public": public},
    )


def add_parcel(session: Session, number: str, wkt: str, public: bool = False) -> None:
    session.execute(
        text(
            """INSERT INTO land_parcel (parcel_no, name, kind, state, public_visible, source_crs, geom_survey, geom)
            SELECT :no, '储备地块', 'reserve', 'ready', :public, 'EPSG:4527', g,
              ST_Transform(ST_Segmentize(g, 500), 4490) FROM (SELECT ST_GeomFromText(:wkt, 4527) AS g) q"""
        ),
        {"no": number, "wkt": wkt, "public": public},
    )


@pytest.fixture(autouse=True)
def _vector(session: Session) -> None:
    project = add_project(session, CODE)
    session.execute(
        text(
            """UPDATE project_footprint SET geom_survey = g, geom = ST_Transform(ST_Segmentize(g, 500), 4490)
            FROM (SELECT ST_GeomFromText(:wkt, 4527) AS g) q WHERE project_id = :id"""
        ),
        {"wkt": HOLED, "id": project.id},
    )
    add_parcel(session, "CB-001", square_wkt(E + 120, N - 30, E + 320, N + 100))
    add_area(session, "farmland", "JBNT0001", square_wkt(E - 40, N + 120, E + 60, N + 220))
    add_area(session, "river", "R001", square_wkt(E + 5000, N, E + 5100, N + 100), public=True)


def layer(answer: dict, name: str) -> dict:
    return next(row for row in answer["layers"] if row["layer"] == name)


def test_the_vector_of_the_domain_reference_is_met_within_a_square_centimetre(session: Session) -> None:
    answer = compute_overlap(session, PLANNER, Subject(project=CODE))
    subject = answer["subject"]
    assert subject["area_m2"] == pytest.approx(27988.5719, abs=0.01)
    assert subject["area_plane_m2"] == pytest.approx(28000, abs=0.001)
    assert subject["crs_overlay"] == "EPSG:4527"
    reserve = layer(answer, "land_parcels")
    assert reserve["area_m2"] == pytest.approx(7996.74, abs=0.01)
    assert reserve["area_mu"] == pytest.approx(11.9951, abs=0.0001)
    assert reserve["share_of_subject"] == pytest.approx(28.57, abs=0.01)
    assert reserve["area_plane_m2"] == pytest.approx(8000, abs=0.001)
    farmland = layer(answer, "farmland")
    assert farmland["area_m2"] == pytest.approx(1799.26, abs=0.01)
    assert farmland["area_mu"] == pytest.approx(2.6989, abs=0.0001)
    assert {note["code"] for note in farmland["notes"]} == {"needs_case_review", "make_up_question"}
    assert farmland["by_class"] == [
        {
            "class_code": "0103",
            "class_name": "旱地",
            "count": 1,
            **{k: farmland[k] for k in ("area_m2", "area_mu", "area_ha")},
        }
    ]
    assert not layer(answer, "river")["hit"]
    assert answer["layers"][0]["layer"] == "land_parcels"
    assert set(answer["data_versions"]) == {row["layer"] for row in answer["layers"]}


def test_the_same_shape_drawn_in_its_zone_gives_the_same_areas(session: Session) -> None:
    ring = [[E, N], [E + 200, N], [E + 200, N + 150], [E, N + 150], [E, N]]
    hole = [[E + 50, N + 50], [E + 50, N + 90], [E + 100, N + 90], [E + 100, N + 50], [E + 50, N + 50]]
    drawn = Subject(geometry={"type": "Polygon", "coordinates": [ring, hole]}, crs="EPSG:4527")
    answer = compute_overlap(session, PLANNER, drawn, ["land_parcels"])
    assert layer(answer, "land_parcels")["area_m2"] == pytest.approx(7996.74, abs=0.01)


def test_the_public_learns_only_that_an_internal_layer_is_hit(session: Session) -> None:
    answer = compute_overlap(session, ANONYMOUS, Subject(project=CODE))
    for name in ("land_parcels", "farmland"):
        found = layer(answer, name)
        assert (found["hit"], found["internal"], found["area_m2"], found["items"]) == (True, True, 0, [])
    assert layer(answer, "ecology")["hit"] is False
    assert answer["data_versions"]["farmland"] is None  # when an internal layer changed is internal too
    assert answer["data_versions"]["river"] is not None


def test_the_public_gets_figures_of_public_rows(session: Session) -> None:
    add_area(session, "heritage", "WB001", square_wkt(E, N, E + 10, N + 10), public=True)
    found = layer(compute_overlap(session, ANONYMOUS, Subject(project=CODE)), "heritage")
    assert found["area_m2"] == pytest.approx(100, rel=1e-3)
    assert "internal" not in found


def test_the_public_may_not_probe_with_shapes_or_buffers(session: Session) -> None:
    shape = {"type": "Polygon", "coordinates": [[[115.6, 33.1], [115.7, 33.1], [115.7, 33.2], [115.6, 33.1]]]}
    with pytest.raises(UnauthenticatedError):
        compute_overlap(session, ANONYMOUS, Subject(geometry=shape))
    with pytest.raises(UnauthenticatedError):
        compute_overlap(session, ANONYMOUS, Subject(project=CODE), options=OverlapOptions(buffer_m=50))
    contractor = Caller(user_id=2, own_roles=frozenset({"contractor"}))
    with pytest.raises(ForbiddenError):
        compute_overlap(session, contractor, Subject(geometry=shape))


def test_a_task_force_sees_the_whole_result_of_its_own_project(session: Session) -> None:
    project_id = session.scalar(text("SELECT id FROM project"))
    team = Caller(user_id=3, own_roles=frozenset({"task_force"}), own_projects=(project_id,))
    found = layer(compute_overlap(session, team, Subject(project=CODE)), "farmland")
    assert found["area_m2"] == pytest.approx(1799.26, abs=0.01)


def test_another_projects_red_line_is_a_hit_both_ways_with_the_same_area(session: Session) -> None:
    other = "341299-2024-05-0017-3"
    add_project(session, other, "相邻项目", box=(E + 190, N + 140, E + 290, N + 240))
    there = layer(compute_overlap(session, PLANNER, Subject(project=CODE), ["projects"]), "projects")
    back = layer(compute_overlap(session, PLANNER, Subject(project=other), ["projects"]), "projects")
    assert [item["code"] for item in there["items"]] == [other]
    assert [item["code"] for item in back["items"]] == [CODE]
    assert there["area_m2"] == pytest.approx(100, rel=1e-3)
    assert there["area_m2"] == pytest.approx(back["area_m2"], abs=1e-4)


def test_unknown_layers_and_projects_are_named(session: Session) -> None:
    with pytest.raises(InvalidInputError, match="farmlands"):
        compute_overlap(session, PLANNER, Subject(project=CODE), ["farmlands"])
    with pytest.raises(NotFoundError, match="341299-2020"):
        compute_overlap(session, PLANNER, Subject(project="341299-2020-01-0001-1"))
    with pytest.raises(InvalidInputError):
        compute_overlap(session, PLANNER, Subject())
