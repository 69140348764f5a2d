"""From template to response: language, entity tag and security headers of every page."""

import hashlib
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from api.front_end import find_assets
from api.i18n import LANGS, Speech, choose_lang

LANG_COOKIE: Final = "lang"
YEAR_S: Final = 365 * 86_400
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; worker-src 'self'; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
TEMPLATES: Final = Environment(
    loader=PackageLoader("api"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def speech_of(request: Request) -> Speech:
    """Return the language of a page: `lang=` in the address, the language cookie, the browser's wish."""
    asked = request.query_params.get("lang")
    return Speech(
        choose_lang(asked, request.cookies.get(LANG_COOKIE), request.headers.get("Accept-Language"))
    )


def render_page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a template in the caller's language.

    An unchanged page answers 304 to `If-None-Match`. A `lang=` in the address is remembered in a cookie.

    Parameters
    ----------
    template : str
        Name of a file in `api/templates`.
    status : int
        HTTP status of the answer.
    **context
        What the template shows.
    """
    speech = speech_of(request)
    other = next(lang for lang in LANGS if lang != speech.lang)
    shell = {
        "t": speech,
        "assets": find_assets(),
        "other_lang_url": str(request.url.include_query_params(lang=other).remove_query_params("part")),
    }
    body = TEMPLATES.get_template(template).render(shell | context).encode()
    headers = SECURITY_HEADERS | {
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie, Accept-Language, Authorization",
        "ETag": f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"',
    }
    if status == 200 and request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    response = HTMLResponse(body, status_code=status, headers=headers)
    if request.query_params.get("lang") == speech.lang:
        response.set_cookie(LANG_COOKIE, speech.lang, max_age=YEAR_S, samesite="lax", httponly=True)
    return response
