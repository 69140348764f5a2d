"""Rows of a progress table, one by one."""

import contextlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.elements.progress_rows import ProgressRow, check_rows, read_json
from twin.elements.progress_table import read_cells
from twin.errors import InvalidInputError

TODAY = date(2025, 10, 31)
X = "0element00000000000001"


def _one(**fields: Any) -> ProgressRow:
    rows, refused = check_rows([{"global_id": X, **fields}], TODAY)
    assert refused == []
    return rows[0]


@pytest.mark.parametrize(
    ("fields", "status", "percent"),
    [
        ({"percent": 0}, "not_started", 0),
        ({"percent": "100 %"}, "done", 100),
        ({"percent": "35.5"}, "in_progress", Decimal("35.5")),
        ({"status": "DONE"}, "done", None),
        ({"status": "进行中"}, "in_progress", None),
        ({"status": "in_progress", "percent": 0}, "in_progress", 0),
    ],
)
def test_status_and_percent_imply_each_other(fields: dict[str, Any], status: str, percent: Any) -> None:
    row = _one(**fields)
    assert (row.status, row.percent) == (status, percent)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "Neither"),
        ({"status": "done", "percent": 99}, "agree"),
        ({"status": "not_started", "percent": 1}, "agree"),
        ({"status": "in_progress", "percent": 100}, "done"),
        ({"percent": "NaN"}, "no number"),
        ({"percent": "1e999"}, "no number"),
        ({"percent": True}, "no number"),
        ({"percent": -0.1}, "no number"),
        ({"status": "built"}, "none of"),
        ({"status": "done", "actual_finish": "2025-13-01"}, "no day"),
        ({"status": "done", "actual_finish": "2025-11-01"}, "future"),
        ({"status": "done", "actual_start": "2025-02-02", "actual_finish": "2025-02-01"}, "before"),
        ({"status": "in_progress", "actual_finish": "2025-02-01"}, "Only an element"),
        ({"status": "not_started", "actual_start": "2025-02-01"}, "not started"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused_with_the_reason(fields: dict[str, Any], word: str) -> None:
    rows, refused = check_rows([{"global_id": X, **fields}], TODAY)
    assert rows == []
    assert word in refused[0].en
    assert refused[0].zh


def test_rows_that_say_the_same_count_once_and_contradictions_are_refused_together() -> None:
    rows, refused = check_rows(
        [
            {"global_id": "a", "percent": 1},
            {"global_id": "a", "percent": 1},
            {"global_id": "b", "percent": 1},
            {"global_id": "b", "percent": 2},
        ],
        TODAY,
    )
    assert [row.global_id for row in rows] == ["a"]
    assert [fault.where for fault in refused] == ["row 3", "row 4"]


def test_a_chinese_table_in_gb18030_is_read() -> None:
    table = "global_id,status,备注\nX,已完成,塔楼\n".encode("gb18030")
    assert read_cells(table).rows == [{"global_id": "X", "status": "已完成", "备注": "塔楼"}]


def test_a_line_with_too_many_cells_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_cells(b"global_id,percent\nX,1\nY,2,3\n")
    assert caught.value.where == "line 3"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_never_a_crash(body: bytes) -> None:
    with contextlib.suppress(InvalidInputError):
        check_rows(read_json(body), TODAY)
    with contextlib.suppress(InvalidInputError):
        check_rows(read_cells(body).rows, TODAY)
