"""Rows that are sent on while they are written: every line once and whole, or none."""

import threading
import time
from pathlib import Path

import pytest

from twin.elements.growing import GrowingRows

LINES = [f'{{"name":"墙 {number}","text":"{"长" * (number % 700)}"}}'.encode() for number in range(2000)]


def _read(rows: GrowingRows, size: int) -> bytes:
    rows.prefix = b"7,"
    read = []
    with rows:
        while part := rows.read(size):
            assert part.endswith(b"\n")
            read.append(part)
    return b"".join(read)


@pytest.mark.parametrize("size", [100, 4096, 1 << 20])
def test_lines_arrive_whole_however_they_are_written(tmp_path: Path, size: int) -> None:
    path = tmp_path / "行.jsonl"
    rows = GrowingRows(path)
    content = b"".join(line + b"\n" for line in LINES)

    def write() -> None:
        time.sleep(0.05)  # the reader waits for a file that is not there yet
        with path.open("wb", buffering=0) as stream:
            for start in range(0, len(content), 9_973):
                stream.write(content[start : start + 9_973])
        rows.finish()

    writer = threading.Thread(target=write)
    writer.start()
    assert _read(rows, size) == b"".join(b"7," + line + b"\n" for line in LINES)
    writer.join()


def test_a_file_that_is_whole_is_read_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1\n2\n")
    assert _read(GrowingRows.written(tmp_path / "a"), -1) == b"7,1\n7,2\n"
    (tmp_path / "b").write_bytes(b"")
    assert _read(GrowingRows.written(tmp_path / "b"), -1) == b""


@pytest.mark.parametrize("exists", [True, False])
def test_rows_that_are_given_up_end_in_an_error(tmp_path: Path, exists: bool) -> None:
    if exists:
        (tmp_path / "a").write_bytes(b"1\n2")
    rows = GrowingRows(tmp_path / "a")
    threading.Timer(0.1, rows.give_up).start()
    with pytest.raises(EOFError if exists else FileNotFoundError):
        _read(rows, 100)
    assert rows.given_up


def test_what_is_whole_cannot_be_given_up(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1\n")
    rows = GrowingRows(tmp_path / "a")
    rows.finish()
    rows.give_up()
    assert not rows.given_up
    assert _read(rows, 100) == b"7,1\n"
