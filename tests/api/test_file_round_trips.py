"""Shapefile and GeoPackage into the database and out again: Chinese names, values and outlines stay what they were."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
import pytest
import shapely
import shapely.affinity

from tests.api.conftest import Doors
from tests.api.importing import SAMPLES, answered, imported, rows, sent

PARCELS = "/ogc/collections/land_parcels/items"
ENDINGS = {"shp": ".zip", "gpkg": ".gpkg"}
TOLD = ("parcel_no", "name", "planned_use", "land_class", "state", "supply_date", "stated_area_m2")
NAMES = {  # number → name, use, land class, state, day, stated m²
    "往返-01": ("㙍塬“一号”地块，东区", "商业服务业", "05", "stored", "2025-03-01", 27_988.57),
    "往返-02": ("=1+1 & <二号>", "工业用地", "0601", "ready", None, 10_000.0),
    "往返-03": ("长" * 80, None, None, "proposed", "1999-12-31", None),
}


def outlines() -> dict[str, Any]:
    """Return a hole, two parts and a square, east and north in zone 39."""
    hole = shapely.box(371_250, 3_671_350, 371_300, 3_671_390)
    shapes = (
        shapely.box(371_200, 3_671_300, 371_400, 3_671_450).difference(hole),
        shapely.union_all([shapely.box(371_500 + x, 3_671_300, 371_580 + x, 3_671_400) for x in (0, 100)]),
        shapely.box(371_900.123, 3_671_300.456, 372_000.789, 3_671_400.012),
    )
    moved = [shapely.affinity.translate(each, 39_000_000) for each in shapes]
    return dict(zip(NAMES, moved, strict=True))


def made(folder: Path, key: str) -> bytes:
    """Write the parcels as another program would: in the surveyed zone, Chinese field names where the format has them."""
    names = ("编号", "名称", "规划用途", "地类", "状态", "供应日期", "stated_area_m2")
    if key == "shp":  # ten bytes for a name
        names = ("DKBH", "DKMC", "GHYT", "DLBM", "ZT", "GYSJ", "MJ")
    frame = pd.DataFrame([(number, *values) for number, values in NAMES.items()], columns=list(names))
    shapes = outlines()
    wkb = [shapely.to_wkb(shapely.multipolygons(shapely.get_parts(shapes[each]))) for each in NAMES]
    folder.mkdir()
    path = folder / ("往返.shp" if key == "shp" else "往返.gpkg")
    options = {"encoding": "UTF-8"} if key == "shp" else {}
    pyogrio.raw.write(
        path, pd.Series(wkb).to_numpy(), [frame[each].to_numpy(dtype=object) for each in names], list(names),
        geometry_type="MultiPolygon", crs="EPSG:4527", driver="ESRI Shapefile" if key == "shp" else "GPKG", **options,
    )  # fmt: skip
    if key == "gpkg":
        return path.read_bytes()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, each.name)
    return target.getvalue()


def stored(doors: Doors) -> dict[str, tuple[Any, ...]]:
    """Return what the database holds of the parcels."""
    found = rows(
        doors,
        """SELECT parcel_no, name, planned_use, land_class, state, supply_date::text, stated_area_m2
        FROM land_parcel WHERE parcel_no LIKE '往返-%' ORDER BY 1""",
    )
    return {row[0]: tuple(row[1:]) for row in found}


@pytest.mark.parametrize("key", ["shp", "gpkg"])
def test_names_values_and_outlines_survive_the_way_in_and_out(
    own_doors: Doors, tmp_path: Path, key: str
) -> None:
    upload = sent(own_doors, f"往返{ENDINGS[key]}", made(tmp_path / "made", key))
    assert (upload["crs"], upload["questions"], upload["feature_count"]) == ("EPSG:4527", [], 3)
    counts = imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")
    assert (counts["added"], counts["skipped_invalid"]) == (3, 0), counts
    assert stored(own_doors) == NAMES

    path = (
        f"{PARCELS}?f={key}&crs=http://www.opengis.net/def/crs/EPSG/0/4527&filter=parcel_no LIKE '往返-%25'"
    )
    answer = own_doors.get(path, "planner")
    assert answer.status_code == 200, answer.text
    file = tmp_path / f"out{ENDINGS[key]}"
    file.write_bytes(answer.content)
    frame = pyogrio.read_dataframe(f"/vsizip/{file}" if key == "shp" else file)
    short = {name: name[:10] if key == "shp" else name for name in TOLD}
    short["stated_area_m2"] = "stated_are" if key == "shp" else "stated_area_m2"
    for _, row in frame.iterrows():
        number = row["parcel_no"]
        values = [None if pd.isna(row[short[name]]) else row[short[name]] for name in TOLD[1:]]
        values[4] = None if values[4] is None else f"{values[4]:%Y-%m-%d}"
        assert tuple(values) == NAMES[number]
        assert shapely.hausdorff_distance(row.geometry, outlines()[number]) < 0.001
        assert shapely.get_num_interior_rings(shapely.get_parts(row.geometry)).sum() == (number == "往返-01")

    again = sent(own_doors, f"导出{ENDINGS[key]}", answer.content)
    before = rows(own_doors, "SELECT id, row_version, updated_at, xmin::text FROM land_parcel ORDER BY id")
    assert imported(own_doors, tmp_path, again["upload_id"], "land_parcels")["unchanged"] == 3
    assert before == rows(
        own_doors, "SELECT id, row_version, updated_at, xmin::text FROM land_parcel ORDER BY id"
    )


def test_a_gbk_shapefile_comes_back_with_the_same_chinese(own_doors: Doors, tmp_path: Path) -> None:
    content = (SAMPLES / "parcels-gbk-without-cpg.zip").read_bytes()
    upload = sent(own_doors, "储备地块.zip", content)
    if upload["questions"]:
        answered(own_doors, upload["upload_id"], crs="EPSG:4527")
    imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")
    names = dict(rows(own_doors, "SELECT parcel_no, name FROM land_parcel WHERE source = 'import'"))
    assert names
    assert any("\u4e00" <= letter <= "\u9fff" for name in names.values() for letter in name)
    for key in ENDINGS:
        answer = own_doors.get(f"{PARCELS}?f={key}", "planner")
        file = tmp_path / f"out{ENDINGS[key]}"
        file.write_bytes(answer.content)
        frame = pyogrio.read_dataframe(f"/vsizip/{file}" if key == "shp" else file)
        found = dict(zip(frame["parcel_no"], frame["name"], strict=True))
        assert {number: found[number] for number in names} == names
