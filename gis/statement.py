"""SQL as a value: built in one function, run in another.

A `Statement` carries its text and its named parameters (`%(name)s`), which both psycopg 3 and
psycopg2 understand. Names of relations and columns come from a closed list (`identifier`); every
value is bound, so the text is the same for every request of the same shape and its prepared
statement is used again.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.types.numeric import Int8

ROW: Final = "f"
"""The alias every layer row has in every statement; conditions write `f.column`."""

_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_PARAMETER = re.compile(r"%\((\w+)\)s")

Row = tuple[Any, ...]
Connection = AsyncConnection[Row]


@dataclass(frozen=True)
class Statement:
    """One SQL text with its bound values."""

    sql: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Condition:
    """A boolean SQL expression over one layer row `f`, with its bound values.

    Examples
    --------
    >>> near = Condition("f.progress >= %(least)s", {"least": 40})
    >>> (near & Condition("f.public_visible")).sql
    '(f.progress >= %(least)s) AND (f.public_visible)'
    >>> (EVERYTHING & near).sql
    'f.progress >= %(least)s'
    """

    sql: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __and__(self, other: "Condition") -> "Condition":
        if self.sql == EVERYTHING.sql:
            return other
        if other.sql == EVERYTHING.sql:
            return self
        return Condition(f"({self.sql}) AND ({other.sql})", merged(self.params, other.params))

    def prefixed(self, prefix: str) -> "Condition":
        """Rename the parameters, so that two conditions of one statement cannot meet.

        Examples
        --------
        >>> Condition("f.layer = %(code)s", {"code": "river"}).prefixed("t1_")
        Condition(sql='f.layer = %(t1_code)s', params={'t1_code': 'river'})
        """
        sql = _PARAMETER.sub(lambda match: f"%({prefix}{match[1]})s", self.sql)
        return Condition(sql, {prefix + name: value for name, value in self.params.items()})


EVERYTHING: Final = Condition("TRUE")
NOTHING: Final = Condition("FALSE")


def merged(*groups: Mapping[str, object]) -> dict[str, object]:
    """Join parameter groups; a name that would change its value is a programming error.

    Examples
    --------
    >>> merged({"west": 1}, {"east": 2})
    {'west': 1, 'east': 2}
    """
    result: dict[str, object] = {}
    for group in groups:
        for name, value in group.items():
            if name in result and result[name] != value:
                raise ValueError(f"parameter {name!r} is bound twice, to different values")
            result[name] = value
    return result


def identifier(name: str) -> str:
    """Return the name if it is a plain lower-case SQL name, optionally with its schema.

    The closed list of names is the layer catalogue; this is the second lock on that door.

    Examples
    --------
    >>> identifier("twin.layer_projects")
    'twin.layer_projects'
    """
    parts = name.split(".")
    if len(parts) > 2 or not all(_IDENTIFIER.fullmatch(part) for part in parts):
        raise ValueError(f"{name!r} is no plain SQL name")
    return name


def literal(text: str) -> str:
    """Write a text of the catalogue (never of a user) as an SQL string constant.

    Examples
    --------
    >>> literal("100% of 'it'")
    "'100%% of ''it'''"
    """
    if "\\" in text or "\0" in text:
        raise ValueError(f"{text!r} cannot stand in a statement")
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


async def fetch_row(connection: Connection, statement: Statement, *, prepare: bool = True) -> Row | None:
    """Run a statement in binary and return its first row.

    Parameters
    ----------
    prepare : bool
        A prepared statement saves its planning, and after some runs gets one plan for all values. Where the best
        plan depends on the values (a page by key out of a small or of a large box), it must be planned each time.

    Raises
    ------
    psycopg.Error
        As the driver gives it; the caller translates.
    """
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(statement_text(statement), bound_values(statement), prepare=prepare)
        return await cursor.fetchone()


async def fetch_rows(connection: Connection, statement: Statement, *, prepare: bool = True) -> list[Row]:
    """Run a statement in binary and return all its rows; `prepare` as with `fetch_row`."""
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(statement_text(statement), bound_values(statement), prepare=prepare)
        return await cursor.fetchall()


async def stream_rows(
    connection: Connection, statement: Statement, batch: int = 500
) -> AsyncGenerator[list[Row], None]:
    """Run a statement behind a server-side cursor and yield its rows in batches.

    Memory stays constant whatever the size of the answer. The cursor lives in a transaction of
    its own (a savepoint where one is open already) and ends with it, also when the reader goes.
    """
    async with connection.transaction(), connection.cursor(name="stream", binary=True) as cursor:
        await cursor.execute(statement_text(statement), bound_values(statement))
        while rows := await cursor.fetchmany(batch):
            yield rows


def statement_text(statement: Statement) -> bytes:
    """Return the text as the driver takes it."""
    # psycopg asks for a literal text or for bytes, so that no user's text is formatted into SQL;
    # here that promise is kept by `identifier`, `literal` and the layer catalogue.
    return statement.sql.encode()


def bound_values(statement: Statement) -> dict[str, object]:
    """Return the values as the driver takes them."""
    # psycopg picks the smallest integer type that holds the value, and prepares anew for each:
    # one width keeps one prepared statement.
    return {name: _wide(value) for name, value in statement.params.items()}


def _wide(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return Int8(value)
    return value
