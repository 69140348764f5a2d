"""Every CRS on offer, out and in: coordinates as pyproj gives them, in the axis order of the authority."""

import asyncio
from collections.abc import Iterator

import orjson
import psycopg
import pytest
from pyproj import Transformer

from gis.cql2 import compile_filter, parse_filter
from gis.crs import (
    CRS84,
    WEB_MERCATOR_SRID,
    ZONES,
    Crs,
    central_meridian,
    parse_crs,
    served_crs_uris,
    zone_of_srid,
)
from gis.features import fetch_items
from gis.filters import bbox_condition, parse_bbox
from gis.layer import Layer, Selection
from gis.paging import Page
from gis.statement import EVERYTHING, Condition

SITES = Layer("sites", "测点", "Sites", "", "served_site", "line", ())
LATITUDE = 33.15
DEGREE_TOLERANCE = 1e-8  # a millimetre on the ground


@pytest.fixture(scope="module")
def sites(postgis_url: str) -> Iterator[str]:
    """One line in every 3-degree zone, beside its meridian and near its edge."""
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE served_site (id bigint PRIMARY KEY, geom geometry(LineString, 4490))"
        )
        for zone in ZONES:
            connection.execute(
                "INSERT INTO served_site VALUES (%s, ST_SetSRID(ST_MakeLine(ST_MakePoint(%s, %s), ST_MakePoint(%s, %s)), 4490))",
                (
                    zone,
                    central_meridian(zone) + 0.01,
                    LATITUDE,
                    central_meridian(zone) + 1.43,
                    LATITUDE + 7.5,
                ),
            )
    yield postgis_url
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        connection.execute("DROP TABLE served_site")


def lines(url: str, where: Condition = EVERYTHING, crs: Crs = CRS84) -> dict[int, list[list[float]]]:
    async def run() -> bytes:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            return (await fetch_items(connection, Selection(SITES, EVERYTHING, where), Page(), crs)).body

    features = orjson.loads(b"[" + asyncio.run(run()) + b"]")
    return {feature["id"]: feature["geometry"]["coordinates"] for feature in features}


def test_forty_six_systems_are_served() -> None:
    """CRS84, 4326, 4490, 3857 and 21 zones in both numberings."""
    assert len(served_crs_uris()) == len(set(served_crs_uris())) == 4 + 2 * 21


@pytest.mark.parametrize("uri", served_crs_uris())
def test_coordinates_are_those_of_pyproj_within_a_millimetre_in_the_order_of_the_authority(
    sites: str, uri: str
) -> None:
    crs = parse_crs(uri)
    zone = zone_of_srid(crs.srid)
    stored = lines(sites)
    # pyproj gives the axes in the authority's order unless told otherwise; WGS 84 and CGCS2000 count as one.
    source = "OGC:CRS84" if zone is None else "EPSG:4490"
    target = uri if crs.srid != 4490 else "EPSG:4326"
    transformer = Transformer.from_crs(source, target)
    for number in [zone] if zone else ZONES:
        for (lon, lat), answered in zip(stored[number], lines(sites, crs=crs)[number], strict=True):
            expected = transformer.transform(*((lon, lat) if zone is None else (lat, lon)))
            tolerance = DEGREE_TOLERANCE if crs.degrees else 0.001
            assert answered == pytest.approx(expected, abs=tolerance), (uri, number)


@pytest.mark.parametrize("uri", served_crs_uris())
def test_boxes_and_filters_are_read_in_the_crs_and_order_that_answers_are_written_in(
    sites: str, uri: str
) -> None:
    crs = parse_crs(uri)
    zone = zone_of_srid(crs.srid) or 39
    x, y = lines(sites, crs=crs)[zone][0]
    around = 1e-6 if crs.degrees else 0.5
    box = (x - around, y - around, x + around, y + around)
    by_box = bbox_condition(SITES, parse_bbox(",".join(map(repr, box)), crs))
    assert list(lines(sites, by_box)) == [zone]
    numbers = ",".join(map(repr, box))
    ring = ",".join(f"{box[a]!r} {box[b]!r}" for a, b in ((0, 1), (2, 1), (2, 3), (0, 3), (0, 1)))
    for text in (f"S_INTERSECTS(geom,BBOX({numbers}))", f"S_INTERSECTS(geom,POLYGON(({ring})))"):
        assert list(lines(sites, compile_filter(SITES, parse_filter(text), crs))) == [zone], text


def test_web_mercator_keeps_east_before_north_as_its_authority_says() -> None:
    assert not parse_crs(f"http://www.opengis.net/def/crs/EPSG/0/{WEB_MERCATOR_SRID}").swapped
