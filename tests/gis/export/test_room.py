"""Files in the making vanish: when all is well, when something fails, when the process is killed."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from gis.errors import TooComplexError
from gis.export import FORMATS, Extract, Origin, open_room, sweep_rooms, write_file
from gis.export.room import check_space
from gis.layer import Selection
from gis.statement import EVERYTHING
from tests.gis.export.conftest import LAYER

HOLD = "import sys, pathlib, time\nfrom gis.export import open_room\nwith open_room(pathlib.Path(sys.argv[1])) as room:\n    (room / 'part').write_text('x'); print('ready', flush=True); time.sleep(60)\n"


def test_a_room_is_gone_at_the_end_and_an_open_file_can_still_be_read(tmp_path: Path) -> None:
    with open_room(tmp_path) as room:
        (room / "file").write_bytes(b"kept")
        file = (room / "file").open("rb")
    assert list(tmp_path.iterdir()) == []
    with file:
        assert file.read() == b"kept"


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_holds_is_not(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        (tmp_path / "not ours").mkdir()
        assert sweep_rooms(tmp_path) == 0
        assert len(list(tmp_path.iterdir())) == 2
        holder.kill()
        holder.wait()
        assert sweep_rooms(tmp_path) == 1
    assert [folder.name for folder in tmp_path.iterdir()] == ["not ours"]


def test_an_export_that_is_stopped_leaves_nothing(plots: str, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(_rows: int) -> None:
        raise StoppedError

    for key in ("fgb", "gpkg", "parquet", "shp"):
        with (
            pytest.raises(StoppedError),
            open_room(tmp_path) as room,
            psycopg.connect(plots) as connection,
        ):
            write_file(connection, Extract(Selection(LAYER, EVERYTHING)), FORMATS[key], room, Origin(), stop)  # type: ignore[index]
    assert list(tmp_path.iterdir()) == []


def test_a_database_error_on_the_way_is_raised_as_it_is(plots: str, tmp_path: Path) -> None:
    with psycopg.connect(plots, autocommit=True) as connection:
        connection.execute("DROP VIEW IF EXISTS broken")
        connection.execute(
            "CREATE VIEW broken AS SELECT id, CASE WHEN id = 3 THEN (1 / (id - 3))::text ELSE name END AS name, geom FROM plot"
        )
    layer = type(LAYER)(**{**vars(LAYER), "relation": "broken", "fields": (LAYER.field("name"),)})
    for key in ("fgb", "gpkg", "parquet"):
        with (
            open_room(tmp_path) as room,
            psycopg.connect(plots) as connection,
            pytest.raises(psycopg.errors.DivisionByZero),
        ):
            write_file(connection, Extract(Selection(layer, EVERYTHING)), FORMATS[key], room, Origin())  # type: ignore[index]


def test_a_full_disk_stops_an_export_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_space(tmp_path)
    monkeypatch.setattr("gis.export.room.LARGEST_BYTES", 10)
    (tmp_path / "file").write_bytes(b"x" * 11)
    with pytest.raises(TooComplexError, match="bbox"):
        check_space(tmp_path)
