"""Health, metrics, documentation, and what surrounds every answer."""

import re
from urllib.parse import urlsplit

from tests.api.conftest import Doors


def test_livez_answers_without_asking_the_database(doors: Doors) -> None:
    assert doors.get("/livez").json() == {"status": "ok"}


def test_readyz_names_database_migration_and_disk(doors: Doors) -> None:
    answer = doors.get("/readyz")
    assert answer.status_code == 200, answer.text
    assert {name: check["ok"] for name, check in answer.json()["checks"].items()} == {
        "database": True,
        "migration": True,
        "disk": True,
    }


def test_metrics_count_requests_by_route_pattern_and_not_by_address(doors: Doors) -> None:
    doors.get("/ogc/collections/projects/items/1")
    text = doors.get("/metrics").text
    assert 'route="/ogc/collections/{collection}/items/{feature}",status="200"' in text
    assert "items/1" not in text
    assert "twin_database_pool_size" in text


def test_metrics_name_the_pattern_of_a_domain_route(doors: Doors) -> None:
    doors.get("/api/v1/projects/no-such-project")
    assert 'route="/api/v1/projects/{code}",status="404"' in doors.get("/metrics").text


def test_docs_ask_nothing_from_outside_and_name_every_operation(doors: Doors) -> None:
    page = doors.get("/docs")
    assert page.status_code == 200
    assert "/ogc/collections/projects/items" in page.text
    assert "/api/v1/projects/{code}" in page.text
    assert "<script" not in page.text
    assert 'src="http' not in page.text
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.text)
    assert page.text.count("<link") == len(sheets)
    for sheet in sheets:
        assert doors.get(sheet).headers["Content-Type"].startswith("text/css")
        assert urlsplit(sheet).netloc in ("", urlsplit(str(doors.client.base_url)).netloc)


def test_every_answer_carries_a_request_id_and_security_headers(doors: Doors) -> None:
    answer = doors.get("/ogc", headers={"X-Request-ID": "abcdef-12345678"})
    assert answer.headers["X-Request-ID"] == "abcdef-12345678"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_request_id_that_is_no_plain_word_is_replaced(doors: Doors) -> None:
    assert doors.get("/livez", headers={"X-Request-ID": "<script>"}).headers["X-Request-ID"].isalnum()
