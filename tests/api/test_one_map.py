"""What the one map shows, worked out without markup."""

from typing import Any

from api.i18n import Speech
from api.one_map import Asked, Level, Palette, choices, count_lights, view_of_overlap

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


def layer(name_zh: str, hit: bool, **more: Any) -> dict[str, Any]:
    """One row of an overlap answer, with figures of zero."""
    return {
        "layer": "x",
        "title": {"zh": name_zh, "en": name_zh},
        "hit": hit,
        "area_m2": 0.0,
        "area_mu": 0.0,
        "area_ha": 0.0,
        "share_of_subject": 0.0,
        "pieces": 0,
        "items": [],
        "notes": [],
        **more,
    }


def answer(*layers: dict[str, Any]) -> dict[str, Any]:
    subject = {"area_m2": 28000.0, "area_mu": 42.0, "area_ha": 2.8, "crs_overlay": "EPSG:4527"}
    return {"subject": subject, "layers": list(layers), "slivers": {"count": 0, "area_m2": 0.0}}


def test_internal_layer_that_is_hit_is_neither_zero_nor_clear() -> None:
    view = view_of_overlap(answer(layer("永久基本农田", True, internal=True)), Speech("zh"))
    assert [(row.name, row.is_internal) for row in view.rows[1:]] == [("永久基本农田", True)]
    assert view.clear_layers == ()


def test_boundary_the_project_lies_outside_of_is_no_clear_layer_but_a_remark() -> None:
    view = view_of_overlap(answer(layer("城镇开发边界", False, outside_area_m2=27988.57)), Speech("zh"))
    assert view.clear_layers == ()
    assert view.remarks == ("位于城镇开发边界外 27,988.57 平方米",)


def test_notes_of_the_rules_are_shown_in_the_language_of_the_page() -> None:
    note = {"code": "needs_case_review", "zh": "需个案审查", "en": "Needs case review"}
    view = view_of_overlap(answer(layer("永久基本农田", True, notes=[note])), Speech("en"))
    assert view.remarks == ("Needs case review",)


def test_largest_pieces_come_first_and_a_critical_one_says_so() -> None:
    items = [
        {
            "name": f"图斑{n}",
            "area_m2": float(n),
            "area_mu": 0.0,
            "share_of_subject": 0.0,
            "share_of_feature": 0.0,
        }
        for n in range(1, 24)
    ]
    items[22]["critical"] = True
    view = view_of_overlap(answer(layer("永久基本农田", True, items=items)), Speech("zh"))
    assert [row.name for row in view.items[:2]] == ["图斑23", "图斑22"]
    assert view.items[0].mark == "临界"
    assert len(view.items) + view.items_left == 23
