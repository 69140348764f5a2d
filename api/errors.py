"""The one table from error to HTTP status, and the problem documents clients get (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import psycopg
import sqlalchemy.exc
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from api.i18n import Lang, choose_lang
from bim.errors import BimError
from gis import errors as gis
from gis.errors import GisError
from twin import errors as twin
from twin.errors import TwinError

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:worktwin:problem:"
SESSION_COOKIE: Final = "twin_session"
LANG_COOKIE: Final = "lang"
RETRY_AFTER_S: Final = 2

# Looked up along the class's own line of descent, so a subclass needs no row unless it differs.
STATUS_BY_ERROR: Final[dict[type[Exception], int]] = {
    TwinError: 400,
    twin.NotFoundError: 404,
    twin.ForbiddenError: 403,
    twin.UnauthenticatedError: 401,
    twin.ConflictError: 409,
    twin.StaleError: 412,
    twin.NotOfferedError: 405,
    twin.InvalidInputError: 422,
    twin.ChecksumError: 460,  # the status of the tus extension for checksums
    twin.UnavailableError: 503,
    GisError: 422,
    gis.InvalidParameterError: 400,
    gis.CrsRefusedError: 400,
    gis.TileOutOfRangeError: 404,
    gis.FeatureNotFoundError: 404,
    gis.InvalidGeometryError: 422,
    gis.TooComplexError: 422,
    gis.InvalidStyleError: 500,
    gis.FontMissingError: 503,
    BimError: 422,
}

TITLES: Final[dict[int, tuple[str, str]]] = {
    400: ("The request is malformed", "请求格式有误"),
    401: ("Sign in first", "请先登录"),
    403: ("Not allowed", "没有权限"),
    404: ("Not found", "未找到"),
    405: ("Method not allowed", "不支持该方法"),
    406: ("No such format", "不支持该格式"),
    409: ("Contradicts what is stored", "与现有数据冲突"),
    410: ("Gone", "已删除"),
    412: ("Changed meanwhile", "数据已被他人修改"),
    413: ("Too large", "请求内容过大"),
    415: ("Format not taken", "不接受该格式"),
    422: ("The content is wrong", "内容有误"),
    429: ("Too many requests", "请求过于频繁"),
    460: ("The bytes are not what was meant", "内容校验不符"),
    500: ("Error in the service", "服务内部错误"),
    503: ("Not available now", "服务暂不可用"),
}


@dataclass(frozen=True)
class Problem:
    """What went wrong, in both languages, before it is written in one.

    Attributes
    ----------
    errors : sequence of (where, en, zh)
        Single faults in a file or request, each with its place.
    members : mapping
        Further members of the document (RFC 9457, 3.2), such as who holds what was asked for.
    """

    status: int
    en: str
    zh: str
    kind: str = ""
    errors: Sequence[tuple[str, str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)

    def document(self, lang: Lang) -> dict[str, Any]:
        """Return the problem document in one language."""
        title = TITLES.get(self.status) or (HTTPStatus(self.status).phrase,) * 2
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + (self.kind or _kind(self.status)),
            "title": title[0] if lang == "en" else title[1],
            "status": self.status,
            "detail": self.en if lang == "en" else self.zh,
        }
        if self.errors:
            document["errors"] = [
                {"where": where, "message": en if lang == "en" else zh} for where, en, zh in self.errors
            ]
        return {**self.members, **document}


INTERNAL: Final = Problem(
    500,
    "Something went wrong in the service; the log has it under the request id of this answer.",
    "服务内部出错；日志中可按本次应答的请求编号查到原因。",
)
UNAVAILABLE: Final = Problem(
    503,
    "The database does not answer now; try again in a few seconds.",
    "数据库暂时没有应答；请几秒后重试。",
    kind="database-unavailable",
    headers={"Retry-After": str(RETRY_AFTER_S)},
)
TOO_SLOW: Final = Problem(
    503,
    "The query took too long and was stopped; ask for less at once.",
    "查询超时已停止；请缩小查询范围。",
    kind="query-timeout",
    headers={"Retry-After": str(RETRY_AFTER_S)},
)
CONFLICT: Final = Problem(
    409,
    "The request contradicts what is stored: such a row exists already, or one it refers to does not.",
    "请求与现有数据冲突：记录已存在，或所引用的记录不存在。",
)
BAD_VALUE: Final = Problem(
    400, "A value does not fit the database.", "有数值超出数据库可存储的范围。", kind="value-out-of-range"
)


def _kind(status: int) -> str:
    if status == 460:
        return "checksum-mismatch"
    return HTTPStatus(status).phrase.lower().replace(" ", "-").replace("'", "")


def status_of(error: Exception) -> int:
    """Return the HTTP status of one of our own errors.

    Examples
    --------
    >>> status_of(gis.InvalidBboxError("", "")), status_of(twin.ConflictError("", ""))
    (400, 409)
    """
    return next(STATUS_BY_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_BY_ERROR)


def problem_of(error: Exception) -> Problem:
    """Translate any exception: ours by the table, the database's by its class, all others to a bare 500."""
    if isinstance(error, TwinError | GisError | BimError):
        return _own(error)
    if isinstance(error, HTTPException):
        return _http(error)
    if isinstance(error, RequestValidationError):
        return _validation(error)
    return database_problem(error) or INTERNAL


