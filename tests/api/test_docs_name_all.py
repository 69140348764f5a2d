"""The reference names every route there is."""

import re
from pathlib import Path

from api import docs as docs_page
from api import health, metrics
from api.maps import routes as maps
from tests.api.conftest import Doors

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_every_plain_route_is_in_the_reference() -> None:
    text = (REFERENCE / "http.md").read_text(encoding="utf-8")
    routes = [*maps.ROUTES, *health.ROUTES, *metrics.ROUTES, *docs_page.ROUTES]
    paths = {route.path.rstrip("/") for route in routes}
    assert [path for path in sorted(paths) if f"`{path}`" not in text] == []


def test_every_operation_of_the_domain_is_in_the_reference(doors: Doors) -> None:
    text = (REFERENCE / "http.md").read_text(encoding="utf-8")
    paths = doors.get("/openapi.json").json()["paths"]
    named = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    assert [name for name in sorted(named) if f"`{name}`" not in text] == []


def test_the_reference_names_no_operation_that_is_not_there(doors: Doors) -> None:
    text = (REFERENCE / "http.md").read_text(encoding="utf-8")
    paths = doors.get("/openapi.json").json()["paths"]
    named = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    assert set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /\S+)`", text)) == named
