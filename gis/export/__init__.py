"""Layers as files: every format in constant memory, from one snapshot of the database."""

from gis.export.extract import Extract, SyncConnection, Written
from gis.export.formats import BOUNDARY_TEXT, FORMATS, Format, Key, format_of_file
from gis.export.room import open_room, sweep_rooms
from gis.export.stamp import Origin
from gis.export.write import write_file

__all__ = [
    "BOUNDARY_TEXT",
    "FORMATS",
    "Extract",
    "Format",
    "Key",
    "Origin",
    "SyncConnection",
    "Written",
    "format_of_file",
    "open_room",
    "sweep_rooms",
    "write_file",
]
