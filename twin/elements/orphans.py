"""Progress that hangs in the air 悬空: on elements that a revision does not have and that nobody took over.

It counts neither as done nor as 0 %: its quantities are told beside those that count (`bim.md` §12.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

# Where an orphan last stood tells what it measured.
_ORPHANED = """
FROM element_identity i
JOIN LATERAL (
  SELECT x.percent, x.status, x.as_of FROM element_progress x WHERE x.identity_id = i.id
  ORDER BY x.as_of DESC, x.id DESC LIMIT 1) h ON h.percent > 0
JOIN LATERAL (
  SELECT o.*, r.number FROM bim_element o JOIN bim_revision r ON r.id = o.revision_id
  WHERE o.identity_id = i.id AND r.state IN ('published', 'withdrawn') ORDER BY r.number DESC LIMIT 1) e ON true
LEFT JOIN milestone m ON m.id = e.milestone_id
WHERE i.model_id = :model_id AND coalesce(e.planning_status, '') <> 'EXISTING'
  AND i.id NOT IN (SELECT covered_identities(:revision_id))
  AND NOT EXISTS (SELECT FROM element_carry_over o WHERE o.from_identity_id = i.id AND o.approved)
"""
_PACKAGES = text(f"""
SELECT m.code AS milestone, coalesce(e.quantity_unit, 'count') AS unit, sum(coalesce(e.quantity, 1))::float8 AS quantity,
  sum(coalesce(e.quantity, 1) * h.percent / 100)::float8 AS earned, count(*) AS elements
{_ORPHANED} GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2
""")
_ITEMS = text(f"""
SELECT i.global_id, e.ifc_class, e.name, e.storey, m.code AS milestone, h.status, h.percent::float8 AS progress,
  h.as_of::text AS as_of, e.number AS last_revision
{_ORPHANED} AND i.global_id COLLATE "C" > :after ORDER BY i.global_id COLLATE "C" LIMIT :limit
""")


@dataclass(frozen=True)
class OrphanedPackage:
    """Orphaned quantities of one milestone (None: of none) and unit; earned is quantity times percent."""

    milestone: str | None
    unit: str
    quantity: float
    earned: float
    elements: int


@dataclass(frozen=True)
class OrphanedElement:
    """An element with progress that the revision does not have, as it last stood; percent 0–100."""

    global_id: str
    ifc_class: str
    name: str | None
    storey: str | None
    milestone: str | None
    status: str
    progress: float
    as_of: str
    last_revision: int


def list_orphaned_packages(
    session: Session, model_id: int, revision_id: int | None
) -> Sequence[OrphanedPackage]:
    """Sum up the orphaned progress of a model by work package and unit, as seen from a revision (None: from none)."""
    rows = session.execute(_PACKAGES, {"model_id": model_id, "revision_id": revision_id})
    return [OrphanedPackage(**row._mapping) for row in rows]


def list_orphaned_elements(
    session: Session, model_id: int, revision_id: int | None, after: str = "", limit: int = 1_000
) -> Sequence[OrphanedElement]:
    """List the orphaned elements of a model by GlobalId, as seen from a revision (None: from none)."""
    params = {"model_id": model_id, "revision_id": revision_id, "after": after, "limit": limit}
    return [OrphanedElement(**row._mapping) for row in session.execute(_ITEMS, params)]
