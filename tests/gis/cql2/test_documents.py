"""Filters on values inside a column of JSON, run against rows in PostGIS."""

from typing import Any

import psycopg
import pytest

from gis.cql2 import Document, compile_filter, parse_filter
from gis.errors import InvalidFilterError, UnknownPropertyError
from gis.layer import Field, Layer
from gis.statement import Condition, Statement, bound_values, statement_text

LAYER = Layer("parts", "构件", "Parts", "", "parts", "polygon", (Field("name", "string", "名称", "Name"),))
DOCUMENTS = (Document("psets", si="pset_si"), Document("quantities", ("value",), parts=(2, 2)))

# name, psets, SI beside them, quantities. 丙 has nothing, 丁 the wrong kinds.
ROWS = """
(VALUES
 ('甲', '{"P": {"耐火": "二级", "厚度": 240, "外": true, "Status": ["NEW"], "a.b": "x", "组": {"内": 1}}}'::jsonb,
   '{"P": {"厚度": [0.24, "m"]}}'::jsonb, '{"Q": {"V": {"value": 2.5}}}'::jsonb),
 ('乙', '{"P": {"耐火": "一级", "厚度": 9, "外": false, "Status": ["NEW", "EXISTING"], "空": null}}'::jsonb,
   '{"P": {"厚度": [0.009, "m"]}}'::jsonb, '{"Q": {"V": {"value": 10}}}'::jsonb),
 ('丙', '{}'::jsonb, '{}'::jsonb, '{}'::jsonb),
 ('丁', '{"P": {"耐火": 5, "厚度": "厚", "外": "true", "Status": {"x": 1}}}'::jsonb, '{"P": {"厚度": "m"}}'::jsonb,
   '{"Q": {"V": "many"}}'::jsonb)) AS f(name, psets, pset_si, quantities)"""


def _found(rows: psycopg.Connection, condition: Condition) -> list[str]:
    statement = Statement(
        f"SELECT f.name FROM parts_view f WHERE {condition.sql} ORDER BY name", condition.params
    )
    return [row[0] for row in rows.execute(statement_text(statement), bound_values(statement))]


def _names(rows: psycopg.Connection, filter_text: str, lang: Any = "cql2-text") -> str:
    found = compile_filter(LAYER, parse_filter(filter_text, lang), documents=DOCUMENTS)
    return "".join(sorted(_found(rows, found)))


@pytest.fixture
def rows(postgis: psycopg.Connection) -> psycopg.Connection:
    postgis.execute(f"CREATE TEMPORARY VIEW parts_view AS SELECT * FROM {ROWS}")
    return postgis


@pytest.mark.parametrize(
    ("filter_text", "names"),
    [
        ("psets.P.耐火 = '二级'", "甲"),
        ("psets.P.耐火 <> '二级'", "丁乙"),
        ("psets.P.耐火 = '5'", "丁"),
        ("psets.P.耐火 = 5", "丁"),
        ("psets.P.厚度 = 0.24", "甲"),
        ("psets.P.厚度 < 0.1", "乙"),
        ("psets.P.厚度 > 100", ""),
        ("psets.P.厚度 LIKE '厚%'", "丁"),
        ("psets.P.外 = true", "甲"),
        ("NOT psets.P.外", "乙"),
        ("psets.P.Status = 'NEW'", "甲"),
        ("psets.P.Status LIKE '%EXISTING%'", "乙"),
        ("psets.P.空 IS NULL", "丁丙乙甲"),
        ("psets.P.Status IS NOT NULL", "丁乙甲"),
        ("psets.P.厚度 IN (0.24, 0.009)", "乙甲"),
        ("psets.P.耐火 IN ('一级', '二级')", "乙甲"),
        ("quantities.Q.V > 2", "乙甲"),
        ("quantities.Q.V BETWEEN 9.5 AND 10", "乙"),
        ("quantities.Q.V * 2 = 5", "甲"),
        ("\"psets.P.a\\.b\" = 'x'", "甲"),
        ("psets.P.组.内 = 1", "甲"),
        ("CASEI(psets.P.Status) = CASEI('new')", "甲"),
        ("psets.P.耐火 = psets.P.耐火 AND name <> '丁'", "乙甲"),
        ("NOT (psets.P.耐火 = '二级')", "丁乙"),
    ],
)
def test_a_value_is_read_as_what_it_is_compared_with(
    rows: psycopg.Connection, filter_text: str, names: str
) -> None:
    assert _names(rows, filter_text) == "".join(sorted(names))


def test_json_filters_name_the_same_paths(rows: psycopg.Connection) -> None:
    tree = '{"op": ">=", "args": [{"property": "quantities.Q.V"}, 10]}'
    assert _names(rows, tree, "cql2-json") == "乙"


HOSTILE = [
    "'; DROP TABLE project; --",
    "a'b",
    'a"b',
    "{1,2}",
    "}",
    "%(cql_0)s",
    "%s%%",
    ":name",
    "$1",
    "名\\\\称",
    "\u202e",
    "a" * 500,
    "0",
    "-1",
    "NULL",
    "null",
    "🏗️",
    "\n",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_find_nothing_and_harm_nothing(rows: psycopg.Connection, name: str) -> None:
    path = f"psets.{name}.{name}"
    tree = {"op": "=", "args": [{"property": path}, name]}
    found = compile_filter(LAYER, tree, documents=DOCUMENTS)
    tame = compile_filter(LAYER, {"op": "=", "args": [{"property": "psets.x.y"}, "z"]}, documents=DOCUMENTS)
    assert found.sql == tame.sql
    assert _found(rows, found) == []


@pytest.mark.parametrize(
    "path",
    ["psets.A", "psets.", "psets..B", "psets.A.", "quantities.A.B.C", "psets.A.B\\", "psets" + ".a" * 20],
)
def test_a_path_that_names_no_value_is_refused(path: str) -> None:
    with pytest.raises(InvalidFilterError):
        compile_filter(LAYER, {"op": "isNull", "args": [{"property": path}]}, documents=DOCUMENTS)


@pytest.mark.parametrize("path", ["psets.A.B", "psets", "pset_si.A.B", "f.psets", "geom.x"])
def test_documents_that_a_caller_may_not_see_are_unknown_properties(path: str) -> None:
    with pytest.raises(UnknownPropertyError):
        compile_filter(LAYER, {"op": "isNull", "args": [{"property": path}]})
