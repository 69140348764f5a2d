"""The colouring rules of the themes whose classes do not depend on an agency's data."""

from gis.style import StyleClass, StyleRule

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
        StyleClass("supplied", "已供应", "Supplied", "#c78fa4", value="supplied"),
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
        StyleClass("heritage", "历史文化保护", "Heritage", "#9c5b34", value="heritage"),
        StyleClass("river", "河湖管理范围", "River", "#3b8fc4", value="river"),
        StyleClass("dltb", "地类图斑", "Land-use patch", "#b7c7a3", value="dltb"),
    ),
    other=NOT_ASSESSED,
    opacity=0.3,
)

FIXED_THEMES = (PROJECTS_PROGRESS, BIM_PROGRESS, LAND_STATUS, CONTROL_KINDS)
