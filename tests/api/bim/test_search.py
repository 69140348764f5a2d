"""Elements found by property, quantity, place and word; the same with and without the written terms."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from tests.api.conftest import Doors, open_doors
from tests.api.seeding import PUBLIC_CODE, as_owner, seed
from tests.databases import new_database
from twin.db.urls import for_sqlalchemy
from twin.elements.terms import find_unwritten, write_terms

ELEMENTS = "/api/v1/models/1/elements"
IN_PROJECT = f"/api/v1/projects/{PUBLIC_CODE}/elements"

# a–d in model 1; e in model 2, which the public does not see. Thickness in mm with its SI value beside it.
_MORE = """
INSERT INTO element_identity (id, model_id, global_id, status, progress) OVERRIDING SYSTEM VALUE VALUES
  (201, 1, 'a', 'done', 100), (202, 1, 'b', 'in_progress', 40), (203, 1, 'c', 'not_started', 0),
  (204, 1, 'd', 'not_started', 0), (205, 2, 'e', 'done', 100);
INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class, name, tag, type_name,
    storey, space, psets, pset_si, quantities, materials, classification, geom) VALUES
  (1, 201, 1, 201, 'a', 'IfcWall', '剪力墙 Q1', 'T-1', '外墙240', '一层', NULL,
   '{"Pset_WallCommon": {"FireRating": "二级", "IsExternal": true, "Status": ["NEW"]}, "尺寸": {"厚度": 240}}',
   '{"尺寸": {"厚度": [0.24, "m"]}}', '{"Qto_WallBaseQuantities": {"NetVolume": {"value": 2.5, "unit": "m3"}}}',
   '["混凝土C30"]', '[{"system": "GB/T 51269", "code": "14-10.20.03", "name": "墙"}]',
   ST_MakeEnvelope(115.70, 33.20, 115.71, 33.21, 4490)),
  (1, 202, 1, 202, 'b', 'IfcWall', '隔墙 Q2', 'T-2', '内墙100', '一层', '会议室',
   '{"Pset_WallCommon": {"FireRating": "一级", "IsExternal": false, "Status": ["NEW", "EXISTING"]}, "尺寸": {"厚度": 100}}',
   '{"尺寸": {"厚度": [0.1, "m"]}}', '{"Qto_WallBaseQuantities": {"NetVolume": {"value": 10, "unit": "m3"}}}',
   '["加气块"]', '[]', ST_MakeEnvelope(115.80, 33.20, 115.81, 33.21, 4490)),
  (1, 203, 1, 203, 'c', 'IfcSlab', '楼板', '', NULL, '二层', NULL,
   '{"Pset_SlabCommon": {"FireRating": "二级", "备注": "需监理旁站"}, "My.Set": {"a b": 5, "空": ""}}', '{}', '{}',
   '["混凝土C30", "钢筋"]', '[]', NULL),
  (1, 204, 1, 204, 'd', 'IfcDoor', '50% 门_1', 'T-3', NULL, NULL, NULL, '{}', '{}', '{}', '[]', '[]', NULL),
  (2, 205, 1, 205, 'e', 'IfcWall', '剪力墙 PRIVATE', NULL, NULL, '一层', NULL,
   '{"Pset_WallCommon": {"FireRating": "二级"}}', '{}', '{}', '[]', '[]', NULL);
