"""A large synthetic data set, made inside the database: parcels of about 41 vertices and BIM boxes.

Deterministic: `setseed` before every statement. The numbers are arguments, so that the same generator serves a
quick look and a long run.
"""

import psycopg

WEST, SOUTH, WIDTH, HEIGHT = 115.4, 32.6, 0.8, 0.6

PARCELS = """
INSERT INTO land_parcel (parcel_no, name, kind, planned_use, state, public_visible, source_crs, stated_area_m2,
  geom, geom_survey)
SELECT 'BENCH-' || n, '基准地块' || n, 'reserve', '工业用地', (ARRAY['stored','ready','supplied'])[1 + n %% 3], true,
  'EPSG:4490', NULL, ST_Multi(g), ST_Multi(g)
FROM (
  SELECT n, ST_MakePolygon(ST_MakeLine(ARRAY(
    SELECT ST_SetSRID(ST_MakePoint(
      x + r * (0.8 + 0.2 * sin(7 * (a %% 40) + n)) * cos(2 * pi() * (a %% 40) / 40.0),
      y + r * (0.8 + 0.2 * sin(7 * (a %% 40) + n)) * sin(2 * pi() * (a %% 40) / 40.0)), 4490)
    FROM generate_series(0, 40) a))) AS g
  FROM (SELECT n, %(west)s + %(width)s * random() AS x, %(south)s + %(height)s * random() AS y,
          0.0004 + 0.0008 * random() AS r
        FROM generate_series(1, %(count)s) n OFFSET 0) q) polygons
WHERE ST_IsValid(g)"""


def add_parcels(connection: psycopg.Connection, count: int) -> int:
    """Add parcels of 41 vertices over 0.8° × 0.6°; return how many."""
    connection.execute("SELECT setseed(0.2026)")
    place = {"west": WEST, "south": SOUTH, "width": WIDTH, "height": HEIGHT, "count": count}
    added = connection.execute(PARCELS, place).rowcount
    connection.execute("ANALYZE land_parcel")
    return added
