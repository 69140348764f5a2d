"""A route as Esri clients expect it: parameters of any case, tokens in three places, errors with status 200.

Source: Esri REST API, "Error handling", "Authentication".
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

import orjson
import psycopg
from starlette.requests import Request
from starlette.responses import Response

from api.arcgis.asked import Parameters, read_asked
from api.deps import identify_by
from api.errors import HANDLED, Problem, lang_of, problem_of
from api.maps.answers import VARY, answer_bytes, cross_origin_headers
from api.maps.asked import HTML, JSON
from api.maps.html import render_document
from api.plain_route import PlainRoute
from gis.errors import InvalidParameterError
from gis.esri.fields import LARGEST_OBJECT_ID
from twin.identity import Caller

ESRI_VARY: Final = f"{VARY}, X-Esri-Authorization"
INVALID_TOKEN: Final = 498
TOKEN_REQUIRED: Final = 499
TOO_WIDE: Final = Problem(
    400,
    f"A number does not fit: object ids of Esri services go up to {LARGEST_OBJECT_ID}; read this layer at /ogc.",
    f"数值超出范围：Esri 服务的对象编号最大为 {LARGEST_OBJECT_ID}；请改用 /ogc 读取该图层。",
)
POST_ONLY: Final = Problem(
    405,
    "This changes something: send it as a POST, its parameters as a form.",
    "此操作会修改数据：请用 POST 以表单提交参数。",
)


@dataclass(frozen=True)
class Call:
    """One request: who calls and what for."""

    request: Request
    parameters: Parameters
    caller: Caller

    def path(self, name: str) -> str:
        """Return a part of the address."""
        return str(self.request.path_params[name])


Answer = Callable[[Call], Awaitable[Response]]


def door(path: str, answer: Answer, *, reads: bool = True) -> PlainRoute:
    """Return a route; what only reads takes GET and POST, what changes something POST alone."""
    methods = ["GET", "HEAD", "POST"] if reads else ["POST"]

    @wraps(answer)
    async def endpoint(request: Request) -> Response:
        if request.method == "OPTIONS":
            return _answer_options(request, methods)
        if request.method not in methods:
            return answer_problem(request, POST_ONLY)
        try:
            parameters = await read_asked(request)
            caller = await identify_by(request, _token(request, parameters))
            return await answer(Call(request, parameters, caller))
        except psycopg.errors.NumericValueOutOfRange:
            return answer_problem(request, TOO_WIDE)
        except HANDLED as error:
            return answer_problem(request, problem_of(error))

    # What takes POST alone stands for GET as well, lest the route of a feature's id answers in its place.
    return PlainRoute(path, endpoint, methods=["GET", "POST", "OPTIONS"])


def _token(request: Request, parameters: Parameters) -> str | None:
    """Return the token that ArcGIS sends, taken out of the parameters so that nothing can repeat it."""
    header = request.headers.get("X-Esri-Authorization", "").strip()
    given = parameters.pop("token", "").strip()
    found = header.removeprefix("Bearer ").strip() or given or None
    request.state.esri_token = found is not None
    return found


def _answer_options(request: Request, methods: list[str]) -> Response:
    allowed = ", ".join([*methods, "OPTIONS"])
    headers = {"Allow": allowed, "Vary": "Origin", **cross_origin_headers(request)}
    if "Access-Control-Allow-Origin" in headers:
        headers |= {
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": "Authorization, X-Esri-Authorization, Content-Type, If-None-Match",
            "Access-Control-Max-Age": "600",
        }
    return Response(status_code=204, headers=headers)


def error_document(request: Request, problem: Problem) -> dict[str, Any]:
    """Return an error as Esri writes it, in the client's language."""
    zh = lang_of(request) == "zh"
    message = problem.zh if zh else problem.en
    faults = [(where, found_zh if zh else found_en) for where, found_en, found_zh in problem.errors]
    details = [where if said == message else f"{where}: {said}" for where, said in faults]
    return {"code": _code(request, problem), "message": message, "details": details}


def _code(request: Request, problem: Problem) -> int:
    if problem.status != 401:
        return problem.status
    sent = "Authorization" in request.headers or getattr(request.state, "esri_token", False)
    return INVALID_TOKEN if sent else TOKEN_REQUIRED


def answer_problem(request: Request, problem: Problem, status: int | None = None) -> Response:
    """Answer an error: status 200, as Esri clients read no other; what is our own fault keeps its status."""
    document = {"error": error_document(request, problem)}
    found = status or (problem.status if problem.status >= 500 else 200)
    headers = {**cross_origin_headers(request), "Cache-Control": "no-store", "Vary": ESRI_VARY}
    return Response(orjson.dumps(document), found, {**headers, **problem.headers, "Content-Type": JSON})


def choose_form(call: Call, offered: tuple[str, ...]) -> str:
    """Return the format: `f`, else a page for a person's browser, else JSON.

    Raises
    ------
    InvalidParameterError
        `f` names a format that is not offered here.
    """
    asked = call.parameters.get("f", "").strip().lower()
    if not asked:
        return "html" if HTML in call.request.headers.get("Accept", "") else "json"
    if asked in offered:
        return asked
    raise InvalidParameterError(
        f"There is no format {asked[:40]!r} here; there are {', '.join(offered)}.",
        f"此处没有格式 {asked[:40]!r}；可用格式：{'、'.join(offered)}。",
        where="f",
    )


def answer_document(call: Call, title: str, document: Mapping[str, Any]) -> Response:
    """Answer a document as JSON, indented JSON or a page."""
    form = choose_form(call, ("json", "pjson", "html"))
    if form == "html":
        return answer_content(
            call, render_document(call.request, title, dict(document)), f"{HTML}; charset=utf-8"
        )
    option = orjson.OPT_INDENT_2 if form == "pjson" else 0
    return answer_content(call, orjson.dumps(document, option=option), JSON)


def answer_content(call: Call, body: bytes, media_type: str) -> Response:
    """Answer finished bytes with their entity tag, or 304."""
    return answer_bytes(call.request, call.caller, body, media_type, headers={"Vary": ESRI_VARY})
