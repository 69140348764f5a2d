"""The progress of a model's elements as a table that can be taken back as it is."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.export.text import guard_cell

COLUMNS: Final = (
    "global_id", "status", "percent", "actual_start", "actual_finish", "step", "milestone", "ifc_class", "name", "tag",
    "type_name", "storey", "plan_start", "plan_finish", "quantity", "quantity_unit", "quantity_source",
)  # fmt: skip
_GUARDED: Final = ("milestone", "name", "tag", "type_name", "storey")
_BATCH: Final = 5_000

# What stands already is no work and is left out. `X#1` names the first of several elements of one GlobalId.
_ROWS: Final = text("""
WITH twice AS (
  SELECT left(global_id, -2) AS global_id FROM bim_element WHERE revision_id = :revision_id AND global_id LIKE '%#2')
SELECT e.global_id || CASE WHEN d.global_id IS NOT NULL THEN '#1' ELSE '' END AS global_id, i.status,
  trim_scale(i.progress)::text AS percent, i.actual_start, i.actual_finish, i.step, m.code AS milestone, e.ifc_class,
  e.name, e.tag, e.type_name, e.storey, e.plan_start, e.plan_finish, e.quantity, e.quantity_unit, e.quantity_source
FROM bim_element e
JOIN element_identity i ON i.id = e.identity_id
LEFT JOIN milestone m ON m.id = e.milestone_id
LEFT JOIN twice d ON d.global_id = e.global_id
WHERE e.revision_id = :revision_id AND coalesce(e.planning_status, '') <> 'EXISTING'
  AND element_is_drawn(e.ifc_class)
ORDER BY e.id""")


def iter_progress_csv(session: Session, revision_id: int | None) -> Iterator[bytes]:
    """Yield a CSV table (UTF-8 with a byte order mark) of every element that is work, a batch of rows at a time.

    Texts that a spreadsheet would run as a formula get an apostrophe before them; the GlobalId never does, as it is
    what a row is found by.
    """
    yield b"\xef\xbb\xbf" + _lines([list(COLUMNS)])
    if revision_id is None:
        return
    session.execute(text("SET LOCAL cursor_tuple_fraction = 1"))  # all rows are wanted, not the first soon
    rows = session.execute(_ROWS, {"revision_id": revision_id}, execution_options={"yield_per": _BATCH})
    for batch in rows.mappings().partitions():
        yield _lines([_cells(row) for row in batch])


def _cells(row: Mapping[Any, Any]) -> list[str]:
    cells = {name: "" if row[name] is None else str(row[name]) for name in COLUMNS}
    return [guard_cell(cells[name]) if name in _GUARDED else cells[name] for name in COLUMNS]


def _lines(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()
