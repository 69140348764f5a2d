"""A server that cannot do our work is refused early, with the line that mends it."""

import dataclasses

import psycopg
import pytest

from twin.cluster import Capabilities, Cluster, check_capabilities
from twin.cluster.capabilities import _judge
from twin.cluster.errors import CapabilityError

GOOD = Capabilities("15.18", "3.3.2", "3.11.1", "9.1.1", "1.4.1", "twin", "twin_app", superuser=False)


def test_a_fresh_database_of_a_superuser_gets_the_extension(fast_cluster: Cluster) -> None:
    with psycopg.connect(fast_cluster.url("twin"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty_one")
    assert check_capabilities(
        fast_cluster.url("twin", "empty_one").replace("postgresql:", "postgresql+psycopg2:")
    ).protobuf


def test_an_ordinary_role_without_the_extension_is_told_the_administrators_line(
    fast_cluster: Cluster,
) -> None:
    with psycopg.connect(fast_cluster.url("twin"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty_two")
    with pytest.raises(CapabilityError, match="psql -d empty_two -c 'CREATE EXTENSION postgis'") as caught:
        check_capabilities(fast_cluster.url("twin_app", "empty_two"))
    assert "管理员" in caught.value.zh


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(CapabilityError, match="DATABASE_URL"):
        check_capabilities("postgresql://twin@127.0.0.1:1/twin")


@pytest.mark.parametrize("version", ["2.5.5", "3.2.9"])
def test_a_postgis_below_the_floor_is_refused(version: str) -> None:
    with pytest.raises(CapabilityError, match="too old"):
        _judge(dataclasses.replace(GOOD, postgis=version))


def test_a_postgis_without_vector_tiles_is_refused() -> None:
    with pytest.raises(CapabilityError, match="protobuf"):
        _judge(dataclasses.replace(GOOD, protobuf=""))


@pytest.mark.parametrize("version", ["3.3.2", "3.5.2", "3.10.0", "4.0.0dev"])
def test_a_postgis_at_or_above_the_floor_passes(version: str) -> None:
    _judge(dataclasses.replace(GOOD, postgis=version))
