"""What imports promise, counted in the database: the rows before, the rows after, and what the answer says of them."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg

from twin.db import make_engine, open_session
from twin.identity.audit import find_broken_link

Snapshot = dict[int, tuple[Any, ...]]

# Whatever is written to a row makes a new one of it: xmin names the transaction, so that no silent change is missed.
_ROWS = {
    "land_parcels": "SELECT id, xmin::text, row_version, parcel_no FROM land_parcel",
    "control_areas": "SELECT id, xmin::text, row_version, layer || ' ' || code FROM control_area",
    "projects": """
SELECT p.id, p.row_version, p.code, (SELECT max(version) FROM project_footprint f WHERE f.project_id = p.id),
  (SELECT count(*) FROM project_footprint f WHERE f.project_id = p.id) FROM project p""",
}
_TABLES = {"land_parcels": "land_parcel", "control_areas": "control_area"}
_ENDS = ("succeeded", "failed", "quarantined", "cancelled")
_TYPED = {("succeeded", "ok"), ("failed", "rows_refused")}
_REHEARSED = {("succeeded", "rehearsed"), ("failed", "rows_refused")}


def check_problem(answer: httpx.Response, *, places: bool = False) -> None:
    """Hold that a refusal is the sender's to mend, typed, in words, and says where."""
    if not 400 <= answer.status_code < 500:
        raise AssertionError(f"answered {answer.status_code}: {answer.text[:300]}")
    if not answer.headers.get("Content-Type", "").startswith("application/problem+json"):
        raise AssertionError(f"{answer.status_code} is no problem document")
    problem = answer.json()
    if not all(problem.get(name) for name in ("type", "title", "status", "detail")):
        raise AssertionError(f"the problem does not say enough: {problem}")
    errors = problem.get("errors", [])
    if places and not (errors and all(each["where"] and each["message"] for each in errors)):
        raise AssertionError(f"the refusal names no place: {problem}")
    if "broke its reader" in answer.text:
        raise AssertionError(f"the reader met what it did not foresee: {problem['detail']}")


def check_answer(told: dict[str, Any]) -> None:
    """Hold that what a file was read as can be worked with."""
    for question in told["questions"]:
        if not (question["field"] and question["message"]):
            raise AssertionError(f"an empty question: {question}")
    for warning in told["warnings"]:
        if not warning["message"]:
            raise AssertionError(f"an empty warning: {warning}")


def check_preview(answer: httpx.Response, told: dict[str, Any]) -> None:
    """Hold that the preview is a feature collection of what was announced, with a true position for each outline."""
    if answer.status_code != 200:
        raise AssertionError(f"no preview: {answer.status_code} {answer.text[:300]}")
    found = answer.json()
    if found["numberMatched"] != told["feature_count"] or len(found["features"]) != found["numberReturned"]:
        raise AssertionError(f"{told['feature_count']} features announced, {found['numberReturned']} shown")
    for feature in found["features"]:
        for lon, lat in _positions(feature["geometry"]):
            if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 360 and abs(lat) <= 90):
                raise AssertionError(f"feature {feature['id']} is shown at {lon}, {lat}")


def _positions(shape: dict[str, Any] | None) -> list[list[float]]:
    if shape is None:
        return []
    if "geometries" in shape:
        return [point for each in shape["geometries"] for point in _positions(each)]
    return _flat(shape["coordinates"])


def _flat(found: list[Any]) -> list[list[float]]:
    if found and isinstance(found[0], int | float):
        return [found[:2]]
    return [point for each in found for point in _flat(each)]


