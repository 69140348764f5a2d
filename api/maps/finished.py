"""A finished body: packed once, tagged once, answered many times."""

from collections.abc import Mapping
from dataclasses import dataclass

from isal import isal_zlib
from starlette.requests import Request
from starlette.responses import Response

from api.maps.answers import (
    GZIP_FROM_BYTES,
    GZIP_LEVEL,
    common_headers,
    entity_tag,
    is_unchanged,
    takes_gzip,
)
from twin.identity import Caller


@dataclass(frozen=True, slots=True)
class Finished:
    """A body as it is kept: packed with gzip unless it is too small to gain by it.

    Attributes
    ----------
    tag : str
        Weak entity tag of the unpacked content: equal bytes keep their tag, whatever version they were made for.
    """

    tag: str
    body: bytes
    is_packed: bool

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self.body)

    def plain(self) -> bytes:
        """Return the body without coding, for the rare client that takes no gzip."""
        return isal_zlib.decompress(self.body, 31) if self.is_packed else self.body


def finish(body: bytes) -> Finished:
    """Tag a body and pack it.

    Examples
    --------
    >>> finish(b"").is_packed, finish(b"a" * 1000).plain() == b"a" * 1000
    (False, True)
    """
    tag = entity_tag(body)
    if len(body) < GZIP_FROM_BYTES:
        return Finished(tag, body, is_packed=False)
    return Finished(tag, isal_zlib.compress(body, GZIP_LEVEL, 31), is_packed=True)


def answer_finished(
    request: Request,
    caller: Caller,
    finished: Finished,
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer a finished body, or 304 when the client has it already: the same headers as `answer_bytes`."""
    shared = {**common_headers(request, caller), **(headers or {}), "ETag": finished.tag}
    if is_unchanged(request, finished.tag):
        return Response(status_code=304, headers=shared)
    if finished.is_packed and takes_gzip(request):
        shared["Content-Encoding"] = "gzip"
        return Response(finished.body, headers={**shared, "Content-Type": media_type})
    return Response(finished.plain(), headers={**shared, "Content-Type": media_type})
