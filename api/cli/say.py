"""How commands speak: errors as two lines with the remedy, exit code 1, never a traceback for a known fault."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

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
