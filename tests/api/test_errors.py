"""Problem documents: one table, two languages, nothing of the inside."""

import psycopg
import pytest
import sqlalchemy.exc
from starlette.exceptions import HTTPException

from api.errors import Problem, problem_of, status_of
from bim.errors import TruncatedError
from gis import errors as gis
from tests.api.conftest import Doors
from twin import errors as twin


def descendants(base: type[Exception]) -> list[type[Exception]]:
    return [base, *(kind for child in base.__subclasses__() for kind in descendants(child))]


@pytest.mark.parametrize("kind", [*descendants(gis.GisError), *descendants(twin.TwinError)])
def test_every_error_class_has_a_status_of_the_client_or_the_service(kind: type[Exception]) -> None:
    assert 400 <= status_of(kind.__new__(kind)) <= 503


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (psycopg.errors.UniqueViolation(), 409),
        (psycopg.errors.ForeignKeyViolation(), 409),
        (psycopg.errors.QueryCanceled(), 503),
        (psycopg.errors.AdminShutdown(), 503),
        (psycopg.errors.DiskFull(), 503),
        (psycopg.errors.DeadlockDetected(), 503),
        (psycopg.errors.NumericValueOutOfRange(), 400),
        (psycopg.OperationalError("connection refused"), 503),
        (psycopg.errors.UndefinedTable(), 500),
        (psycopg.errors.InsufficientPrivilege(), 500),
        (sqlalchemy.exc.TimeoutError(), 503),
        (ZeroDivisionError(), 500),
        (HTTPException(405), 405),
        (TruncatedError("cut", "截断"), 422),
    ],
)
def test_foreign_errors_are_translated_in_one_place(error: Exception, status: int) -> None:
    assert problem_of(error).status == status


def test_an_unforeseen_error_says_nothing_of_the_inside() -> None:
    text = str(problem_of(RuntimeError("password=hunter2")).document("en"))
    assert "hunter2" not in text
    assert "RuntimeError" not in text


def test_a_problem_is_written_in_the_language_asked_for(doors: Doors) -> None:
    path = "/ogc/collections/nothing"
    english = doors.get(path, headers={"Accept-Language": "en-GB,en;q=0.8"})
    assert (english.json()["title"], english.headers["Content-Language"]) == ("Not found", "en")
    assert doors.get(path, headers={"Accept-Language": "zh-CN"}).json()["title"] == "未找到"
    assert doors.get(f"{path}?lang=en").json()["title"] == "Not found"


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/ogc/nothing", "/tiles/nothing"])
def test_an_unknown_address_is_a_problem_document(doors: Doors, path: str) -> None:
    answer = doors.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_a_method_that_is_not_offered_names_those_that_are(doors: Doors) -> None:
    answer = doors.request("DELETE", "/ogc/collections/projects/items")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_wrong_body_names_each_place(doors: Doors) -> None:
    path = "/api/v1/projects/341299-2023-01-0001-1/progress/2025-10"
    answer = doors.request("PUT", path, "admin", json={"percents": {"M1": 101}, "extra": 1})
    assert answer.status_code == 422
    assert {fault["where"] for fault in answer.json()["errors"]} == {"body.percents.M1", "body.extra"}


def test_a_body_that_is_too_large_is_refused_with_or_without_a_stated_length(doors: Doors) -> None:
    path = "/api/v1/projects/341299-2023-01-0001-1/progress/2025-10"
    big = b" " * (8 * 1_048_576 + 1)
    assert doors.request("PUT", path, "admin", content=big).status_code == 413

    async def chunks() -> object:
        for _ in range(9):
            yield b" " * 1_048_576

    assert doors.request("PUT", path, "admin", content=chunks()).status_code == 413


def test_the_character_nul_in_an_address_is_refused(doors: Doors) -> None:
    for path in ("/ogc/collections/projects/items?name=a%00b", "/ogc/collections/a%00b", "/?q=%00"):
        assert doors.get(path).status_code == 400, path


def test_an_error_in_the_last_wall_is_a_bare_500(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("api.maps.landing.answer_linked", explode)
    answer = doors.get("/ogc/conformance")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["X-Request-ID"]


def test_a_problem_lists_single_faults_in_the_language_of_the_document() -> None:
    problem = Problem(422, "wrong", "有误", errors=[("line 3", "no number", "不是数字")])
    assert problem.document("zh")["errors"] == [{"where": "line 3", "message": "不是数字"}]
