"""One door for geometry files: the content says what a file is, never its name."""

from pathlib import Path
from typing import Final

from gis.exchange.model import ReadChoices, ReadResult, refuse
from gis.exchange.sniff import sniff
from gis.exchange.txt import read_txt

MOST_TEXT_BYTES: Final = 100_000_000


def read_file(path: Path, name: str, choices: ReadChoices | None = None) -> ReadResult:
    """Read a file of geometry that came from outside.

    Parameters
    ----------
    path : Path
        Where the bytes lie.
    name : str
        What the sender called the file; only for messages.
    choices : ReadChoices, optional
        What a person decided.

    Returns
    -------
    ReadResult
        With features, reasons, warnings and open questions.

    Raises
    ------
    ExchangeError
        A format that is not read (with the export to make instead), or a file that cannot be used: every fault
        with its place. Nothing is half read.
    """
    kind = sniff(path, name)
    wanted = choices or ReadChoices()
    if kind == "txt":
        return read_txt(_bytes(path), wanted)
    raise refuse(f"A {kind} file holds no boundary-point TXT.", f"{kind} 文件不是界址点 TXT。", name)


def _bytes(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MOST_TEXT_BYTES:
        raise refuse(
            f"A text file may have {MOST_TEXT_BYTES // 1_000_000} MB, this one has {size // 1_000_000}; split it.",
            f"文本文件上限为 {MOST_TEXT_BYTES // 1_000_000} MB，该文件为 {size // 1_000_000} MB，请拆分。",
        )
    return path.read_bytes()
