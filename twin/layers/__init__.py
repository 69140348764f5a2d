"""The closed catalogue of map layers, and what each caller sees of them."""

from twin.layers.catalogue import LAYERS, get_layer
from twin.layers.selection import check_may_read_surveyed, may_read_surveyed, select_rows

__all__ = ["LAYERS", "check_may_read_surveyed", "get_layer", "may_read_surveyed", "select_rows"]