"""


def write_all_terms(url: str) -> None:
    engine = create_engine(for_sqlalchemy(url))
    with Session(engine) as session:
        while (revision_id := find_unwritten(session)) is not None:
            assert write_terms(session, revision_id)
            session.commit()
    engine.dispose()


@pytest.fixture(params=["terms written", "terms not yet written"], scope="module")
def searched(
    request: pytest.FixtureRequest, server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    with new_database(server_url, f"{template}_api", template) as url:
        seeded = seed(url)
        as_owner(seeded.url, _MORE)
        if request.param == "terms written":
            write_all_terms(seeded.url)
        yield from open_doors(seeded, tmp_path_factory.mktemp("home"))


def _found(doors: Doors, path: str = ELEMENTS, login: str | None = "auditor", **asked: Any) -> str:
    parameters = {
        name.replace("_", "-") if name.startswith("filter") else name: v for name, v in asked.items()
    }
    answer = doors.request("GET", path, login, params=parameters)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["matched"] == len(body["elements"])
    return "".join(each["global_id"] for each in body["elements"] if len(each["global_id"]) == 1)


@pytest.mark.parametrize(
    ("filter_text", "names"),
    [
        ("psets.Pset_WallCommon.FireRating = '二级'", "a"),
        ("psets.Pset_WallCommon.FireRating <> '二级'", "b"),
        ("psets.Pset_WallCommon.FireRating IS NULL AND ifc_class <> 'IfcColumn'", "cd"),
        ("psets.Pset_WallCommon.IsExternal = true", "a"),
        ("NOT psets.Pset_WallCommon.IsExternal = true", "b"),
        ("psets.Pset_WallCommon.Status LIKE '%EXISTING%'", "b"),
        ("psets.尺寸.厚度 = 0.24", "a"),
        ("psets.尺寸.厚度 < 0.2", "b"),
        ("0.2 < psets.尺寸.厚度", "a"),
        ("psets.尺寸.厚度 > 50", ""),
        ("psets.尺寸.厚度 LIKE '2%'", "a"),
        ("psets.尺寸.厚度 = '240'", "a"),
        ('"psets.My\\.Set.a b" = 5', "c"),
        ("\"psets.My\\.Set.空\" = ''", "c"),
        ("\"psets.My\\.Set.空\" LIKE '%'", "c"),
        ("quantities.Qto_WallBaseQuantities.NetVolume BETWEEN 2 AND 3", "a"),
        ("quantities.Qto_WallBaseQuantities.NetVolume IN (2.5, 10)", "ab"),
        ("quantities.Qto_WallBaseQuantities.NetVolume * 4 = 10", "a"),
        ("name LIKE '%墙%' AND storey = '一层'", "ab"),
        ("name LIKE '50\\% 门\\_%'", "d"),
        ("tag = ''", "c"),
        ("tag LIKE '%'", "abcd"),
        ("name LIKE '剪力墙%' OR psets.Pset_SlabCommon.备注 = '需监理旁站'", "ac"),
        ("name LIKE '剪力墙%' OR progress = 40", "ab"),
        (
            "NOT (name LIKE '剪力墙%' OR name LIKE '%墙%') AND ifc_class IN ('IfcWall', 'IfcSlab', 'IfcDoor')",
            "cd",
        ),
        ("material LIKE '%钢筋%'", "c"),
        ("classification LIKE '%14-10.20%'", "a"),
        ("space = '会议室'", "b"),
        ("CASEI(name) LIKE CASEI('%q1')", "a"),
        ("S_INTERSECTS(geom, BBOX(115.69, 33.19, 115.72, 33.22))", "a"),
        ("status = 'done' AND ifc_class = 'IfcWall'", "a"),
    ],
)
def test_a_filter_finds_what_was_worked_out_by_hand(searched: Doors, filter_text: str, names: str) -> None:
    assert _found(searched, filter=filter_text) == names


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("墙", "abe"),
        ("剪力墙", "ae"),
        ("力", "ae"),
        ("二级", "ace"),
        ("旁站", "c"),
        ("混凝土c30", "ac"),
        ("14-10.20", "a"),
        ("会议", "b"),
        ("墙 一级", "b"),
        ("墙 旁站", ""),
        ("50%", "d"),
        ("门_", "d"),
        ("T-", "abd"),
        ("T-9", ""),
    ],
)
def test_words_of_any_length_are_found_where_they_stand(searched: Doors, q: str, names: str) -> None:
    assert _found(searched, IN_PROJECT, q=q) == names


def test_a_project_is_searched_across_its_models_as_far_as_the_caller_sees_them(searched: Doors) -> None:
    fire = "psets.Pset_WallCommon.FireRating = '二级'"
    assert _found(searched, IN_PROJECT, filter=fire) == "ae"
    assert _found(searched, IN_PROJECT, login=None, q="剪力墙") == "a"
    models = {
        each["global_id"]: each["model_id"]
        for each in searched.get(f"{IN_PROJECT}?storey=一层", "auditor").json()["elements"]
    }
    assert models == {"a": 1, "b": 1, "e": 2}


@pytest.mark.parametrize("word", ["二级", "旁站", "会议", "混凝土", "51269", "加气块"])
def test_the_public_finds_nothing_by_what_it_may_not_read(searched: Doors, word: str) -> None:
    assert _found(searched, login=None, q=word) == ""
    answer = searched.request(
        "GET", ELEMENTS, None, params={"filter": "psets.Pset_WallCommon.FireRating = '二级'"}
    )
    assert answer.status_code == 400


def test_pages_of_a_filter_are_whole_and_do_not_repeat(searched: Doors) -> None:
    asked = {"filter": "ifc_class <> 'IfcColumn'", "limit": 3}
    first = searched.request("GET", ELEMENTS, "auditor", params=asked).json()
    assert (first["matched"], len(first["elements"])) == (4, 3)
    second = searched.request("GET", ELEMENTS, "auditor", params={**asked, "after": first["next"]}).json()
    assert (second["matched"], second["next"]) == (4, None)
    assert [each["global_id"] for each in first["elements"] + second["elements"]] == ["a", "b", "c", "d"]


def test_an_element_tells_its_host_and_what_it_hosts(own_doors: Doors) -> None:
    as_owner(
        own_doors.seeded.url, _MORE + "UPDATE bim_element SET host_global_id = 'a' WHERE global_id = 'd'"
    )
    door = own_doors.get(f"{ELEMENTS}/d", "auditor").json()["relations"]
    wall = own_doors.get(f"{ELEMENTS}/a", "auditor").json()
    assert (door["host"], wall["relations"]["hosted"]) == ("a", ["d"])
    assert wall["centroid"] == [pytest.approx(115.705), pytest.approx(33.205)]
    assert wall["pset_si"] == {"尺寸": {"厚度": [0.24, "m"]}}


_HOSTILE = [
    "",
    " ",
    "'",
    '"',
    "((((",
    "1",
    "true",
    "NULL",
    "psets",
    "psets.",
    "psets..",
    "psets.A",
    "psets.A.",
    "psets.A.B",
    "psets.A.B =",
    "psets.A.B = NULL",
    "psets.A.B = psets.C.D",
    "psets.A.B > psets.C.D",
    "psets.A.B = DATE('2025-01-01')",
    "psets.A.B = geom",
    "psets.A.B = 1e308",
    "psets.A.B = -1e308 AND psets.A.B > 1e-300",
    "psets.A.B = 1e400",
    "psets.A.B ^ 1000000 > 0",
    "1 / psets.尺寸.厚度 > 0",
    "psets.尺寸.厚度 / 0 > 0",
    "mod(psets.A.B, 0) = 0",
    "psets.A.B LIKE '%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%'",
    "psets.A.B LIKE '\\'",
    "psets.A.B LIKE 5",
    "psets.A.B IN ()",
    "psets.A.B IN (1, 'a', true)",
    "psets.A.B IN ('a', 'b', NULL)",
    "psets.A.B BETWEEN 'a' AND 5",
    "psets.A.B BETWEEN 5 AND 1",
    'psets."A".B = 1',
    '"psets.A\'; DROP TABLE project; --.B" = 1',
    "\"psets.%(cql_0)s.%s\" = '%'",
    "\"psets.:a.::b\" = ':x'",
    "\"psets.{}.{0}\" = '{}'",
    '"psets.A\\.B" = 1',
    '"psets.A.B\\" = 1',
    '"psets.' + "x" * 600 + '.y" = 1',
    "psets" + ".a" * 40 + " = 1",
    '"psets.\u202e.\u0000" = 1',
    "quantities.A = 1",
    "quantities.A.B.C = 1",
    "quantities.A.B = 'x'",
    "pset_si.A.B = 1",
    "f.psets = 1",
    "row_key = 1",
    "revision_id = 2",
    "codes = 'x'",
    "geom.x = 1",
    "name.x = 1",
    "S_INTERSECTS(geom, psets.A.B)",
    "S_INTERSECTS(psets.A.B, POINT(1 1))",
    "S_INTERSECTS(geom, POINT(1e300 1e300))",
    "S_INTERSECTS(geom, POLYGON((0 0, 1 1, 0 1, 1 0, 0 0)))",
    "T_INTERSECTS(psets.A.B, INTERVAL('..', '..'))",
    "pg_sleep(10) = 1",
    "psets.A.B = lower(psets.A.B)",
    "lower(quantities.A.B) = 'x'",
    "NOT " * 20 + "psets.A.B = 1",
    " AND ".join(["psets.A.B = 1"] * 50),
    " OR ".join(["psets.A.B LIKE '%a%'"] * 50),
    '{"op": "="}',
]


@pytest.mark.parametrize("filter_text", _HOSTILE)
def test_a_hostile_filter_is_answered_or_refused_and_never_an_error_of_ours(
    searched: Doors, filter_text: str
) -> None:
    answer = searched.request("GET", ELEMENTS, "auditor", params={"filter": filter_text})
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "tree",
    [
        "[]",
        "{}",
        '{"op": "="}',
        '{"op": "=", "args": []}',
        '{"op": "=", "args": [{"property": ["psets", "A"]}, 1]}',
        '{"op": "=", "args": [{"property": null}, 1]}',
        '{"op": "and", "args": [{"op": "=", "args": [{"property": "psets.A.B"}, [1]]}, true]}',
        '{"op": "or", "args": [{"op": "in", "args": [{"property": "psets.A.B"}, {"x": 1}]}, true]}',
        '{"op": "between", "args": [{"property": "psets.A.B"}, {"property": "x"}, {}]}',
        '{"op": "like", "args": [{"property": "psets.A.B"}, {"op": "casei", "args": []}]}',
        '{"op": ["and"], "args": {}}',
        '{"op": "not", "args": [null]}',
        '{"op": "isNull", "args": [5]}',
        '{"op": "=", "args": [{"property": "psets.A.B"}, 123456789012345678901234567890]}',
        '{"op": "in", "args": [{"property": "psets.A.B"}, [true, 1, "a", null, {}]]}',
    ],
)
def test_a_hostile_tree_is_refused_or_answered(searched: Doors, tree: str) -> None:
    answer = searched.request("GET", ELEMENTS, "auditor", params={"filter": tree, "filter-lang": "cql2-json"})
    assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "x\0y"},
        {"storey": "\0"},
        {"q": "a b c d e f g h i"},
        {"q": "x" * 201},
        {"filter": "name = 'a'", "filter-lang": "sql"},
        {"filter": "name = 'a'", "filter-crs": "EPSG:1"},
        {"after": "-1"},
        {"limit": "0"},
    ],
)
def test_parameters_out_of_bounds_are_refused(searched: Doors, asked: dict[str, str]) -> None:
    assert searched.request("GET", ELEMENTS, "auditor", params=asked).status_code in (400, 422)
