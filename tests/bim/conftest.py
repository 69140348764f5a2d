"""Fixtures of the model tests: the optional folder of public IFC files, a place for hand-made ones."""

from pathlib import Path

import pytest

from tests.bim.ifc_text import Sheet, write

PUBLIC_FILES = Path(__file__).parents[2].parent / "shared" / "ifc"


@pytest.fixture
def public_files() -> Path:
    """The folder of public IFC files, or a skip where the checkout has none."""
    if not PUBLIC_FILES.is_dir():
        pytest.skip("the optional folder of public IFC files is not there")
    return PUBLIC_FILES


@pytest.fixture
def one_wall(tmp_path: Path) -> Path:
    """A valid model with one wall."""
    return write(tmp_path / "one.ifc", Sheet().text())
