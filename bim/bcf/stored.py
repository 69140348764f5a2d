"""A read archive on its way from the reading process: one JSON file, and the bytes beside it."""

import dataclasses
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from bim.bcf.values import Archive, Comment, Topic, Viewpoint

READ_FILE = "bcf.json"
FILES = "files"
_MOMENTS = ("date", "creation_date", "modified_date", "due_date")


def write_read(spool: Path, archive: Archive) -> None:
    """Leave what was read in the spool."""
    (spool / READ_FILE).write_bytes(orjson.dumps(dataclasses.asdict(archive)))


def load_read(spool: Path) -> Archive:
    """Take up what was left in the spool."""
    values = orjson.loads((spool / READ_FILE).read_bytes())
    topics = [_topic(each) for each in values.pop("topics")]
    return Archive(topics=topics, **values)


def _topic(values: dict[str, Any]) -> Topic:
    comments = [Comment(**_dated(each)) for each in values.pop("comments")]
    viewpoints = [Viewpoint(**each) for each in values.pop("viewpoints")]
    return Topic(comments=comments, viewpoints=viewpoints, **_dated(values))


def _dated(values: dict[str, Any]) -> dict[str, Any]:
    for name in _MOMENTS:
        if values.get(name) is not None:
            values[name] = datetime.fromisoformat(values[name])
    return values
