"""Moments as the office's clock shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from gis.filters.time import LOCAL_TIME

_DAY_LENGTH: Final = len("2025-10-31")


def local_text(moment: datetime) -> str:
    """Return a moment in Chinese time, to the second.

    Examples
    --------
    >>> local_text(datetime.fromisoformat("2025-10-31T16:00:00+00:00"))
    '2025-11-01 00:00:00'
    """
    return moment.astimezone(LOCAL_TIME).strftime("%Y-%m-%d %H:%M:%S")


def version_text(version: object, nothing: str = "无数据") -> str:
    """Return a version of a layer's data as people read it; instants in Chinese time, days as they are.

    `nothing` stands where there is none.

    Examples
    --------
    >>> version_text("2025-10-31T16:00:00+00:00"), version_text(None), version_text({"rows": 3, "at": "2025-10-31"})
    ('2025-11-01 00:00:00', '无数据', 'rows 3；at 2025-10-31')
    """
    if version is None:
        return nothing
    if isinstance(version, Mapping):
        return "；".join(f"{name} {_plain(value)}" for name, value in version.items() if value is not None)
    return _plain(version)


def _plain(value: object) -> str:
    text = str(value)
    if len(text) <= _DAY_LENGTH:
        return text
    try:
        return local_text(datetime.fromisoformat(text))
    except ValueError:
        return text
