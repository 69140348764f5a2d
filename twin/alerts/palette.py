"""The colouring rule of the lights, made of the palette of the preset in force (`domain.md` §8.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from gis.style import StyleClass, StyleRule
from twin.alerts.presets import GREEN_YELLOW_RED, GREY
from twin.alerts.queries import find_active_rule_set
from twin.errors import NotFoundError
from twin.layers.themes import BIM_DEVIATION, BIM_PLAN, BIM_PROGRESS, FIXED_THEMES

_PATTERNS = ("solid", "back_diagonal", "cross")


def light_theme(levels: Sequence[Mapping[str, Any]], preset: str = "") -> StyleRule:
    """Return the rule that colours projects by `light_code`; colours and number of levels are data.

    Parameters
    ----------
    levels : sequence of mapping
        ``{code, key, zh, en, colour}``, best first; code 0 is "not assessed".
    """
    classes = [_class(level, number) for number, level in enumerate(levels) if level["code"] != 0]
    other = next((level for level in levels if level["code"] == 0), GREY)
    return StyleRule(
        id="projects-light",
        title_zh=f"红黄绿灯（{preset}）" if preset else "红黄绿灯",
        title_en=f"Lights ({preset})" if preset else "Lights",
        layer="projects",
        geometry="polygon",
        field="light_code",
        classes=classes,
        other=StyleClass(other["key"], other["zh"], other["en"], other["colour"], pattern="diagonal"),
        opacity=0.8,
        label_field="name",
        label_layer="project_points",
    )


def element_light_theme() -> StyleRule:
    """Return the rule that colours elements by `light_code`: their light is of the dates alone, no preset's."""
    lights = light_theme([*GREEN_YELLOW_RED, GREY])
    titles = (
        ("按期", "On time"),
        ("逾期 30 天内", "Late by up to 30 days"),
        ("逾期 30 天以上", "Late by over 30 days"),
    )
    classes = [
        replace(item, title_zh=zh, title_en=en) for item, (zh, en) in zip(lights.classes, titles, strict=True)
    ]
    return replace(
        lights,
        id="bim-light",
        title_zh="构件红黄绿灯",
        title_en="Element lights",
        layer="bim_elements",
        classes=classes,
        label_field=None,
        label_layer=None,
    )


def get_scene_theme(name: str) -> StyleRule:
    """Return the rule by which a scene is coloured.

    Raises
    ------
    NotFoundError
        There is no such theme.

    Examples
    --------
    >>> get_scene_theme("status").field
    'status'
    """
    themes = {
        "status": BIM_PROGRESS,
        "light": element_light_theme(),
        "deviation": BIM_DEVIATION,
        "plan": BIM_PLAN,
    }
    if name not in themes:
        raise NotFoundError(
            f"There is no theme {name[:80]}; there are {', '.join(themes)}.",
            f"没有主题 {name[:80]}；可用主题：{'、'.join(themes)}。",
        )
    return themes[name]


def _class(level: Mapping[str, Any], number: int) -> StyleClass:
    pattern = _PATTERNS[min(number, len(_PATTERNS) - 1)]
    return StyleClass(
        level["key"],
        level["zh"],
        level["en"],
        level["colour"],
        value=level["code"],
        pattern=pattern,  # type: ignore[arg-type]
    )


def list_themes(session: Session) -> dict[str, StyleRule]:
    """List every colouring rule by its style id."""
    rules = find_active_rule_set(session)
    light = light_theme(rules.levels, rules.preset) if rules else light_theme([*GREEN_YELLOW_RED, GREY])
    return {theme.id: theme for theme in (*FIXED_THEMES, light, element_light_theme())}


def get_theme(session: Session, style_id: str) -> StyleRule:
    """Return one colouring rule.

    Raises
    ------
    NotFoundError
        There is no such style.
    """
    themes = list_themes(session)
    if style_id not in themes:
        raise NotFoundError(
            f"There is no style {style_id}; there are {', '.join(themes)}.",
            f"没有样式 {style_id}；可用样式：{'、'.join(themes)}。",
        )
    return themes[style_id]
