"""The built front end: found by its manifest, served compressed and for good."""

import gzip
import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from api.front_end import Assets, BuiltFiles, find_assets
from tests.api.visitor import Visitor

SCRIPT = b"console.log('\xe5\x9b\xbe')" * 20


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / ".vite").mkdir()
    (tmp_path / "assets").mkdir()
    manifest = {"index.html": {"file": "assets/index-1a2b.js", "css": ["assets/index-3c4d.css"]}}
    (tmp_path / ".vite" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (tmp_path / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (tmp_path / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    return tmp_path


@pytest.fixture
def client(build: Path) -> Visitor:
    return Visitor(Starlette(routes=[Mount("/dashboard", BuiltFiles(build))]))


def test_script_and_styles_come_from_the_manifest(build: Path) -> None:
    assert find_assets(build) == Assets(
        "/dashboard/assets/index-1a2b.js", ("/dashboard/assets/index-3c4d.css",)
    )


def test_half_a_build_counts_as_none(build: Path) -> None:
    (build / "index.html").unlink()
    assert find_assets(build) is None
    assert find_assets(build / "nothing-here") is None


def test_hashed_file_may_be_kept_for_good_and_comes_compressed(client: Visitor) -> None:
    answer = client.get("/dashboard/assets/index-1a2b.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.content == SCRIPT


def test_client_without_gzip_gets_the_plain_file(client: Visitor) -> None:
    answer = client.get("/dashboard/assets/index-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in answer.headers
    assert answer.content == SCRIPT


def test_other_files_are_asked_for_again(client: Visitor) -> None:
    assert client.get("/dashboard/index.html").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/dashboard/assets/gone.js", "/dashboard/%2e%2e/%2e%2e/etc/passwd"])
def test_what_is_not_in_the_build_is_not_found_and_not_kept(client: Visitor, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")
