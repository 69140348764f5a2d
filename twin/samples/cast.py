"""Who plays which part among the 60 projects, by index. Everything else follows from here."""

FLAGSHIP = 15
INDUSTRY_CASE = 17  # 14 months against a class median of 20
BRIDGE, GALLERY, BUILDING = 4, 27, 38
PARKING = 30  # 30 sub-tasks with monthly targets
NO_BASELINE = 42
MISSING_MONTHS = 51
CORRECTED = 2

STAGE_OF: dict[int, str] = {
    50: "initiation",
    44: "design",
    58: "tender",
    10: "operation",
    **dict.fromkeys((3, 7, 17, 24, 29, 40, 47, 53), "acceptance"),
}
PRELIMINARY = (50, 44, 58)

# Deviations that are met exactly, in percentage points.
EXACT_DEVIATION: dict[int, str] = {20: "-10.0", 33: "-30.0", 5: "-9.9", 56: "-30.1"}
YELLOW = (8, 12, 19, 22, 31, 35, 46, 54)
RED = (13, 23, 36)

# Planted overlap cases (sample-data §6): case → project; case 12 has a partner.
CASE_PROJECT: dict[int, int] = {
    1: 39, 2: 16, 3: 18, 4: 52, 5: 21, 6: 25, 7: 41, 8: 43, 9: 45, 10: 34, 11: 48, 12: 32,
}  # fmt: skip
CASE_12_PARTNER = 37

# Finished works: baseline months and actual months; their mean factor is exactly 0.82.
FINISHED: dict[int, tuple[int, int]] = {
    3: (20, 17),
    7: (25, 21),
    10: (20, 17),
    17: (20, 14),
    24: (30, 24),
    29: (15, 12),
    40: (20, 17),
    47: (25, 21),
    53: (20, 17),
}
MONTHS_SINCE_FINISH: dict[int, int] = {3: 1, 7: 2, 10: 9, 17: 3, 24: 2, 29: 1, 40: 1, 47: 2, 53: 1}

# Baseline months of 产业园区, whose median is 20.
PARK_MONTHS: dict[int, int] = dict(
    zip(range(15, 26), (28, 18, 20, 16, 14, 24, 22, 26, 12, 30, 18), strict=True)
)

NAMED: dict[int, str] = {
    FLAGSHIP: "启明产城融合示范项目",
    INDUSTRY_CASE: "星河精密制造产业园项目",
    BRIDGE: "揽月路跨线桥工程",
    GALLERY: "锦澜大道综合管廊工程（一期）",
    PARKING: "主城公共停车场系统工程",
    BUILDING: "知夏实验学校教学楼项目",
    52: "碧荷湿地公园工程",
    48: "听松老街风貌保护与更新项目",
    32: "汀兰片区雨污分流工程",
    37: "汀兰片区供水管网改造工程",
}
NOT_PUBLIC = tuple(range(6, 60, 7))
