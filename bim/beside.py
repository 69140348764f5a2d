"""Work beside this process: in a fork of it, on another core, with its errors brought home."""

import os
import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from bim.process import die_with_parent


class ForkDiedError(Exception):
    """A fork was ended by a signal: a fault, a limit, or a kill from outside, the system's for lack of memory too.

    Parameters
    ----------
    number : int
        Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"a forked process was ended by signal {number}")
        self.number = number


class Errand:
    """A function that runs in a fork of this process from now on.

    Parameters
    ----------
    work : callable
        Returns something that can be pickled. What it changes in memory stays in the fork.
    """

    def __init__(self, work: Callable[[], Any]) -> None:
        reader, writer = os.pipe()
        parent = os.getpid()
        self._process: int | None = os.fork()
        if self._process == 0:
            die_with_parent(parent)
            os.close(reader)
            _run(work, writer)
        os.close(writer)
        self._pipe = os.fdopen(reader, "rb")

    def wait(self) -> Any:
        """Wait for the end and return what the function returned, or raise what it raised.

        Raises
        ------
        ForkDiedError
            It was ended by a signal.
        """
        with self._pipe:
            told = self._pipe.read()
        process = self._process or 0
        self._process = None
        status = os.waitpid(process, 0)[1]
        if os.WIFSIGNALED(status):
            raise ForkDiedError(os.WTERMSIG(status))
        error, value = pickle.loads(told)  # noqa: S301  our own fork wrote it
        if error is not None:
            raise error
        return value

    def stop(self) -> None:
        """End the fork if it still runs; nothing is raised."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        self._pipe.close()
        os.waitpid(self._process, 0)
        self._process = None


@contextmanager
def beside(work: Callable[[], Any]) -> Iterator[Errand]:
    """Run a function in a fork while the body runs; the fork does not outlive the body.

    Examples
    --------
    >>> with beside(lambda: 6 * 7) as errand:
    ...     here = 1 + 1
    ...     there = errand.wait()
    >>> here, there
    (2, 42)
    """
    errand = Errand(work)
    try:
        yield errand
    finally:
        errand.stop()


def _run(work: Callable[[], Any], writer: int) -> NoReturn:
    told = b""
    try:
        told = pickle.dumps((None, work()), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:  # noqa: BLE001  nothing may return into the parent's code
        told = _pickled(error)
    finally:
        with suppress(BaseException), os.fdopen(writer, "wb") as pipe:
            pipe.write(told)
        os._exit(0)


def _pickled(error: BaseException) -> bytes:
    """Pickle an error, or its name and words where it cannot be made again from its arguments."""
    try:
        told = pickle.dumps((error, None), pickle.HIGHEST_PROTOCOL)
        pickle.loads(told)  # noqa: S301  written in the line above
    except Exception:  # noqa: BLE001  whatever hinders the copy
        told = pickle.dumps((RuntimeError(f"{type(error).__name__}: {error}"), None))
    return told
