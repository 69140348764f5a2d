"""The application with WMS, WFS and WMTS switched on."""

import dataclasses
from collections.abc import Iterator

import pytest

from api.classic.engine import find_program
from tests.api.conftest import Doors, open_doors
from tests.api.live import live_url
from tests.api.seeding import Seeded

__all__ = ["classic_doors", "live_url", "needs_mapserver"]

needs_mapserver = pytest.mark.skipif(
    find_program() is None, reason="MapServer (apt-get install cgi-mapserver) is not installed"
)


@pytest.fixture(scope="session")
def classic_doors(seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """The application on the shared seeded database, with the older services."""
    for doors in open_doors(seeded, tmp_path_factory.mktemp("home")):
        state = doors.app.state.twin
        server = state.settings.server.model_copy(update={"ogc_classic": True})
        doors.app.state.twin = dataclasses.replace(
            state, settings=dataclasses.replace(state.settings, server=server)
        )
        yield doors
