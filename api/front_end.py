"""The built front end on disk: which files a page needs, and how they are served."""

import json
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import Final, cast

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

BUILD: Final = Path(__file__).with_name("dashboard")
MANIFEST: Final = Path(".vite") / "manifest.json"
ENTRY: Final = "index.html"
MOUNT: Final = "/dashboard"
BUILD_COMMAND: Final = "npm --prefix web ci && npm --prefix web run build"


@dataclass(frozen=True)
class Assets:
    """Addresses of the script and the style sheets that a page links to."""

    script: str
    styles: tuple[str, ...]


def find_assets(build: Path = BUILD) -> Assets | None:
    """Find the script and style sheets of the build; None while the front end is not built.

    Parameters
    ----------
    build : Path
        The folder Vite wrote to.
    """
    manifest = build / MANIFEST
    if not manifest.is_file() or not (build / ENTRY).is_file():
        return None
    chunks = cast("dict[str, dict[str, object]]", json.loads(manifest.read_text(encoding="utf-8")))
    entry = chunks[ENTRY]
    styles = cast("list[str]", entry.get("css", []))
    return Assets(f"{MOUNT}/{entry['file']}", tuple(f"{MOUNT}/{name}" for name in styles))


class BuiltFiles(StaticFiles):
    """The files of the build. Their names change with their content, so browsers may keep them for good."""

    def __init__(self, build: Path = BUILD) -> None:
        super().__init__(directory=build, check_dir=False)
        self.build = build

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file, from its gzip copy where the client takes it and the build made one."""
        response = await self._get_zipped(path, scope) or await super().get_response(path, scope)
        forever = path.startswith("assets/") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if forever else "no-cache"
        response.headers["Vary"] = "Accept-Encoding"
        return response

    async def _get_zipped(self, path: str, scope: Scope) -> Response | None:
        wished = Headers(scope=scope).get("Accept-Encoding", "")
        if "gzip" not in wished or not (self.build / f"{path}.gz").is_file():
            return None
        response = await super().get_response(f"{path}.gz", scope)
        response.headers["Content-Type"] = guess_type(path)[0] or "application/octet-stream"
        response.headers["Content-Encoding"] = "gzip"
        return response
