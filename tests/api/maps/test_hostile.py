"""Filters, names, sort keys, ids and patterns made to do harm: no error of the service, no row or field leaks."""

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Doors
from tests.api.seeding import MARKS
from twin.layers import LAYERS

PROJECTS = "/ogc/collections/projects/items"
DEEP = 10_000

HOSTILE_TEXTS = (
    "pg_sleep(10) = 1", "pg_sleep(10) IS NULL", "pg_read_file('/etc/passwd') LIKE '%'", "version() = 'x'",
    "current_setting('data_directory') = 'x'", "lo_import('/etc/passwd') > 0", "dblink('x') = 1",
    "query_to_xml('select 1') = 'x'", "name = ''; DROP TABLE project; --", "name = '''; DROP TABLE project; --'",
    "name = 'x' OR 1=1; --", "1=1) OR (1=1", "name = 'x') UNION SELECT * FROM app_user --", "\"name\"\" OR 1=1\" = 1",
    "\"name; DROP TABLE project\" = 1", "name = $$x$$", "name = E'\\x41'", "name = :x", "name = %(cql_0)s", "name = '%(cql_0)s'",
    "name = '%s'", "name LIKE '%s%'", "name = '{}'", "name = 'x' AND {0}", "progress = 1e400", "progress = -1e400",
    "progress = 1e308 * 1e308", "progress = " + "9" * 400, "progress = 99999999999999999999", "progress = 1 / 0",
    "progress / 0 = 1", "progress % 0 = 1", "progress div 0 = 1", "0 ^ -1 = 1", "(0 - 8) ^ 0.5 = 1", "10 ^ 400 = 1",
    "progress ^ 1e308 > 0", "progress * 1e308 * 1e308 * 1e308 > 0", "1e-308 / 1e308 = progress",
    "(progress - 100) ^ (0 - 3) > 0", "year(plan_start) / (year(plan_start) - 2025) > 0",
    "name LIKE 'a\\", "name LIKE '\\'", "name LIKE '" + "%a" * 200 + "'", "name LIKE '" + "_" * 4000 + "'", "name LIKE name",
    "name LIKE 5", "name LIKE NULL", "CASEI(progress) = 'x'", "ACCENTI(5) = 'x'", "CASEI() = 'x'", "CASEI(name, name) = 'x'",
    "name = NULL", "NULL", "NULL = NULL", "name", "progress", "geom", "5", "'x'", "''", "", " ", ";", "(", ")", "()", "((", ",", "'", '"',
    "\\", "/**/", "--", "name = 'x' -- c", "name =/**/'x'", "\x00", "name = '\x00'", "\"\x00\" = 1", "\"\x001\" = 1", "name = '\ufffe'",
    "nаme = 'x'", "ｎame = 'x'", "name = '\u202egnp.'", "NAME = 'x'", "\"Name\" = 'x'", "name\u200b = 'x'", "name = ‘x’", "name ＝ 'x'",
    "lead_person = 'x'", "\"lead_person\" LIKE '%'", "lead_person IS NOT NULL", "f.lead_person = 'x'", "row_public = FALSE", "row_project_id = 2",
    "NOT row_public", "geom_survey IS NULL", "f.row_public", "projects.name = 'x'", "ctid = 'x'", "xmin = 1", "tableoid = 1", "_id = 1",
    "annual_plan_yuan > 0", "annual_plan_yuan / progress > 0", "length(lead_person) > 0", "S_INTERSECTS(geom_survey,POINT(0 0))",
    "S_INTERSECTS(geom,POINT(nan nan))", "S_INTERSECTS(geom,POINT(1e999 0))", "S_INTERSECTS(geom,POINT(1e308 1e308))",
    "S_INTERSECTS(geom,POINT EMPTY)", "S_INTERSECTS(geom,POINT())", "S_INTERSECTS(geom,POLYGON((0 0,1 1)))",
    "S_INTERSECTS(geom,POLYGON((0 0,1 1,0 1,1 0,0 0)))", "S_TOUCHES(geom,GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1)))",
    "S_INTERSECTS(geom,LINESTRING(1 1))", "S_INTERSECTS(geom,LINESTRING(1 1,1 1))", "S_INTERSECTS(geom,BBOX(1,2,3))",
    "S_INTERSECTS(geom,BBOX(3,4,1,2))", "S_INTERSECTS(geom,BBOX('a','b','c','d'))", "S_INTERSECTS(geom,name)", "S_INTERSECTS(name,geom)",
    "S_INTERSECTS(geom)", "S_INTERSECTS(geom,geom,geom)", "S_INTERSECTS(geom,'POINT(1 1)')", "S_BUFFER(geom,1) = geom", "geom = geom",
    "geom > geom", "geom + geom = 1", "geom IN (geom)", "S_INTERSECTS(geom,SRID=3857;POINT(1 1))",
    "S_EQUALS(POINT(0 0),POINT(0 0))", "S_CROSSES(geom,geom)", "S_RELATE(geom,geom,'*********')", "ST_AsText(geom) = 'x'",
    "T_AFTER(plan_start,DATE('2025-02-30'))", "T_AFTER(plan_start,DATE('0000-00-00'))", "T_AFTER(plan_start,DATE('99999-01-01'))",
    "T_AFTER(plan_start,TIMESTAMP('2025-01-01'))", "T_AFTER(plan_start,TIMESTAMP('now'))", "plan_start = DATE('infinity')", "T_AFTER(plan_start,'..')",
    "T_DURING(plan_start,INTERVAL('..','..'))", "T_DURING(plan_start,INTERVAL('2025','2026'))", "T_DURING(plan_start,INTERVAL(name,name))",
    "T_DURING(INTERVAL('2026-01-01','2025-01-01'),plan_start)", "T_AFTER(name,name)", "T_AFTER(plan_start)", "T_NEVER(plan_start,plan_start)",
    "plan_start + 1 > plan_finish", "plan_start - plan_finish > 5", "updated_at = TIMESTAMP('9999-12-31T23:59:59Z')", "name BETWEEN 1 AND 2",
    "progress BETWEEN 'a' AND 'b'", "progress IN ('a')", "name IN (1)", "name IN ()", "name IN (NULL)", "name IN ((('x')))", "name IN 'x'",
    "stage = TRUE", "TRUE = 1", "NOT 5", "NOT name", "TRUE > FALSE", "progress AND progress", "a = b = c", "AND", "OR OR", "NOT NOT NOT TRUE",
    "f(" * 200 + "1" + ")" * 200, "(" * DEEP + "1=1" + ")" * DEEP, "(" * DEEP, ")" * DEEP, "NOT " * DEEP + "TRUE", "progress = " + "-" * DEEP + "1",
    "progress = " + "- " * 5000 + "1", "1" + "+1" * 5000 + " = progress", "TRUE" + " AND TRUE" * 3000, "name IN ('x'" + ",'x'" * 3000 + ")",
    "[" * DEEP, "{" * DEEP, "'" * DEEP, '"' * DEEP, "a" * DEEP, "a." * 5000 + "a = 1", "((((((((((((((((((((((((((((((x", "(" * 31 + "1=" + ")" * 31,
    "(" * 11 + "progress = 1 AND " * 400 + "progress = )", "POLYGON" + "(" * DEEP, "GEOMETRYCOLLECTION(" * 2000 + "POINT(1 1)" + ")" * 2000,
)  # fmt: skip

