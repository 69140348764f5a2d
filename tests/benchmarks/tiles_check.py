"""Sample tiles of a large data set and count what is wrong in them: it should be nothing.

Run: ``python -m tests.benchmarks.tiles_check URL [--tiles 1000] [--seed 1]`` on a database that
`tests.benchmarks.data` filled. Per layer it prints tiles, features, polygons that are invalid, polygons wound the wrong
way, features missing that meet the tile (by the stored geometry, in SQL), and features whose box is nowhere near.
Of far tiles that are drawn from counts, the sum of the counts is held against the rows.
"""

import argparse
import asyncio
import random
from collections import Counter
from itertools import pairwise
from typing import Any

import mapbox_vector_tile
import psycopg
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from gis.layer import Layer, Selection
from gis.statement import EVERYTHING, Connection
from gis.tiles import TileAddress, fetch_tile
from tests.benchmarks.serving import column_row
from twin.db import for_psycopg
from twin.layers import LAYERS

SHARES = {"land_parcels": 45, "bim_elements": 25, "projects": 15, "bim_models": 8, "project_points": 7}
FAR = 0.1  # share of tiles above zoom 10, whose many features take long to decode
NUDGE = 0.01  # degrees around a feature, so that tiles without it are sampled too

MEETING = """
SELECT f.id FROM {relation}(NULL) AS f, ST_Expand(ST_TileEnvelope(%(z)s, %(x)s, %(y)s), %(margin)s) AS b
WHERE f.geom && ST_Transform(ST_Segmentize(b, 100000), 4490) AND {meets}"""
TRULY = "ST_Intersects(ST_MakeValid(ST_Transform(f.geom, 3857)), b)"
COUNTED = """
SELECT count(*) FROM {relation}(NULL) AS f
WHERE count_column(f.geom) >> %(shift)s = %(x)s AND count_row(f.geom) >> %(shift)s = %(y)s"""


def is_wound(geometry: BaseGeometry) -> bool:
    """Say whether outer rings have a positive area in the y-down grid, and holes a negative one."""
    parts = geometry.geoms if isinstance(geometry, MultiPolygon) else [geometry]
    return all(
        isinstance(part, Polygon)
        and _signed(part.exterior.coords) > 0
        and all(_signed(ring.coords) < 0 for ring in part.interiors)
        for part in parts
    )


def _signed(ring: Any) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


async def sample(connection: Connection, dice: random.Random, layer: Layer) -> TileAddress:
    row = await (
        await connection.execute(
            f"SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Centroid(geom) AS p FROM band_source_{layer.id}"  # type: ignore[arg-type]
            " OFFSET floor(random() * 2000) LIMIT 1) q"
        )
    ).fetchone()
    lon, lat = row if row else (115.8, 32.9)
    low, high = (layer.min_zoom, 10) if layer.min_zoom < 10 and dice.random() < FAR else (11, layer.max_zoom)
    z = dice.randint(max(low, layer.min_zoom), high)
    return TileAddress(
        z, *column_row(lon + dice.uniform(-NUDGE, NUDGE), lat + dice.uniform(-NUDGE, NUDGE), z)
    )


async def check(connection: Connection, layer: Layer, tile: TileAddress) -> Counter[str]:
    body = await fetch_tile(connection, Selection(layer, EVERYTHING), tile)
    decoded = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True}) if body else {}
    features = decoded.get(layer.id, {"features": []})["features"]
    found: Counter[str] = Counter(tiles=1, features=len(features))
    for feature in features:
        geometry = shape(feature["geometry"])
        if geometry.geom_type.endswith("Polygon"):
            found["polygons"] += 1
            found["invalid"] += not geometry.is_valid
            found["wrongly wound"] += not is_wound(geometry)
    if features and "aggregated" in features[0]["properties"]:
        found["missing"] += await uncounted(connection, layer, tile, features)
        return found
    ids = {feature["id"] for feature in features}
    found["missing"] += len(await meeting(connection, layer, tile, 62, TRULY) - ids)
    found["invented"] += len(ids - await meeting(connection, layer, tile, 140, "TRUE"))
    return found


async def meeting(
    connection: Connection, layer: Layer, tile: TileAddress, units: float, meets: str
) -> set[int]:
    given = {"z": tile.z, "x": tile.x, "y": tile.y, "margin": units * tile.unit_m()}
    statement = MEETING.format(relation=layer.relation, meets=meets)
    return {row[0] for row in await (await connection.execute(statement, given)).fetchall()}  # type: ignore[arg-type]


async def uncounted(
    connection: Connection, layer: Layer, tile: TileAddress, features: list[dict[str, Any]]
) -> int:
    given = {"shift": 14 - tile.z, "x": tile.x, "y": tile.y}
    row = await (
        await connection.execute(COUNTED.format(relation=layer.relation), given)  # type: ignore[arg-type]
    ).fetchone()
    return abs((row[0] if row else 0) - sum(feature["properties"]["n"] for feature in features))


async def run(url: str, tiles: int, seed: int) -> dict[str, Counter[str]]:
    dice = random.Random(seed)
    totals = {layer_id: Counter[str]() for layer_id in SHARES}
    async with await psycopg.AsyncConnection.connect(for_psycopg(url), autocommit=True) as connection:
        await connection.execute("SELECT setseed(%s)", (seed % 1000 / 1000,))
        for _ in range(tiles):
            layer = LAYERS[dice.choices(list(SHARES), list(SHARES.values()))[0]]
            totals[layer.id] += await check(connection, layer, await sample(connection, dice, layer))
    return totals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--tiles", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    columns = ("tiles", "features", "polygons", "invalid", "wrongly wound", "missing", "invented")
    print("| layer | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    totals = asyncio.run(run(asked.url, asked.tiles, asked.seed))
    for name, found in [*totals.items(), ("all", sum(totals.values(), Counter()))]:
        print(f"| {name} | " + " | ".join(f"{found[column]:,}" for column in columns) + " |")


if __name__ == "__main__":
    main()
