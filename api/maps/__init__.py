"""The map doors: OGC API Features and Tiles, TileJSON, styles. Plain Starlette routes, ahead of FastAPI."""
