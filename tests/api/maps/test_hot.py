"""Kept tiles are answered like all others: same headers, same callers, same refusals."""

import gzip
import time

import pytest

from tests.api.conftest import ALLOWED_ORIGIN, Doors
from tests.api.maps.test_currency import cache_of, currency_of, names, wait_until
from tests.api.seeding import as_owner

TILE = "/tiles/projects/12/3363/1647.mvt"
CHANGING = {"x-request-id"}


@pytest.fixture
def warm(doors: Doors) -> Doors:
    wait_until(lambda: currency_of(doors).is_known)
    return doors


def kept(doors: Doors, path: str, login: str | None = None, **headers: str) -> dict[str, str]:
    """GET twice; return status and headers of the second answer, which must have come from memory."""
    doors.get(path, login, headers=headers)
    before = cache_of(doors).counts["memory"]
    answer = doors.get(path, login, headers=headers)
    assert cache_of(doors).counts["memory"] == before + 1
    found = {name: value for name, value in answer.headers.items() if name not in CHANGING}
    return {**found, "status": str(answer.status_code), "content": answer.content.hex()}


@pytest.mark.parametrize("login", [None, "admin", "contractor"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept-Encoding": "gzip"},
        {"Accept-Encoding": "identity"},
        {"Accept-Encoding": "br;q=1.0, gzip;q=0"},
        {"Origin": ALLOWED_ORIGIN},
        {"Origin": "https://elsewhere.example"},
        {"Accept-Language": "zh", "Cookie": "lang=zh; other=1"},
        {"If-None-Match": '"something else", "another"'},
        {"If-None-Match": "*"},
    ],
)
@pytest.mark.parametrize(
    "path", [TILE, "/tiles/projects,land_parcels/12/3364/1646.pbf", "/tiles/land_parcels/5/26/12"]
)
def test_a_kept_tile_carries_what_the_ordinary_way_would_send(
    warm: Doors, path: str, headers: dict[str, str], login: str | None
) -> None:
    fast = kept(warm, path, login, **headers)
    slow = warm.get(f"{path}?lang=zh", login, headers=headers)  # with a parameter it goes the ordinary way
    expected = {name: value for name, value in slow.headers.items() if name not in CHANGING}
    assert fast == {**expected, "status": str(slow.status_code), "content": slow.content.hex()}


def test_the_ogc_address_of_a_kept_tile_answers_from_memory_too(warm: Doors) -> None:
    plain = kept(warm, TILE)
    assert kept(warm, "/ogc/collections/projects/tiles/WebMercatorQuad/12/1647/3363") == plain


def test_a_kept_tile_is_not_sent_twice(warm: Doors) -> None:
    tag = kept(warm, TILE)["etag"]
    for sent in (tag, tag.removeprefix("W/"), f'"x", {tag}'):
        found = kept(warm, TILE, **{"If-None-Match": sent})
        assert (found["status"], found["content"]) == ("304", "")


def test_a_client_that_takes_no_gzip_gets_the_same_tile(warm: Doors) -> None:
    path = "/tiles/land_parcels/12/3364/1646.mvt"
    packed = kept(warm, path, **{"Accept-Encoding": "gzip"})
    assert packed["content-encoding"] == "gzip"
    plain = kept(warm, path, **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain
    assert plain["content"] == packed["content"], "the client of this test has unpacked it"
    assert int(plain["content-length"]) == len(plain["content"]) // 2


@pytest.mark.parametrize(
    "authorization",
    ["Bearer twt_wrong", "Bearer", "Basic eDp5", "bearer ", "Bearer " + "x" * 600, "Bearer é"],
)
def test_a_bad_token_is_refused_also_where_the_tile_is_kept(warm: Doors, authorization: str) -> None:
    kept(warm, TILE)
    answer = warm.get(TILE, headers={"Authorization": authorization.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_broken_session_cookie_is_refused_also_where_the_tile_is_kept(warm: Doors) -> None:
    kept(warm, TILE)
    assert warm.get(TILE, headers={"Cookie": "twin_session=nothing"}).status_code == 401


def test_nobody_gets_the_tile_of_another_group(warm: Doors) -> None:
    path = "/tiles/projects/0/0/0.mvt"
    public = kept(warm, path)
    everything = kept(warm, path, "admin")
    own = kept(warm, path, "contractor")
    assert len({public["content"], everything["content"], own["content"]}) >= 2
    assert public["cache-control"] == "no-cache"
    assert everything["cache-control"] == own["cache-control"] == "private, no-cache"
    assert b"PRIVATE" not in bytes.fromhex(public["content"]) + bytes.fromhex(own["content"])
    assert b"PRIVATE" in bytes.fromhex(everything["content"])
    assert kept(warm, path) == public


def test_other_requests_for_a_kept_tile_go_the_ordinary_way(warm: Doors) -> None:
    kept(warm, TILE)
    assert warm.request("OPTIONS", TILE).status_code == 204
    assert warm.request("HEAD", TILE).content == b""
    assert warm.request("POST", TILE).status_code == 405
    assert warm.get(TILE + "?colour=red").status_code == 400
    assert warm.get(TILE.replace("/12/", "/99/")).status_code == 404
    assert warm.get(TILE.replace("projects", "nothing")).status_code == 404
    assert (
        warm.get(TILE, headers={"X-Request-ID": "abcdef-12345678"}).headers["X-Request-ID"]
        == "abcdef-12345678"
    )


def test_a_token_that_was_revoked_opens_no_kept_tile_for_long(own_doors: Doors) -> None:
    wait_until(lambda: currency_of(own_doors).is_known)
    kept(own_doors, TILE, "admin")
    as_owner(own_doors.seeded.url, "UPDATE api_token SET revoked_at = now()")
    wait_until(lambda: own_doors.get(TILE, "admin").status_code == 401, 7.0)


def test_requests_for_kept_tiles_are_counted_and_logged_like_others(
    warm: Doors, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(warm, TILE)
    label = 'twin_http_requests_total{method="GET",route="/tiles/{collection}/{z}/{x}/{y}.mvt",status="200"}'

    def count() -> float:
        lines = warm.get("/metrics").text.splitlines()
        return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(label))

    before = count()
    capsys.readouterr()
    began = time.time()
    assert names(warm.get(TILE).content)
    line = capsys.readouterr().err.splitlines()[-1]
    assert count() == before + 1
    assert f'"path":"{TILE}"' in line
    assert '"route":"/tiles/{collection}/{z}/{x}/{y}.mvt"' in line
    assert '"login":"anonymous"' in line
    assert time.strftime('"timestamp":"%Y-%m-%dT%H:', time.gmtime(began)) in line


def test_the_stored_body_is_gzip_of_the_tile(warm: Doors) -> None:
    path = "/tiles/land_parcels/12/3364/1646.mvt"
    content = warm.get(path, headers={"Accept-Encoding": "identity"}).content
    held = [finished for _, finished in cache_of(warm).memory._kept.values() if finished.is_packed]
    assert content in [gzip.decompress(finished.body) for finished in held]