HOSTILE_TREES: tuple[Any, ...] = (
    None, 5, "x", [], {}, [1], {"op": None, "args": None}, {"op": "="}, {"op": "=", "args": {}}, {"op": "=", "args": []},
    {"op": "=", "args": [1, 2, 3]}, {"op": ["="], "args": [1, 1]}, {"op": "pg_sleep", "args": [9]}, {"op": "casei", "args": [{"op": "casei", "args": []}]},
    {"op": "=", "args": [{"property": "lead_person"}, "x"]}, {"op": "=", "args": [{"property": ["name"]}, "x"]},
    {"op": "=", "args": [{"property": {"property": "name"}}, "x"]}, {"op": "=", "args": [{"property": "\0" + "0"}, "x"]},
    {"op": "=", "args": [{"property": "name"}, "a\0b"]}, {"op": "=", "args": [{"property": "name"}, {"date": 5}]},
    {"op": "=", "args": [{"property": "name"}, {"date": "2025-01-01", "property": "name"}]}, {"op": "in", "args": [{"property": "name"}, "x"]},
    {"op": "in", "args": [{"property": "name"}, [["x"]]]}, {"op": "in", "args": [{"property": "name"}, []]}, {"op": "and", "args": [True]},
    {"op": "and", "args": []}, {"op": "not", "args": [True, True]}, {"op": "like", "args": [{"property": "name"}, {"op": "casei", "args": [5]}]},
    {"op": "like", "args": [{"property": "name"}, {"op": "casei"}]}, {"op": "like", "args": [{"property": "name"}, "\\"]},
    {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Point"}]}, {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Point", "coordinates": []}]},
    {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Point", "coordinates": "x"}]}, {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Point", "coordinates": [[1]]}]},
    {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Point", "coordinates": [None, None]}]}, {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Point", "coordinates": [True, 1]}]},
    {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}]}, {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Polygon", "coordinates": [5]}]},
    {"op": "s_intersects", "args": [{"property": "geom"}, {"type": ["Point"], "coordinates": [1, 1]}]}, {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Circle", "coordinates": [1, 1]}]},
    {"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [1, 2, 3, "4"]}]}, {"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": {}}]},
    {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "GeometryCollection", "geometries": [5]}]}, {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "GeometryCollection", "geometries": []}]},
    {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "GeometryCollection"}]}, {"op": "t_during", "args": [{"interval": []}, {"interval": [1, 2]}]},
    {"op": "t_during", "args": [{"interval": ["..", {"property": "name"}]}, {"interval": "x"}]}, {"op": "t_after", "args": [{"timestamp": {"a": 1}}, {"date": None}]},
    {"op": "=", "args": [{"op": "^", "args": [1e308, 1e308]}, 1]}, {"op": "=", "args": [{"op": "/", "args": [1, 0]}, 1]}, {"op": "=", "args": [1e308, -1e308]},
    {"op": "=", "args": [{"property": "progress"}, 2**63]}, {"op": "=", "args": [{"property": "light_code"}, 2**64]}, {"op": "in", "args": [{"property": "light_code"}, [2**70, -(2**70), 1.5]]},
    {"op": "between", "args": [{"property": "progress"}, None, 5]}, {"op": "isNull", "args": [5]}, {"op": "isNull", "args": [{"property": "row_public"}]}, {"op": "isNull", "args": []},
)  # fmt: skip