def _own(error: TwinError | GisError | BimError) -> Problem:
    status = status_of(error)
    if isinstance(error, BimError):
        place = ((error.place.text_en(), error.message_en, error.message_zh),)
        return Problem(status, error.message_en, error.message_zh, kind=error.code, errors=place)
    faults: Sequence[tuple[str, str, str]] = ((error.where, error.en, error.zh),) if error.where else ()
    faults = getattr(error, "faults", faults)
    members: Mapping[str, Any] = getattr(error, "members", {})
    return Problem(status, error.en, error.zh, errors=faults, headers=_headers(status), members=members)


def _headers(status: int) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="twin"'}
    return {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}


def _http(error: HTTPException) -> Problem:
    en, zh = TITLES.get(error.status_code, (error.detail, error.detail))
    if error.detail and error.detail != HTTPStatus(error.status_code).phrase:
        en, zh = f"{en}: {error.detail}", f"{zh}：{error.detail}"
    return Problem(error.status_code, f"{en}.", f"{zh}。", headers=error.headers or {})


def _validation(error: RequestValidationError) -> Problem:
    faults = [(".".join(str(part) for part in item["loc"]), str(item["msg"])) for item in error.errors()]
    return Problem(
        422,
        f"{len(faults)} value(s) of the request are wrong; see errors.",
        f"请求中有 {len(faults)} 处不正确，见 errors。",
        kind="invalid-request",
        errors=[(where, message, message) for where, message in faults],
    )


def database_problem(error: BaseException) -> Problem | None:
    """Translate what either driver raises; None for anything that is not the database's."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return UNAVAILABLE
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        return _driver_problem(error.orig, lost=error.connection_invalidated)
    if isinstance(error, psycopg.Error):
        return _driver_problem(error)
    return None


def _driver_problem(error: BaseException | None, *, lost: bool = False) -> Problem | None:
    """Judge by SQLSTATE, which both drivers give; a connection that failed has none."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""
    if state == "57014":
        return TOO_SLOW
    names = {kind.__name__ for kind in type(error).__mro__}
    if (
        lost
        or state[:2] in ("08", "53", "57")
        or (not state and names & {"OperationalError", "InterfaceError"})
    ):
        return UNAVAILABLE
    if state in ("40001", "40P01", "55P03"):
        return UNAVAILABLE
    if state.startswith("23"):
        return CONFLICT
    return BAD_VALUE if state.startswith("22") or "DataError" in names else None


def lang_of(request: Request) -> Lang:
    """Return the language a client wants its messages in."""
    asked = request.query_params.get("lang")
    return choose_lang(asked, request.cookies.get(LANG_COOKIE), request.headers.get("Accept-Language"))


def render_problem(request: Request, problem: Problem) -> Response:
    """Render a problem document in the client's language."""
    lang = lang_of(request)
    headers = {**problem.headers, "Content-Language": lang, "Cache-Control": "no-store"}
    document = problem.document(lang)
    return JSONResponse(document, problem.status, headers=headers, media_type=MEDIA_TYPE)


def is_page_request(request: Request) -> bool:
    """Tell whether a person's browser asks for a page, not a script for data."""
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "")


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer an exception. A browser whose session has ended is shown the way to `/login`."""
    problem = problem_of(error)
    if problem.status != 401 or SESSION_COOKIE not in request.cookies:
        return render_problem(request, problem)
    pages = is_page_request(request)
    response = RedirectResponse("/login", 303) if pages else render_problem(request, problem)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")
    return response


HANDLED: Final = (
    TwinError,
    GisError,
    BimError,
    HTTPException,
    RequestValidationError,
    psycopg.Error,
    sqlalchemy.exc.SQLAlchemyError,
)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every foreseen exception as a problem document."""
    for kind in HANDLED:
        app.add_exception_handler(kind, answer_error)
