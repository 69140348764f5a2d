"""The reader of CQL2 text: the library's own tree for every good text, one bracket level at a time, within bounds."""

import json
import re
from typing import Any

import cql2
import pytest

from gis.cql2 import parse_filter
from gis.cql2.reading import MAX_CHARACTERS
from gis.cql2.text import parse_text
from gis.errors import InvalidFilterError
from tests.gis.cql2.questions import QUESTIONS

NESTED = (
    "((((a = 1))))",
    "(a = 1 OR (b = 2 AND (c = 3 OR NOT (d = 4)))) AND ((e) IS NULL)",
    "((a + 1) * (b - (2 / (c + 3)))) ^ 2 > -(d)",
    "f(g(h(1 + 2), 'x'), (a))=CASEI(CASEI((b)))",
    "a IN ((1 + 2), f(3), 4) AND (b NOT IN ('x'))",
    "S_INTERSECTS(geom, MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))) OR (T_DURING(INTERVAL(a,b),INTERVAL('..','2025-01-01')))",
    "S_WITHIN(geom, BBOX(-1.5, 2, 3, 4)) AND a BETWEEN (1) AND (2 * (3))",
    "NOT(a LIKE 'x(y,z)') AND \"b(c,d)\" = ')' AND (TRUE)",
)


def test_the_tree_is_the_one_the_library_makes_of_the_whole_text() -> None:
    texts = [question.text for question in QUESTIONS if "\\" not in question.text]
    assert len(texts) > 60
    for text in (*texts, *NESTED):
        assert parse_text(text) == cql2.parse_text(text).to_json(), text


def test_the_library_never_sees_a_bracket_inside_another(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    parse = cql2.parse_text

    def recorded(source: str) -> Any:
        seen.append(source)
        return parse(source)

    monkeypatch.setattr("gis.cql2.text.cql2.parse_text", recorded)
    for text in (
        *NESTED,
        "(" * 30 + "a = 1 AND " * 100 + "a = " + ")" * 30,
        "f(" * 20 + "(x" + ")" * 21 + " =",
    ):
        try:
            parse_text(text)
        except InvalidFilterError:
            assert text not in NESTED
    assert len(seen) > 50
    for source in seen:
        plain = re.sub(r"'[^']*'|\"[^\"]*\"|(MULTI)?(POINT|POLYGON)[^=]*", "", source)
        assert not re.search(r"\([^)]*\(", plain), source


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("'it''s'", "it's"),
        (r"'it\'s'", "it's"),
        (r"'C:\\x'", "C:\\x"),
        (r"'50\%'", r"50\%"),
        (r"'50\\%'", r"50\%"),
        ("''", ""),
        ("'“桥”\n𠮷'", "“桥”\n𠮷"),
        ("'a -- b; (c, d)'", "a -- b; (c, d)"),
        ("'\"'", '"'),
    ],
)
def test_quotes_and_backslashes_are_read_as_qgis_and_the_standard_write_them(
    written: str, meant: str
) -> None:
    assert parse_text(f"name = {written}")["args"][1] == meant


@pytest.mark.parametrize(
    ("written", "value"), [(".5", 0.5), ("-.5e1", -5), ("+3", 3), ("1e-400", 0), ("9007199254740992", 2**53)]
)
def test_numbers_are_read_as_written(written: str, value: float) -> None:
    assert parse_text(f"a = {written}")["args"][1] == value


@pytest.mark.parametrize("text", ["9007199254740993", "1e400", "9" * 400, "-1e309"])
def test_a_number_that_would_be_rounded_or_infinite_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilterError, match="number"):
        parse_text(f"a = {text}")


def test_large_whole_numbers_of_json_keep_their_digits() -> None:
    tree = parse_filter('{"op": "=", "args": [{"property": "a"}, 9007199254740993]}', "cql2-json")
    assert isinstance(tree, dict)
    assert tree["args"][1] == 9007199254740993


@pytest.mark.parametrize(
    "text",
    [
        "(" * 33 + "TRUE" + ")" * 33,
        "TRUE" + " AND TRUE" * 1200,
        "NOT " * 17 + "TRUE",
        "a = " + "-" * 17 + "1",
        "a = 1" + " + 1" * 60,
        "a" + "=1" * 61,
        "a" + " LIKE 'x'" * 61,
        "a" + " BETWEEN 1 AND 2" * 61,
        "a BETWEEN 1 AND 2" + "=(1)" * 60,
        "a IN (" + ",".join("1" * 1100) + ")",
        "f(" * 20 + "1" + ")" * 20 + " = 1 AND " + "f(1) = 1 AND " * 400 + "TRUE",
        "a = '" + "x" * MAX_CHARACTERS + "'",
        json.dumps("x" * MAX_CHARACTERS),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_parsed(text: str) -> None:
    with pytest.raises(InvalidFilterError, match="more than"):
        parse_filter(text)


def test_a_place_holder_of_the_reader_cannot_be_written_by_anybody() -> None:
    for lang in ("cql2-text", "cql2-json"):
        with pytest.raises(InvalidFilterError):
            parse_filter('("\0' + '0" = 1)', lang)
    with pytest.raises(InvalidFilterError):
        parse_filter('{"op": "=", "args": [{"property": "\\u00000"}, 1]}', "cql2-json")