class Account:
    """One layer, in which one import at a time is watched."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], collection: str, wait_s: float) -> None:
        self._connection, self._collection, self._wait_s = connection, collection, wait_s

    async def take(self, door: httpx.AsyncClient, address: str, layer: str) -> tuple[str, dict[str, int]]:
        """Import an upload and hold the layer against the answer; return how it ended, and the counts."""
        before = await self._snapshot()
        answer = await door.post(f"{address}/import", json={"layer": layer})
        if answer.status_code != 202:
            check_problem(answer)
            self._hold_same(before, await self._snapshot())
            return f"not importable {answer.status_code}", {}
        told = answer.json()
        job = await self._follow(door, told["job_id"])
        verdict = job["verdict"] or {}
        after = await self._snapshot()
        if (job["state"], verdict.get("code")) not in _TYPED:
            raise AssertionError(f"the import ended {job['state']}, {verdict}")
        if job["state"] != "succeeded":
            self._hold_same(before, after)
            self._hold_places(verdict)
            await self._hold_books(told["import_id"], None)
            return "rows refused", {}
        await self._hold_written(told["import_id"], before, after, job["counts"])
        self._hold_named(verdict["detail"]["rows"], before, after, job["counts"])
        await self._hold_books(told["import_id"], job["counts"])
        return "imported" if job["counts"]["rows"] else "imported nothing", job["counts"]

    async def rehearse(self, door: httpx.AsyncClient, address: str, layer: str) -> dict[str, Any] | None:
        """Ask what an import would do, hold that nothing is written; return the end of the job, None if refused."""
        before = await self._snapshot()
        answer = await door.post(f"{address}/import", json={"layer": layer, "rehearse": True})
        if answer.status_code != 202:
            check_problem(answer)
            return None
        job = await self._follow(door, answer.json()["job_id"])
        self._hold_same(before, await self._snapshot())
        if (job["state"], (job["verdict"] or {}).get("code")) not in _REHEARSED:
            raise AssertionError(f"the rehearsal ended {job['state']}, {job['verdict']}")
        return job

    async def _follow(self, door: httpx.AsyncClient, job: str) -> dict[str, Any]:
        async with asyncio.timeout(self._wait_s):
            while True:
                found: dict[str, Any] = (await door.get(f"/api/v1/jobs/{job}")).raise_for_status().json()
                if found["state"] in _ENDS:
                    return found
                await asyncio.sleep(0.15)

    async def _snapshot(self) -> Snapshot:
        rows = await (await self._connection.execute(_ROWS[self._collection].encode())).fetchall()
        return {row[0]: tuple(row[1:]) for row in rows}

    def _hold_same(self, before: Snapshot, after: Snapshot) -> None:
        if before != after:
            different = [
                number for number in before.keys() | after.keys() if before.get(number) != after.get(number)
            ]
            raise AssertionError(f"nothing was to be written, but rows {different[:10]} differ")

    def _hold_places(self, verdict: dict[str, Any]) -> None:
        faults = verdict["detail"].get("errors", [])
        if not (faults and all(each["where"] and each["message"] and each["message_zh"] for each in faults)):
            raise AssertionError(f"rows were refused without a place: {verdict}")

    def _hold_named(
        self, rows: list[dict[str, Any]], before: Snapshot, after: Snapshot, counts: dict[str, int]
    ) -> None:
        """Hold that the rows by which the answer names its deeds are those that were written, and are all."""
        if len(rows) != min(200, counts["rows"]):
            raise AssertionError(f"{len(rows)} rows are named of {counts['rows']}")
        for row in rows:
            number = row["id"]
            did = (
                "added"
                if number not in before
                else "changed"
                if before[number] != after[number]
                else "unchanged"
            )
            if row["action"] != did or number not in after:
                raise AssertionError(f"{row} was {did}")

    async def _hold_written(
        self, import_id: int, before: Snapshot, after: Snapshot, counts: dict[str, int]
    ) -> None:
        added = after.keys() - before.keys()
        changed = {number for number in before.keys() & after.keys() if before[number] != after[number]}
        if before.keys() - after.keys():
            raise AssertionError("an import removed rows")
        noted = await (
            await self._connection.execute(
                "SELECT action, feature_id FROM layer_import_row WHERE import_id = %s", [import_id]
            )
        ).fetchall()
        said = {name: {row[1] for row in noted if row[0] == name} for name in ("added", "changed")}
        if (added, changed) != (said["added"], said["changed"]):
            raise AssertionError(f"import {import_id} says {said}; written were {added}, {changed}")
        if (len(added), len(changed)) != (counts["added"], counts["changed"]):
            raise AssertionError(
                f"import {import_id} counts {counts}; written were {len(added)}, {len(changed)}"
            )
        if counts["rows"] != counts["added"] + counts["changed"] + counts["unchanged"]:
            raise AssertionError(f"import {import_id}: the counts do not add up: {counts}")
        await self._hold_history(import_id, said["changed"])

    async def _hold_history(self, import_id: int, changed: set[int]) -> None:
        """Hold that of every row that changed the version before is kept, and is the one before."""
        table = _TABLES.get(self._collection)
        if table is None or not changed:
            return
        statement = f"""SELECT count(*) FROM layer_import_row r JOIN {table} t ON t.id = r.feature_id
            WHERE r.import_id = %s AND r.action = 'changed'
              AND (r.before ->> 'row_version')::int = t.row_version - 1"""
        row = await (await self._connection.execute(statement.encode(), [import_id])).fetchone()
        if row is None or row[0] != len(changed):
            raise AssertionError(f"import {import_id} changed {len(changed)} rows and kept {row} versions")

    async def _hold_books(self, import_id: int, counts: dict[str, int] | None) -> None:
        """Hold that the trail tells the import once with its counts, or that nothing was imported."""
        found = await (
            await self._connection.execute(
                "SELECT action, after FROM audit_event WHERE thing = %s ORDER BY id",
                [f"layer_import {import_id}"],
            )
        ).fetchall()
        actions = [row[0] for row in found]
        wanted = ["import.submit", "layer.import"] if counts is not None else ["import.submit"]
        if actions != wanted:
            raise AssertionError(f"import {import_id} stands in the trail as {actions}")
        if counts is not None and {name: found[1][1][name] for name in counts} != counts:
            raise AssertionError(f"import {import_id}: the trail says {found[1][1]}, the job {counts}")
        row = await (
            await self._connection.execute(
                "SELECT counts, finished_at IS NOT NULL FROM layer_import WHERE id = %s", [import_id]
            )
        ).fetchone()
        if row != (counts, counts is not None):
            raise AssertionError(f"the record of import {import_id} says {row}, the job {counts}")


class Accounts:
    """The layers, each with a lock of its own; files are read beside each other, imports into a layer in turn."""

    def __init__(self, connections: dict[str, psycopg.AsyncConnection[Any]], url: str, wait_s: float) -> None:
        self._accounts = {name: Account(each, name, wait_s) for name, each in connections.items()}
        self._locks = {name: asyncio.Lock() for name in connections}
        self._url = url

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, wait_s: float) -> AsyncIterator["Accounts"]:
        """Connect to the database behind the service."""
        connections = {name: await psycopg.AsyncConnection.connect(url, autocommit=True) for name in _ROWS}
        try:
            yield cls(connections, url, wait_s)
        finally:
            for each in connections.values():
                await each.close()

    async def close(self) -> list[str]:
        """Return what is wrong with the trail once the last import has ended."""
        return await asyncio.to_thread(self._broken_trail)

    def _broken_trail(self) -> list[str]:
        engine = make_engine(self._url)
        try:
            with open_session(engine) as session:
                broken = find_broken_link(session)
        finally:
            engine.dispose()
        return [] if broken is None else [f"the audit trail is broken at event {broken}"]

    @asynccontextmanager
    async def of(self, collection: str) -> AsyncIterator[Account]:
        """Watch a layer alone."""
        async with self._locks[collection]:
            yield self._accounts[collection]
