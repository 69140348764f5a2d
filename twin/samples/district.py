"""The fictional district: every name, number and date that the whole sample set shares."""

from datetime import date

DISTRICT = "示范区（虚构）"
DISTRICT_EN = "Demonstration District (fictional)"
REGION = "341299"
SEED = 20260101
AS_OF = date(2025, 10, 31)  # 统计基准日
PLAN_YEAR = 2025

WEST, SOUTH, EAST, NORTH = 115.6, 32.8, 116.0, 33.3  # degrees, CGCS2000
CELL_DEGREES = 0.02
COLUMNS, ROWS = 20, 25

ZONE = 39
SURVEY_CRS = "EPSG:4527"
STORED_CRS = "EPSG:4490"

# Two-digit class codes of the archive number, with their purpose and how many of the 60 belong to each.
CATEGORIES: dict[str, tuple[str, str, int]] = {
    "01": ("交通路网", "infrastructure", 15),
    "02": ("产业园区", "industry", 11),
    "03": ("市政设施", "infrastructure", 12),
    "04": ("公共服务", "livelihood", 11),
    "05": ("水利生态", "livelihood", 7),
    "06": ("能源与数字基础", "industry", 4),
}
STAGES = ("initiation", "design", "tender", "construction", "acceptance", "operation")
STAGES_ZH = dict(zip(STAGES, ("立项", "设计", "招标", "施工", "验收", "运营"), strict=True))

PERIODS = tuple(f"{y}-{m:02d}" for y in (2023, 2024, 2025) for m in range(1, 13))[10:34]  # 2023-11 … 2025-10
