"""Expected answers on the models: counts from the file's text, wall ends by the formula of `bim.md` §7.4."""

import re
from typing import Any

from bim.authoring.design import WallBody
from bim.authoring.writer import global_id
from twin.samples.models import SampleModel, building_place, gallery_origin, sample_models
from twin.samples.plane import Point, rounded_degrees
from twin.samples.projects import sample_projects

SPATIAL = ("IfcSite", "IfcBuilding", "IfcBuildingStorey", "IfcOpeningElement")
WALLS = 14


def expected_models(files: dict[str, bytes]) -> dict[str, Any]:
    """Return what a reader of each IFC file must find."""
    return {m.design.key: _model(m, files[f"models/{m.file_name}"]) for m in sample_models()}


def _model(model: SampleModel, content: bytes) -> dict[str, Any]:
    classes = sorted({p.ifc_class for p in model.design.every_part()})
    parts = model.design.every_part()
    return {
        "file": f"models/{model.file_name}",
        "project": sample_projects()[model.project].code,
        "length_unit": "millimetre" if model.design.millimetres else "metre",
        "products_by_class": {c: _count(content, c) for c in (*classes, *SPATIAL) if _count(content, c)},
        "elements": sum(_count(content, c) for c in classes),
        "storeys": [s.name for s in model.design.storeys],
        "planning_status": {s: sum(p.status == s for p in parts) for s in sorted({p.status for p in parts})},
        "tasks": [t.code for t in model.design.tasks],
        "georeference": _GEOREFERENCE[model.georeference](),
        "walls": _walls(model) if model.georeference == "map_conversion" else [],
    }


def _count(content: bytes, ifc_class: str) -> int:
    return len(re.findall(rb"^#\d+=" + ifc_class.upper().encode() + rb"\(", content, re.MULTILINE))


def _converted() -> dict[str, Any]:
    place = building_place()
    return {
        "level": 50,
        "crs": place.crs,
        "origin": [place.eastings, place.northings, place.height],
        "origin_lonlat": rounded_degrees((place.eastings, place.northings)),
        "abscissa": place.abscissa,
        "ordinate": place.ordinate,
        "rotation_deg": 16.260205,  # atan(7/24)
        "scale": 0.001,
    }


def _nothing() -> dict[str, Any]:
    return {"level": 0, "crs": None}


def _swapped() -> dict[str, Any]:
    east, north = gallery_origin()
    return {
        "level": 50,
        "stated": {"eastings": north, "northings": east},
        "crs": "EPSG:4527",
        "origin": [east, north, 32.5],
        "origin_lonlat": rounded_degrees((east, north)),
        "rotation_deg": 0.0,
        "warning": "swapped axes",
    }


_GEOREFERENCE = {"map_conversion": _converted, "none": _nothing, "swapped_axes": _swapped}


def _walls(model: SampleModel) -> list[dict[str, Any]]:
    walls = [(p, p.body) for p in model.design.parts if isinstance(p.body, WallBody) and p.status == "NEW"]
    step = len(walls) // WALLS
    return [
        {
            "global_id": global_id(model.design.key, part.key),
            "name": part.name,
            "start": _end(body.start),
            "end": _end(body.end),
            "thickness_m": body.thickness,
            "z_min_m": round(building_place().height + body.base, 3),
            "z_max_m": round(building_place().height + body.base + body.height, 3),
        }
        for part, body in walls[::step][:WALLS]
    ]


def _end(local: Point) -> dict[str, Any]:
    """Apply E = Eastings + k·u·(cos θ·x − sin θ·y), N alike; k·u is 0.001 on millimetres, 1 on metres."""
    place = building_place()
    east = place.eastings + place.abscissa * local[0] - place.ordinate * local[1]
    north = place.northings + place.ordinate * local[0] + place.abscissa * local[1]
    return {
        "local_mm": [round(local[0] * 1000, 3), round(local[1] * 1000, 3)],
        "east": round(east, 4),
        "north": round(north, 4),
        "lonlat": rounded_degrees((east, north)),
    }
