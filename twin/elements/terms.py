"""The terms of a revision: written once, after its publication, so that nobody waits for them."""

from sqlalchemy import text
from sqlalchemy.orm import Session

_NEXT = text("""
SELECT id FROM bim_revision WHERE indexed_at IS NULL AND state IN ('published','withdrawn')
ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
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


def write_next_terms(session: Session) -> int | None:
    """Write the terms of one published revision that has none, and return it; None where every one has."""
    revision_id = session.scalar(_NEXT)
    if revision_id is None:
        return None
    write_terms(session, int(revision_id))
    return int(revision_id)
