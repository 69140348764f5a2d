"""Patterns of users: ``*`` for any letters, everything else means itself."""

import re


def like_pattern(pattern: str) -> str:
    r"""Return the LIKE pattern of SQL that means the same.

    Examples
    --------
    >>> like_pattern("IfcColumn*"), like_pattern("50%_\\*")
    ('IfcColumn%', '50\\%\\_\\\\%')
    """
    return re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%")


def matches(pattern: str, text: str) -> bool:
    """Say whether a text fits a pattern.

    Examples
    --------
    >>> matches("IfcColumn*", "IfcColumnStandardCase"), matches("IfcColumn", "IfcColumnStandardCase")
    (True, False)
    """
    return (
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None
    )
