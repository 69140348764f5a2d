"""From finished bytes to an HTTP answer: entity tag, 304, gzip, caching, cross-origin headers."""

import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.state import state_of
from gis.tag import representation_tag
from twin.identity import Caller

GZIP_FROM_BYTES: Final = 512
GZIP_LEVEL: Final = 1  # measured: level 6 costs seven times as much for a seventh less
PACKED: Final = "-gzip"
"""What the strong tag of a packed body ends with: its bytes are others (RFC 9110, 8.8.3.3)."""

READ_METHODS: Final = "GET, HEAD, OPTIONS"
VARY: Final = "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie, Origin"


def answer_bytes(
    request: Request,
    caller: Caller,
    body: bytes,
    media_type: str,
    *,
    headers: Mapping[str, str] | None = None,
    tag_of: bytes | None = None,
    state: str | None = None,
    status: int = 200,
) -> Response:
    """Answer finished bytes, or 304 when the client has them already.

    Parameters
    ----------
    tag_of : bytes, optional
        What the entity tag is made of where the body itself carries something that always changes, such as
        a time stamp.
    state : str, optional
        Tag of the one row that the body shows: the entity tag is then strong, and `If-Match` takes it.
    """
    packed = len(body) >= GZIP_FROM_BYTES and takes_gzip(request)
    tag = entity_tag(body if tag_of is None else tag_of)
    if state is not None:
        tag = representation_tag(state, content_hash(body) + (PACKED if packed else ""))
    shared = {**common_headers(request, caller), **(headers or {}), "ETag": tag}
    if status == 200 and is_unchanged(request, tag):
        return Response(status_code=304, headers=shared)
    if packed:
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        shared["Content-Encoding"] = "gzip"
    # The header is set whole: Starlette would add a charset to text types and nothing to the others.
    return Response(body, status, headers={**shared, "Content-Type": media_type})


def answer_stream(
    request: Request,
    caller: Caller,
    chunks: AsyncIterator[bytes],
    media_type: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer bytes as they come, in constant memory; a streamed answer has no entity tag."""
    shared = {**common_headers(request, caller), **(headers or {}), "Content-Type": media_type}
    if not takes_gzip(request):
        return StreamingResponse(chunks, headers=shared)
    return StreamingResponse(_gzipped(chunks), headers={**shared, "Content-Encoding": "gzip"})


async def _gzipped(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(GZIP_LEVEL, wbits=31)
    async for chunk in chunks:
        packed = packer.compress(chunk)
        if packed:
            yield packed
    yield packer.flush()


def entity_tag(content: bytes) -> str:
    """Return a weak tag of the content: it holds whatever the coding (RFC 9110, 8.8.3).

    Examples
    --------
    >>> entity_tag(b"")
    'W/"b8e1dda3ac0aa3820ad2990b"'
    """
    return f'W/"{content_hash(content)}"'


def content_hash(content: bytes) -> str:
    """Return what tells these bytes from others, in 24 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def is_unchanged(request: Request, tag: str) -> bool:
    """Tell whether the client's copy is this one, by weak comparison."""
    sent = request.headers.get("If-None-Match")
    if sent is None:
        return False
    known = {_uncoded(part.strip()) for part in sent.split(",")}
    return "*" in known or _uncoded(tag) in known


def _uncoded(tag: str) -> str:
    """Return a tag without what weak comparison leaves out: its mark, and the coding in a strong one."""
    return tag.removeprefix("W/").replace(f'{PACKED}"', '"')


def takes_gzip(request: Request) -> bool:
    """Tell whether the client takes gzip."""
    for part in request.headers.get("Accept-Encoding", "").split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if name in ("gzip", "*"):
            return weight not in ("0", "0.0", "0.00", "0.000")
    return False


def common_headers(request: Request, caller: Caller) -> dict[str, str]:
    """Return what every map answer carries: ask again each time, and share only what all may see."""
    cache = "no-cache" if caller.is_anonymous else "private, no-cache"
    return {"Cache-Control": cache, "Vary": VARY, **cross_origin_headers(request)}


def cross_origin_headers(request: Request) -> dict[str, str]:
    """Return the CORS headers for an origin on the allow-list (`TWIN_CORS_ORIGINS`); nothing for others.

    Cookies never travel with such requests: no `Access-Control-Allow-Credentials`.
    """
    origin = request.headers.get("Origin")
    listed = {part.strip() for part in state_of(request).settings.server.cors_origins.split(",")} - {""}
    if origin is None or not listed & {origin, "*"}:
        return {}
    return {
        "Access-Control-Allow-Origin": "*" if "*" in listed else origin,
        "Access-Control-Expose-Headers": "ETag, Link, Content-Crs, OGC-NumberMatched, OGC-NumberReturned",
    }


async def answer_options(request: Request) -> Response:
    """Answer which methods a route takes, also to a browser's cross-origin question."""
    headers = {"Allow": READ_METHODS, "Vary": "Origin", **cross_origin_headers(request)}
    if "Access-Control-Allow-Origin" in headers:
        headers |= {
            "Access-Control-Allow-Methods": READ_METHODS,
            "Access-Control-Allow-Headers": "Authorization, If-None-Match",
            "Access-Control-Max-Age": "600",
        }
    return Response(status_code=204, headers=headers)
