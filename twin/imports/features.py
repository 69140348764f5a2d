"""Rows of a file into a layer of which every row is a rule of its own, such as projects: one edit after the other."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gis.crs import CRS84
from gis.errors import GisError
from twin.editing import Feature, create_feature, edits_together, update_feature
from twin.editing.trail import plain
from twin.editing.values import Values
from twin.errors import TwinError
from twin.identity.caller import Caller
from twin.imports.rows import Prepared, RowFault
from twin.imports.targets import Target
from twin.imports.write import MOST_FATES, OnLot, Origin, RowFate, RowsRefusedError, Written, read_box
from twin.projects.models import Project
from twin.uploads.models import LayerImportRow

_LAST: Final = text("""
SELECT content_hash FROM layer_import_row WHERE layer = :layer AND feature_key = :key AND feature_id = :id
ORDER BY import_id DESC LIMIT 1
""")
_VERSION: Final = text("""
SELECT p.row_version, (SELECT max(f.version) FROM project_footprint f WHERE f.project_id = p.id) AS outline
FROM project p WHERE p.id = :id
""")
_SOURCE: Final = text("""
UPDATE project_footprint SET source = 'import', source_file = :file_name, source_sha256 = :sha256
WHERE project_id = :id AND valid_to IS NULL AND version > :before
""")
_EXTENT: Final = text("""
SELECT ST_Extent(geom)::text FROM project_footprint WHERE valid_to IS NULL AND project_id = ANY(:ids)
""")


def write_features(
    session: Session, caller: Caller, target: Target, origin: Origin, rows: Iterator[Prepared], on_lot: OnLot
) -> Written:
    """Write projects 项目 and the next versions of their red lines by the rules of editing, all or none.

    Raises
    ------
    RowsRefusedError
        A row cannot be written; every one that cannot is named.
    """
    faults: list[RowFault] = []
    fates: list[RowFate] = []
    with edits_together(session):
        for done, row in enumerate(rows, 1):
            try:
                with session.begin_nested():
                    fates.append(_write(session, caller, target, origin, row))
            except (TwinError, GisError) as error:
                faults.append(RowFault(row.place, error.en, error.zh))
            on_lot(done)
        if faults:
            raise RowsRefusedError(faults[:200], len(faults))
    counts = Counter(each.action for each in fates)
    shown = sorted(fates, key=lambda each: each.action == "same")[:MOST_FATES]
    box = read_box(session.scalar(_EXTENT, {"ids": [each.feature_id for each in fates]}))
    return Written(counts["added"], counts["changed"], counts["same"], tuple(shown), box)


def _write(session: Session, caller: Caller, target: Target, origin: Origin, row: Prepared) -> RowFate:
    found = _find(session, row.values)
    feature = Feature(plain(row.values), row.polygon, row.crs or CRS84)
    if found is None:
        if row.missing is not None:
            raise TwinError(row.missing.en, row.missing.zh)
        found = create_feature(session, caller, target.collection, feature)
        return _note(session, target, origin, row, found, "added", 0)
    last = session.scalar(_LAST, {"layer": target.collection, "key": row.key, "id": found})
    if last is not None and bytes(last) == row.content_hash:
        return RowFate(row.place, row.key, "same", found)
    before = session.execute(_VERSION, {"id": found}).one()
    update_feature(session, caller, target.collection, found, feature)
    session.flush()
    after = session.execute(_VERSION, {"id": found}).one()
    return _note(
        session, target, origin, row, found, "same" if before == after else "changed", before.outline or 0
    )


def _find(session: Session, values: Values) -> int | None:
    """Return the project that a row is about: by its archive number, else by its national code."""
    named = Project.code == values["code"] if "code" in values else Project.nat_code == values["nat_code"]
    return session.scalar(select(Project.id).where(named).with_for_update())


def _note(
    session: Session, target: Target, origin: Origin, row: Prepared, found: int, action: str, outline: int
) -> RowFate:
    named = {"id": found, "before": outline, "file_name": origin.file_name, "sha256": origin.sha256}
    session.execute(_SOURCE, named)
    session.add(
        LayerImportRow(
            import_id=origin.import_id,
            number=row.number,
            layer=target.collection,
            feature_key=row.key,
            feature_id=found,
            action=action,
            content_hash=row.content_hash,
        )
    )
    session.flush()
    return RowFate(row.place, row.key, action, found)
