"""The closed catalogue of map layers, and what each caller sees of them."""

from twin.layers.catalogue import LAYERS, get_layer
from twin.layers.selection import select_rows

__all__ = ["LAYERS", "get_layer", "select_rows"]
