"""The terms of a revision: written once, after its publication, so that nobody waits for them."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

_NEXT = text("""
SELECT id FROM bim_revision
WHERE indexed_at IS NULL AND state IN ('published','withdrawn') AND id <> ALL(CAST(:left AS bigint[]))
ORDER BY id LIMIT 1
""")
_TAKE = text(
    "SELECT id FROM bim_revision WHERE id = :id AND indexed_at IS NULL FOR NO KEY UPDATE SKIP LOCKED"
)
_CLEAR = text("DELETE FROM element_term WHERE revision_id = :id")
_CLEAR_TEXTS = text("DELETE FROM element_text WHERE revision_id = :id")
_WRITE = text("""
INSERT INTO element_term (revision_id, field, value, number, elements)
SELECT :id, t.field, t.value, t.number, t.elements FROM compute_element_terms(:id) t
ORDER BY t.number IS NOT NULL, t.field, t.value
""")
# A hundred texts are some two thousand characters: one step of the search, and no more than one row of a page.
_WRITE_TEXTS = text("""
INSERT INTO element_text (revision_id, first_term, last_term, texts)
SELECT :id, min(t.id), max(t.id), string_agg(t.value, E'\x1f' ORDER BY t.id)
FROM (SELECT id, value, (row_number() OVER (ORDER BY id) - 1) / 100 AS part
  FROM element_term WHERE revision_id = :id AND value IS NOT NULL) t GROUP BY t.part
""")
_DONE = text("UPDATE bim_revision SET indexed_at = clock_timestamp() WHERE id = :id")


def write_terms(session: Session, revision_id: int) -> bool:
    """Write the terms of a published revision; False where they are there, or another is writing them now."""
    if session.scalar(_TAKE, {"id": revision_id}) is None:
        return False
    for statement in (_CLEAR, _CLEAR_TEXTS, _WRITE, _WRITE_TEXTS, _DONE):
        session.execute(statement, {"id": revision_id})
    return True


def find_unwritten(session: Session, left: Collection[int] = ()) -> int | None:
    """Return a published revision whose terms are not written, None where every one has; `left` are left out."""
    found = session.scalar(_NEXT, {"left": list(left)})
    return None if found is None else int(found)
