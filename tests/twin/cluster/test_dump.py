"""Dump, restore and upgrade carry every row, coordinate and right to the other side."""

import hashlib
from pathlib import Path

import psycopg
import pytest

from twin.cluster import Cluster
from twin.cluster.dump import restore_dump, write_dump
from twin.cluster.errors import DumpError, OtherMajorError
from twin.cluster.upgrade import find_upgrade, upgrade
from twin.errors import ConflictError

PARCELS = """
CREATE TABLE parcels (id int PRIMARY KEY, name text, geom geometry(Polygon, 4490));
ALTER TABLE parcels ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON parcels FOR SELECT TO twin_app USING (name <> '保密');
GRANT SELECT ON parcels TO twin_app;
INSERT INTO parcels SELECT n, CASE WHEN n % 10 = 0 THEN '保密' ELSE '储备地块' || n END,
    ST_SetSRID(ST_MakeEnvelope(108 + n / 1e4, 34, 108 + n / 1e4 + 1e-5, 34.00001), 4490)
FROM generate_series(1, 1000) n;
"""


def fill(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(PARCELS)


def fingerprint(url: str) -> tuple[int, str]:
    """Return the number of rows and a hash over every value and coordinate."""
    digest = hashlib.sha256()
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT id, name, ST_AsEWKB(geom) FROM parcels ORDER BY id").fetchall()
    for row in rows:
        digest.update(repr(row).encode())
    return len(rows), digest.hexdigest()


def visible_to_service(cluster: Cluster) -> int:
    with psycopg.connect(cluster.url("twin_app")) as connection:
        row = connection.execute("SELECT count(*) FROM parcels").fetchone()
    assert row is not None
    return int(row[0])


def test_a_restored_dump_equals_the_original_and_the_former_database_is_kept(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.start()
    url = cluster.url("twin")
    fill(url)
    before = fingerprint(url)
    write_dump(url, tmp_path / "备份.dump", cluster.find_programs())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM parcels WHERE id > 500")
        kept = restore_dump(url, tmp_path / "备份.dump", cluster.find_programs())
    assert fingerprint(url) == before
    assert before[0] == 1000
    assert visible_to_service(cluster) == 900
    with cluster.connect(cluster.start().port) as connection:
        connection.execute(f'ALTER DATABASE "{kept}" ALLOW_CONNECTIONS true')
    assert fingerprint(cluster.url("twin", kept))[0] == 500


def test_a_damaged_dump_changes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start()
    url = cluster.url("twin")
    fill(url)
    before = fingerprint(url)
    write_dump(url, tmp_path / "whole.dump", cluster.find_programs())
    whole = (tmp_path / "whole.dump").read_bytes()
    (tmp_path / "half.dump").write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(DumpError, match="pg_restore"):
        restore_dump(url, tmp_path / "half.dump", cluster.find_programs())
    assert fingerprint(url) == before
    with cluster.connect(cluster.start().port) as connection:
        names = [name for (name,) in connection.execute("SELECT datname FROM pg_database")]
    assert "twin_restoring" not in names


def test_a_missing_dump_is_named(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(DumpError, match=r"nothing\.dump"):
        restore_dump("postgresql://twin@127.0.0.1:1/twin", tmp_path / "nothing.dump", cluster.find_programs())


def test_an_upgrade_carries_rows_rights_and_keeps_the_old_folder(cluster: Cluster) -> None:
    """The same major on both sides: one machine seldom has two, and the steps do not look at the number."""
    cluster.start()
    fill(cluster.url("twin"))
    before = fingerprint(cluster.url("twin"))
    cluster.stop()
    programs = cluster.find_programs()
    kept = upgrade(cluster, programs, programs, lambda _line: None)
    assert (kept / "PG_VERSION").exists()
    cluster.start()
    assert fingerprint(cluster.url("twin")) == before
    assert visible_to_service(cluster) == 900


def test_an_upgrade_killed_between_its_two_renames_is_finished_at_the_next_start(cluster: Cluster) -> None:
    cluster.start()
    fill(cluster.url("twin"))
    cluster.stop()
    cluster.folders.data.rename(cluster.folders.upgraded_data)
    cluster.start()
    assert fingerprint(cluster.url("twin"))[0] == 1000


def test_an_upgrade_of_a_running_database_is_refused(cluster: Cluster) -> None:
    cluster.start()
    with pytest.raises(ConflictError, match="twin db stop"):
        upgrade(cluster, cluster.find_programs(), cluster.find_programs(), lambda _line: None)


def test_an_upgrade_without_a_newer_server_says_so(cluster: Cluster) -> None:
    cluster.ensure()
    (cluster.folders.data / "PG_VERSION").write_text("99\n")
    with pytest.raises(OtherMajorError, match="nothing to upgrade"):
        find_upgrade(cluster)


def test_an_upgrade_without_the_old_server_says_what_to_do(cluster: Cluster) -> None:
    cluster.ensure()
    (cluster.folders.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(OtherMajorError, match="TWIN_PG_BIN"):
        find_upgrade(cluster)
