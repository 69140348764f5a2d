"""The words of tus 1.0 断点续传协议: headers read and written, and nothing of what they are about."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from starlette.exceptions import HTTPException

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,termination,expiration,checksum"
ALGORITHMS: Final = ("sha1", "sha256", "md5")
CONTENT_TYPE: Final = "application/offset+octet-stream"
METADATA_BYTES: Final = 16_384
KEYS: Final = 32
_MOST: Final = 2**63 - 1


@dataclass(frozen=True)
class Checksum:
    """What the bytes of one request must hash to."""

    algorithm: str
    digest: bytes

    def start(self) -> Any:
        """Return a hash that is not yet fed."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


def check_version(request: Request) -> None:
    """Refuse a request of another version of the protocol, or of none (2.1 Tus-Resumable)."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise HTTPException(
            412,
            f"Send Tus-Resumable: {VERSION}; this door speaks tus {VERSION}.",
            headers={"Tus-Version": VERSION},
        )


def read_count(request: Request, name: str) -> int:
    """Return a header that holds a number of bytes."""
    told = request.headers.get(name, "")
    if not (told.isascii() and told.isdigit()) or len(told) > 19 or int(told) > _MOST:
        raise HTTPException(400, f"{name} must be a whole number of bytes.")
    return int(told)


def read_metadata(request: Request) -> dict[str, str]:
    """Return what a sender tells of its upload: names and texts.

    Examples
    --------
    >>> scope = {"type": "http", "headers": [(b"upload-metadata", b"filename 5qGlLmlmYw==,public")]}
    >>> read_metadata(Request(scope))
    {'filename': '桥.ifc', 'public': ''}
    """
    header = request.headers.get("Upload-Metadata", "")
    if len(header) > METADATA_BYTES or header.count(",") >= KEYS:
        raise HTTPException(
            400, f"Upload-Metadata holds more than {KEYS} names or {METADATA_BYTES} characters."
        )
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _, code = pair.partition(" ")
        if name in found:
            raise HTTPException(400, f"Upload-Metadata names {name[:40]!r} twice.")
        found[name] = _decoded(name, code.strip())
    return found


def read_checksum(request: Request) -> Checksum | None:
    """Return what the bytes of this request must hash to, None where their sender does not say."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, code = header.partition(" ")
    if algorithm not in ALGORITHMS:
        raise HTTPException(400, f"Upload-Checksum takes {', '.join(ALGORITHMS)}.")
    try:
        return Checksum(algorithm, base64.b64decode(code.strip(), validate=True))
    except binascii.Error as error:
        raise HTTPException(400, "Upload-Checksum must be an algorithm and its digest in base64.") from error


def describe(headers: Mapping[str, str], most_bytes: int) -> dict[str, str]:
    """Return the headers that tell what this door can do, and others with them."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(most_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        **headers,
    }


def _decoded(name: str, code: str) -> str:
    try:
        text = base64.b64decode(code, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise HTTPException(400, f"Upload-Metadata {name[:40]!r} is no UTF-8 text in base64.") from error
    return text.replace("\0", "")
