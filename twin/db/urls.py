"""The one place that turns a database URL into the driver's own form."""

import re

_SCHEME = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")


def for_sqlalchemy(url: str) -> str:
    """Return the URL for SQLAlchemy on psycopg2.

    Examples
    --------
    >>> for_sqlalchemy("postgresql://u@h/d")
    'postgresql+psycopg2://u@h/d'
    """
    return _SCHEME.sub("postgresql+psycopg2://", url, count=1)


def for_psycopg(url: str) -> str:
    """Return the plain libpq URL that psycopg 3 and every other client take.

    Examples
    --------
    >>> for_psycopg("postgres+psycopg2://u@h/d")
    'postgresql://u@h/d'
    """
    return _SCHEME.sub("postgresql://", url, count=1)
