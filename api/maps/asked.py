"""What a map client asked for: its parameters, checked against a closed list, and the format it wants."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from gis.errors import InvalidParameterError

EVERYWHERE: Final = ("f", "lang")
JSON: Final = "application/json"
HTML: Final = "text/html"
GEOJSON: Final = "application/geo+json"
SCHEMA_JSON: Final = "application/schema+json"
OPENAPI_JSON: Final = "application/vnd.oai.openapi+json;version=3.0"
MVT: Final = "application/vnd.mapbox-vector-tile"


def read_parameters(request: Request, allowed: Collection[str]) -> dict[str, str]:
    """Return the query parameters, each at most once and each known.

    Raises
    ------
    InvalidParameterError
        A parameter is unknown here or stands twice (Features Part 1, 7.5).
    """
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in allowed and name not in EVERYWHERE:
            raise _unknown(name, allowed)
        if name in given:
            raise InvalidParameterError(
                f"Parameter {name[:40]!r} is given twice.", f"参数 {name[:40]!r} 重复。", where=name[:40]
            )
        given[name] = value
    return given


def _unknown(name: str, allowed: Collection[str]) -> InvalidParameterError:
    known = ", ".join([*EVERYWHERE, *allowed])
    return InvalidParameterError(
        f"There is no parameter {name[:40]!r} here; there are {known}.",
        f"此处没有参数 {name[:40]!r}；可用参数：{known}。",
        where=name[:40],
    )


def choose_format(request: Request, offered: Mapping[str, str]) -> str:
    """Return the key of the format wanted: `f=` first, then `Accept`, else the first one offered.

    Parameters
    ----------
    offered : mapping of str to str
        Media type by key, the default first.

    Raises
    ------
    InvalidParameterError
        `f` names a format that is not offered here.
    """
    asked = request.query_params.get("f")
    if asked is None:
        return _accepted(request.headers.get("Accept", ""), offered)
    if asked in offered:
        return asked
    raise InvalidParameterError(
        f"There is no format {asked[:40]!r} here; there are {', '.join(offered)}.",
        f"此处没有格式 {asked[:40]!r}；可用格式：{'、'.join(offered)}。",
        where="f",
    )


@dataclass(frozen=True)
class _Wish:
    media_type: str
    weight: float


def _accepted(header: str, offered: Mapping[str, str]) -> str:
    wishes = [_wish(part) for part in header.split(",")[:32] if part.strip()]
    default = next(iter(offered))
    for wish in sorted(wishes, key=lambda wish: -wish.weight):
        if wish.weight <= 0:
            continue
        if wish.media_type in ("*/*", "application/*"):
            return default
        for key, media_type in offered.items():
            if media_type.partition(";")[0] == wish.media_type:
                return key
    return default


def _wish(part: str) -> _Wish:
    media_type, *parameters = (piece.strip() for piece in part.split(";"))
    weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        return _Wish(media_type.lower(), float(weight))
    except ValueError:
        return _Wish(media_type.lower(), 1.0)
