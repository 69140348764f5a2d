"""Progress of a conversion as JSON lines."""

import os
import time

import orjson

_EVERY_S = 0.25


class ProgressTeller:
    """Writes progress lines to a file descriptor, at most a few a second within a phase.

    Parameters
    ----------
    descriptor : int
        Where to write; the library's own prints never go there.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._last = 0.0
        self.phase, self.done, self.total = "start", 0, 0

    def enter(self, phase: str, total: int = 1) -> None:
        """Begin a phase with a number of steps."""
        self.phase, self.done, self.total = phase, 0, max(total, 1)
        self._write()

    def advance(self, steps: int) -> None:
        """Count finished steps."""
        self.done = min(self.done + steps, self.total)
        if steps and (time.monotonic() - self._last > _EVERY_S or self.done == self.total):
            self._write()

    def _write(self) -> None:
        line = orjson.dumps({"phase": self.phase, "done": self.done, "total": self.total}) + b"\n"
        self._last = time.monotonic()
        try:
            os.write(self._descriptor, line)
        except BrokenPipeError:
            self._descriptor = os.open(os.devnull, os.O_WRONLY)
