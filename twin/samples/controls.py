"""Control areas: land-use patches, farmland, ecology, urban boundary, heritage, river."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from twin.samples.cases import URBAN_HALF_WIDTH_M, planted_cases, shape, urban_centre
from twin.samples.district import DISTRICT, PLAN_YEAR, REGION
from twin.samples.draw import between, stream
from twin.samples.footprints import cells_used
from twin.samples.land import PARCELS, PER_CELL, QUARTERS
from twin.samples.layout import (
    CANAL_ROW,
    ECOLOGY_CELLS,
    HERITAGE_CELL,
    RIVER_COLUMN,
    URBAN_CELLS,
    centre,
    free_cells,
)
from twin.samples.patchwork import PATCH_CLASSES, patch_owner, sample_patches
from twin.samples.plane import MultiPolygon, Point, ellipsoidal_area_m2, plane_area_m2
from twin.samples.shapes import box, corridor, settled, turned
from twin.samples.write import polygon_feature

FARMLAND = 40


@dataclass(frozen=True)
class Control:
    """One control area: its outline in EPSG:4527, what it is, and the names under which surveyors know it."""

    layer: str
    code: str
    name: str
    class_code: str
    class_name: str
    polygons: MultiPolygon
    planted_case: int | None = None


@cache
def sample_controls() -> tuple[Control, ...]:
    """Return every control area, layer by layer."""
    return (*_patches(), *_farmland(), *_ecology(), *_urban(), *_heritage(), *_rivers())


def _patches() -> list[Control]:
    return [
        Control(
            "dltb",
            f"{p.number:05d}",
            f"图斑{p.number:05d}",
            p.class_code,
            PATCH_CLASSES[p.class_code],
            p.polygons,
        )
        for p in sample_patches()
    ]


def _planted(layer: str) -> list[tuple[int, MultiPolygon]]:
    return [(case.number, s) for case in planted_cases() for s in case.controls.get(layer, ())]


def _farmland() -> list[Control]:
    planted = _planted("farmland")
    start = cells_used() + PARCELS // PER_CELL
    cells = free_cells()[start : start + FARMLAND // 4]
    places = [(x + dx, y + dy) for x, y in (centre(c) for c in cells) for dx, dy in QUARTERS]
    shapes: list[tuple[int | None, MultiPolygon]] = [*planted]
    shapes += [(None, _field(n, place)) for n, place in enumerate(places[: FARMLAND - len(planted)])]
    return [
        Control("farmland", f"JBNT{n:04d}", f"永久基本农田图斑{n:04d}", "0103", "旱地", s, case)
        for n, (case, s) in enumerate(shapes, start=1)
    ]


def _field(n: int, place: Point) -> MultiPolygon:
    rng = stream(f"farmland:{n}")
    width, height = round(between(rng, 180, 460)), round(between(rng, 200, 460))
    ring = box(place[0] - width / 2, place[1] - height / 2, width, height)
    return [settled([turned(ring, place, between(rng, -0.08, 0.08))])]


def _ecology() -> list[Control]:
    found = []
    for n, cell in enumerate(ECOLOGY_CELLS, start=1):
        rng = stream(f"ecology:{n}")
        x, y = centre(cell)
        west, east = between(rng, 400, 700), between(rng, 400, 700)
        ring = [
            (x - west, y - 500),
            (x + east, y - 420),
            (x + east - 150, y + 300),
            (x, y + 620),
            (x - west, y + 350),
        ]
        found.append(
            Control(
                "ecology", f"STHX{n:03d}", f"生态保护红线{n}号区", "STHX", "生态保护红线", [settled([ring])]
            )
        )
    return found


def _urban() -> list[Control]:
    names = ("中心城区", "西南组团", "东北组团")
    found = []
    for n, (cell, name) in enumerate(zip(URBAN_CELLS, names, strict=True), start=1):
        x, y = urban_centre(cell)
        h = URBAN_HALF_WIDTH_M
        # The eastern side stays straight: planted case 8 measures its gap from there.
        ring = [
            (x - h, y - h + 180),
            (x - h + 200, y - h),
            (x + h, y - h),
            (x + h, y + h),
            (x - h, y + h - 120),
        ]
        found.append(
            Control(
                "urban_boundary",
                f"CZKF{n:03d}",
                f"{name}城镇开发边界",
                f"{n:03d}",
                "集中建设区",
                [settled([ring])],
            )
        )
    return found


def _heritage() -> list[Control]:
    ((case, planted),) = _planted("heritage")
    x, y = centre(HERITAGE_CELL)
    other = shape(box(x - 160, y - 120, 320, 240))
    return [
        Control("heritage", "WB001", "听松老街历史文化街区保护范围", "BH", "保护范围", planted, case),
        Control("heritage", "WB002", "采薇古窑址建设控制地带", "JK", "建设控制地带", other),
    ]


def river_lines() -> list[list[Point]]:
    """Return the middle lines of the river and of the canal."""
    river = [_bend(centre((RIVER_COLUMN, row)), row, east=True) for row in range(25)]
    river = [point for a, b in pairwise(river) for point in _parts(a, b)] + [river[-1]]
    canal = [_bend(centre((column, CANAL_ROW)), column, east=False) for column in range(12)]
    canal = [point for a, b in pairwise(canal) for point in _parts(a, b)] + [canal[-1]]
    return [river, canal]


def _bend(point: Point, n: int, *, east: bool) -> Point:
    shift = (-160.0, 60.0, 200.0, 40.0)[n % 4]
    return (point[0] + shift, point[1]) if east else (point[0], point[1] + shift)


def _parts(a: Point, b: Point) -> list[Point]:
    return [(a[0] + (b[0] - a[0]) * k / 6, a[1] + (b[1] - a[1]) * k / 6) for k in range(6)]


def _rivers() -> list[Control]:
    names = (("R001", "澜河（虚构）", 55.0), ("R002", "禾渠（虚构）", 14.0))
    return [
        Control("river", code, name, "1101" if half > 20 else "1107", "河流水面" if half > 20 else "沟渠",
                [settled([corridor(line, half)])])
        for (code, name, half), line in zip(names, river_lines(), strict=True)
    ]  # fmt: skip


PUBLIC_LAYERS = ("urban_boundary", "heritage", "river")


def control_features() -> list[dict[str, Any]]:
    """Return the features of `control_areas.geojson`."""
    return [polygon_feature(f"{c.layer}/{c.code}", c.polygons, _properties(c)) for c in sample_controls()]


def _properties(c: Control) -> dict[str, Any]:
    area = round(ellipsoidal_area_m2(c.polygons), 2)
    public = c.layer in PUBLIC_LAYERS
    return {
        "layer": c.layer,
        "code": c.code,
        "name": c.name,
        "class_code": c.class_code,
        "class_name": c.class_name,
        "registered_area_m2": area,
        "stated_area_m2": area,
        "stated_plane_area_m2": round(plane_area_m2(c.polygons), 2),
        "sensitivity": "public" if public else "internal",
        "public_visible": public,
        "valid_from": f"{PLAN_YEAR}-01-01",
        "valid_to": None,
        "attributes": _ATTRIBUTES[c.layer](c, area) if c.layer in _ATTRIBUTES else {},
    }


def _patch_record(c: Control, area: float) -> dict[str, Any]:
    village, name = patch_owner(int(c.code))
    return {
        "BSM": f"{int(c.code):018d}",
        "YSDM": "2001010100",
        "XZQDM": REGION,
        "XZQMC": DISTRICT,
        "TBBH": c.code,
        "DLBM": c.class_code,
        "DLMC": c.class_name,
        "QSXZ": "30",
        "QSDWDM": village,
        "QSDWMC": name,
        "ZLDWDM": village,
        "ZLDWMC": name,
        "TBMJ": area,
        "KCDLBM": None,
        "KCXS": 0.0,
        "KCMJ": 0.0,
    }


def _farmland_record(c: Control, area: float) -> dict[str, Any]:
    village, name = patch_owner(int(c.code[4:]))
    return {
        "BSM": f"{int(c.code[4:]):018d}",
        "YSDM": "2005010300",
        "YJJBNTTBBH": c.code,
        "DLBM": c.class_code,
        "DLMC": c.class_name,
        "ZLDWDM": village,
        "ZLDWMC": name,
        "YJJBNTTBMJ": area,
        "YJJBNTMJ": area,
    }


def _urban_record(c: Control, area: float) -> dict[str, Any]:
    return {"GHFQDM": c.class_code, "GHFQMC": c.class_name, "MJ": area, "CZMC": c.name}


_ATTRIBUTES = {"dltb": _patch_record, "farmland": _farmland_record, "urban_boundary": _urban_record}
