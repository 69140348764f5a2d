# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Answers in rows: branches of several layers in one order, written as GeoJSON or JSON by the database, by pages.

The order is (value, layer, id): the value is a distance, a station, or 0 where none is asked for. A page ends at
such a place and the next one starts strictly after it.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Literal

import orjson

from gis.crs import CRS84
from gis.errors import InvalidPageTokenError, InvalidParameterError
from gis.features import geometry_in
from gis.layer import Layer
from gis.statement import Statement, literal, merged

Form = Literal["geojson", "json"]
MOST_ROWS: Final = 1_000
_DIGEST_BYTES: Final = 8


@dataclass(frozen=True)
class Place:
    """Where a page ended: value, number of the layer in the question, id."""

    value: float
    branch: int
    id: int


@dataclass(frozen=True)
class Paging:
    """How many rows, after which; and how they are written.

    Parameters
    ----------
    form : {'geojson', 'json'}
        Features with their geometry, or objects of properties alone.
    """

    limit: int = 100
    after: Place | None = None
    form: Form = "geojson"

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST_ROWS:
            raise InvalidParameterError(
                f"limit={self.limit} is outside of 1 to {MOST_ROWS}.",
                f"limit={self.limit} 不在 1 至 {MOST_ROWS} 之间。",
                where="limit",
            )


@dataclass(frozen=True)
class Branch:
    """The rows of one layer that answer a question.

    Parameters
    ----------
    number : int
        Place of the layer in the question.
    name : str
        What the answer calls it.
    select : str
        ``SELECT … FROM …`` that gives `_id`, `_geom`, `_value`, the layer's fields and the measures.
    measures : tuple of (str, str)
        Name in the answer and column of what was measured.
    """

    number: int
    name: str
    layer: Layer
    select: str
    params: Mapping[str, object]
    measures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class AnswerPage:
    """Finished rows of an answer and where the next page starts; the rows are JSON objects with commas between."""

    body: bytes
    returned: int
    next: Place | None


def answer_statement(
    before: str, branches: Sequence[Branch], paging: Paging, params: Mapping[str, object]
) -> Statement:
    """Build the statement of a page: value, branch, id and the finished text of each row, one row beyond the limit.

    Parameters
    ----------
    before : str
        Common table expressions that the branches use, without WITH; may be empty.
    """
    after = {}
    if paging.after is not None:
        after = {
            "after_value": paging.after.value,
            "after_branch": paging.after.branch,
            "after_id": paging.after.id,
        }
    parts = [_part(branch, paging) for branch in branches]
    sql = (
        f"{'WITH ' + before + ' ' if before else ''}SELECT _value, _branch, _id, _text FROM (\n  "
        + "\n  UNION ALL ".join(parts)
        + "\n) answer ORDER BY _value, _branch, _id LIMIT %(limit)s::int8 + 1"
    )
    return Statement(
        sql, merged(params, {"limit": paging.limit}, after, *(branch.params for branch in branches))
    )


def _part(branch: Branch, paging: Paging) -> str:
    """Choose the rows of a branch first; text is written of those alone that may stand on the page."""
    after = ""
    if paging.after is not None:
        after = (
            f"WHERE (_value, {branch.number}, _id) > "
            "(%(after_value)s::float8, %(after_branch)s::int4, %(after_id)s::int8) "
        )
    return (
        f"(SELECT _value, {branch.number} AS _branch, _id, {_text_sql(branch, paging.form)} AS _text FROM ("
        f"SELECT * FROM ({branch.select}) found {after}"
        "ORDER BY _value, _id LIMIT %(limit)s::int8 + 1) chosen)"
    )


def _text_sql(branch: Branch, form: Form) -> str:
    names = [f"{column} AS {name}" for name, column in branch.measures]
    names += [item.name for item in branch.layer.fields]
    first = f"{literal(branch.name)}::text AS collection"
    if form == "json":
        return f"row_to_json((SELECT p FROM (SELECT {', '.join([first, '_id AS id', *names])}) p))::text"
    properties = f"row_to_json((SELECT p FROM (SELECT {', '.join([first, *names])}) p))::text"
    geometry = f"ST_AsGeoJSON({geometry_in(CRS84, '_geom')}, 9, 0)"
    return (
        '(\'{"type":"Feature","id":\' || _id || \',"geometry":\') || '
        f"coalesce({geometry}, 'null') || (',\"properties\":' || {properties} || '}}')"
    )


def columns(layer: Layer) -> str:
    """Return the select list that a branch begins with: `_id`, `_geom` and the fields."""
    fields = f", {layer.columns()}" if layer.fields else ""
    return f"{layer.id_sql()} AS _id, {layer.geometry_sql()} AS _geom{fields}"


def read_page(rows: Sequence[Sequence[Any]], paging: Paging) -> AnswerPage:
    """Return the page of what `answer_statement` gave."""
    kept = rows[: paging.limit]
    body = ",".join(str(row[3]) for row in kept).encode()
    last = kept[-1] if len(rows) > len(kept) else None
    place = Place(float(last[0]), int(last[1]), int(last[2])) if last is not None else None
    return AnswerPage(body, len(kept), place)


def page_bytes(page: AnswerPage, form: Form, members: Mapping[str, object]) -> bytes:
    """Return the whole document: a FeatureCollection, or an object with `items`.

    Examples
    --------
    >>> page_bytes(AnswerPage(b"", 0, None), "json", {"numberReturned": 0})
    b'{"items":[],"numberReturned":0}'
    """
    head = b'{"type":"FeatureCollection","features":[' if form == "geojson" else b'{"items":['
    rest = orjson.dumps(dict(members))[1:]
    return head + page.body + b"]" + (b"," + rest if members else rest)


def write_place(question: str, place: Place) -> str:
    """Return the opaque text of `next`.

    Parameters
    ----------
    question : str
        What tells this question from others: a token of another one is refused.

    Examples
    --------
    >>> read_place("within a", write_place("within a", Place(0.0, 1, 7)))
    Place(value=0.0, branch=1, id=7)
    """
    payload = orjson.dumps([place.value, place.branch, place.id])
    return base64.urlsafe_b64encode(_digest(question, payload) + payload).decode().rstrip("=")


def read_place(question: str, token: str) -> Place:
    """Read the text of `next` back; the digest is no secret, it tells a mangled token from a good one.

    Raises
    ------
    InvalidPageTokenError
        Altered, cut short, or made for another question.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        digest, payload = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        value, branch, identity = orjson.loads(payload)
    except (binascii.Error, ValueError, UnicodeError, TypeError) as error:
        raise _bad_token() from error
    whole = isinstance(branch, int) and isinstance(identity, int) and isinstance(value, int | float)
    if digest != _digest(question, payload) or not whole or not isfinite(value):
        raise _bad_token()
    return Place(float(value), branch, identity)


def _digest(question: str, payload: bytes) -> bytes:
    return hashlib.blake2s(f"{question}|".encode() + payload, digest_size=_DIGEST_BYTES).digest()


def _bad_token() -> InvalidPageTokenError:
    return InvalidPageTokenError(
        "next is no paging token of this question; send it back with the question it came from, or start again "
        "without it.",
        "next 不是本问题的分页标记；请与原问题一起提交，或去掉 next 重新开始。",
        where="next",
    )