HOSTILE_JSON = (
    "[" * DEEP, '{"op":"not","args":[' * 500 + "true" + "]}" * 500, '{"op":"not","args":[' * 60 + "true" + "]}" * 60, "{", "}", "nul", "NaN",
    '{"op":"=","args":[1e999,1]}', '{"op":"=","args":[{"property":"name"},"\\ud800"]}', '{"op":"=","op":"<","args":[1,2]}', "true true", "\ufeff{}",
    '{"op":"and","args":[' + ",".join(["true"] * 2000) + "]}", '"' + "x" * 20000, '{"op":"in","args":[{"property":"name"},[' + ",".join(['"x"'] * 900) + "]]}",
)  # fmt: skip

NAMES = (
    "lead_person", "annual_plan_yuan", "row_public", "row_project_id", "geom", "geom_survey", "id", "f.name", "name;", "name desc", "name--", "(name)", "1", "*",
    "name,name", "name,,name", "", ",", "+", "-", "--name", "名称", "NAME", "name\x00", "n" * 5000, "name)", "random()", "pg_sleep(1)", "case when 1=1 then name end",
    "%s", "%(x)s", "'", '"', '"name"', "code,name,stage,purpose,category", "\u202ename", "name collate \"C\"", "ctid", "xmin",
)  # fmt: skip
IDS = ("0", "-1", "1e3", "1.0", "01", "+1", " 1", "1 ", "９", "1;", "1'", "9" * 30, "99999999999999999999999", "9223372036854775807", "9223372036854775808", "%00", "..", "null", "true", "1/2", "一", "0x1")  # fmt: skip


def _generated(number: int) -> Iterator[str]:
    """Sentences of the grammar's own words in a random order: always the same ones."""
    random_words = random.Random(20251031)
    words = [
        "name", "progress", "geom", "plan_start", "lead_person", "row_public", "\"code\"", "AND", "OR", "NOT", "(", ")", ",", "=", "<>", "<", ">=", "+", "-", "*", "/",
        "%", "^", "div", "IN", "LIKE", "BETWEEN", "IS", "NULL", "TRUE", "'x'", "'桥%'", "''", "'\\'", "5", "-1.5e10", "0", "DATE('2025-01-01')", "TIMESTAMP('2025-01-01T00:00:00Z')",
        "INTERVAL('..','2025-01-01')", "POINT(1 1)", "BBOX(1,1,2,2)", "POLYGON((0 0,1 0,1 1,0 0))", "CASEI(", "ACCENTI(", "S_INTERSECTS(", "S_TOUCHES(", "T_DURING(", "length(", "year(",
        "pg_sleep(", "\\", "'", '"', ";", "桥", "\u202e",
    ]  # fmt: skip
    for _ in range(number):
        yield " ".join(random_words.choices(words, k=random_words.randint(2, 14)))


