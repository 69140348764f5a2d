"""The process that reads files: what it may use, and what its sender is told when that is not enough."""

import asyncio
from pathlib import Path
from typing import Any

import psutil
import pytest

from gis.exchange import ExchangeError
from tests.api.importing import boundary_text
from tests.twin.imports.files import round_parcels
from twin.uploads.orders import FEATURES, Order
from twin.uploads.reader import run_reader


def _read(file: Path, spool: Path, wall_s: float = 120.0, **limits: Any) -> dict[str, Any]:
    spool.mkdir()
    return asyncio.run(run_reader(spool, Order(str(file), file.name, **limits), wall_s))


@pytest.mark.parametrize(
    ("wall_s", "limits", "word"),
    [
        (0.3, {}, "more than 0.3 s"),
        (120.0, {"cpu_s": 1}, "more than 1 s"),
        (120.0, {"memory_mb": 450}, "memory"),
    ],
)
def test_a_file_that_asks_for_too_much_is_refused_with_the_limit_and_leaves_no_process(
    tmp_path: Path, wall_s: float, limits: dict[str, int], word: str
) -> None:
    file = round_parcels(tmp_path, 2_500, 150)
    with pytest.raises(ExchangeError) as refused:
        _read(file, tmp_path / "spool", wall_s, **limits)
    assert word in refused.value.en
    left = [
        each
        for each in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(each.info["cmdline"] or [])
    ]
    assert left == []


def test_what_is_written_is_bounded_too(tmp_path: Path) -> None:
    file = round_parcels(tmp_path, 500, 150)
    with pytest.raises(ExchangeError) as refused:
        _read(file, tmp_path / "spool", output_mb=1)
    assert refused.value.errors


def test_the_reader_knows_no_secret_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    from twin.uploads.reader import _environment

    assert not [name for name in _environment() if name.startswith(("DATABASE", "TWIN", "AWS"))]


def test_texts_that_the_database_cannot_keep_are_made_storable(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(boundary_text(("CB-1", "甲\\N\\.\x07乙", 1.0)).encode())
    found = _read(file, tmp_path / "spool")
    assert found["feature_count"] == 1
    line = (tmp_path / "spool" / FEATURES).read_text(encoding="utf-8")
    assert line.count("\n") == 1
    assert "甲\\\\\\\\N" in line  # escaped for JSON, and that again for COPY
