"""How the elements of a revision are spread over storeys, classes and statuses."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.elements.queries import SeenModel

# Voids and rooms are shapes that nobody builds.
NOT_BUILT = (
    "IfcOpeningElement",
    "IfcOpeningStandardCase",
    "IfcSpace",
    "IfcVirtualElement",
    "IfcGrid",
    "IfcAnnotation",
)

_GROUPS = text("""
SELECT e.storey, e.ifc_class,
  CASE WHEN e.planning_status = 'EXISTING' THEN 'existing' ELSE i.status END AS status, count(*) AS n
FROM bim_element e JOIN element_identity i ON i.id = e.identity_id
WHERE e.revision_id = :revision_id AND e.fid IS NOT NULL AND NOT e.ifc_class = ANY(:not_built)
GROUP BY 1, 2, 3
""")


@dataclass(frozen=True)
class Group:
    """Elements of one storey (None: of none), class and status, and how many they are."""

    storey: str | None
    ifc_class: str
    status: str
    n: int


def list_groups(session: Session, seen: SeenModel) -> list[Group]:
    """List the groups of a model's built elements that have a shape; empty for a model without a revision.

    Examples
    --------
    A school with walls in two storeys has one group per storey and status of its walls.
    """
    revision_id = seen.row["revision_id"]
    if revision_id is None:
        return []
    rows = session.execute(_GROUPS, {"revision_id": revision_id, "not_built": list(NOT_BUILT)})
    return [Group(row.storey, row.ifc_class, row.status, row.n) for row in rows]
