import math
from typing import Any

import psycopg
import pytest

from gis.crs import (
    CRS84,
    ZONES,
    central_meridian,
    meridian_zone_srid,
    native_zone_srid,
    numbered_zone_srid,
    parse_crs,
    served_srids,
    transformer,
    zone_easting_range,
    zone_for_longitude,
    zone_of_srid,
)
from gis.errors import CrsRefusedError, InvalidGeometryError, UnknownCrsError

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def test_the_known_zones_have_their_codes() -> None:
    assert [numbered_zone_srid(zone) for zone in (38, 39, 40)] == [4526, 4527, 4528]
    assert [meridian_zone_srid(zone) for zone in (38, 39, 40)] == [4547, 4548, 4549]
    assert [central_meridian(zone) for zone in (38, 39, 40)] == [114, 117, 120]
    assert (numbered_zone_srid(25), numbered_zone_srid(45)) == (4513, 4533)
    assert (meridian_zone_srid(25), meridian_zone_srid(45)) == (4534, 4554)


def test_every_zone_code_is_the_one_the_epsg_registry_names(
    postgis: psycopg.Connection[tuple[Any, ...]],
) -> None:
    for zone in ZONES:
        for srid, words in (
            (numbered_zone_srid(zone), f"3-degree Gauss-Kruger zone {zone}"),
            (meridian_zone_srid(zone), f"3-degree Gauss-Kruger CM {central_meridian(zone)}E"),
        ):
            row = postgis.execute("SELECT srtext FROM spatial_ref_sys WHERE srid = %s", (srid,)).fetchone()
            assert row is not None
            assert f'"CGCS2000 / {words}"' in row[0]


def test_zones_meet_half_way_between_their_meridians() -> None:
    assert native_zone_srid(115.499999) == 4526
    assert native_zone_srid(115.5) == 4527
    assert native_zone_srid(118.499999) == 4527


@pytest.mark.parametrize("longitude", [33.0, 73.4999, 136.5, -115.8, 180.0])
def test_a_longitude_without_a_zone_is_refused(longitude: float) -> None:
    with pytest.raises(InvalidGeometryError, match="swapped"):
        zone_for_longitude(longitude)


@pytest.mark.parametrize(
    ("name", "srid", "swapped"),
    [
        ("CRS84", 4326, False),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326, False),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326, False),
        ("EPSG:4490", 4490, False),
        ("epsg:4527", 4527, False),
        (f"{EPSG}4326", 4326, True),
        (f"{EPSG}4490", 4490, True),
        (f"<{EPSG}4490>", 4490, True),
        ("urn:ogc:def:crs:EPSG::4490", 4490, True),
        ("urn:ogc:def:crs:EPSG:9.8:4527", 4527, True),
        (f"{EPSG}4548", 4548, True),
        (f"{EPSG}3857", 3857, False),
    ],
)
def test_every_spelling_of_a_crs_is_read_with_its_axis_order(name: str, srid: int, swapped: bool) -> None:
    crs = parse_crs(name)

    assert (crs.srid, crs.swapped) == (srid, swapped)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "4490",
        "EPSG:",
        "EPSG:2154",
        "EPSG:4490;",
        "urn:ogc:def:crs:EPSG::",
        f"{EPSG}99999999",
        "中国",
        "EPSG:4490\0",
    ],
)
def test_what_is_not_served_is_unknown(name: str) -> None:
    with pytest.raises(UnknownCrsError):
        parse_crs(name)


@pytest.mark.parametrize("srid", [4214, 4610, 2334, 2363, 2384, 2401, 2431, 21420, 4555, 4574, 4784])
def test_old_datums_are_refused_with_the_reason(srid: int) -> None:
    with pytest.raises(CrsRefusedError, match="not public"):
        parse_crs(f"EPSG:{srid}")
    with pytest.raises(CrsRefusedError):
        transformer(srid, 4490)
    with pytest.raises(CrsRefusedError):
        transformer(4490, srid)


def test_a_shift_that_proj_could_only_guess_is_refused() -> None:
    with pytest.raises(CrsRefusedError, match="exact"):
        transformer(4267, 4490)  # NAD27


def test_wgs84_counts_as_cgcs2000() -> None:
    assert transformer(4326, 4490).transform(115.8, 33.0) == (115.8, 33.0)
    assert transformer(4326, 4527).transform(115.8, 33.0) == transformer(4490, 4527).transform(115.8, 33.0)


def test_postgis_and_pyproj_transform_alike_to_a_tenth_of_a_millimetre(
    postgis: psycopg.Connection[tuple[Any, ...]],
) -> None:
    for srid in served_srids():
        zone = zone_of_srid(srid)
        longitude = central_meridian(zone) + 0.7 if zone else 115.8
        row = postgis.execute(
            "SELECT ST_X(g), ST_Y(g) FROM ST_Transform(ST_SetSRID(ST_Point(%s, 33.1), 4490), %s::int) g",
            (longitude, srid),
        ).fetchone()
        x, y = transformer(4490, srid).transform(longitude, 33.1)
        tolerance = 1e-9 if srid in (4326, 4490) else 1e-4
        assert row == pytest.approx((x, y), abs=tolerance)


def test_there_and_back_is_the_same_place() -> None:
    for srid in (4527, 4526, 4548, 3857):
        x, y = transformer(4490, srid).transform(115.8, 33.0)
        assert transformer(srid, 4490).transform(x, y) == pytest.approx((115.8, 33.0), abs=1e-11)
    x, y = transformer(3857, 4527).transform(*transformer(4490, 3857).transform(115.8, 33.0))
    assert (x, y) == pytest.approx(transformer(4490, 4527).transform(115.8, 33.0), abs=1e-6)


def test_eastings_belong_to_a_numbered_zone() -> None:
    # Half a zone is 1.5° of longitude: 167 km at the equator, 140 km at 33°N.
    low, high = zone_easting_range(4527) or (math.nan, math.nan)

    assert low < 39_500_000 - 167_000 < 39_500_000 + 167_000 < high
    assert zone_easting_range(4548) == (low - 39_000_000, high - 39_000_000)
    assert zone_easting_range(4490) is None


def test_decimals_are_those_of_survey_exchange() -> None:
    assert (CRS84.decimals, parse_crs("EPSG:4527").decimals) == (9, 3)
