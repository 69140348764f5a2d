"""What is said of a filter that cannot be used, in both languages."""

from typing import Final

from gis.errors import InvalidFilterError

_SHOWN: Final = 60


def fault(en: str, zh: str) -> InvalidFilterError:
    """Return the error of a filter, with its place."""
    return InvalidFilterError(f"The filter cannot be used: {en}.", f"筛选条件不可用：{zh}。", where="filter")


def shown(text: object) -> str:
    """Return the beginning of a caller's text, as it may stand in a message.

    Examples
    --------
    >>> shown("a" * 70) == repr("a" * 60)
    True
    """
    return repr(str(text)[:_SHOWN])


def too_large(en: str, zh: str) -> InvalidFilterError:
    """Return the error of a filter that is longer or deeper than one request may be."""
    return fault(f"it has more than {en}; ask for less at once", f"超过{zh}；请简化")
