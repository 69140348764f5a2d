from collections.abc import Callable
from typing import Any

import pytest

from gis.errors import InvalidPageTokenError, InvalidParameterError, UnknownPropertyError
from gis.features import fetch_items
from gis.layer import Selection
from gis.paging import Page, Position, parse_sort, read_token, write_token
from gis.statement import Condition
from tests.gis.places import PLACE_STATES, PLACES

BY_NAME = parse_sort(PLACES, "name")
TOKEN = write_token(PLACES, BY_NAME, Position(("一号地块",), 1))


def test_a_token_comes_back_as_the_position_it_was_made_of() -> None:
    assert read_token(PLACES, BY_NAME, TOKEN) == Position(("一号地块",), 1)
    assert read_token(PLACES, BY_NAME, write_token(PLACES, BY_NAME, Position((None,), 2**62))).id == 2**62


def test_a_token_is_plain_text_for_a_url() -> None:
    assert TOKEN.isascii()
    assert not set(TOKEN) & set("+/=&? ")


def test_any_changed_character_is_noticed() -> None:
    for index, character in enumerate(TOKEN):
        changed = TOKEN[:index] + ("A" if character != "A" else "B") + TOKEN[index + 1 :]
        with pytest.raises(InvalidPageTokenError):
            read_token(PLACES, BY_NAME, changed)


@pytest.mark.parametrize(
    "text", ["", "x", TOKEN[:-3], TOKEN + "AAAA", "中文", "a b", "\0", "%00", "A" * 9999]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidPageTokenError) as caught:
        read_token(PLACES, BY_NAME, text)
    assert caught.value.where == "next"


def test_a_token_of_another_layer_or_order_is_refused() -> None:
    for layer, sort in ((PLACE_STATES, BY_NAME), (PLACES, ()), (PLACES, parse_sort(PLACES, "-name"))):
        with pytest.raises(InvalidPageTokenError):
            read_token(layer, sort, TOKEN)


@pytest.mark.parametrize(
    ("sort", "values"),
    [("level", ("'; DROP TABLE place",)), ("updated_at", ("infinity",)), ("open", ("maybe",)), ("name", ("a\0b",)), ("name", ())],
)  # fmt: skip
def test_a_forged_token_with_values_of_the_wrong_type_is_refused(sort: str, values: tuple[str, ...]) -> None:
    keys = parse_sort(PLACES, sort)
    forged = write_token(PLACES, keys, Position(values, 1))
    with pytest.raises(InvalidPageTokenError):
        read_token(PLACES, keys, forged)


@pytest.mark.parametrize("sort", ["updated_at", "-progress", "open,opened", "name,-level"])
def test_a_position_survives_its_token(ask: Callable[..., Any], sort: str) -> None:
    keys = parse_sort(PLACES, sort)
    seen = Selection(PLACES, Condition("f.visible"))
    after = None
    for _ in range(5):
        page = Page(limit=1, sort=keys, after=after)
        after = ask(lambda connection, page=page: fetch_items(connection, seen, page)).next
        if after is not None:
            assert read_token(PLACES, keys, write_token(PLACES, keys, after)) == after
    assert after is None


@pytest.mark.parametrize("text", ["secret", "nothing", "", "geom", "name;--"])
def test_an_order_by_what_may_not_be_sorted_is_refused(text: str) -> None:
    with pytest.raises(UnknownPropertyError):
        parse_sort(PLACES, text)


def test_an_order_is_short_and_without_repeats() -> None:
    with pytest.raises(InvalidParameterError):
        parse_sort(PLACES, "name,-name")
    with pytest.raises(InvalidParameterError):
        parse_sort(PLACES, "name,code,kind,level,open")
