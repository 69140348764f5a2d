"""The committed bytes are what the generator writes, wherever and however it runs."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

ROOT = Path(__file__).parents[3]
WRITE = "import sys; from pathlib import Path; from twin.samples.generate import write_samples; write_samples(Path(sys.argv[1]))"


def _sums(folder: Path) -> dict[str, str]:
    lines = (folder / "SHA256SUMS").read_text(encoding="utf8").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


@pytest.mark.parametrize(
    ("seed", "zone", "locale"), [("1", "Asia/Shanghai", "C.UTF-8"), ("4242", "America/New_York", "C")]
)
def test_generator_writes_the_committed_bytes_whatever_hash_seed_zone_and_locale(
    tmp_path: Path, folder: Path, seed: str, zone: str, locale: str
) -> None:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "TZ": zone,
        "LC_ALL": locale,
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path)], check=True, env=environment, cwd=tmp_path)
    assert (tmp_path / "SHA256SUMS").read_bytes() == (folder / "SHA256SUMS").read_bytes()
    assert _hashes(tmp_path) == _sums(folder)


def test_committed_files_match_their_sums(folder: Path) -> None:
    assert _hashes(folder) == _sums(folder)


def _hashes(folder: Path) -> dict[str, str]:
    files = [p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS"]
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_generator_prints_nothing(tmp_path: Path) -> None:
    code = "import twin.samples.generate"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)
    assert done.stdout == b""


def test_every_file_says_that_it_is_synthetic(folder: Path) -> None:
    unmarked = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and not _marked(p)]
    # Columns fixed by the import; models.json and the README mark them.
    assert sorted(unmarked) == [
        "SHA256SUMS",
        "models/bridge.element_progress.csv",
        "models/building.element_progress.csv",
        "models/gallery.element_progress.csv",
    ]


def _marked(path: Path) -> bool:
    if path.suffix in (".json", ".geojson"):
        return bool(json.loads(path.read_text(encoding="utf8"))["synthetic"])
    if path.suffix == ".xlsx":
        return bool(load_workbook(path)["说明"]["A1"].value == "synthetic")
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return b"synthetic: true" in archive.read("parcels.dbf")
    content = path.read_bytes()
    return b"synthetic: true" in content or b"synthetic=true" in content


def test_set_stays_within_a_few_megabytes(folder: Path) -> None:
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 6_000_000
