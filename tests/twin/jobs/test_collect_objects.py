"""Clearing objects away: what is needed stays, also when it arrives again at this very moment."""

import contextlib
import json
import os
import threading
import time
from pathlib import Path

from sqlalchemy import text

from tests.rows import add_project
from tests.twin.elements.rows import pending_revision
from twin.db import open_session
from twin.elements.revisions import record_object
from twin.errors import UnavailableError
from twin.identity.caller import SYSTEM
from twin.jobs.collect_objects import collect_objects
from twin.jobs.workroom import Workroom
from twin.objects import ObjectStore, Stored, object_name
from twin.uploads.uploads import NewUpload, UploadPolicy, begin_upload, expire_uploads

HOUR = 3_600.0


def _keep(store: ObjectStore, content: bytes) -> Stored:
    with store.receive() as incoming:
        incoming.write(content)
        return incoming.keep()


def _age(room: Workroom, sha256: str, hours: float = 48) -> None:
    """Make an object look as if it had come two days ago."""
    past = time.time() - hours * HOUR
    path = Path(room.home.objects_url) / object_name(sha256)
    os.utime(path, (past, past))
    with open_session(room.engine) as session:
        statement = text(
            "UPDATE stored_object SET stored_at = now() - make_interval(hours => :h) WHERE sha256 = :s"
        )
        session.execute(statement, {"h": int(hours), "s": sha256})


def _recorded(room: Workroom, content: bytes) -> Stored:
    stored = _keep(room.store, content)
    with open_session(room.engine) as session:
        record_object(session, stored)
    return stored


def _refer(room: Workroom, sha256: str) -> None:
    with open_session(room.engine) as session:
        statement = text("""INSERT INTO upload (token, owner, kind, file_name, size_bytes, sha256, state, expires_at)
          VALUES (md5(clock_timestamp()::text), 'x', 'file', 'x', 1, :s, 'complete', now() + interval '1 day')""")
        session.execute(statement, {"s": sha256})


def test_an_object_that_nothing_needs_goes_after_its_grace(room: Workroom) -> None:
    old, young = _recorded(room, b"old"), _recorded(room, "新".encode())
    _age(room, old.sha256)
    counted = collect_objects(room.engine, room.store, 24 * HOUR, dry_run=True)
    assert (counted.objects, counted.removed, counted.removed_bytes) == (2, 1, 3)
    assert room.store.has(old.sha256)
    done = collect_objects(room.engine, room.store, 24 * HOUR)
    assert (done.removed, done.lost) == (1, [])
    assert (room.store.has(old.sha256), room.store.has(young.sha256)) == (False, True)
    with open_session(room.engine) as session:
        assert list(session.scalars(text("SELECT sha256 FROM stored_object"))) == [young.sha256]


def test_what_any_row_names_stays(room: Workroom) -> None:
    revision, upload, job, ended, tile = (_recorded(room, name.encode()) for name in "abcde")
    with open_session(room.engine) as session:
        pending_revision(session, add_project(session), sha256=revision.sha256)
        for state, stored in (("queued", job), ("succeeded", ended)):
            payload = {"state": state, "payload": json.dumps({"files": [{"sha256": stored.sha256}]})}
            statement = text("""INSERT INTO job_run (job_id, kind, payload, state)
              VALUES (gen_random_uuid(), 'x', CAST(:payload AS jsonb), :state)""")
            session.execute(statement, payload)
        session.execute(text("CREATE TABLE some_new_room (picture_sha256 text)"))
        session.execute(text("INSERT INTO some_new_room VALUES (:s)"), {"s": tile.sha256})
    _refer(room, upload.sha256)
    for each in (revision, upload, job, ended, tile):
        _age(room, each.sha256)
    done = collect_objects(room.engine, room.store, 24 * HOUR)
    assert done.removed == 1
    kept = [room.store.has(each.sha256) for each in (revision, upload, job, ended, tile)]
    assert kept == [True, True, True, False, True]


def test_a_file_without_a_row_gets_one_and_its_grace(room: Workroom) -> None:
    stray = _keep(room.store, b"the sender died before it said what this is")
    _age(room, stray.sha256)
    done = collect_objects(room.engine, room.store, 24 * HOUR)
    assert (done.adopted, done.removed, room.store.has(stray.sha256)) == (1, 0, True)
    _age(room, stray.sha256)
    assert collect_objects(room.engine, room.store, 24 * HOUR).removed == 1


def test_a_needed_object_that_is_not_there_is_told(room: Workroom) -> None:
    stored = _recorded(room, b"lost")
    _refer(room, stored.sha256)
    room.store.remove(stored.sha256)
    assert collect_objects(room.engine, room.store, HOUR).lost == [stored.sha256]


def test_other_files_in_the_folder_are_left_alone(room: Workroom) -> None:
    root = Path(room.home.objects_url)
    strangers = [root / "README", root / "ab" / "notes.txt", root / "incoming" / f"{'a' * 32}.upload"]
    for path in strangers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("不是对象")
        os.utime(path, (0, 0))
    done = collect_objects(room.engine, room.store, HOUR)
    room.store.clean_intake(older_than_s=0)
    assert (done.objects, [path.exists() for path in strangers]) == (0, [True, True, True])


