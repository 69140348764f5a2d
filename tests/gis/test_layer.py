from dataclasses import replace

import pytest

from gis.errors import UnknownPropertyError
from gis.layer import Field, Layer, Selection
from gis.statement import EVERYTHING, NOTHING, Condition, identifier, literal, merged
from tests.gis.places import PLACES


@pytest.mark.parametrize(
    "name", ["a b", "a;b", 'a"b', "a'b", "A", "1a", "", "a.b.c", "a.", "é", "a--", "a\n", "%s", "x" * 64]
)
def test_a_name_that_is_no_plain_sql_name_cannot_enter_a_layer(name: str) -> None:
    with pytest.raises(ValueError, match="plain SQL name"):
        identifier(name)
    for column in ("relation", "id_column", "geometry_column"):
        with pytest.raises(ValueError, match="plain SQL name"):
            replace(PLACES, **{column: name})  # type: ignore[arg-type]


def test_a_field_name_kept_for_statements_is_refused() -> None:
    with pytest.raises(ValueError, match="_id"):
        Field("_id", "integer", "编号", "Id")


def test_a_layer_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        replace(PLACES, fields=(PLACES.fields[0], PLACES.fields[0]))
    with pytest.raises(ValueError, match="zooms"):
        replace(PLACES, min_zoom=9, max_zoom=8)


def test_a_cut_down_layer_keeps_its_own_order_and_refuses_unknown_names() -> None:
    assert [field.name for field in PLACES.for_fields(["level", "code"]).fields] == ["code", "level"]
    with pytest.raises(UnknownPropertyError, match="nothing"):
        PLACES.for_fields(["code", "nothing"])
    with pytest.raises(UnknownPropertyError):
        PLACES.public().for_fields(["secret"])


def test_conditions_join_with_their_parameters() -> None:
    joined = Condition("f.a = %(a)s OR f.b", {"a": 1}) & Condition("f.c = %(c)s", {"c": 2})

    assert joined.sql == "(f.a = %(a)s OR f.b) AND (f.c = %(c)s)"
    assert joined.params == {"a": 1, "c": 2}
    assert (EVERYTHING & NOTHING) == NOTHING
    assert (joined & EVERYTHING) == joined


def test_one_parameter_name_cannot_have_two_values() -> None:
    with pytest.raises(ValueError, match="'a'"):
        merged({"a": 1}, {"a": 2})


def test_visibility_is_always_in_parentheses() -> None:
    rows = Selection(PLACES, Condition("f.visible OR f.id = 1")).rows()

    assert rows.sql == "layer_places AS f WHERE (f.visible OR f.id = 1)"


@pytest.mark.parametrize("text", ["a\\b", "a\0b"])
def test_a_text_that_could_leave_its_quotes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="statement"):
        literal(text)


def test_a_layer_needs_no_fields() -> None:
    bare = Layer("river", "河流", "Rivers", "", "layer_river", "polygon", ())

    assert bare.columns() == ""
    assert bare.public() == bare
