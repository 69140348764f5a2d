"""Work that begins before it is known to be allowed: a fork does it while this process still looks the input over."""

import os
import pickle
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from bim.process import die_with_parent, watch

Checked = TypeVar("Checked")
Done = TypeVar("Done")


def go_ahead(
    work: Callable[[], Done], check: Callable[[], Checked], lifeline: int
) -> tuple[Checked, Callable[[], Done]]:
    """Fork; the child does the work while this process checks, and goes on alone once the check has passed.

    It returns in the child only. This process then watches the child as a guard does, and ends as the child ends.
    Whatever becomes of the child before the check is done counts only if the check passes.

    Parameters
    ----------
    work : callable
        What needs the check's leave to count; changes nothing outside the memory of its process but new files.
    check : callable
        Returns something that can be pickled.
    lifeline : int
        See `bim.process.watch`.

    Returns
    -------
    tuple
        What the check returned, and a function that returns what the work did, or raises what it raised.

    Raises
    ------
    BaseException
        Of the check, in this process, when the child is gone.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        die_with_parent(parent)
        os.close(writer)
        return _await(_attempt(work), reader)
    os.close(reader)
    return _check(check, child, writer, lifeline)


def _check(check: Callable[[], object], child: int, writer: int, lifeline: int) -> NoReturn:
    """Check, let the child go on, and watch it; a check that fails ends it."""
    try:
        checked = pickle.dumps(check(), pickle.HIGHEST_PROTOCOL)
    except BaseException:
        os.close(writer)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    with suppress(BrokenPipeError), os.fdopen(writer, "wb") as pipe:  # it may have died over its work
        pipe.write(checked)
    watch(child, lifeline)


def _attempt(work: Callable[[], Done]) -> Callable[[], Done]:
    """Do the work now; its outcome, error or not, comes when the function returned is called."""
    try:
        done = work()
    except BaseException as error:  # noqa: BLE001  raised where the outcome is asked for
        failure = error

        def fail() -> Any:
            raise failure

        return fail
    return lambda: done


def _await(outcome: Callable[[], Done], reader: int) -> tuple[Any, Callable[[], Done]]:
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    if not told:  # the check failed, and its process is about to end this one
        os._exit(1)
    return pickle.loads(told), outcome  # noqa: S301  written by the process this one was forked from
