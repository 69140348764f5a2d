-- The pixel grid of a zoom 像素网格: SRID 0, whole numbers, y up, origin at the north-west corner of the world, 4096
-- units along a tile. Geometry that lies on it and is valid there needs no more than a shift to stand in a tile.

CREATE OR REPLACE FUNCTION grid_x(lon float8, zoom integer) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (greatest(-180, least(180, lon)) + 180) / 360 * 4096 * 2::float8 ^ zoom
$$;
CREATE OR REPLACE FUNCTION grid_y(lat float8, zoom integer) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (asinh(tan(radians(greatest(-85.06, least(85.06, lat))))) / pi() - 1) / 2 * 4096 * 2::float8 ^ zoom
$$;

-- Whether a part, a limb or a hole of a polygon vanished on the grid: then it is thickened, by less than a unit.
CREATE OR REPLACE FUNCTION lost_on_grid(exact geometry, shape geometry) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ST_NRings(exact) <> ST_NRings(shape) OR ST_NumGeometries(exact) <> ST_NumGeometries(shape)
    OR ST_XMin(shape) - ST_XMin(exact) > 1.5 OR ST_XMax(exact) - ST_XMax(shape) > 1.5
    OR ST_YMin(shape) - ST_YMin(exact) > 1.5 OR ST_YMax(exact) - ST_YMax(shape) > 1.5
$$;

-- The box of a geometry on the grid, in plain arithmetic: for what can be neither repaired nor transformed.
CREATE OR REPLACE FUNCTION grid_box(geom geometry, zoom integer) RETURNS geometry LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ST_ForcePolygonCW(ST_MakeEnvelope(floor(grid_x(ST_XMin(geom), zoom)) - 1, floor(grid_y(ST_YMin(geom), zoom)) - 1,
    ceil(grid_x(ST_XMax(geom), zoom)) + 1, ceil(grid_y(ST_YMax(geom), zoom)) + 1))
$$;

-- Round to whole numbers; the result is valid, of one dimension, or empty. Snapping is quick and right nine times in
-- ten; where it leaves a polygon invalid, ReducePrecision makes a valid one. That in turn refuses invalid polygons,
-- so they are repaired first.
CREATE OR REPLACE FUNCTION on_grid(exact geometry, dimension integer) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  shape geometry := ST_SnapToGrid(exact, 1);
BEGIN
  IF dimension < 2 THEN
    RETURN ST_CollectionExtract(shape, dimension + 1);
  END IF;
  IF ST_IsEmpty(shape) OR NOT ST_IsValid(shape) THEN
    shape := ST_ReducePrecision(ST_MakeValid(exact), 1);
  END IF;
  RETURN ST_ForcePolygonCW(ST_CollectionExtract(shape, 3));
END $$;

-- What stands for a line or polygon that vanishes on the grid.
CREATE OR REPLACE FUNCTION grid_spot(exact geometry, dimension integer) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  x CONSTANT float8 := round((ST_XMin(exact) + ST_XMax(exact)) / 2);
  y CONSTANT float8 := round((ST_YMin(exact) + ST_YMax(exact)) / 2);
BEGIN
  IF dimension = 1 THEN
    RETURN ST_MakeLine(ST_MakePoint(x - 1, y - 1), ST_MakePoint(x + 1, y + 1));
  ELSIF ST_XMax(exact) - ST_XMin(exact) < 2 AND ST_YMax(exact) - ST_YMin(exact) < 2 THEN
    RETURN ST_ForcePolygonCW(ST_MakeEnvelope(x - 1, y - 1, x + 1, y + 1));
  END IF;
  RETURN on_grid(ST_Buffer(ST_MakeValid(exact), 1, 'quad_segs=1'), 2);
END $$;

-- Put a geometry in lon/lat on the grid of a zoom. `shape` is NULL only for a missing or empty geometry: what is too
-- small for the grid becomes a spot of two units, what is too thin is thickened by one. `side` is the shorter side of
-- its box (of a line: the longer one), by which coarser zooms tell what they must draw larger. `approximate` says
-- that the grid could not be made and its box stands in. Never raises. Outer rings are clockwise (y up), holes not.
DROP FUNCTION IF EXISTS band_geometry(geometry, integer, boolean);
CREATE FUNCTION band_geometry(geom geometry, zoom integer, simplify boolean,
  OUT shape geometry, OUT side integer, OUT approximate boolean)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  scale CONSTANT float8 := 4096 * (2::float8 ^ zoom) / 40075016.685578488;
  half CONSTANT float8 := 20037508.342789244;
  dimension integer;
  exact geometry;
  plain geometry;
BEGIN
  approximate := false;
  IF geom IS NULL OR ST_IsEmpty(geom) THEN
    RETURN;
  END IF;
  BEGIN
    dimension := ST_Dimension(geom);
    -- 4326 stands for 4490, by policy; its way to 3857 is the shorter one.
    exact := ST_SetSRID(ST_Affine(ST_Transform(ST_SetSRID(ST_Force2D(geom), 4326), 3857),
      scale, 0, 0, scale, half * scale, -half * scale), 0);
    plain := exact;
    IF simplify AND dimension > 0 THEN  -- a quarter of a screen pixel, squared: display only
      plain := ST_SimplifyVW(exact, 16);
      IF plain IS NULL OR ST_IsEmpty(plain) THEN
        plain := exact;
      END IF;
    END IF;
    shape := on_grid(plain, dimension);
    IF ST_IsEmpty(shape) THEN
      shape := grid_spot(exact, dimension);
    ELSIF dimension = 2 AND lost_on_grid(plain, shape) THEN
      plain := ST_CollectionExtract(ST_MakeValid(plain), 3);
      IF lost_on_grid(plain, shape) THEN
        shape := on_grid(ST_Buffer(plain, 0.75, 'quad_segs=1'), 2);
      END IF;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    shape := NULL;
  END;
  IF shape IS NULL OR ST_IsEmpty(shape) THEN
    approximate := true;
    shape := grid_box(geom, zoom);
  END IF;
  side := CASE WHEN ST_Dimension(shape) = 0 THEN 2147483647
    WHEN ST_Dimension(shape) = 1 THEN greatest(ST_XMax(shape) - ST_XMin(shape), ST_YMax(shape) - ST_YMin(shape))
    ELSE least(ST_XMax(shape) - ST_XMin(shape), ST_YMax(shape) - ST_YMin(shape)) END;
END $$;
