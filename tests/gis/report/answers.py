"""An overlap answer laid out by hand: the measured test vector of the domain notes, in metres of EPSG:4527.

The project is 200 m by 150 m with a hole of 50 m by 40 m: 27,988.57 m² on the ellipsoid. The reserve parcel covers
7,996.74 m² of it, the farmland 1,799.26 m². Two patches of land use share all of it along a line 110 m from the west.
"""

from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from gis.crs import transformer
from gis.overlap import OverlapOptions
from gis.report import Look, OverlapReport, ReportHead, make_report

EAST, NORTH = 39_371_200, 3_671_300
PROJECT_M2, RESERVE_M2, FARMLAND_M2 = 27_988.57, 7_996.74, 1_799.26
# 150 × 110 m less the hole, and 150 × 90 m, in the plane; on the ellipsoid by the project's own ratio.
WEST_M2, EAST_M2 = 14_500 * PROJECT_M2 / 28_000, 13_500 * PROJECT_M2 / 28_000
CODE, NAME = "341299-2023-01-0001-1", "淮河路跨线桥"


def box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """Return a box by its offsets from the project's lower left corner."""
    return shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)


PROJECT = box(0, 0, 200, 150) - box(50, 50, 100, 90)
RESERVE = PROJECT & box(120, -30, 320, 100)
FARMLAND = PROJECT & box(-40, 120, 60, 220)
WEST, EAST_PATCH = PROJECT & box(0, 0, 110, 150), PROJECT & box(110, 0, 200, 150)
LOOKS = {
    "farmland": Look("#d9a514", "solid"),
    "land_parcels": Look("#b98530", "diagonal"),
    "dltb": Look("#b7c7a3", "solid"),
}
REVIEW = {
    "code": "needs_case_review",
    "en": "Needs case review.",
    "zh": "需个案审查：分析对象占用该管控范围。",
}


def areas(area_m2: float) -> dict[str, float]:
    """Return an area in the units of the answer."""
    return {"area_m2": area_m2, "area_mu": area_m2 * 3 / 2000, "area_ha": area_m2 / 10_000}


QUESTIONS: list[dict[str, Any]] = [
    {
        "code": "cultivated",
        "en": "Does it occupy cultivated land?",
        "zh": "是否占用耕地？",
        "answer": "yes",
        **areas(WEST_M2),
    },
    {
        "code": "permanent_farmland",
        "zh": "是否占用永久基本农田？",
        "en": "Does it occupy farmland?",
        "answer": "yes",
        **areas(FARMLAND_M2),
        "needs_case_review": True,
    },
    {
        "code": "ecology",
        "en": "Does it occupy the red line?",
        "zh": "是否占用生态保护红线？",
        "answer": "no",
        **areas(0.0),
    },
    {
        "code": "outside_urban",
        "en": "Does it reach outside?",
        "zh": "是否超出城镇开发边界？",
        "answer": "unknown",
    },
    {
        "code": "make_up",
        "zh": "是否需要补划永久基本农田？",
        "en": "Is make-up needed?",
        "answer": "yes",
        **areas(FARMLAND_M2),
        "needs_case_review": True,
    },
]


def degrees(geometry: BaseGeometry) -> dict[str, Any]:
    """Return a shape of the plane as the answer writes it."""
    return mapping(transformer(4527, 4490).geometry(geometry))


def item(
    number: int, texts: tuple[str, str, str, str], shape: BaseGeometry, area_m2: float, **more: Any
) -> dict[str, Any]:
    """Return a member of `items`: code, name, class code and class name."""
    code, name, class_code, class_name = texts
    return {
        "id": number, "code": code, "name": name, "class_code": class_code, "class_name": class_name, **areas(area_m2),
        "share_of_subject": 100 * area_m2 / PROJECT_M2, "share_of_feature": 40.0,
        "pieces": len(shapely.get_parts(shape)), "critical": False, "geometry": degrees(shape), **more,
    }  # fmt: skip


def layer(
    name: str,
    title: str,
    items: list[dict[str, Any]],
    shape: BaseGeometry | None,
    area_m2: float = 0.0,
    **more: Any,
) -> dict[str, Any]:
    """Return a member of `layers`; its classes are those of the items, each its own."""
    classes = [
        {
            "class_code": each["class_code"],
            "class_name": each["class_name"],
            "count": 1,
            **areas(each["area_m2"]),
        }
        for each in items
    ]
    row = {
        "layer": name, "title": {"zh": title, "en": name}, "hit": bool(items), **areas(area_m2), "area_plane_m2": area_m2,
        "share_of_subject": 100 * area_m2 / PROJECT_M2, "pieces": sum(each["pieces"] for each in items),
        "largest_piece_m2": max((each["area_m2"] for each in items), default=0.0),
        "remainder_area_m2": PROJECT_M2 - area_m2, "slivers": {"count": 0, "area_m2": 0.0},
        "critical": sum(each["critical"] for each in items), "by_class": classes, "items": items, "notes": [], **more,
    }  # fmt: skip
    return row if shape is None else {**row, "remainder": degrees(PROJECT - shape)}


def answer(**more: Any) -> dict[str, Any]:
    """Return the whole answer, its layers in another order than the office's."""
    layers = [
        layer("land_parcels", "储备地块", [item(1, ("储-1", "城东一号", "0601", "工业用地"), RESERVE, RESERVE_M2)], RESERVE, RESERVE_M2),
        layer("dltb", "地类图斑", [
            item(5, ("00001", "图斑00001", "0103", "旱地"), WEST, WEST_M2),
            item(6, ("00002", "图斑00002", "0301", "乔木林地"), EAST_PATCH, EAST_M2),
        ], PROJECT, PROJECT_M2),
        layer("farmland", "永久基本农田", [item(2, ("F-1", "禾丰村基本农田", "0103", "旱地"), FARMLAND, FARMLAND_M2, critical=True)],
              FARMLAND, FARMLAND_M2, notes=[REVIEW]),
        layer("ecology", "生态保护红线", [], None),
    ]  # fmt: skip
    return {
        "subject": {
            **areas(PROJECT_M2),
            "area_plane_m2": 28_000.0,
            "crs_overlay": "EPSG:4527",
            "survey_area_m2": 28_010.0,
        },
        "questions": QUESTIONS,
        "conclusion": {"code": "needs_case_review", "en": "Needs case review.", "zh": "需个案审查。"},
        "land_use": {
            "groups": [
                {"group": "agricultural", "zh": "农用地", "en": "Agricultural land", **areas(PROJECT_M2)}
            ],
            "cultivated": areas(WEST_M2),
            "forest": areas(EAST_M2),
        },
        "rules": {"adjust": None},
        "layers": layers,
        "slivers": {"count": 2, "area_m2": 0.7},
        "warnings": [],
        "data_versions": {"dltb": "2025-10-31T16:00:00+00:00", "farmland": "2025-10-01", "ecology": None},
        "computed_at": "2025-10-31T02:30:00+00:00",
        **more,
    }


def report(found: dict[str, Any] | None = None, **more: Any) -> OverlapReport:
    """Return the report of the answer; `more` are members of its head."""
    head = {
        "title": NAME, "code": CODE, "outline": PROJECT, "operator": "张三 (planner)",
        "options": OverlapOptions(), "looks": LOOKS, "synthetic": True, **more,
    }  # fmt: skip
    return make_report(found or answer(), ReportHead(**head))
