"""Small, complete IFC4 models made from plain values: a building, a bridge, a pipe gallery."""