def test_an_upload_that_rested_too_long_goes_with_its_bytes_and_then_its_object(room: Workroom) -> None:
    policy = UploadPolicy(most_bytes=100, rest_s=60)
    with open_session(room.engine) as session:
        for name in ("rested", "fresh"):
            token = begin_upload(session, SYSTEM, NewUpload(10, name, "file", {}), policy).token
            (room.store.intake / f"{token}.upload").parent.mkdir(parents=True, exist_ok=True)
            (room.store.intake / f"{token}.upload").write_bytes(b"012")
        session.execute(
            text("UPDATE upload SET expires_at = now() - interval '1 s' WHERE file_name = 'rested'")
        )
    with open_session(room.engine) as session:
        assert expire_uploads(session, room.store) == 1
    with open_session(room.engine) as session:
        assert list(session.scalars(text("SELECT file_name FROM upload"))) == ["fresh"]
    assert len(list(room.store.intake.glob("*.upload"))) == 1


def test_bytes_that_arrive_again_while_their_object_is_removed_are_asked_for_once_more(
    room: Workroom,
) -> None:
    stored = _recorded(room, b"again")
    _age(room, stored.sha256)
    raised: list[bool] = []

    def bring_again() -> None:
        again = _keep(room.store, b"again")  # still there at this moment: nothing is written
        started.set()
        try:
            with open_session(room.engine) as session:
                record_object(session, again)
            raised.append(False)
        except UnavailableError:
            raised.append(True)

    class Slow(ObjectStore):
        def remove(self, sha256: str) -> None:
            sender.start()
            assert started.wait(20)
            time.sleep(0.3)
            super().remove(sha256)

    started, sender = threading.Event(), threading.Thread(target=bring_again)
    slow = Slow(room.home.objects_url, room.store.intake)
    assert collect_objects(room.engine, slow, HOUR).removed == 1
    sender.join(20)
    assert raised == [True]
    assert _recorded(room, b"again").sha256 == stored.sha256
    assert room.store.has(stored.sha256)


def test_bytes_noted_again_before_the_removal_keep_their_object(room: Workroom) -> None:
    stored = _recorded(room, b"in time")
    _age(room, stored.sha256)
    with open_session(room.engine) as session:
        record_object(session, _keep(room.store, b"in time"))
        collector = threading.Thread(target=collect_objects, args=(room.engine, room.store, HOUR))
        collector.start()
        time.sleep(0.5)  # the collector waits for this transaction, or has not begun
    collector.join(20)
    assert room.store.has(stored.sha256)


class _Senders:
    """Threads that bring the same few contents again and again, rely on them for a moment, and let them grow old.

    Ageing takes days in life and so never falls between the keeping of bytes and the noting of them; here a lock
    for each content sees to that. The collector knows no lock.
    """

    def __init__(self, room: Workroom, seconds: float) -> None:
        self._room, self._end = room, time.monotonic() + seconds
        self._contents = [f"内容 {n}".encode() for n in range(4)]
        self._ages = [threading.Lock() for _ in self._contents]
        self.missing: list[str] = []
        self.relied = self.refused = 0

    def run(self, seed: int) -> None:
        turn = seed
        while time.monotonic() < self._end:
            turn += 1
            self._bring(turn % len(self._contents), f"sender {seed}")

    def _bring(self, number: int, owner: str) -> None:
        try:
            with self._ages[number]:
                stored = _keep(self._room.store, self._contents[number])
                self._rely(stored, owner)
        except UnavailableError:
            self.refused += 1
            return
        self.relied += 1
        for _ in range(5):
            if not self._room.store.has(stored.sha256):
                self.missing.append(stored.sha256)
            time.sleep(0.002)
        with open_session(self._room.engine) as session:
            session.execute(text("DELETE FROM upload WHERE owner = :owner"), {"owner": owner})
        with self._ages[number]:
            if self._room.store.has(stored.sha256):
                with contextlib.suppress(FileNotFoundError):
                    _age(self._room, stored.sha256)

    def _rely(self, stored: Stored, owner: str) -> None:
        with open_session(self._room.engine) as session:
            record_object(session, stored)
            statement = text("""INSERT INTO upload (token, owner, kind, file_name, size_bytes, sha256, state, expires_at)
              VALUES (md5(random()::text || clock_timestamp()), :owner, 'file', 'x', 1, :s, 'complete', now())""")
            session.execute(statement, {"s": stored.sha256, "owner": owner})


def test_no_object_is_ever_missing_while_something_refers_to_it(room: Workroom) -> None:
    senders = _Senders(room, seconds=12)
    threads = [threading.Thread(target=senders.run, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    removed = 0
    while any(thread.is_alive() for thread in threads):
        removed += collect_objects(room.engine, room.store, HOUR).removed
    assert senders.missing == []
    assert removed > 5
    assert senders.relied > 20
