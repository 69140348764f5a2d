"""What worker and API import stays free of the IFC library."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "bim.runner",
        "bim.results",
        "bim.sniff",
        "bim.preflight",
        "bim.prepare",
        "bim.errors",
        "bim.job",
        "bim.limits",
    ],
)
def test_module_loads_without_the_ifc_library(module: str) -> None:
    code = f"import {module}, sys; print(sorted(n for n in sys.modules if n.split('.')[0] == 'ifcopenshell'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_geometry_kernel_knows_no_database() -> None:
    code = "import bim.convert, sys; print(sorted({'sqlalchemy', 'psycopg', 'psycopg2', 'fastapi'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
