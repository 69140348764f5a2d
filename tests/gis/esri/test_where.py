"""`where` clauses mean what SQL means, and reach nothing but the fields of the layer."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gis.errors import GisError, InvalidParameterError, UnknownPropertyError
from gis.esri.figures import fetch_ids
from gis.esri.parser import parse_where
from gis.esri.where import where_condition
from gis.layer import Field, Layer, Selection
from gis.statement import EVERYTHING, Condition, Connection

NOW = datetime(2025, 10, 31, 20, 0, tzinfo=UTC)  # already the first of November in China
PLACES = Layer(
    id="places",
    title_zh="地点",
    title_en="Places",
    description="",
    relation="layer_places",
    geometry_type="polygon",
    fields=(
        Field("code", "string", "编号", "Code"),
        Field("name", "string", "名称", "Name"),
        Field("kind", "string", "类别", "Kind"),
        Field("progress", "number", "进度", "Progress"),
        Field("level", "integer", "级别", "Level"),
        Field("opened", "date", "开工", "Opened"),
        Field("updated_at", "date-time", "更新", "Updated"),
    ),
)
SEEN = Condition("f.visible")  # row 5 is hidden
Ask = Callable[[Callable[[Connection], Awaitable[bytes]]], bytes]

# Each with the ids of the rows it means, read off the table in tests/gis/conftest.py by hand.
MEANINGS: list[tuple[str, list[int]]] = [
    ("", [1, 2, 3, 4, 6]),
    ("1=1", [1, 2, 3, 4, 6]),
    ("1 = 2", []),
    ("1=1 AND kind = '工业'", [1, 2]),
    ("1=2 OR kind = '工业'", [1, 2]),
    ("NOT (1=1)", []),
    ("KIND = N'工业' and Progress > 20", [1]),
    ('"kind" = \'道路\'', [3]),
    ("name = '二号“地块”'", [2]),
    ("name LIKE '%地块%'", [1, 2]),
    ("name LIKE '_号%'", [1, 2]),
    ("name LIKE '%100!%' ESCAPE '!'", [3]),
    ("name LIKE '%!%%' ESCAPE '!'", [3]),
    ("name NOT LIKE '%地块%'", [3, 4, 6]),
    ("kind IN ('道路', '水利')", [3, 4]),
    ("kind NOT IN ('道路', '水利')", [1, 2, 6]),
    ("level IN (1, 3)", [1, 4, 6]),
    ("level IN ('1', '3')", [1, 4, 6]),
    ("progress BETWEEN 10 AND 62.5", [1, 2, 6]),
    ("progress NOT BETWEEN 10 AND 62.5", [4]),
    ("progress IS NULL", [3]),
    ("progress IS NOT NULL", [1, 2, 4, 6]),
    ("NOT progress > 20", [2, 6]),
    ("progress <> 10", [1, 4]),
    ("progress != 10", [1, 4]),
    ("100 <= progress", [4]),
    ("progress * 2 - 20 = 105", [1]),
    ("progress > level * 50", [1]),
    ("progress / 0 = 1", []),
    ("progress = - - 10", [2, 6]),
    ("-progress = -10", [2, 6]),
    ("progress + 2 * 3 = 16", [2, 6]),
    ("(progress + 2) * 3 = 36", [2, 6]),
    ("level = 6/2", [4]),
    ("objectid = 2", [2]),
    ("OBJECTID IN (1, 4, 5)", [1, 4]),
    ("OBJECTID > 2 AND OBJECTID <= 4", [3, 4]),
    ("objectid < 2 OR id = 6", [1, 6]),
    ("4 < OBJECTID", [6]),
    ("OBJECTID = 5", []),
    ("OBJECTID = OBJECTID", [1, 2, 3, 4, 6]),
    ("UPPER(code) = 'A-1'", [1]),
    ("LOWER(code) LIKE 'b-%'", [3, 4]),
    ("CHAR_LENGTH(name) = 3", [4, 6]),
    ("FLOOR(progress) = 62", [1]),
    ("ABS(progress) >= CEILING(62.1)", [4]),
    ("EXTRACT(YEAR FROM opened) = 2024", [3]),
    ("opened = DATE '2025-03-01'", [1]),
    ("opened = '2025-03-01'", [1]),
    ("opened > DATE '2024-01-01'", [1]),
    ("opened >= TIMESTAMP '2024-01-01 00:00:00'", [1, 3]),
    ("opened >= TIMESTAMP '2024-01-01 00:00:01'", [1]),
    ("opened < TIMESTAMP '2024-01-01 08:00:00'", [3, 4]),
    ("opened < TIMESTAMP '2024-01-01 00:00:00'", [4]),
    ("opened = TIMESTAMP '2024-01-01 08:00:00'", []),
    ("opened <> TIMESTAMP '2024-01-01 08:00:00'", [1, 3, 4]),
    ("NOT opened = TIMESTAMP '2024-01-01 08:00:00'", [1, 3, 4]),
    # A browser in China asks for the day 2024-01-01 so:
    ("opened BETWEEN TIMESTAMP '2023-12-31 16:00:00' AND TIMESTAMP '2024-01-01 15:59:59'", [3]),
    ("opened IN (DATE '2024-01-01', DATE '2023-05-05')", [3, 4]),
    ("updated_at >= TIMESTAMP '2025-09-01 00:00:00'", [1, 2]),
    ("updated_at = DATE '2025-09-01'", [2]),
    ("updated_at < '2025-08-01 00:00:00'", [4]),
    ("updated_at > CURRENT_TIMESTAMP - INTERVAL '31' DAY", [1]),
    ("updated_at > CURRENT_TIMESTAMP - 31", [1]),
    ("opened < CURRENT_DATE", [1, 3, 4]),
    ("CURRENT_DATE = DATE '2025-11-01'", [1, 2, 3, 4, 6]),
    ("CURRENT_TIMESTAMP BETWEEN TIMESTAMP '2025-10-31 20:00:00' AND TIMESTAMP '2025-10-31 20:00:00'", [1, 2, 3, 4, 6]),
    ("'桥' LIKE '_'", [1, 2, 3, 4, 6]),
    ("NULL IS NULL AND 'a' < 'b'", [1, 2, 3, 4, 6]),
    ("((((kind = '水利'))))", [4]),
    ("NOT NOT kind = '水利'", [4]),
    ("kind = '水利' OR kind = '道路' AND progress IS NULL", [3, 4]),
]  # fmt: skip


@pytest.mark.parametrize(("clause", "expected"), MEANINGS)
def test_a_clause_finds_the_rows_it_means(ask: Ask, clause: str, expected: list[int]) -> None:
    selection = Selection(PLACES, visible=SEEN, where=where_condition(PLACES, clause, NOW))
    found = ask(lambda connection: fetch_ids(connection, selection))
    assert [int(part) for part in found.split(b",") if part] == expected


@pytest.mark.parametrize(
    "name", ["secret", "visible", "geom", "f.secret", "nothing", "row_public", "ctid", "tableoid"]
)
def test_a_column_that_is_no_field_is_unknown(name: str) -> None:
    with pytest.raises(InvalidParameterError):
        where_condition(PLACES, f'"{name}" IS NOT NULL')


WRONG = [
    "kind", "kind =", "= 1", "kind = 工业'", "kind = '工业", "(kind = 'a'", "kind = 'a')", "kind LIKE kind",
    "progress = 'viel'", "kind = 3", "kind = NULL", "opened = 5", "opened > 'gestern'", "opened > DATE '2025-02-30'",
    "opened + INTERVAL '1' DAY > CURRENT_DATE", "INTERVAL '1' PARSEC > 2", "kind IN ()", "kind IN ('a', 3)",
    "1", "'a'", "kind LIKE 'a!' ESCAPE '!'", "kind LIKE 'a' ESCAPE 'ab'", "UPPER(level) = 'A'", "1/0 = 1",
    "level % 2 = 1", "kind || 'a' = 'b'", "-kind = 'a'", "kind AND level = 1", "kind BETWEEN 'a'", "1 = 1; SELECT 1",
    "CAST(level AS text) = '1'", "EXISTS (SELECT 1)", "level = (SELECT 1)", "pg_sleep(10) IS NULL", "1=1 -- ", "1=1 /* */",
    "level = 1e999", "level = 10000000000000000000000000000000000000000", "DATE '9999-12-31' + 5 > CURRENT_DATE",
]  # fmt: skip


@pytest.mark.parametrize("clause", WRONG)
def test_what_is_no_clause_is_refused_with_a_reason(clause: str) -> None:
    with pytest.raises(GisError) as found:
        where_condition(PLACES, clause, NOW)
    assert found.value.en
    assert found.value.zh


def test_an_error_names_the_fields_that_there_are() -> None:
    with pytest.raises(UnknownPropertyError, match="OBJECTID, code, name"):
        where_condition(PLACES, "colour = 'red'")


@pytest.mark.parametrize(
    "clause",
    ["(" * 5000 + "1=1" + ")" * 5000, "NOT " * 26000 + "1=1", "-" * 5000 + "1 = 1", "1=1 AND " * 60000 + "1=1",
     "level = 1" + " + 1" * 5000, "UPPER(" * 3000 + "kind" + ")" * 3000, "'" + "a" * 200000, "kind = '" + "a" * 99999,
     "'" + "a" * 40000 + "' LIKE '" + "%_" * 20000 + "'"],
)  # fmt: skip
def test_a_monstrous_clause_is_refused_at_once(clause: str) -> None:
    with pytest.raises(InvalidParameterError):
        where_condition(PLACES, clause, NOW)


def test_thousands_of_object_ids_are_taken(ask: Ask) -> None:
    clause = f"OBJECTID IN ({','.join(str(number) for number in range(3, 10_000))})"
    selection = Selection(PLACES, visible=SEEN, where=where_condition(PLACES, clause))
    assert ask(lambda connection: fetch_ids(connection, selection)) == b"3,4,6"


def test_every_value_is_bound() -> None:
    condition = where_condition(PLACES, "name = 'Robert''); DROP TABLE place;--' OR level > 41")
    assert "Robert" not in condition.sql
    assert "41" not in condition.sql
    values: list[Any] = list(condition.params.values())
    assert values == ["Robert'); DROP TABLE place;--", "41"]


def test_a_clause_and_cql2_share_one_tree() -> None:
    term = parse_where(PLACES, "level >= 2 AND name LIKE '%a\\b!%%' ESCAPE '!'", NOW)
    assert term.tree == {
        "op": "and",
        "args": [
            {"op": ">=", "args": [{"property": "level"}, 2]},
            {"op": "like", "args": [{"property": "name"}, "%a\\\\b\\%%"]},
        ],
    }


def test_a_field_of_truth_values_is_a_condition_by_itself(ask: Ask) -> None:
    layer = replace(PLACES, fields=(*PLACES.fields, Field("open", "boolean", "开放", "Open")))
    for clause, expected in (
        ("open", b"1,3,4"),
        ("NOT open", b"2,6"),
        ("open = 1", b"1,3,4"),
        ("open = FALSE", b"2,6"),
    ):
        selection = Selection(layer, visible=SEEN, where=where_condition(layer, clause))
        assert ask(lambda connection, asked=selection: fetch_ids(connection, asked)) == expected  # type: ignore[misc]


def test_no_clause_asks_for_everything() -> None:
    assert where_condition(PLACES, "  ") is EVERYTHING
