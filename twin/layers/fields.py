"""Fields shared by several layers, described once, in both languages."""

from gis.layer import Choice, Field

STAGES = (
    Choice("initiation", "立项", "Initiation"),
    Choice("design", "设计", "Design"),
    Choice("tender", "招标", "Tender"),
    Choice("construction", "施工", "Construction"),
    Choice("acceptance", "验收", "Acceptance"),
    Choice("operation", "运营", "Operation"),
)
PURPOSES = (
    Choice("infrastructure", "基础设施", "Infrastructure"),
    Choice("livelihood", "民生", "Livelihood"),
    Choice("industry", "产业", "Industry"),
)
STATUSES = (
    Choice("not_started", "未开始", "Not started"),
    Choice("in_progress", "施工中", "In progress"),
    Choice("done", "已完成", "Done"),
    Choice("existing", "既有", "Existing"),
)

CODE = Field(
    "code", "string", "档案编号", "Archive number", "Unique electronic archive number", in_tiles=True
)
NAME = Field("name", "string", "名称", "Name", in_tiles=True)
PROJECT_CODE = Field("project_code", "string", "项目档案编号", "Project archive number", in_tiles=True)
PROGRESS = Field("progress", "number", "实际进度", "Progress", "Physical progress P(t)", "%", in_tiles=True)
DEVIATION = Field(
    "deviation", "number", "进度偏差", "Deviation", "P − PV in percentage points", "百分点", in_tiles=True
)
INVESTMENT_TOTAL = Field(
    "investment_total_yuan", "number", "总投资", "Total investment", unit="元", in_tiles=True
)
LIGHT = Field(
    "light", "string", "红黄绿灯", "Light", "Key of the level of the preset in force", in_tiles=True
)
LIGHT_CODE = Field(
    "light_code", "integer", "灯号", "Light code", "1 green, 2 yellow, 3 red, 0 not assessed", in_tiles=True
)
UPDATED_AT = Field("updated_at", "date-time", "更新时间", "Updated at")
AREA_M2 = Field("area_m2", "number", "椭球面积", "Area", "Ellipsoidal area", "m²")
AREA_MU = Field("area_mu", "number", "面积（亩）", "Area in mu", "Ellipsoidal area; 1 亩 = 2000/3 m²", "亩")
