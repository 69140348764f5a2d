"""`twin model diff`: from files to what differs between them."""

import json
from pathlib import Path

from tests.api.cli.test_ingest import CODE, Twin, twin
from tests.twin.jobs.test_worker import small_model

__all__ = ["twin"]


def _ingest(twin: Twin, path: Path, content: bytes) -> int:
    path.write_bytes(content)
    result = twin("ingest", str(path), "--project", CODE, "--name", "停车楼", "--json")
    assert result.exit_code == 0, result.output
    return int(json.loads(result.stdout)["model_id"])


def test_revisions_are_compared_from_the_shell(twin: Twin, tmp_path: Path) -> None:
    """Three walls; a fourth is added; then all four come again under other GlobalIds."""
    model = str(_ingest(twin, tmp_path / "a.ifc", small_model(1, walls=3)))
    _ingest(twin, tmp_path / "b.ifc", small_model(1, walls=4))
    _ingest(twin, tmp_path / "c.ifc", small_model(2, walls=4))
    told = json.loads(twin("model", "diff", model, "--from", "1", "--to", "2", "--json").stdout)
    assert told["counts"] == {"added": 1, "removed": 0, "changed": 0, "matched": 0}
    assert (told["from"], told["to"], told["unchanged"]) == (1, 2, 3)
    newest = twin("model", "diff", model)
    assert newest.exit_code == 0
    assert newest.stdout.splitlines()[0] == (
        "Revision 版本 2 → 3: added 新增 0, removed 删除 0, changed 变更 0, matched 匹配 4, unchanged 未变 0"
    )
    assert len([line for line in newest.stdout.splitlines() if line.startswith("matched")]) == 4
    short = twin("model", "diff", model, "--limit", "1").stdout
    assert "3 more" in short
    wrong = twin("model", "diff", model, "--to", "9")
    assert wrong.exit_code == 1
