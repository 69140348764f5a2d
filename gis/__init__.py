"""PostGIS layers: CRS, features, tiles, styles, overlap. Knows no project and no web framework."""
