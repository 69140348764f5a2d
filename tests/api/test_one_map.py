"""What the one map shows, worked out without markup."""

from api.i18n import Speech
from api.one_map import Asked, Level, Palette, choices, count_lights

GREEN = Level(1, "green", "绿", "Green", "#00aa00")
BLUE = Level(4, "blue", "蓝", "Blue", "#0000aa")


def test_palette_without_a_level_for_the_unassessed_gets_one() -> None:
    palette = Palette.from_levels([GREEN])
    assert [level.code for level in palette.levels] == [1, 0]
    assert palette.of("no such light").code == 0


def test_palette_of_a_preset_with_other_colours_is_kept_as_it_is() -> None:
    grey = Level(0, "grey", "灰", "Grey", "#777777")
    palette = Palette.from_levels([GREEN, BLUE, grey])
    assert palette.levels == (GREEN, BLUE, grey)
    assert palette.of("blue") is BLUE
    assert len({level.shape for level in palette.levels}) == 3


def test_shares_of_the_lights_are_of_all_projects_and_zero_without_any() -> None:
    tiles = count_lights([GREEN, BLUE], {"green": 1, "blue": 3}, Asked())
    assert [(tile.n, tile.share) for tile in tiles] == [(1, 25.0), (3, 75.0)]
    assert count_lights([GREEN], {}, Asked())[0].share == 0.0


def test_second_click_on_a_light_takes_its_filter_away_and_closes_the_card() -> None:
    asked = Asked(light="green", stage="design", sel="X")
    chosen, other = count_lights([GREEN, BLUE], {}, asked)
    assert chosen.href == "/?stage=design"
    assert other.href == "/?light=blue&stage=design"


def test_choices_name_stages_in_the_language_of_the_page() -> None:
    entries = choices("stage", ("design", "tender"), "tender", Speech("zh"))
    assert [(entry.name, entry.is_chosen) for entry in entries] == [("设计", False), ("招标", True)]
