"""The process that reads a file from outside: ``python -m twin.uploads.child SPOOL``.

It reads what ``order.json`` of the spool names, within limits of memory and time, and leaves ``summary.json`` with
``features.copy``, or ``refusal.json``. It ends when its standard input closes, and knows no database: rows go out as
lines that PostgreSQL copies in.
"""

import errno
import json
import os
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

if __name__ == "__main__":
    # pyogrio imports these two wherever they are installed. Nothing here uses them, and they are a third of a start.
    sys.modules.update(dict.fromkeys(("pandas", "geopandas")))  # type: ignore[arg-type]  # None: not to be found

from bim.limits import ProcessLimits
from bim.process import apply_limits, split_off_guard
from gis.exchange import ExchangeError, Finding
from twin.uploads.content import read_content
from twin.uploads.lines import Content, copy_line, finding_json
from twin.uploads.orders import FEATURES, LOG, ORDER, PROGRESS, REFUSAL, SUMMARY, Order, read_order

TELL_EVERY: Final = 1_000
_TEMPORARY: Final = "temporary"


def main(arguments: list[str]) -> int:
    """Read the file ordered in a spool; the exit code is 0 whenever an answer was written."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m twin.uploads.child SPOOL\n")
        return 2
    spool = Path(arguments[0])
    _keep_quiet(spool)
    split_off_guard(lifeline=0)
    _cut_off()
    order = read_order(spool / ORDER)
    temporary = spool / _TEMPORARY
    temporary.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = str(temporary)
    apply_limits(
        ProcessLimits(cpu_s=order.cpu_s, address_mb=order.memory_mb, output_mb=order.output_mb, nice=1)
    )
    _answer(spool, order)
    return 0


def _answer(spool: Path, order: Order) -> None:
    try:
        content = read_content(order)
        _write(spool, content)
    except ExchangeError as error:
        _refuse(spool, error.errors)
    except MemoryError:
        raise
    except Exception as error:  # whatever a library throws over a hostile file, its sender is told
        if "alloc" in str(error).lower():
            raise MemoryError from error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        traceback.print_exc()
        kind = type(error).__name__
        _refuse(spool, [_unforeseen(kind)])


def _write(spool: Path, content: Content) -> None:
    with (spool / FEATURES).open("w", encoding="utf-8", newline="\n") as target:
        target.writelines(_lines(spool, content))
    _dump(spool / SUMMARY, content.summary)
    if content.marked is not None:
        (spool / content.marked[0]).write_bytes(content.marked[1])


def _lines(spool: Path, content: Content) -> Iterator[str]:
    """Yield the rows as they are stored; now and then say how many of a hundred are written."""
    total = max(int(content.summary["feature_count"]), 1)
    for number, row in enumerate(content.rows, 1):
        if number % TELL_EVERY == 0:
            (spool / PROGRESS).write_text(f"{100 * number // total}", encoding="ascii")
        yield copy_line(number, row)


def _refuse(spool: Path, errors: list[Finding]) -> None:
    _dump(spool / REFUSAL, {"errors": [finding_json(each) for each in errors]})


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _unforeseen(kind: str) -> Finding:
    return Finding(
        "",
        f"The file broke its reader ({kind}); export it again, or as GeoPackage, and send it to the administrator if "
        "that fails too.",
        f"文件使读取程序出错（{kind}）；请重新导出，或改用 GeoPackage；若仍失败请将文件交管理员。",
        "error",
    )


def _keep_quiet(spool: Path) -> None:
    log = os.open(spool / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _cut_off() -> None:
    """Let nothing here open a connection, whatever a file names."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError("the reader of files opens no connection")

    socket.socket.connect = refuse  # type: ignore[method-assign]
    socket.getaddrinfo = refuse


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
