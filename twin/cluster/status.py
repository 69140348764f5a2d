"""What a cluster says of itself."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Started:
    """How the server came to serve us; an adopted one belongs to someone else and is never stopped by us."""

    adopted: bool
    port: int


@dataclass(frozen=True)
class Status:
    """What is known about the cluster without starting it."""

    home: Path
    major: int | None
    running: bool
    pid: int | None
    port: int | None
