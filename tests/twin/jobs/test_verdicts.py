"""A verdict quotes hostile files and is stored all the same."""

import json

from twin.jobs.verdicts import Verdict


def test_what_postgresql_cannot_keep_is_left_out() -> None:
    found = Verdict(
        "schema_unsupported", "names IFC\x004", "模式 \ud800 未知", {"lines": [{"\x00a": "b\x00"}]}
    ).as_json()
    assert found["message"] == "names IFC4"
    assert found["message_zh"] == "模式 ? 未知"
    assert found["detail"] == {"lines": [{"a": "b"}]}
    assert "\\u0000" not in json.dumps(found)
