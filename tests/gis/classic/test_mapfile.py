"""The generated configuration: rights in its SQL, one class per class of the rule, no text that breaks out."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gis.classic import ClassicLayer, render_mapfile
from gis.classic.literals import inlined
from gis.layer import Selection
from gis.statement import Condition, Statement
from tests.gis.places import PLACES
from tests.gis.rules import LIGHT, PROGRESS
from tests.gis.style.test_ramp import RAMP

OWN = Condition("f.row_project_id = ANY(%(see_projects)s::bigint[])", {"see_projects": [3, 5]})


def mapfile(*rules: object, visible: Condition = OWN) -> str:
    layer = ClassicLayer(Selection(layer=PLACES, visible=visible), rules)  # type: ignore[arg-type]
    return render_mapfile('题目 "quoted"', [layer], ["EPSG:4490"], has_font=True)


def test_the_rows_of_the_group_stand_in_the_sql() -> None:
    (data,) = [line for line in mapfile(LIGHT).splitlines() if line.strip().startswith("DATA")]
    assert "f.row_project_id = ANY(ARRAY[3, 5]::bigint[]::bigint[])" in data
    assert data.count('"') == 2
    assert "WHEN f.level = 1::int8 THEN '0'::text" in data


def test_each_style_is_a_group_of_classes_with_the_colours_of_its_rule() -> None:
    text = mapfile(LIGHT, PROGRESS)
    assert text.count('GROUP "places-light"') == 4 + 1  # and the default of the layer
    assert text.count('GROUP "places-progress"') == 4
    assert "STYLE COLOR 46 125 50 OPACITY 65 END" in text
    assert "STYLE COLOR 222 235 247 OPACITY 50 END" in text
    assert "ANGLE 45 SIZE 8" in text
    assert mapfile(RAMP).count('GROUP "places-ramp"') == 102 + 1


def test_titles_cannot_leave_their_quotation_marks() -> None:
    evil = replace(
        LIGHT, classes=[replace(LIGHT.classes[0], title_zh='红" END CONNECTION "x\n\\', title_en="e")]
    )
    text = mapfile(evil)
    assert "红' END CONNECTION 'x / e" in text
    assert "\"题目 'quoted'\"" in text


@pytest.mark.parametrize(
    ("value", "written"),
    [("桥's", "'桥''s'"), (5, "5"), (2.5, "2.5"), (True, "TRUE"), (None, "NULL"), ([], "ARRAY[]::bigint[]"), (-1e-9, "-1e-09")],
)  # fmt: skip
def test_values_are_written_as_sql(value: object, written: str) -> None:
    assert inlined(Statement("%(a)s", {"a": value})) == written


@pytest.mark.parametrize(
    "value", ['a"b', "a\\b", "a\nb", float("nan"), float("inf"), b"x", ["a"], [True], {"a": 1}]
)
def test_what_could_break_out_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        inlined(Statement("%(a)s", {"a": value}))


def test_a_time_is_a_constant() -> None:
    assert (
        inlined(Statement("%(at)s", {"at": datetime(2025, 10, 31, tzinfo=UTC)}))
        == "'2025-10-31T00:00:00+00:00'"
    )