def _mutated(number: int) -> Iterator[str]:
    """Good filters with a few characters taken out, doubled or replaced."""
    random_places = random.Random(39)
    good = [
        "name LIKE '%桥%' AND (progress >= 40 OR stage IN ('design','tender'))",
        "S_INTERSECTS(geom,POLYGON((115.6 33.1,115.7 33.1,115.7 33.2,115.6 33.1))) AND NOT name IS NULL",
        "T_INTERSECTS(INTERVAL(plan_start,plan_finish),INTERVAL('2025-01-01','..')) AND progress ^ 2 / 3 > -1",
        "CASEI(ACCENTI(name)) = CASEI(ACCENTI('Huai''he')) OR progress BETWEEN 1 AND 2",
    ]
    for _ in range(number):
        text = list(random_places.choice(good))
        for _ in range(random_places.randint(1, 4)):
            place = random_places.randrange(len(text))
            text[place] = random_places.choice(
                ["", text[place] * 2, "'", "(", ")", "\\", "桥", "-", '"', " ", "1"]
            )
        yield "".join(text)


def _paths() -> Iterator[str]:
    texts = [*HOSTILE_TEXTS, *_generated(150), *_mutated(150)]
    yield from (f"{PROJECTS}?filter={quote(text)}" for text in texts)
    trees = [*map(json.dumps, HOSTILE_TREES), *HOSTILE_JSON]
    yield from (f"{PROJECTS}?filter-lang=cql2-json&filter={quote(text)}" for text in trees)
    for name in NAMES:
        yield f"{PROJECTS}?sortby={quote(name)}"
        yield f"{PROJECTS}?properties={quote(name)}"
        yield f"{PROJECTS}?{quote(name)}=1"
    yield from (f"{PROJECTS}/{quote(text)}" for text in IDS)


def _unharmed(doors: Doors) -> int:
    answer = doors.get(f"{PROJECTS}?resultType=hits", "admin")
    number: int = answer.json()["numberMatched"]
    return number


def test_five_hundred_hostile_requests_make_no_error_and_show_nothing_hidden(doors: Doors) -> None:
    paths = list(_paths())
    assert len(paths) >= 500
    for path in paths:
        answer = doors.get(path)
        assert answer.status_code in (200, 400, 404), (answer.status_code, path[:300], answer.text[:300])
        if answer.status_code == 200 and "/items?" in path:
            shown = [feature["id"] for feature in answer.json().get("features", ())]
            assert set(shown) <= {1}, path[:300]
        for mark in MARKS:
            assert mark not in answer.text, path[:300]
    assert _unharmed(doors) == 2


@pytest.mark.parametrize(
    "tree",
    ["TRUE", "NOT FALSE", "name IS NULL OR name IS NOT NULL", "NOT (1 / (progress - progress) = 1) OR TRUE"],
)
def test_a_filter_that_holds_for_every_row_shows_the_public_ones_alone(doors: Doors, tree: str) -> None:
    answer = doors.get(f"{PROJECTS}?filter={quote(tree)}").json()
    assert [feature["id"] for feature in answer["features"]] == [1]
    assert answer["numberMatched"] == 1


def test_internal_fields_can_neither_be_filtered_sorted_nor_asked_for_by_those_who_do_not_see_them(
    doors: Doors,
) -> None:
    for layer in LAYERS.values():
        for field in layer.fields:
            if field.public:
                continue
            items = f"/ogc/collections/{layer.id}/items"
            tree = quote(json.dumps({"op": "isNull", "args": [{"property": field.name}]}))
            text = quote(f"{field.name} IS NULL")
            for query in (
                f"filter={text}",
                f"filter-lang=cql2-json&filter={tree}",
                f"sortby={field.name}",
                f"properties={field.name}",
                f"{field.name}=1",
            ):
                assert doors.get(f"{items}?{query}").status_code == 400, (items, query)
            assert doors.get(f"{items}?filter={text}", "admin").status_code == 200, (layer.id, field.name)
            assert doors.get(f"/tiles/{layer.id}/14/13457/6600.mvt?filter={text}").status_code == 400
            assert doors.get(f"/embed/{layer.id}.geojson?filter={text}").status_code in (400, 404)


def test_a_filter_never_fails_on_rows_that_its_caller_may_not_see(doors: Doors) -> None:
    """What would be an error on the hidden project alone answers as if it were not there."""
    for text in (
        "1 / (investment_total_yuan - 98765434) > 0",
        "(98765434 - investment_total_yuan) ^ -1 > 0",
        "mod_free = 1",
    ):
        answer = doors.get(f"{PROJECTS}?filter={quote(text)}")
        assert answer.status_code == (400 if "mod_free" in text else 200), text
