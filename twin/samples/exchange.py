"""Files for import tests, and what an importer must say of each."""

from typing import Any

from twin.samples.boundary_text import boundary_files, second_parcel, vector_parcel, western_parcel
from twin.samples.field_logs import (
    BROKEN,
    EMPTY_TAIL,
    GOOD_FRAMES,
    UNKNOWN,
    WRONG_UNIT_FRAMES,
    code_file,
    dxf_file,
    dxf_rings,
    hj212_log,
)
from twin.samples.land import Parcel, sample_parcels
from twin.samples.ledgers import FAULTS, ledger_files, ledger_projects
from twin.samples.plane import ellipsoidal_area_m2
from twin.samples.schedule_files import plan, schedule_files
from twin.samples.shapefile import Field, shapefile_zip

FIELDS: tuple[Field, ...] = (
    ("DKBH", "C", 20, 0),
    ("DKMC", "C", 40, 0),
    ("YTMC", "C", 20, 0),
    ("MJ", "N", 15, 2),
    ("BZ", "C", 60, 0),
)


def exchange_files() -> dict[str, bytes]:
    """Return every import file by path."""
    return {
        **boundary_files(),
        **schedule_files(),
        **ledger_files(),
        "exchange/parcels-gbk-without-cpg.zip": _shapefile("gbk", with_cpg=False),
        "exchange/parcels-utf8.zip": _shapefile("utf-8", with_cpg=True),
        "exchange/site.dxf": dxf_file(),
        "exchange/gateway.hj212": hj212_log(),
        "exchange/codes.csv": code_file(),
    }


def _shape_parcels() -> tuple[Parcel, ...]:
    return sample_parcels()[20:24]


def _rows() -> list[dict[str, str | float]]:
    return [
        {
            "DKBH": p.parcel_no,
            "DKMC": f"储备地块{p.number:03d}号",
            "YTMC": "工业用地",
            "MJ": round(ellipsoidal_area_m2(p.polygons), 2),
            "BZ": "synthetic: true 虚构样例",
        }
        for p in _shape_parcels()
    ]


def _shapefile(encoding: str, *, with_cpg: bool) -> bytes:
    outlines = [p.polygons[0] for p in _shape_parcels()]
    return shapefile_zip("parcels", outlines, FIELDS, _rows(), encoding=encoding, with_cpg=with_cpg)


def expected_exchange() -> dict[str, Any]:
    """Return what each import must find."""
    return {
        "boundary": _expected_boundary(),
        "shapefiles": {
            "parcels-gbk-without-cpg.zip": {"encoding": "GB18030", "rows": _rows()},
            "parcels-utf8.zip": {"encoding": "UTF-8", "rows": _rows()},
        },
        "schedules": {
            "names": [m.name for m, _ in plan()],
            "codes": [m.code for m, _ in plan()],
            "percents": {m.code: tenths / 10 for m, tenths in plan()},
            "percent_kinds": {"CP_Phys": len(plan()) - 1, "CP_Drtn": 1},
        },
        "ledger.xlsx": {
            "rows": [{"name": p.name, "nat_code": p.nat_code, "investment_total_yuan": p.investment_total_yuan}
                     for p in ledger_projects()],
            "skipped": ["小计", "合计"],
        },
        "ledger-faulty.xlsx": {"cells": FAULTS},
        "site.dxf": {"closed_polylines": {layer: len(rings) for layer, rings in dxf_rings().items()}, "crs": "EPSG:4527"},
        "gateway.hj212": {
            "frames": GOOD_FRAMES + BROKEN + UNKNOWN + EMPTY_TAIL + WRONG_UNIT_FRAMES,
            "bad_crc": BROKEN,
            "with_unknown_factor": UNKNOWN,
            "with_empty_tail": EMPTY_TAIL,
            "in_mg_per_m3": WRONG_UNIT_FRAMES,
        },
    }  # fmt: skip


def _expected_boundary() -> dict[str, Any]:
    one, other, west = vector_parcel(), second_parcel(), western_parcel()
    first = {"number": one.number, "name": one.name, "rings": one.rings, "area_m2": 27988.57}
    plain = {"crs": "EPSG:4527", "encoding": "GB18030", "parcels": [first]}
    area = round(ellipsoidal_area_m2([list(other.rings)]), 2)
    second = {"number": other.number, "name": other.name, "rings": other.rings, "area_m2": area}
    west_area = round(ellipsoidal_area_m2([list(west.rings)]), 2)
    third = {"number": west.number, "name": west.name, "rings": west.rings, "area_m2": west_area}
    return {
        "boundary-gbk.txt": plain,
        "boundary-utf8-bom.txt": {**plain, "encoding": "UTF-8"},
        "boundary-swapped.txt": {**plain, "axis_order_corrected": True},
        "boundary-hole-restart.txt": plain,
        "boundary-two-parcels.txt": {**plain, "parcels": [first, second]},
        "boundary-zone38.txt": {**plain, "crs": "EPSG:4526", "parcels": [third]},
        "boundary-mixed-zones.txt": {
            "verdict": "refused or split: zones 38 and 39",
            "parcels": [first, third],
        },
    }
