"""Rows of a file that another process still writes, read as it grows and sent on by COPY."""

import threading
from pathlib import Path
from typing import Final

LOOK_AGAIN_S: Final = 0.02


class GrowingRows:
    """Whole lines of a growing file, each with the same words before it, as COPY reads them.

    Whoever watches the writer says by `finish` that the file is whole, or by `give_up` that it never will be.

    Parameters
    ----------
    path : Path
        It need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._whole, self._over = threading.Event(), threading.Event()
        self.prefix = b""

    @classmethod
    def written(cls, path: Path) -> "GrowingRows":
        """Return the rows of a file that is whole already."""
        rows = cls(path)
        rows.finish()
        return rows

    @property
    def given_up(self) -> bool:
        """Whether the rows ended before they were whole."""
        return self._over.is_set() and not self._whole.is_set()

    def finish(self) -> None:
        """Say that the last line is written."""
        self._whole.set()
        self._over.set()

    def give_up(self) -> None:
        """Say that no more will come; without effect once the file is whole."""
        self._over.set()

    def __enter__(self) -> "GrowingRows":
        while not self._path.exists() and not self._over.wait(LOOK_AGAIN_S):
            pass
        self._stream = self._path.open("rb")
        self._rest = b""
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def read(self, size: int = -1, /) -> bytes:
        """Read about so many bytes, whole lines of them; wait where there is none yet.

        Raises
        ------
        EOFError
            The rows were given up.
        """
        while True:
            over = self._over.is_set()  # asked before the last look, or what came in between would be missed
            chunk = self._stream.read(size)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            if lines:
                return b"".join(self.prefix + line + b"\n" for line in lines)
            if chunk:
                continue  # of a line longer than what was asked for
            if not over:
                self._over.wait(LOOK_AGAIN_S)
            elif self.given_up:
                raise EOFError("the file was given up before it was whole")
            else:
                return b""
