"""Expected answers on the reserve pool and the control layers."""

from typing import Any

from twin.samples.controls import sample_controls
from twin.samples.land import idle_case_of, sample_parcels
from twin.samples.plane import ellipsoidal_area_m2


def expected_land() -> dict[str, Any]:
    """Return the pool's totals and what the idle rule says of its edge cases."""
    parcels = sample_parcels()
    released = [p for p in parcels if p.part == "released"]
    area = sum(ellipsoidal_area_m2(p.polygons) for p in released)
    return {
        "parcels": len(parcels),
        "released": {
            "n": len(released),
            "area_m2": round(area, 2),
            "area_mu": round(area * 3 / 2000, 2),
            "parcel_nos": [p.parcel_no for p in released],
        },
        "idle": [
            {"parcel_no": p.parcel_no, "case": case.title, "idle": case.idle, "consequence": case.consequence}
            for p in parcels
            if (case := idle_case_of(p))
        ],
    }


def expected_controls() -> dict[str, Any]:
    """Return counts and summed registered areas by layer and class."""
    answer: dict[str, Any] = {}
    for c in sample_controls():
        layer = answer.setdefault(c.layer, {"count": 0, "area_m2": 0.0, "by_class": {}})
        layer["count"] += 1
        layer["area_m2"] = round(layer["area_m2"] + round(ellipsoidal_area_m2(c.polygons), 2), 2)
        layer["by_class"][c.class_code] = layer["by_class"].get(c.class_code, 0) + 1
    return answer
