"""The colouring rules of the themes whose classes do not depend on an agency's data."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gis.layer import Layer
from gis.style import Stop, StyleClass, StyleRule

NOT_ASSESSED = StyleClass("none", "无数据", "No data", "#9aa3ad", pattern="diagonal")

PROGRESS_BANDS = (
    StyleClass("p0", "0–20 %", "0–20 %", "#dcecf7", below=20.0),
    StyleClass("p20", "20–40 %", "20–40 %", "#a9d0ea", least=20.0, below=40.0),
    StyleClass("p40", "40–60 %", "40–60 %", "#6aaed6", least=40.0, below=60.0),
    StyleClass("p60", "60–80 %", "60–80 %", "#3586c0", least=60.0, below=80.0),
    StyleClass("p80", "80–100 %", "80–100 %", "#14609e", least=80.0, below=100.0),
    StyleClass("done", "完成 100 %", "Done 100 %", "#083c6b", least=100.0),
)

PROJECTS_PROGRESS = StyleRule(
    id="projects-progress",
    title_zh="项目进度",
    title_en="Project progress",
    layer="projects",
    geometry="polygon",
    field="progress",
    classes=PROGRESS_BANDS,
    other=NOT_ASSESSED,
    opacity=0.75,
    label_field="name",
    label_layer="project_points",
)

# The middle of each band has the band's colour, so that both themes and their legend tell the same.
PROJECTS_PROGRESS_CONTINUOUS = replace(
    PROJECTS_PROGRESS,
    id="projects-progress-continuous",
    title_zh="项目进度（连续）",
    title_en="Project progress, continuous",
    ramp=(
        Stop(0.0, "#e9f3fa"),
        Stop(10.0, "#dcecf7"),
        Stop(30.0, "#a9d0ea"),
        Stop(50.0, "#6aaed6"),
        Stop(70.0, "#3586c0"),
        Stop(90.0, "#14609e"),
        Stop(100.0, "#083c6b"),
    ),
)

PROJECTS_DEVIATION = replace(
    PROJECTS_PROGRESS,
    id="projects-deviation",
    title_zh="进度偏差（百分点）",
    title_en="Deviation from plan, percentage points",
    field="deviation",
    classes=(
        StyleClass("behind_30", "滞后 30 以上", "Behind by over 30", "#8c3d04", below=-30.0, pattern="cross"),
        StyleClass(
            "behind_10", "滞后 10–30", "Behind by 10–30", "#d9761f", least=-30.0, below=-10.0,
            pattern="back_diagonal",
        ),
        StyleClass("behind_2", "滞后 2–10", "Behind by 2–10", "#f5b870", least=-10.0, below=-2.0),
        StyleClass("on_plan", "符合计划 ±2", "On plan, ±2", "#e4e4e2", least=-2.0, below=2.0),
        StyleClass("ahead_2", "超前 2–10", "Ahead by 2–10", "#aba3d3", least=2.0, below=10.0),
        StyleClass("ahead_10", "超前 10 以上", "Ahead by 10 or more", "#5e4a9e", least=10.0),
    ),
)  # fmt: skip

# The eight colours of Okabe and Ito tell apart for every kind of colour vision.
PROJECTS_STAGE = replace(
    PROJECTS_PROGRESS,
    id="projects-stage",
    title_zh="项目阶段",
    title_en="Project stage",
    field="stage",
    classes=(
        StyleClass("initiation", "立项", "Initiation", "#56b4e9", value="initiation"),
        StyleClass("design", "设计", "Design", "#0072b2", value="design"),
        StyleClass("tender", "招标", "Tender", "#f0e442", value="tender"),
        StyleClass("construction", "施工", "Construction", "#d55e00", value="construction"),
        StyleClass("acceptance", "验收", "Acceptance", "#cc79a7", value="acceptance"),
        StyleClass("operation", "运营", "Operation", "#009e73", value="operation", pattern="diagonal"),
    ),
)

PROJECTS_INVESTMENT = replace(
    PROJECTS_PROGRESS,
    id="projects-investment",
    title_zh="总投资（亿元）",
    title_en="Total investment, 100 million yuan",
    field="investment_total_yuan",
    classes=(
        StyleClass("y0", "不足 1", "Below 1", "#fbdcd8", below=1e8),
        StyleClass("y1", "1–5", "1–5", "#f6a8b4", least=1e8, below=5e8),
        StyleClass("y5", "5–10", "5–10", "#e8679b", least=5e8, below=1e9),
        StyleClass("y10", "10–50", "10–50", "#c02a86", least=1e9, below=5e9),
        StyleClass("y50", "50–100", "50–100", "#860e75", least=5e9, below=1e10),
        StyleClass("y100", "100 及以上", "100 and more", "#49035c", least=1e10),
    ),
)

BIM_PROGRESS = StyleRule(
    id="bim-progress",
    title_zh="构件进度",
    title_en="Element progress",
    layer="bim_elements",
    geometry="polygon",
    field="status",
    classes=(
        StyleClass("not_started", "未开始", "Not started", "#c9ced6", value="not_started"),
        StyleClass("in_progress", "施工中", "In progress", "#f0a830", value="in_progress"),
        StyleClass("done", "已完成", "Done", "#2e9e5b", value="done"),
        StyleClass("existing", "既有", "Existing", "#8a6fb0", value="existing", pattern="diagonal"),
    ),
    other=NOT_ASSESSED,
    opacity=0.85,
)

# What an element should be by its dates, in the colours of what it is: plan and site side by side.
BIM_PLAN = replace(
    BIM_PROGRESS,
    id="bim-plan",
    title_zh="构件计划",
    title_en="Element plan",
    field="planned_status",
    other=replace(NOT_ASSESSED, title_zh="无计划", title_en="No plan"),
)

BIM_DEVIATION = replace(
    BIM_PROGRESS,
    id="bim-deviation",
    title_zh="构件进度偏差（百分点）",
    title_en="Deviation of elements from plan, percentage points",
    field="deviation",
    classes=PROJECTS_DEVIATION.classes,
    other=replace(NOT_ASSESSED, title_zh="无计划", title_en="No plan"),
)

LAND_STATUS = StyleRule(
    id="land-status",
    title_zh="储备地块状态",
    title_en="Reserve parcel state",
    layer="land_parcels",
    geometry="polygon",
    field="state",
    classes=(
        StyleClass("proposed", "拟收储", "Proposed", "#efe3c8", value="proposed"),
        StyleClass("stored", "入库", "In the pool", "#e3c98f", value="stored"),
        StyleClass("preparing", "前期开发", "Preparing", "#d3a95c", value="preparing"),
        StyleClass("ready", "净地可供", "Ready", "#b98530", value="ready"),
        StyleClass("held", "预留", "Held", "#8f6420", value="held"),
        StyleClass("supplied", "已供应", "Supplied", "#c78fa4", value="supplied", pattern="back_diagonal"),
        StyleClass("started", "已开工", "Started", "#a45f7d", value="started"),
        StyleClass("completed", "已竣工", "Completed", "#73405a", value="completed"),
    ),
    other=NOT_ASSESSED,
    opacity=0.45,
    label_field="parcel_no",
    label_min_zoom=14,
)

CONTROL_KINDS = StyleRule(
    id="control-kinds",
    title_zh="管控图层",
    title_en="Control layers",
    layer="control_areas",
    geometry="polygon",
    field="layer",
    classes=(
        StyleClass("farmland", "永久基本农田", "Permanent basic farmland", "#d9a514", value="farmland"),
        StyleClass("ecology", "生态保护红线", "Ecological red line", "#c2383b", value="ecology"),
        StyleClass("urban_boundary", "城镇开发边界", "Urban boundary", "#7a5aa8", value="urban_boundary"),
        StyleClass("heritage", "历史文化保护", "Heritage", "#9c5b34", value="heritage", pattern="cross"),
        StyleClass("river", "河湖管理范围", "River", "#3b8fc4", value="river", pattern="horizontal"),
        StyleClass("dltb", "地类图斑", "Land-use patch", "#b7c7a3", value="dltb"),
    ),
    other=NOT_ASSESSED,
    opacity=0.3,
)

# The first of a layer is what a client draws that names no style.
FIXED_THEMES = (
    PROJECTS_PROGRESS,
    PROJECTS_PROGRESS_CONTINUOUS,
    PROJECTS_DEVIATION,
    PROJECTS_STAGE,
    PROJECTS_INVESTMENT,
    BIM_PROGRESS,
    LAND_STATUS,
    CONTROL_KINDS,
)

POINTS_OF: Final = {"project_points": "projects"}


def themes_of(layer: Layer, themes: Iterable[StyleRule]) -> list[StyleRule]:
    """Return the rules that colour a layer, the default first; label points take those of their polygons.

    A rule whose field the layer, as this caller may see it, does not have is left out.
    """
    painted = POINTS_OF.get(layer.id, layer.id)
    rules = [rule for rule in themes if rule.layer == painted and layer.has_field(rule.field)]
    if painted == layer.id:
        return rules
    return [replace(rule, layer=layer.id, geometry=layer.geometry_type, label_layer=None) for rule in rules]
