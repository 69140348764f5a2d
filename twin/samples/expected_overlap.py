"""Expected overlaps: clipped in the survey plane, measured by the survey formula; no product code."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from shapely import MultiPolygon as ShapelyMultiPolygon
from shapely import Polygon as ShapelyPolygon
from shapely import STRtree, difference, union_all
from shapely.geometry.base import BaseGeometry

from twin.samples import cast
from twin.samples.cases import planted_cases
from twin.samples.controls import sample_controls
from twin.samples.footprints import sample_footprints
from twin.samples.land import parcel_name, sample_parcels
from twin.samples.plane import MultiPolygon, ellipsoidal_area_m2, plane_area_m2
from twin.samples.projects import sample_projects

SLIVER_M2 = 1.0
KEPT_LAYERS = ("farmland", "ecology")  # a sliver there is kept and marked 临界
Thing = tuple[str, str, str, str, str, MultiPolygon]  # layer, code, name, class code, class name, outline


def _shape(polygons: MultiPolygon) -> ShapelyMultiPolygon:
    return ShapelyMultiPolygon([ShapelyPolygon(p[0], p[1:]) for p in polygons])


def _pieces(shape: BaseGeometry) -> MultiPolygon:
    parts = getattr(shape, "geoms", [shape])
    polygons = [p for p in parts if isinstance(p, ShapelyPolygon) and p.area > 1e-6]
    return [[_open(p.exterior.coords), *(_open(ring.coords) for ring in p.interiors)] for p in polygons]


def _open(coordinates: Iterable[tuple[float, ...]]) -> list[tuple[float, float]]:
    return [(c[0], c[1]) for c in coordinates][:-1]


@cache
def _things() -> tuple[tuple[Thing, ...], STRtree]:
    parcels = [("land_parcels", p.parcel_no, parcel_name(p), "", "", p.polygons) for p in sample_parcels()]
    controls = [(c.layer, c.code, c.name, c.class_code, c.class_name, c.polygons) for c in sample_controls()]
    projects = [
        ("projects", sample_projects()[n].code, sample_projects()[n].name, "", "", polygons)
        for n, polygons in sample_footprints().items()
    ]
    things = (*parcels, *controls, *projects)
    return things, STRtree([_shape(t[5]) for t in things])


def expected_overlaps() -> dict[str, Any]:
    """Return every project's overlaps by layer, and the planted cases by number."""
    projects = sample_projects()
    by_case = {str(c.number): {"title": c.title, "project": projects[cast.CASE_PROJECT[c.number]].code}
               for c in planted_cases()}  # fmt: skip
    by_case["12"]["partner"] = projects[cast.CASE_12_PARTNER].code
    return {
        "area_basis": "ellipsoidal, CGCS2000, survey trapezoid formula, edges cut to 10 m",
        "sliver_rule": {"dropped_below_m2": SLIVER_M2, "kept_in": list(KEPT_LAYERS)},
        "cases": by_case,
        "projects": {projects[n].code: _project(n) for n in sample_footprints()},
    }


def _project(index: int) -> dict[str, Any]:
    outline = sample_footprints()[index]
    whole = _shape(outline)
    area = ellipsoidal_area_m2(outline)
    hits = _hits(index, whole)
    kept = [h for h in hits if h["area_m2"] >= SLIVER_M2 or h["layer"] in KEPT_LAYERS]
    dropped = [h for h in hits if h not in kept]
    return {
        "area_m2": round(area, 2),
        "area_plane_m2": round(plane_area_m2(outline), 2),
        "parts": len(outline),
        "layers": {layer: _layer([h for h in kept if h["layer"] == layer], area) for layer in _layers(kept)},
        "slivers": {"count": len(dropped), "area_m2": round(sum(h["area_m2"] for h in dropped), 4)},
        "outside_urban_boundary_m2": round(_outside(whole), 2),
    }


def _layers(hits: list[dict[str, Any]]) -> list[str]:
    return sorted({h["layer"] for h in hits})


def _hits(index: int, whole: ShapelyMultiPolygon) -> list[dict[str, Any]]:
    things, tree = _things()
    own = sample_projects()[index].code
    found = sorted(int(k) for k in tree.query(whole, predicate="intersects"))
    rows = [_hit(things[k], whole) for k in found if (things[k][0], things[k][1]) != ("projects", own)]
    return [row for row in rows if row["area_m2"] > 0]


def _hit(thing: Thing, whole: ShapelyMultiPolygon) -> dict[str, Any]:
    layer, code, name, class_code, class_name, outline = thing
    pieces = _pieces(whole.intersection(_shape(outline)))
    return {
        "layer": layer,
        "code": code,
        "name": name,
        "class_code": class_code,
        "class_name": class_name,
        "area_m2": ellipsoidal_area_m2(pieces),
        "area_plane_m2": plane_area_m2(pieces),
        "pieces": [ellipsoidal_area_m2([p]) for p in pieces],
        "feature_m2": ellipsoidal_area_m2(outline),
    }


def _layer(hits: list[dict[str, Any]], area: float) -> dict[str, Any]:
    total = sum(h["area_m2"] for h in hits)
    pieces = [piece for h in hits for piece in h["pieces"]]
    answer = {
        "area_m2": round(total, 2),
        "area_plane_m2": round(sum(h["area_plane_m2"] for h in hits), 2),
        "area_mu": round(total * 3 / 2000, 4),
        "share_of_subject": round(100 * total / area, 4),
        "pieces": len(pieces),
        "largest_piece_m2": round(max(pieces), 2),
        "items": [_item(h, area) for h in hits],
    }
    classes = sorted({(h["class_code"], h["class_name"]) for h in hits if h["class_code"]})
    if classes:
        answer["by_class"] = [_class(code, name, hits) for code, name in classes]
    return answer


def _item(hit: dict[str, Any], area: float) -> dict[str, Any]:
    return {
        "code": hit["code"],
        "name": hit["name"],
        "area_m2": round(hit["area_m2"], 2),
        "share_of_subject": round(100 * hit["area_m2"] / area, 4),
        "share_of_feature": round(100 * hit["area_m2"] / hit["feature_m2"], 4),
        "critical": hit["area_m2"] < SLIVER_M2,
    }


def _class(code: str, name: str, hits: list[dict[str, Any]]) -> dict[str, Any]:
    mine = [h for h in hits if h["class_code"] == code]
    return {
        "class_code": code,
        "class_name": name,
        "count": len(mine),
        "area_m2": round(sum(h["area_m2"] for h in mine), 2),
    }


@cache
def _urban() -> BaseGeometry:
    return union_all([_shape(c.polygons) for c in sample_controls() if c.layer == "urban_boundary"])


def _outside(whole: ShapelyMultiPolygon) -> float:
    return ellipsoidal_area_m2(_pieces(difference(whole, _urban())))
