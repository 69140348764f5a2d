"""Fingerprints of a revision's elements, by which revisions are compared; written once, with the elements."""

from sqlalchemy import text
from sqlalchemy.orm import Session

# The order of classification references is no content, that of materials is.
_PRINTS = text("""
INSERT INTO element_print (element_id, revision_id, identity_id, name, tag, ifc_class, type_name, storey, geometry,
  psets, quantities, classification, materials, signature, kernel, area_m2, placement, box)
SELECT id, revision_id, identity_id, print_of(name), print_of(tag),
  print_of(concat_ws('.', ifc_class, predefined_type)), print_of(type_name), print_of(storey),
  hashtextextended(geometry_hash, 0), print_of(coalesce(psets_hash, psets::text)),
  print_of(coalesce(quantities_hash, quantities::text)),
  print_of(CASE WHEN jsonb_array_length(classification) < 2 THEN classification::text ELSE (
    SELECT string_agg(c::text, ',' ORDER BY c::text COLLATE "C") FROM jsonb_array_elements(classification) c) END),
  print_of(materials::text), print_of(signature), hashtextextended(kernel, 0), area_m2, placement, box
FROM bim_element WHERE revision_id = :revision_id
ON CONFLICT (element_id) DO NOTHING
""")


def record_prints(session: Session, revision_id: int) -> None:
    """Write the fingerprints of a revision's elements; twice is once."""
    session.execute(_PRINTS, {"revision_id": revision_id})
