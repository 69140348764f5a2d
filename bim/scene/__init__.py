"""The scene of a model in three dimensions: meshes spooled by the converter, tiles, tileset, place on the globe."""
