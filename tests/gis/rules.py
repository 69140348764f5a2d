"""Colouring rules of the small ground: values as integers, values as texts, bands."""

from gis.style import StyleClass, StyleRule

LIGHT = StyleRule(
    id="places-light",
    title_zh="红黄绿灯",
    title_en="Lights",
    layer="places",
    geometry="polygon",
    field="level",
    classes=(
        StyleClass("green", "绿灯 正常", "green, on plan", "#2e7d32", value=1),
        StyleClass("yellow", "黄灯 滞后", "yellow, behind", "#f9a825", value=2, pattern="diagonal"),
        StyleClass("red", "红灯 <问责> & 督办", "red, overdue", "#c62828", value=3, pattern="cross"),
    ),
    other=StyleClass("grey", "未评估", "not assessed", "#9e9e9e"),
    label_field="name",
)
PROGRESS = StyleRule(
    id="places-progress",
    title_zh="形象进度",
    title_en="Progress",
    layer="places",
    geometry="polygon",
    field="progress",
    classes=(
        StyleClass("low", "25% 以下", "below 25 %", "#deebf7", least=0, below=25),
        StyleClass("half", "25%–75%", "25 to 75 %", "#6baed6", least=25, below=75),
        StyleClass("high", "75% 以上", "75 % and more", "#08519c", least=75),
    ),
    other=StyleClass("grey", "未评估", "not assessed", "#9e9e9e"),
    opacity=0.5,
    label_field="name",
    label_layer="place_points",
)
KIND = StyleRule(
    id="places-kind",
    title_zh="类别",
    title_en="Kinds",
    layer="places",
    geometry="point",
    field="kind",
    classes=(
        StyleClass("industry", "工业", "industry", "#6a1b9a", value="工业"),
        StyleClass("road", "道路", "roads", "#4e342e", value="道路"),
    ),
    other=StyleClass("grey", "其他", "other", "#9e9e9e"),
)
RULES = (LIGHT, PROGRESS, KIND)
