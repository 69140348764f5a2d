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


def said(answer: dict) -> dict[str, str]:
    return {question["code"]: question["answer"] for question in answer["questions"]}


def test_the_report_s_questions_are_answered_and_never_a_permission(session: Session) -> None:
    # Cultivated land under the western half; the survey does not cover the rest.
    add_area(session, "dltb", "T1", square_wkt(E - 10, N - 10, E + 100, N + 160))
    answer = compute_overlap(session, PLANNER, Subject(project=CODE))

    assert said(answer) == {
        "cultivated": "yes",
        "permanent_farmland": "yes",
        "forest": "unknown",
        "ecology": "no",
        "outside_urban": "yes",
        "make_up": "yes",
    }
    assert answer["conclusion"]["code"] == "needs_case_review"
    assert "需个案审查" in answer["conclusion"]["zh"]
    assert [row["group"] for row in answer["land_use"]["groups"]] == ["agricultural"]
    # 100 m × 150 m less the hole of 50 m × 40 m.
    assert answer["land_use"]["cultivated"]["area_m2"] == pytest.approx(13_000, rel=1e-3)


def test_without_farmland_among_the_layers_nothing_is_concluded(session: Session) -> None:
    answer = compute_overlap(session, PLANNER, Subject(project=CODE), ["land_parcels"])

    assert set(said(answer).values()) == {"unknown"}
    assert answer["conclusion"]["code"] == "incomplete"
    assert "land_use" not in answer


def test_the_public_is_told_no_answers_that_hidden_rows_could_belie(session: Session) -> None:
    answer = compute_overlap(session, ANONYMOUS, Subject(project=CODE))

    assert "questions" not in answer
    assert "conclusion" not in answer


def test_features_drawn_together_are_one_subject_and_each_its_own_row(session: Session) -> None:
    def ring(west: float, east: float) -> dict:
        corners = [[E + west, N], [E + east, N], [E + east, N + 100], [E + west, N + 100], [E + west, N]]
        return {"type": "Polygon", "coordinates": [corners]}

    features = [
        {"type": "Feature", "properties": {"name": "一号地块"}, "geometry": ring(0, 150)},
        {"type": "Feature", "properties": {}, "geometry": ring(100, 200)},
    ]
    drawn = Subject(geometry={"type": "FeatureCollection", "features": features}, crs="EPSG:4527")
    answer = compute_overlap(session, PLANNER, drawn, ["land_parcels"])

    assert answer["subject"]["area_plane_m2"] == pytest.approx(20_000)  # 50 m of both count once
    assert [row["name"] for row in answer["subjects"]] == ["一号地块", "2"]
    assert [row["layers"][0]["area_m2"] for row in answer["subjects"]] == [
        pytest.approx(30 * 100, rel=1e-3),
        pytest.approx(80 * 100, rel=1e-3),
    ]
    assert layer(answer, "land_parcels")["area_m2"] == pytest.approx(80 * 100, rel=1e-3)


def test_a_pipeline_is_told_by_its_length(session: Session) -> None:
    line = {"type": "LineString", "coordinates": [[E + 20, N + 110], [E + 20, N + 230]]}
    answer = compute_overlap(session, PLANNER, Subject(geometry=line, crs="EPSG:4527"))
    farmland = layer(answer, "farmland")

    assert farmland["length_m"] == pytest.approx(100, rel=1e-3)  # of the farmland from +120 to +220
    assert said(answer)["permanent_farmland"] == "yes"


def test_a_registered_patch_is_adjusted_and_its_village_named(session: Session) -> None:
    session.execute(
        text(
            """UPDATE control_area SET registered_area_m2 = 10200,
              attributes = '{"ZLDWDM": "341299001002", "ZLDWMC": "禾丰村（虚构）"}' WHERE code = 'JBNT0001'"""
        )
    )
    options = OverlapOptions(adjust="registered")
    answer = compute_overlap(session, PLANNER, Subject(project=CODE), ["farmland"], options)
    farmland = layer(answer, "farmland")

    # 60 m × 30 m of 100 m × 100 m, registered as 10 200 m².
    assert farmland["adjusted_area_m2"] == pytest.approx(10_200 * 0.18, rel=1e-5)
    assert farmland["by_owner"][0]["owner_name"] == "禾丰村（虚构）"
    assert farmland["items"][0]["area_disagrees"] is True
    assert "area_disagrees" in [note["code"] for note in answer["warnings"]]


def test_a_red_line_states_its_surveyed_area_to_insiders_alone(session: Session) -> None:
    session.execute(text("UPDATE project_footprint SET stated_area_m2 = 28100"))
    planner = compute_overlap(session, PLANNER, Subject(project=CODE), ["river"])
    public = compute_overlap(session, ANONYMOUS, Subject(project=CODE), ["river"])

    assert planner["subject"]["survey_area_m2"] == 28_100
    assert [note["code"] for note in planner["warnings"]] == ["area_disagrees"]
    assert "survey_area_m2" not in public["subject"]
    assert public["warnings"] == []


def test_of_a_line_the_questions_tell_lengths_and_of_points_numbers(session: Session) -> None:
    add_area(session, "dltb", "T1", square_wkt(E - 10, N - 10, E + 100, N + 160))
    layers = ["dltb", "urban_boundary"]
    # 50 m beside the patch and 110 m on it; a metre of this plane is 0.9998 m on the ellipsoid.
    line = {"type": "LineString", "coordinates": [[E - 60, N + 10], [E + 100, N + 10]]}
    answer = compute_overlap(session, PLANNER, Subject(geometry=line, crs="EPSG:4527"), layers)
    asked = {question["code"]: question for question in answer["questions"]}
    assert asked["cultivated"]["length_m"] == pytest.approx(110, rel=1e-3)
    assert asked["outside_urban"]["length_m"] == pytest.approx(160, rel=1e-3)
    assert "area_m2" not in asked["cultivated"]
    rows = {row["layer"]: row for row in answer["layers"]}
    assert rows["dltb"]["remainder_length_m"] == pytest.approx(50, rel=1e-3)
    assert rows["urban_boundary"]["outside_length_m"] == pytest.approx(160, rel=1e-3)

    points = {"type": "MultiPoint", "coordinates": [[E, N], [E + 10, N + 10], [E + 5_000, N]]}
    answer = compute_overlap(session, PLANNER, Subject(geometry=points, crs="EPSG:4527"), layers)
    asked = {question["code"]: question for question in answer["questions"]}
    assert (asked["cultivated"]["points"], asked["outside_urban"]["points"]) == (2, 3)
