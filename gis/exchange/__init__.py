"""Files that planners really have, read with the reasons and written so that others can read them."""

from gis.exchange.errors import ExchangeError
from gis.exchange.model import (
    KINDS,
    Evidence,
    Finding,
    Question,
    ReadChoices,
    ReadFeature,
    ReadResult,
)
from gis.exchange.read import read_file
from gis.exchange.txt_write import write_txt

__all__ = [
    "KINDS",
    "Evidence",
    "ExchangeError",
    "Finding",
    "Question",
    "ReadChoices",
    "ReadFeature",
    "ReadResult",
    "read_file",
    "write_txt",
]
