"""The object store: whole or not there, named by its bytes."""

import hashlib
from pathlib import Path

import pytest

from twin.errors import InvalidInputError, NotFoundError, UnavailableError
from twin.objects import ObjectStore, object_name


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(str(tmp_path / "objects"), tmp_path / "intake")


def _files(store: ObjectStore, tmp_path: Path) -> list[str]:
    root = tmp_path / "objects"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_an_object_lies_under_the_hash_of_its_bytes(store: ObjectStore, tmp_path: Path) -> None:
    with store.receive() as incoming:
        incoming.write("重点".encode())
        incoming.write(b" works")
        stored = incoming.keep()
    expected = hashlib.sha256("重点 works".encode()).hexdigest()
    assert (stored.sha256, stored.size_bytes) == (expected, 12)
    assert _files(store, tmp_path) == [f"{expected[:2]}/{expected}"]
    assert b"".join(store.stream(expected)) == "重点 works".encode()


def test_the_same_bytes_twice_are_one_object(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "模型.ifc"
    source.write_bytes(b"x" * 3_000_000)
    assert store.add_file(source) == store.add_file(source)
    assert len(_files(store, tmp_path)) == 1


def test_bytes_that_were_not_kept_leave_nothing(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), store.receive() as incoming:  # noqa: PT012
        incoming.write(b"half a file")
        raise RuntimeError("the sender hung up")
    assert _files(store, tmp_path) == []


def test_bytes_on_their_way_in_are_no_object(store: ObjectStore, tmp_path: Path) -> None:
    with store.receive() as incoming:
        incoming.write(b"not yet")
        assert not store.has(hashlib.sha256(b"not yet").hexdigest())
        assert [name for name in _files(store, tmp_path) if not name.startswith("incoming/")] == []


def test_too_many_bytes_are_refused_while_they_arrive(store: ObjectStore) -> None:
    with store.receive(limit_bytes=10) as incoming:
        incoming.write(b"0123456789")
        with pytest.raises(InvalidInputError, match="larger"):
            incoming.write(b"1")


def test_an_unknown_object_is_not_found(store: ObjectStore) -> None:
    with pytest.raises(NotFoundError):
        list(store.stream("ab" * 32))


def test_a_name_that_is_no_hash_never_reaches_the_disk() -> None:
    with pytest.raises(InvalidInputError):
        object_name("../../etc/passwd")


def test_damaged_bytes_are_noticed_when_fetched(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"sound")
    stored = store.add_file(source)
    (tmp_path / "objects" / object_name(stored.sha256)).write_bytes(b"rotten")
    with pytest.raises(UnavailableError, match="damaged"):
        store.fetch(stored.sha256, tmp_path / "b")


def test_only_old_left_overs_are_cleared(store: ObjectStore, tmp_path: Path) -> None:
    with store.receive() as incoming:
        incoming.write(b"still coming")
        store.clean_intake(older_than_s=60)
        assert len(list(store.intake.iterdir())) == 1
        store.clean_intake(older_than_s=-1)
        assert list(store.intake.iterdir()) == []
