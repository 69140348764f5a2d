"""How commands speak: errors as two lines with the remedy, exit code 1, never a traceback for a known fault."""

import functools
import logging
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog
import typer

from gis.errors import GisError
from twin.errors import TwinError

P = ParamSpec("P")
R = TypeVar("R")


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the project's own errors into a message and exit code 1."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (TwinError, GisError) as error:
            place = f" [{error.where}]" if error.where else ""
            print(f"error{place}: {error.en}\n错误{place}：{error.zh}", file=sys.stderr)
            raise typer.Exit(1) from error

    return wrapper


def quiet_log() -> None:
    """Keep standard output for the answer and standard error for bars and errors."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
