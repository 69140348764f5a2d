"""From finished bytes to an HTTP answer: entity tag, 304, gzip, caching, cross-origin headers."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from typing import Final

from anyio import CancelScope
from isal import isal_zlib
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.state import state_of
from gis.tag import representation_tag
from twin.identity import Caller

GZIP_FROM_BYTES: Final = 512
GZIP_LEVEL: Final = 1  # of ISA-L: a quarter of what zlib's fastest level costs, and a little smaller
PACKED: Final = "-gzip"
"""What the strong tag of a packed body ends with: its bytes are others (RFC 9110, 8.8.3.3)."""

PIECE_BYTES: Final = 120_000
"""What is joined to be sent at once; the C library hands out memory of this size without asking the system."""

READ_METHODS: Final = "GET, HEAD, OPTIONS"
VARY: Final = "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie, Origin"


def answer_bytes(
    request: Request,
    caller: Caller,
    body: bytes,
    media_type: str,
    *,
    headers: Mapping[str, str] | None = None,
    state: str | None = None,
    status: int = 200,
) -> Response:
    """Answer finished bytes, or 304 when the client has them already.

    Parameters
    ----------
    state : str, optional
        Tag of the one row that the body shows: the entity tag is then strong, and `If-Match` takes it.
    """
    tag = None
    if state is not None:
        packed = len(body) >= GZIP_FROM_BYTES and takes_gzip(request)
        tag = representation_tag(state, content_hash(body) + (PACKED if packed else ""))
    return answer_parts(request, caller, (body,), media_type, headers=headers, tag=tag, status=status)


def answer_parts(
    request: Request,
    caller: Caller,
    parts: Sequence[bytes],
    media_type: str,
    *,
    headers: Mapping[str, str] | None = None,
    tag: str | None = None,
    tag_of: Sequence[bytes] | None = None,
    status: int = 200,
) -> Response:
    """Answer a body that lies in several pieces, without joining them: a copy of a megabyte costs milliseconds.

    Parameters
    ----------
    tag : str, optional
        The entity tag, where the caller has made it.
    tag_of : sequence of bytes, optional
        What the entity tag is made of where the body itself carries something that always changes, such as
        a time stamp.
    """
    tag = tag or f'W/"{content_hash(*(parts if tag_of is None else tag_of))}"'
    shared = {**common_headers(request, caller), **(headers or {}), "ETag": tag}
    if status == 200 and is_unchanged(request, tag):
        return Response(status_code=304, headers=shared)
    if sum(map(len, parts)) >= GZIP_FROM_BYTES and takes_gzip(request):
        packer = isal_zlib.compressobj(GZIP_LEVEL, wbits=31)
        parts = [*(packer.compress(part) for part in parts), packer.flush()]
        shared["Content-Encoding"] = "gzip"
    # The header is set whole: Starlette would add a charset to text types and nothing to the others.
    return _PartsResponse(parts, status, {**shared, "Content-Type": media_type})


def _joined(parts: Sequence[bytes]) -> Iterator[bytes]:
    """Join small neighbours: each piece is a call to the system, and a copy of this size costs less."""
    held: list[bytes] = []
    for part in parts:
        if held and sum(map(len, held)) + len(part) > PIECE_BYTES:
            yield b"".join(held)
            held = []
        held.append(part)
    if held:
        yield b"".join(held)


class _PartsResponse(Response):
    """A response whose body is sent piece by piece, its length known beforehand."""

    def __init__(self, parts: Sequence[bytes], status: int, headers: Mapping[str, str]) -> None:
        super().__init__(None, status, {**headers, "Content-Length": str(sum(map(len, parts)))})
        self._parts = list(_joined(parts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  the form of an ASGI application
        """Send the response."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in self._parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def answer_stream(
    request: Request,
    caller: Caller,
    chunks: AsyncIterator[bytes],
    media_type: str,
    *,
    headers: Mapping[str, str] | None = None,
    packed: bool = False,
) -> Response:
    """Answer bytes as they come, in constant memory; a streamed answer has no entity tag.

    What goes wrong on the way cuts the connection: a client never takes a part for the whole.

    Parameters
    ----------
    packed : bool
        Whether the bytes are compressed already, so that a second time would be paid for nothing.
    """
    shared = {**common_headers(request, caller), **(headers or {}), "Content-Type": media_type}
    if packed or not takes_gzip(request):
        return _ClosingStream(chunks, headers=shared)
    shared.pop("Content-Length", None)
    return _ClosingStream(_gzipped(chunks), headers={**shared, "Content-Encoding": "gzip"})


class _ClosingStream(StreamingResponse):
    """A stream that ends its source at once when the client goes: connections and files are given back."""

    def __init__(self, chunks: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(chunks, headers=headers)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await _close(self._chunks)


async def _close(chunks: AsyncIterator[bytes]) -> None:
    if isinstance(chunks, AsyncGenerator):
        with CancelScope(shield=True):
            await chunks.aclose()


async def _gzipped(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    packer = isal_zlib.compressobj(GZIP_LEVEL, wbits=31)
    try:
        async for chunk in chunks:
            packed = packer.compress(chunk)
            if packed:
                yield packed
        yield packer.flush()
    finally:
        await _close(chunks)


def entity_tag(content: bytes) -> str:
    """Return a weak tag of the content: it holds whatever the coding (RFC 9110, 8.8.3).

    Examples
    --------
    >>> entity_tag(b"")
    'W/"e3b0c44298fc1c149afbf4c8"'
    """
    return f'W/"{content_hash(content)}"'


def content_hash(*parts: bytes) -> str:
    """Return what tells these bytes from others, in 24 hexadecimal digits.

    SHA-256, which processors do themselves: half the cost of BLAKE2 for a page of a megabyte.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:24]


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
        "Access-Control-Expose-Headers": "ETag, Link, Location, Content-Crs, OGC-NumberMatched, OGC-NumberReturned",
    }


async def answer_options(request: Request) -> Response:
    """Answer that a route is read only, also to a browser's cross-origin question."""
    return options_response(request, READ_METHODS, READ_METHODS, "Authorization, If-None-Match")


def options_response(request: Request, allowed: str, across: str, headers_taken: str) -> Response:
    """Return the answer to an OPTIONS request.

    Parameters
    ----------
    allowed : str
        The methods that this caller may use.
    across : str
        Those that a browser may ask for from another site; its question comes without a token.
    headers_taken : str
        The request headers that may come from another site.
    """
    headers = {"Allow": allowed, "Vary": "Authorization, Cookie, Origin", **cross_origin_headers(request)}
    if "Access-Control-Allow-Origin" in headers:
        headers |= {
            "Access-Control-Allow-Methods": across,
            "Access-Control-Allow-Headers": headers_taken,
            "Access-Control-Max-Age": "600",
        }
    return Response(status_code=204, headers=headers)
