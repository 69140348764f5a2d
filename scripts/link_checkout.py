"""Make the checkout importable in its virtual environment and put the command `twin` there; no build is needed."""

import sys
import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

# A path with blanks or of more than 127 bytes does not fit a first line, so the shell finds the interpreter.
COMMAND = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from api.cli import main

if __name__ == "__main__":
    sys.exit(main())
"""


def main() -> None:
    """Write both files where they differ from what is there."""
    path_file = Path(sysconfig.get_path("purelib")) / "worktwin-checkout.pth"
    command = Path(sysconfig.get_path("scripts")) / "twin"
    write(path_file, f"{CHECKOUT}\n")
    write(command, COMMAND.format(python=sys.executable))
    command.chmod(0o755)


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.rename(path)


main()
