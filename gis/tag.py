"""A tag of one row's state: what a client must know again before it may overwrite the row.

It covers everything a layer says of the row, also what this caller may not read and whatever CRS or format is asked
for, so that every representation of the same state carries the same tag.
Source: RFC 9110, 8.8 and 13.1.1.
"""

import re
from typing import Final

from gis.statement import ROW

_STATE_DIGITS: Final = 24
_ENTITY_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def row_tag_sql() -> str:
    """Return the expression of a row's state tag: 24 hexadecimal digits."""
    return f"left(encode(sha256(convert_to({ROW}::text, 'UTF8')), 'hex'), {_STATE_DIGITS})"


def representation_tag(state: str, variant: str) -> str:
    """Return the strong entity tag of one representation of a row's state.

    Parameters
    ----------
    state : str
        From `row_tag_sql`.
    variant : str
        What tells this representation's bytes from others of the same state, such as a hash of the body.

    Examples
    --------
    >>> representation_tag("0a1b", "77")
    '"0a1b.77"'
    """
    return f'"{state}.{variant}"'


def is_expected(if_match: str | None, state: str) -> bool:
    """Say whether an `If-Match` allows a change to a row in this state.

    The comparison is strong: a weak tag never matches. No header, and ``*``, allow any state.

    Examples
    --------
    >>> is_expected(None, "0a1b"), is_expected("*", "0a1b"), is_expected('"x", "0a1b.77"', "0a1b")
    (True, True, True)
    >>> is_expected('W/"0a1b.77"', "0a1b"), is_expected('"0a1c.77"', "0a1b"), is_expected("0a1b", "0a1b")
    (False, False, False)
    """
    if if_match is None or if_match.strip() == "*":
        return True
    return any(
        not weak and content.partition(".")[0] == state for weak, content in _ENTITY_TAG.findall(if_match)
    )
