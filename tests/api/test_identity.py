"""Who calls: tokens, sessions, cookies from other sites, and what a failed sign-in looks like."""

import time

import psycopg
import pytest

from api.errors import SESSION_COOKIE
from tests.api.conftest import Doors
from tests.api.seeding import PRIVATE_CODE, PUBLIC_CODE, as_owner

ITEMS = "/ogc/collections/projects/items"


def codes(doors: Doors, login: str | None = None, **given: object) -> list[str]:
    answer = doors.get(ITEMS, login, **given)
    assert answer.status_code == 200, answer.text
    return [feature["properties"]["code"] for feature in answer.json()["features"]]


def sign_in(doors: Doors, login: str) -> str:
    answer = doors.request(
        "POST", "/login", data={"token": doors.seeded.tokens[login]}, headers={"Origin": "http://twin.test"}
    )
    assert answer.status_code == 303, answer.text
    value = answer.cookies[SESSION_COOKIE]
    doors.client.cookies.clear()
    return value


def test_nobody_sees_public_projects_alone(doors: Doors) -> None:
    assert codes(doors) == [PUBLIC_CODE]


def test_a_token_shows_what_its_roles_may_see(doors: Doors) -> None:
    assert codes(doors, "admin") == [PUBLIC_CODE, PRIVATE_CODE]


def test_a_contractor_sees_its_own_projects_alone(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, "UPDATE role_grant SET project_id = 2 WHERE role = 'contractor'")
    assert codes(own_doors, "contractor") == [PRIVATE_CODE]


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer ", "Basic abc", "Bearer 令牌", "Bearer " + "a" * 5000]
)
def test_a_token_that_is_not_valid_is_refused_and_never_anonymous(doors: Doors, header: str) -> None:
    answer = doors.get(ITEMS, headers={"Authorization": header.encode()})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_expired_token_is_refused(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, "UPDATE api_token SET expires_at = now() - interval '1 second'")
    assert own_doors.get(ITEMS, "admin").status_code == 401


def test_the_token_of_a_disabled_user_is_refused(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, "UPDATE app_user SET disabled = true WHERE login = 'admin'")
    assert own_doors.get(ITEMS, "admin").status_code == 401


def test_a_revoked_token_stops_working_within_the_time_callers_are_remembered(own_doors: Doors) -> None:
    own_doors.app.state.twin.callers._ttl_s = 0.1
    assert own_doors.get(ITEMS, "admin").status_code == 200
    as_owner(own_doors.seeded.url, "UPDATE api_token SET revoked_at = now()")
    time.sleep(0.15)
    assert own_doors.get(ITEMS, "admin").status_code == 401


def test_a_browser_signs_in_with_a_token_and_out_at_once(own_doors: Doors) -> None:
    cookie = {"Cookie": f"{SESSION_COOKIE}={sign_in(own_doors, 'admin')}"}
    assert codes(own_doors, headers=cookie) == [PUBLIC_CODE, PRIVATE_CODE]
    left = own_doors.request("POST", "/logout", headers={**cookie, "Origin": "http://twin.test"})
    assert left.status_code == 303
    assert own_doors.get(ITEMS, headers=cookie).status_code == 401


def test_the_session_cookie_is_not_the_token_and_no_script_reads_it(own_doors: Doors) -> None:
    token = own_doors.seeded.tokens["admin"]
    answer = own_doors.request(
        "POST", "/login", data={"token": token}, headers={"Origin": "http://twin.test"}
    )
    assert token not in answer.headers["Set-Cookie"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "samesite=lax" in answer.headers["Set-Cookie"].lower()


def test_a_session_never_exceeds_the_roles_of_its_token(own_doors: Doors) -> None:
    as_owner(
        own_doors.seeded.url,
        "UPDATE api_token SET roles = '[\"nothing\"]' WHERE user_id = (SELECT id FROM app_user WHERE login = 'admin')",
    )
    cookie = {"Cookie": f"{SESSION_COOKIE}={sign_in(own_doors, 'admin')}"}
    assert codes(own_doors, headers=cookie) == [PUBLIC_CODE]


def test_signing_in_with_a_wrong_token_sets_no_cookie(doors: Doors) -> None:
    answer = doors.request("POST", "/login", data={"token": "no"}, headers={"Origin": "http://twin.test"})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_a_change_with_a_cookie_from_another_site_is_refused(own_doors: Doors) -> None:
    cookie = {"Cookie": f"{SESSION_COOKIE}={sign_in(own_doors, 'admin')}"}
    path = f"/api/v1/projects/{PUBLIC_CODE}/progress/2025-10"
    for foreign in ({"Origin": "https://evil.example"}, {}, {"Origin": "null"}):
        answer = own_doors.request("PUT", path, headers={**cookie, **foreign}, json={"percents": {"M1": 100}})
        assert answer.status_code == 403, foreign
    own = {**cookie, "Origin": "http://twin.test"}
    assert own_doors.request("PUT", path, headers=own, json={"percents": {"M1": 100}}).status_code == 201


def test_a_browser_whose_session_has_ended_is_sent_to_sign_in(doors: Doors) -> None:
    stale = {"Cookie": f"{SESSION_COOKIE}=ended", "Accept": "text/html"}
    answer = doors.get("/", headers=stale)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert 'twin_session=""' in answer.headers["Set-Cookie"]


def test_what_all_may_see_is_shared_and_what_one_sees_is_private(doors: Doors) -> None:
    assert doors.get(ITEMS).headers["Cache-Control"] == "no-cache"
    signed = doors.get(ITEMS, "admin")
    assert signed.headers["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie", "Accept-Encoding"} <= set(signed.headers["Vary"].split(", "))


def test_a_session_is_stored_before_the_browser_is_told(own_doors: Doors) -> None:
    body = f"token={own_doors.seeded.tokens['admin']}".encode()
    headers = [(b"host", b"twin.test"), (b"origin", b"http://twin.test")]
    headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    scope = {"type": "http", "method": "POST", "path": "/login", "raw_path": b"/login", "query_string": b""}
    scope |= {"headers": headers, "scheme": "http", "server": ("twin.test", 80), "client": ("192.0.2.7", 1)}
    stored: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            with psycopg.connect(own_doors.seeded.url) as connection:
                row = connection.execute("SELECT count(*) FROM api_token WHERE name = 'session'").fetchone()
                stored.append(row[0] if row else 0)

    own_doors.portal.call(own_doors.app, scope, receive, send)
    assert stored == [1]
