"""What an Esri client asked for: parameters from the address and the form, whatever their case.

Unknown parameters are passed over: ArcGIS sends dozens that mean nothing here. QGIS writes raw JSON behind
`features=`, with `&`, `+` and `%` as they are, so a value that begins like JSON is read to the end of that JSON.
"""

import json
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from gis.errors import InvalidParameterError

RAW_JSON: Final = frozenset({"features", "adds", "updates", "deletes", "edits", "geometry"})
MOST_PARAMETERS: Final = 100
_FORM: Final = "application/x-www-form-urlencoded"

Parameters = dict[str, str]


async def read_asked(request: Request) -> Parameters:
    """Return the parameters of a request by lower-case name; those of the body stand above those of the address.

    Raises
    ------
    InvalidParameterError
        The body is neither a form nor text in UTF-8.
    """
    parameters = {name.lower(): value for name, value in request.query_params.multi_items()}
    if request.method != "POST":
        return parameters
    kind = request.headers.get("Content-Type", _FORM).partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_fields=MOST_PARAMETERS, max_files=0) as form:
            return parameters | {name.lower(): str(value) for name, value in form.multi_items()}
    body = await request.body()
    if body and kind != _FORM:
        raise InvalidParameterError(
            f"The body is {kind[:60]}; send a form, {_FORM}.",
            f"请求体类型为 {kind[:60]}；请提交表单 {_FORM}。",
        )
    try:
        return parameters | parse_form(body.decode())
    except UnicodeDecodeError as error:
        raise InvalidParameterError("The body is no text in UTF-8.", "请求体不是 UTF-8 文本。") from error


def parse_form(text: str) -> Parameters:
    """Read a form, in which JSON may stand as it is.

    Examples
    --------
    >>> parse_form('f=json&features=[{"a":"1&2+3%41"}]')
    {'f': 'json', 'features': '[{"a":"1&2+3%41"}]'}
    >>> parse_form("Where=1%3D1&outFields=*")
    {'where': '1=1', 'outfields': '*'}
    """
    found: Parameters = {}
    while text and len(found) < MOST_PARAMETERS:
        name, _, rest = text.partition("=")
        end = _json_end(rest) if name.lower() in RAW_JSON else None
        if end is not None:
            found[name.lower()], text = rest[:end], rest[end + 1 :]
            continue
        pair, _, text = text.partition("&")
        found |= {key.lower(): value for key, value in parse_qsl(pair, keep_blank_values=True)}
    return found


def _json_end(text: str) -> int | None:
    """Return where the JSON at the beginning of a text ends; None where there is none, or more behind it."""
    if not text.startswith(("[", "{")):
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return end if text[end : end + 1] in ("", "&") else None


def is_true(parameters: Parameters, name: str, default: bool = False) -> bool:
    """Tell whether a switch is on."""
    text = parameters.get(name, "").strip().lower()
    return text in ("true", "1", "yes") if text else default


def read_whole(parameters: Parameters, name: str, default: int, most: int) -> int:
    """Read a whole number from 0; an empty text is the default, more than the most is the most.

    Raises
    ------
    InvalidParameterError
        No whole number.
    """
    text = parameters.get(name, "").strip()
    if not text:
        return default
    if text.isascii() and text.isdigit():
        return min(int(text[:12]), most)
    raise InvalidParameterError(
        f"{name}={text[:40]!r} is no whole number from 0.", f"{name}={text[:40]!r} 不是非负整数。", where=name
    )


def read_decimal(parameters: Parameters, name: str, most: float) -> float:
    """Read a number from 0; an empty text is 0.

    Raises
    ------
    InvalidParameterError
        No number, or one beyond the most.
    """
    text = parameters.get(name, "").strip()
    try:
        number = float(text) if text else 0.0
    except ValueError:
        number = -1.0
    if 0 <= number <= most:
        return number
    raise InvalidParameterError(
        f"{name}={text[:40]!r} is no number from 0 to {most:g}.",
        f"{name}={text[:40]!r} 不是 0 到 {most:g} 的数。",
        where=name,
    )
