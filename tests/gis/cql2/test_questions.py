"""Every filter gives the rows that SQL written by hand gives, from text and from JSON."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from gis.cql2 import FUNCTIONS
from gis.cql2.arithmetic import ARITHMETIC
from gis.cql2.comparing import COMPARISONS
from gis.cql2.spatial import RELATIONS
from gis.cql2.temporal import TEMPORAL
from gis.cql2.wording import FOLDINGS
from tests.gis.cql2.conftest import Filtered
from tests.gis.cql2.questions import QUESTIONS, Question

NAMES = [quote(question.text[:60], safe="") for question in QUESTIONS]


@pytest.mark.parametrize("question", QUESTIONS, ids=NAMES)
def test_text_and_json_give_the_rows_that_sql_gives(
    filtered: Filtered, by_hand: Callable[[str], list[int]], question: Question
) -> None:
    expected = by_hand(question.where)
    assert filtered(question.text, crs=question.crs) == expected
    assert filtered(json.dumps(question.json), "cql2-json", crs=question.crs) == expected


def test_nearly_every_question_has_an_answer_so_that_none_is_right_by_being_empty(
    by_hand: Callable[[str], list[int]],
) -> None:
    assert all(by_hand(question.where) for question in QUESTIONS)


def test_the_questions_use_every_operator_and_function() -> None:
    written = json.dumps([question.json for question in QUESTIONS]).replace("geometry", "geom")
    operators = {
        *RELATIONS,
        *TEMPORAL,
        *ARITHMETIC,
        *COMPARISONS,
        *FOLDINGS,
        "like",
        "in",
        "between",
        "isNull",
    }
    for name in (*operators, *(function.name for function in FUNCTIONS)):
        assert f'"op": "{name}"' in written, name
