"""`generateToken`: a login with a personal token as its password is exchanged for a token of some hours.

There are no passwords here. What ArcGIS asks for as user name and password are the login and the token that an
administrator has given out; what it gets is bounded by the roles of that token and never outlives it.
Source: Esri REST API, "Generate Token".
"""

from datetime import datetime
from typing import Final

import anyio.to_thread
import orjson
from starlette.responses import Response

from api.arcgis.doors import Call, answer_content
from api.maps.asked import JSON
from api.state import AppState, state_of
from gis.errors import InvalidParameterError
from twin.db import open_session
from twin.identity.sessions import session_end, sign_in
from twin.identity.tokens import find_caller

_LONGEST: Final = 512


async def answer_token(call: Call) -> Response:
    """Answer a token for a login and its password; the password is a personal token."""
    login = call.parameters.pop("username", "").strip()
    secret = call.parameters.pop("password", "").strip()
    token, end = await anyio.to_thread.run_sync(_exchange, state_of(call.request), login, secret)
    document = {
        "token": token,
        "expires": int(end.timestamp() * 1000),
        "ssl": call.request.url.scheme == "https",
    }
    response = answer_content(call, orjson.dumps(document), JSON)
    response.headers["Cache-Control"] = "no-store"
    del response.headers["ETag"]
    return response


def _exchange(state: AppState, login: str, secret: str) -> tuple[str, datetime]:
    with open_session(state.engine) as session:
        known = secret.isascii() and 0 < len(secret) <= _LONGEST
        caller = find_caller(session, secret) if known else None
        if caller is None or caller.login != login:
            raise InvalidParameterError(  # no 499: a client would ask for a login again and again
                "Login and password do not fit; the password is your personal token (`twin token create`).",
                "用户名与密码不符；密码为个人令牌（`twin token create`）。",
            )
        value = sign_in(session, secret)
        return value, session_end(session, value)
