"""The committed sample files, read back with exact decimals."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[3] / "data" / "samples"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def folder() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def document(folder: Path) -> Callable[[str], dict[str, Any]]:
    def read(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf8"), parse_float=Decimal)
        return found

    return read


@pytest.fixture(scope="session")
def rows(document: Callable[[str], dict[str, Any]]) -> Callable[[str], Rows]:
    def read(name: str) -> Rows:
        found: Rows = document(f"{name}.json")["rows"]
        return found

    return read


@pytest.fixture(scope="session")
def features(document: Callable[[str], dict[str, Any]]) -> Callable[[str], Rows]:
    def read(name: str) -> Rows:
        found: Rows = document(f"{name}.geojson")["features"]
        return found

    return read


@pytest.fixture(scope="session")
def expected(document: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return document("expected.json")
